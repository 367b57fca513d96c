"""The database of keys: its role and rights, its revisions, and each organisation's first key."""

import hmac
from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

from config.settings import Settings
from tenants.engines import KEYS_ROLE, role_url
from tenants.migrator import Step
from tenants.passwords import derive, role_password
from tenants.releases import head
from tenants.revisions import pending
from tenants.role_settings import settle
from tenants.roles import scram_verifier, withhold_from_everybody

LINE_NAME = "keys"
# Arbitrary, and the same in every release.
ROLL_OUT_LOCK = 4_801_266_115


def platform_root(secret: str, schema: str, generation: int) -> bytes:
    """The root of an organisation's keys where the platform seals them; stored nowhere."""
    return derive(secret, f"organisation-key/{schema}/{generation}")


def check_value(root: bytes) -> bytes:
    """What tells a right root from a wrong one and nothing else about it."""
    return hmac.digest(root, b"hearth/check", "sha256")[:16]


def prepare(owner_dsn: str, settings: Settings) -> bool:
    """Make the one role that reads keys and close the database to everybody else.

    Safe to repeat. Tells whether everything is closed that only a superuser may close.
    """
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        known = connection.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s", (KEYS_ROLE,)
        ).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(KEYS_ROLE)))
        password = role_password(settings.keys_secret, KEYS_ROLE, 1)
        connection.execute(
            sql.SQL(PREPARE).format(
                role=sql.Identifier(KEYS_ROLE),
                verifier=sql.Literal(scram_verifier(connection, KEYS_ROLE, password)),
                database=sql.Identifier(connection.info.dbname),
                settings=settle(KEYS_ROLE),
            )
        )
        return withhold_from_everybody(connection, lend_locks_to=KEYS_ROLE)


PREPARE = """
ALTER ROLE {role} LOGIN NOINHERIT NOCREATEDB NOCREATEROLE PASSWORD {verifier};
{settings};
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO {role};
CREATE SCHEMA IF NOT EXISTS keys;
CREATE TABLE IF NOT EXISTS keys.schema_version (revision varchar(32) NOT NULL)
"""


def migrate(owner_dsn: str) -> list[Step]:
    """Bring the database of keys to this release's revision in one transaction.

    :raises LookupError: it stands at a revision this release does not know.
    """
    with psycopg.connect(owner_dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (ROLL_OUT_LOCK,))
        before = _revision(connection)
        if before == head("keys"):
            return []
        for step in pending("keys", before):
            # The text comes from our own revision files and holds nothing a visitor sent.
            connection.execute(sql.SQL(step.sql))
        connection.execute("DELETE FROM keys.schema_version")
        connection.execute(
            "INSERT INTO keys.schema_version (revision) VALUES (%s)", (head("keys"),)
        )
    return [Step(LINE_NAME, before, head("keys"))]


def register(settings: Settings, schemas: Iterable[str]) -> None:
    """Give each schema its first organisation key, sealed by the platform, unless it has one."""
    secret = settings.keys_secret
    rows = [(name, check_value(platform_root(secret, name, 1))) for name in schemas]
    with as_keeper(settings) as connection, connection.cursor() as cursor:
        cursor.executemany(REGISTER, [{"schema": name, "check": check} for name, check in rows])


REGISTER = """
WITH made AS (
    INSERT INTO organisation_keys (schema_name, generation, mode, check_value)
    SELECT %(schema)s::varchar, 1, 'platform', %(check)s
    WHERE NOT EXISTS (SELECT 1 FROM organisation_keys WHERE schema_name = %(schema)s::varchar)
    ON CONFLICT DO NOTHING RETURNING schema_name, generation
)
INSERT INTO key_events (schema_name, kind, generation)
SELECT schema_name, 'opened', generation FROM made
"""


def destroy_all(settings: Settings, schema: str) -> int:
    """Destroy every key of an organisation that goes for good; returns how many there were."""
    with as_keeper(settings) as connection:
        destroyed = connection.execute(
            "UPDATE subject_keys SET destroyed_at = now(), wrapped = ''"
            " WHERE schema_name = %s AND destroyed_at IS NULL",
            (schema,),
        )
        connection.execute(
            "UPDATE organisation_keys SET retired_at = coalesce(retired_at, now())"
            " WHERE schema_name = %s",
            (schema,),
        )
    return destroyed.rowcount


def keys_left(settings: Settings, schema: str) -> int:
    """How many keys of an organisation could still open something."""
    with as_keeper(settings) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM subject_keys WHERE schema_name = %(schema)s"
            " AND destroyed_at IS NULL) + (SELECT count(*) FROM organisation_keys"
            " WHERE schema_name = %(schema)s AND retired_at IS NULL)",
            {"schema": schema},
        ).fetchone()
    return int(row[0]) if row else 0


def as_keeper(settings: Settings) -> "psycopg.Connection[Any]":
    """A connection of the one role that reads keys."""
    url = role_url(settings, KEYS_ROLE, 1).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False), connect_timeout=5)


def _revision(connection: "psycopg.Connection[Any]") -> str | None:
    row = connection.execute("SELECT revision FROM keys.schema_version").fetchone()
    return str(row[0]) if row else None
