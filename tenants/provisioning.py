"""Creates, lists, suspends, resumes and drops organisations, and keeps a pool of ready schemas."""

import tomllib
from dataclasses import dataclass
from importlib import resources

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from config.settings import Settings
from tenants import keys_database
from tenants.migrator import upgrade_statements
from tenants.models import new_id
from tenants.passwords import role_password
from tenants.roles import Connection, OrganisationError, scram_verifier

# Arbitrary, and the same in every release.
GRANTS_LOCK = 4_801_266_114


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What is decided about an organisation before it has any data."""

    slug: str
    names: dict[str, str]
    regions: dict[str, str]
    locales: list[str]
    staff_locale: str
    timezone: str
    country: str
    currency: str
    theme: str
    hosts: list[str]

    @classmethod
    def named(cls, slug: str) -> "Profile":
        """Read one of the profiles that come with the service.

        :raises OrganisationError: there is no such profile.
        """
        file = resources.files("tenants").joinpath(f"profiles/{slug}.toml")
        if not file.is_file():
            raise OrganisationError(f"there is no profile named {slug}")
        return cls(**{"slug": slug, "hosts": [], **tomllib.loads(file.read_text("utf-8"))})


def create_organisation(connection: Connection, settings: Settings, profile: Profile) -> str:
    """Claim a ready schema for an organisation, making one first when the pool is empty.

    Returns the opaque schema name. The connection must be the owner's, in autocommit mode.

    :raises OrganisationError: the slug is taken.
    """
    # Whoever creates another organisation at this moment may claim what was just made.
    while (claimed := claim_schema(connection, profile)) is None:
        prepare_schema(connection, settings)
    keys_database.register(settings, [claimed])
    return claimed


def claim_schema(connection: Connection, profile: Profile) -> str | None:
    """Give a warm schema to an organisation in one statement; None when the pool is empty."""
    try:
        row = connection.execute(CLAIM, _claim_values(profile)).fetchone()
    except psycopg.errors.UniqueViolation as error:
        raise OrganisationError(f"the name {profile.slug} is taken") from error
    return row[0] if row else None


CLAIM = """
WITH ready AS (
    SELECT name FROM shared.schemas WHERE state = 'warm'
    ORDER BY name LIMIT 1 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE shared.schemas SET state = 'claimed'
    WHERE name = (SELECT name FROM ready) RETURNING name
)
INSERT INTO shared.organisations
    (id, slug, schema_name, names, regions, locales, staff_locale, timezone, country, currency,
     theme, hosts)
SELECT %(id)s, %(slug)s, name, %(names)s, %(regions)s, %(locales)s, %(staff_locale)s, %(timezone)s,
       %(country)s, %(currency)s, %(theme)s, %(hosts)s
FROM claimed RETURNING schema_name
"""


def _claim_values(profile: Profile) -> dict[str, object]:
    values: dict[str, object] = dict(vars(profile))
    values["id"] = new_id()
    values["names"] = Jsonb(profile.names)
    values["regions"] = Jsonb(profile.regions)
    return values


def fill_pool(connection: Connection, settings: Settings, *, size: int) -> int:
    """Prepare schemas until ``size`` of them wait to be claimed; returns how many were made."""
    row = connection.execute("SELECT count(*) FROM shared.schemas WHERE state = 'warm'").fetchone()
    missing = max(0, size - (row[0] if row else 0))
    for _ in range(missing):
        prepare_schema(connection, settings)
    return missing


def prepare_schema(connection: Connection, settings: Settings) -> str:
    """Make a login role and a migrated schema of the same opaque name in one transaction."""
    name = _next_name(connection, settings)
    verifier = scram_verifier(connection, name, role_password(settings.database_secret, name, 1))
    message = sql.SQL("{prepare} {migrate}; {finish}").format(
        prepare=sql.SQL(PREPARE).format(
            role=sql.Identifier(name),
            verifier=sql.Literal(verifier),
        ),
        migrate=upgrade_statements(name, "tenant", None),
        finish=sql.SQL(FINISH).format(
            role=sql.Identifier(name),
            name=sql.Literal(name),
            database=sql.Identifier(connection.info.dbname),
            lock=sql.Literal(GRANTS_LOCK),
        ),
    )
    with connection.transaction():
        connection.execute(message)
    return name


def _next_name(connection: Connection, settings: Settings) -> str:
    row = connection.execute("SELECT nextval('shared.schema_numbers')").fetchone()
    return f"{settings.role_prefix}{row[0] if row else 0:04d}"


# The role is limited to its own schema and never owns a table, so it can neither alter nor grant.
PREPARE = """
CREATE ROLE {role} LOGIN NOINHERIT NOCREATEDB NOCREATEROLE PASSWORD {verifier};
ALTER ROLE {role} SET search_path = {role}, extensions;
ALTER ROLE {role} SET statement_timeout = '30s';
ALTER ROLE {role} SET lock_timeout = '10s';
ALTER ROLE {role} SET idle_in_transaction_session_timeout = '60s';
CREATE SCHEMA {role};
GRANT USAGE ON SCHEMA {role} TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {role} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {role} GRANT USAGE ON SEQUENCES TO {role};
"""
# Every organisation's grants change the same two catalogue rows, and PostgreSQL fails rather than
# waits when two transactions do that at once; so they come last and queue for each other.
FINISH = """
SELECT pg_advisory_xact_lock({lock});
GRANT CONNECT ON DATABASE {database} TO {role};
GRANT USAGE ON SCHEMA extensions TO {role};
INSERT INTO {role}.organisation_marker (only_row, schema_name) VALUES (true, {name});
INSERT INTO shared.schemas (name) VALUES ({name})
"""


def register_keys(connection: Connection, settings: Settings) -> None:
    """Give an organisation its first key where a broken-off command left it without one."""
    claimed = connection.execute(
        "SELECT name FROM shared.schemas WHERE state = 'claimed' ORDER BY name"
    ).fetchall()
    keys_database.register(settings, [name for (name,) in claimed])


def list_organisations(connection: Connection) -> list[tuple[str, str, str, str]]:
    """Slug, schema, state and revision of every organisation that was not dropped."""
    return connection.execute(
        "SELECT o.slug, o.schema_name, o.state, v.revision FROM shared.organisations o"
        " JOIN shared.schema_versions v USING (schema_name) WHERE o.state <> 'dropped'"
        " ORDER BY o.slug"
    ).fetchall()


def set_state(connection: Connection, slug: str, *, before: str, after: str) -> None:
    """Suspend or resume an organisation.

    :raises OrganisationError: it is not in the state the command begins from.
    """
    done = connection.execute(
        "UPDATE shared.organisations SET state = %s WHERE slug = %s AND state = %s",
        (after, slug, before),
    )
    if done.rowcount != 1:
        raise OrganisationError(f"there is no {before} organisation named {slug}")


def drop_organisation(connection: Connection, slug: str) -> str:
    """Remove a suspended organisation's schema and role for good; the slug becomes free.

    Returns the schema's name, whose keys the caller destroys.

    :raises OrganisationError: it is not suspended.
    """
    row = connection.execute(
        "SELECT schema_name FROM shared.organisations WHERE slug = %s AND state = 'suspended'",
        (slug,),
    ).fetchone()
    if row is None:
        raise OrganisationError(f"there is no suspended organisation named {slug}")
    with connection.transaction():
        connection.execute(
            sql.SQL(
                "DROP SCHEMA {role} CASCADE; DROP OWNED BY {role}; DROP ROLE {role};"
                " DELETE FROM shared.schema_versions WHERE schema_name = {name};"
                " UPDATE shared.schemas SET state = 'dropped' WHERE name = {name};"
                " UPDATE shared.organisations SET state = 'dropped',"
                " slug = slug || '-' || right(id::text, 8), hosts = '{{}}'"
                " WHERE schema_name = {name}"
            ).format(role=sql.Identifier(row[0]), name=sql.Literal(row[0]))
        )
    return str(row[0])
