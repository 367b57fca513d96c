"""The database's login roles: what they may do, what everybody may not, and their passwords."""

from typing import Any

import psycopg
from psycopg import sql

from config.settings import Settings
from tenants.engines import PLATFORM_ROLE, READER_ROLE
from tenants.owners import owner_of
from tenants.passwords import role_password

Connection = psycopg.Connection[Any]


class OrganisationError(RuntimeError):
    """A command on an organisation is not possible; the message says why."""


def rotate_password(connection: Connection, settings: Settings, slug: str) -> int:
    """Give an organisation's role its next password; returns the new generation.

    Role and generation change in one transaction; open connections live on until they are idle.

    :raises OrganisationError: there is no such organisation.
    """
    row = connection.execute(
        "SELECT s.name FROM shared.schemas s JOIN shared.organisations o"
        " ON o.schema_name = s.name WHERE o.slug = %s AND o.state <> 'dropped'",
        (slug,),
    ).fetchone()
    if row is None:
        raise OrganisationError(f"there is no organisation named {slug}")
    return _rotate_role(connection, settings, str(row[0]))


def rotate_all_passwords(connection: Connection, settings: Settings) -> int:
    """Give every schema's role its next password, the warm pool's too; returns how many."""
    names = connection.execute(
        "SELECT name FROM shared.schemas WHERE state <> 'dropped' ORDER BY name"
    ).fetchall()
    for (name,) in names:
        _rotate_role(connection, settings, name)
    return len(names)


def _rotate_role(connection: Connection, settings: Settings, name: str) -> int:
    row = connection.execute(
        "SELECT generation, database FROM shared.schemas WHERE name = %s", (name,)
    ).fetchone()
    if row is None:
        raise OrganisationError(f"there is no schema named {name}")
    generation = int(row[0]) + 1
    # In another database the role changes first: repeating the command mends an interruption.
    with owner_of(connection, settings, row[1]) as there, there.transaction():
        set_password(there, settings, name, generation)
        connection.execute(
            "UPDATE shared.schemas SET generation = %s WHERE name = %s", (generation, name)
        )
    return generation


def set_password(there: Connection, settings: Settings, role: str, generation: int) -> None:
    """Give a role the password of a generation."""
    password = role_password(settings.database_secret, role, generation)
    there.execute(
        sql.SQL("ALTER ROLE {role} PASSWORD {verifier}").format(
            role=sql.Identifier(role),
            verifier=sql.Literal(scram_verifier(there, role, password)),
        )
    )


def prepare_database(connection: Connection, settings: Settings) -> None:
    """Make the service's own roles and close what PostgreSQL leaves open to everybody.

    Safe to repeat. Needs a role that may create roles; what only a superuser may close is closed
    when the role is one.
    """
    for role in (PLATFORM_ROLE, READER_ROLE):
        password = role_password(settings.database_secret, role, 1)
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
        connection.execute(
            sql.SQL(
                "ALTER ROLE {role} LOGIN NOINHERIT NOCREATEDB NOCREATEROLE PASSWORD {verifier};"
                " ALTER ROLE {role} SET search_path = '';"
                " ALTER ROLE {role} SET statement_timeout = '30s';"
                " ALTER ROLE {role} SET idle_in_transaction_session_timeout = '60s'"
            ).format(
                role=sql.Identifier(role),
                verifier=sql.Literal(scram_verifier(connection, role, password)),
            )
        )
    close_database(connection)


def prepare_placement(there: Connection) -> None:
    """Make a database ready for organisations' schemas alone; safe to repeat.

    Neither the registry nor the federation is there: the one shared table says which revision each
    schema stands at, and no role of the service but the organisations' own may connect.
    """
    _close(there)
    there.execute(PLACEMENT_TABLES)


PLACEMENT_TABLES = """
CREATE SCHEMA IF NOT EXISTS shared;
CREATE TABLE IF NOT EXISTS shared.schema_versions (
    schema_name varchar(63) CONSTRAINT pk_schema_versions PRIMARY KEY,
    line varchar(10) NOT NULL,
    revision varchar(32) NOT NULL,
    migrated_at timestamptz NOT NULL DEFAULT now()
)
"""


def close_database(connection: Connection) -> None:
    """Revoke what every role could otherwise do in this database, and let our roles in."""
    _close(connection)
    connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {database} TO {platform}, {reader}").format(
            database=sql.Identifier(connection.info.dbname),
            platform=sql.Identifier(PLATFORM_ROLE),
            reader=sql.Identifier(READER_ROLE),
        )
    )


def _close(connection: Connection) -> None:
    connection.execute(
        sql.SQL(
            "REVOKE ALL ON DATABASE {database} FROM PUBLIC;"
            " REVOKE ALL ON SCHEMA public FROM PUBLIC;"
            " CREATE SCHEMA IF NOT EXISTS extensions;"
            " CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA extensions;"
            " CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA extensions"
        ).format(database=sql.Identifier(connection.info.dbname))
    )
    if connection.execute(
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    ).fetchone() == (True,):
        connection.execute(CLOSE_AS_SUPERUSER)


# set_config could change the role or the path inside a single SELECT; the statistics views tell
# how many rows other organisations' tables have.
CLOSE_AS_SUPERUSER = """
REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;
DO $$
DECLARE item record;
BEGIN
    FOR item IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace
        AND relkind = 'v' AND (relname LIKE 'pg_stat%' OR relname LIKE 'pg_statio%')
    LOOP
        EXECUTE format('REVOKE ALL ON pg_catalog.%I FROM PUBLIC', item.relname);
    END LOOP;
END $$
"""


def scram_verifier(connection: Connection, role: str, password: str) -> str:
    """A password as the server keeps it, so that none ever stands in a statement or a log."""
    return connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode()
