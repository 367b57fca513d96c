"""Creates, lists, suspends, resumes and drops organisations, and keeps a pool of ready schemas."""

import re
import tomllib
from dataclasses import dataclass, replace
from importlib import resources

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from config.endpoints import DEFAULT
from config.settings import Settings
from tenants import keys_database
from tenants.migrator import upgrade_statements
from tenants.models import new_id
from tenants.owners import owner_of
from tenants.passwords import role_password
from tenants.role_settings import settle
from tenants.roles import Connection, OrganisationError, limits, scram_verifier
from tenants.unblocking import unblocked

# Arbitrary, and the same in every release.
GRANTS_LOCK = 4_801_266_114
# One part of a host name, in lower case.
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# Hosts of the service itself, and what commands and the outbox call somebody else by.
RESERVED = frozenset({"all", "federation", "files", "hooks"})


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
    allowed_countries: list[str]
    placement: str = DEFAULT
    backups: str = DEFAULT
    files: str = DEFAULT
    relay: str = DEFAULT
    errors: str = DEFAULT

    @classmethod
    def named(cls, slug: str) -> "Profile":
        """Read one of the profiles that come with the service.

        :raises OrganisationError: there is no such profile.
        """
        file = resources.files("tenants").joinpath(f"profiles/{slug}.toml")
        if not file.is_file():
            raise OrganisationError(f"there is no profile named {slug}")
        told = tomllib.loads(file.read_text("utf-8"))
        return cls(**{"slug": slug, "hosts": [], "allowed_countries": [], **told})


def create_organisation(connection: Connection, settings: Settings, profile: Profile) -> str:
    """Claim a ready schema for an organisation, making one first when the pool is empty.

    Returns the opaque schema name. The connection must be the owner's, in autocommit mode, to the
    database that holds the registry.

    :raises OrganisationError: the slug or a host is taken, or is not one that may be given away.
    :raises PlacementError: the organisation may not be where its profile puts it.
    """
    profile = replace(profile, hosts=[host.lower() for host in profile.hosts])
    _refuse_names(connection, settings, profile)
    # Whoever creates another organisation at this moment may claim what was just made.
    while (claimed := claim_schema(connection, profile)) is None:
        prepare_schema(connection, settings, placement=profile.placement)
    keys_database.register(settings, [claimed])
    return claimed


def _refuse_names(connection: Connection, settings: Settings, profile: Profile) -> None:
    if not LABEL.fullmatch(profile.slug) or profile.slug in RESERVED:
        raise OrganisationError(f"the name {profile.slug} cannot be given to an organisation")
    base = settings.base_domain
    for host in profile.hosts:
        labels = host.split(".")
        ours = host == base or host.endswith(f".{base}")
        if ours or len(labels) < 2 or not all(map(LABEL.fullmatch, labels)):
            raise OrganisationError(f"the host {host} cannot be given to an organisation")
    taken = connection.execute(
        "SELECT slug FROM shared.organisations, unnest(hosts) AS host"
        " WHERE state <> 'dropped' AND slug <> %s AND lower(host) = ANY(%s)",
        (profile.slug, profile.hosts),
    ).fetchone()
    if taken is not None:
        raise OrganisationError(f"a host of {profile.slug} is {taken[0]}'s already")


def claim_schema(connection: Connection, profile: Profile) -> str | None:
    """Give a warm schema to an organisation in one statement; None when the pool is empty."""
    try:
        row = connection.execute(CLAIM, _claim_values(profile)).fetchone()
    except psycopg.errors.UniqueViolation as error:
        raise OrganisationError(f"the name {profile.slug} is taken") from error
    return row[0] if row else None


CLAIM = """
WITH ready AS (
    SELECT name FROM shared.schemas WHERE state = 'warm' AND database = %(placement)s
    ORDER BY name LIMIT 1 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE shared.schemas SET state = 'claimed'
    WHERE name = (SELECT name FROM ready) RETURNING name
)
INSERT INTO shared.organisations
    (id, slug, schema_name, names, regions, locales, staff_locale, timezone, country, currency,
     theme, hosts, allowed_countries, backups, files, relay, errors)
SELECT %(id)s, %(slug)s, name, %(names)s, %(regions)s, %(locales)s, %(staff_locale)s, %(timezone)s,
       %(country)s, %(currency)s, %(theme)s, %(hosts)s, %(allowed_countries)s, %(backups)s,
       %(files)s, %(relay)s, %(errors)s
FROM claimed RETURNING schema_name
"""


def _claim_values(profile: Profile) -> dict[str, object]:
    values: dict[str, object] = dict(vars(profile))
    values["id"] = new_id()
    values["names"] = Jsonb(profile.names)
    values["regions"] = Jsonb(profile.regions)
    return values


def fill_pool(
    connection: Connection, settings: Settings, *, size: int, placement: str = DEFAULT
) -> int:
    """Prepare schemas until ``size`` of them wait in a placement; returns how many were made."""
    row = connection.execute(
        "SELECT count(*) FROM shared.schemas WHERE state = 'warm' AND database = %s", (placement,)
    ).fetchone()
    missing = max(0, size - (row[0] if row else 0))
    for _ in range(missing):
        prepare_schema(connection, settings, placement=placement)
    return missing


def prepare_schema(
    connection: Connection,
    settings: Settings,
    *,
    placement: str = DEFAULT,
    state: str = "warm",
    until: str | None = None,
) -> str:
    """Make a login role and a migrated schema of the same opaque name; returns the name.

    In the registry's own database this is one transaction. Elsewhere the registry learns of the
    schema last, so that an interruption leaves one that nobody uses.
    """
    name = next_name(connection, settings)
    enter = sql.SQL(
        "INSERT INTO shared.schemas (name, database, state) VALUES ({name}, {placement}, {state})"
    ).format(name=sql.Literal(name), placement=sql.Literal(placement), state=sql.Literal(state))
    with owner_of(connection, settings, placement) as there:
        with there.transaction():
            build_schema(there, settings, name, until=until)
            if there is connection:
                connection.execute(enter)
        if there is not connection:
            connection.execute(enter)
    return name


def build_schema(
    there: Connection,
    settings: Settings,
    name: str,
    *,
    generation: int = 1,
    until: str | None = None,
) -> None:
    """Make a role and a schema of this name in one message, at ``until`` or the newest revision."""
    password = role_password(settings.database_secret, name, generation)
    known = there.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
    make_role = sql.SQL(CREATE_ROLE).format(
        role=sql.Identifier(name),
        verifier=sql.Literal(scram_verifier(there, name, password)),
        settings=settle(name),
        limits=limits(settings, name),
    )
    with unblocked(there):
        there.execute(
            sql.SQL("{make_role} {prepare} {migrate}; {finish}").format(
                # Two databases of one server share their roles.
                make_role=sql.SQL("") if known else make_role,
                prepare=sql.SQL(PREPARE).format(role=sql.Identifier(name)),
                migrate=upgrade_statements(name, "tenant", None, until=until),
                finish=sql.SQL(FINISH).format(
                    role=sql.Identifier(name),
                    name=sql.Literal(name),
                    database=sql.Identifier(there.info.dbname),
                    lock=sql.Literal(GRANTS_LOCK),
                ),
            )
        )


def next_name(connection: Connection, settings: Settings) -> str:
    """The next schema's name, which was never given to anything."""
    row = connection.execute("SELECT nextval('shared.schema_numbers')").fetchone()
    return f"{settings.role_prefix}{row[0] if row else 0:04d}"


# The role is limited to its own schema and never owns a table, so it can neither alter nor grant.
CREATE_ROLE = """
CREATE ROLE {role} LOGIN NOINHERIT NOCREATEDB NOCREATEROLE PASSWORD {verifier};
{settings}; {limits};
"""
PREPARE = """
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
INSERT INTO {role}.organisation_marker (only_row, schema_name) VALUES (true, {name})
"""


def register_keys(connection: Connection, settings: Settings) -> None:
    """Give an organisation its first key where a broken-off command left it without one."""
    claimed = connection.execute(
        "SELECT name FROM shared.schemas WHERE state = 'claimed' ORDER BY name"
    ).fetchall()
    keys_database.register(settings, [name for (name,) in claimed])


def list_organisations(connection: Connection) -> list[tuple[str, str, str, str]]:
    """Slug, schema, state and revision of every organisation that was not dropped.

    Another placement knows the revisions of its own schemas; it is named instead.
    """
    return connection.execute(
        "SELECT o.slug, o.schema_name, o.state, coalesce(v.revision, 'in ' || s.database)"
        " FROM shared.organisations o JOIN shared.schemas s ON s.name = o.schema_name"
        " LEFT JOIN shared.schema_versions v ON v.schema_name = o.schema_name"
        " WHERE o.state <> 'dropped' ORDER BY o.slug"
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


def drop_organisation(connection: Connection, settings: Settings, slug: str) -> str:
    """Remove a suspended organisation's schema and role for good; the slug becomes free.

    Returns the schema's name, whose keys the caller destroys. Safe to repeat after an
    interruption: the registry learns of it last.

    :raises OrganisationError: it is not suspended, or its role owns something in a database that
        is none of ours.
    """
    row = connection.execute(
        "SELECT s.name, s.database FROM shared.organisations o"
        " JOIN shared.schemas s ON s.name = o.schema_name"
        " WHERE o.slug = %s AND o.state = 'suspended'",
        (slug,),
    ).fetchone()
    if row is None:
        raise OrganisationError(f"there is no suspended organisation named {slug}")
    name, placement = row
    with owner_of(connection, settings, placement) as there:
        refuse_strays(connection, there, name)
        raze_schema(there, name)
    with connection.transaction():
        connection.execute("UPDATE shared.schemas SET state = 'dropped' WHERE name = %s", (name,))
        connection.execute(
            "UPDATE shared.organisations SET state = 'dropped',"
            " slug = slug || '-' || right(id::text, 8), hosts = '{}' WHERE schema_name = %s",
            (name,),
        )
    return str(name)


def refuse_strays(connection: Connection, there: Connection, name: str) -> None:
    """Refuse to drop an organisation whose role would stay, while nothing is lost yet.

    In ``there`` all that the role has goes with it. What it has in another database of that server
    keeps it; the locked copy of a move is known of, and keeps it rightly.

    :raises OrganisationError: the role has something elsewhere.
    """
    known = connection.execute(
        "SELECT 1 FROM shared.moves WHERE schema_name = %s AND old_dropped_at IS NULL", (name,)
    ).fetchone()
    strays = [] if known else [str(database) for (database,) in there.execute(STRAYS, (name,))]
    if strays:
        raise OrganisationError(
            f"the role {name} has something in {', '.join(strays)}; as a superuser, run"
            f' DROP OWNED BY "{name}" there, and then this command again'
        )


STRAYS = """
SELECT DISTINCT d.datname FROM pg_shdepend s
JOIN pg_roles r ON s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid
JOIN pg_database d
  ON d.oid = s.dbid OR (s.classid = 'pg_database'::regclass AND d.oid = s.objid)
WHERE r.rolname = %s AND d.datname <> current_database() ORDER BY d.datname
"""


def raze_schema(there: Connection, name: str) -> None:
    """Remove a schema, its version row and its role where they still are.

    Whatever else the role owns or was given goes with it. A role that another database of the same
    server still needs stays, but is shut out here.
    """
    role = sql.Identifier(name)
    with unblocked(there, name), there.transaction():
        there.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(role))
        there.execute("DELETE FROM shared.schema_versions WHERE schema_name = %s", (name,))
        if there.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone() is None:
            return
        there.execute(
            sql.SQL(
                "SELECT pg_advisory_xact_lock({lock});"
                " REVOKE ALL ON DATABASE {database} FROM {role};"
                " REVOKE ALL ON SCHEMA extensions FROM {role}"
            ).format(
                lock=sql.Literal(GRANTS_LOCK),
                database=sql.Identifier(there.info.dbname),
                role=role,
            )
        )
        # It would take what the role was given in other databases of the server as well.
        if there.execute(STRAYS, (name,)).fetchone() is None:
            _drop_owned(there, name)
    try:
        with unblocked(there, name):
            there.execute(sql.SQL("DROP ROLE {}").format(role))
    except psycopg.errors.DependentObjectsStillExist:
        return


def _drop_owned(there: Connection, name: str) -> None:
    """Drop what a role made for itself: defaults of its own, or what an older release let it."""
    role = sql.Identifier(name)
    drop = sql.SQL("DROP OWNED BY {}").format(role)
    try:
        with there.transaction():
            there.execute(drop)
    except psycopg.errors.InsufficientPrivilege:
        # An owner who is no superuser may make itself a member of the roles that it made.
        there.execute(sql.SQL("GRANT {} TO CURRENT_USER; ").format(role) + drop)
