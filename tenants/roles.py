"""The database's login roles: what they may do, what everybody may not, and their passwords."""

from typing import Any

import psycopg
from psycopg import sql

from config.settings import Settings
from tenants.engines import PLATFORM_ROLE, READER_ROLE
from tenants.owners import owner_of
from tenants.passwords import role_password
from tenants.role_settings import TEMPORARY_SPACE, settle
from tenants.unblocking import unblocked

Connection = psycopg.Connection[Any]


class OrganisationError(RuntimeError):
    """A command on an organisation is not possible; the message says why."""


def rotate_password(connection: Connection, settings: Settings, slug: str) -> int:
    """Give an organisation's role its next password and its own defaults; returns the generation.

    Whatever the role may have changed of itself is as it should be afterwards. Role and generation
    change in one transaction; open connections live on until they are idle.

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
    with (
        owner_of(connection, settings, row[1]) as there,
        unblocked(there, name),
        there.transaction(),
    ):
        set_password(there, settings, name, generation)
        connection.execute(
            "UPDATE shared.schemas SET generation = %s WHERE name = %s", (generation, name)
        )
    return generation


def set_password(there: Connection, settings: Settings, role: str, generation: int) -> None:
    """Give a role the password of a generation, and what else every role is made with."""
    password = role_password(settings.database_secret, role, generation)
    there.execute(
        sql.SQL(
            "ALTER ROLE {role} PASSWORD {verifier};"
            " ALTER ROLE {role} IN DATABASE {database} RESET ALL; {settings}; {limits}"
        ).format(
            role=sql.Identifier(role),
            verifier=sql.Literal(scram_verifier(there, role, password)),
            database=sql.Identifier(there.info.dbname),
            settings=settle(role),
            limits=limits(settings, role),
        )
    )


def limits(settings: Settings, role: str) -> sql.Composed:
    """The statements that bound what one organisation's role may take of the whole server.

    It cannot raise them itself. Whoever makes roles may limit their connections; how much a sort
    may write to the disk is a superuser's setting, and stays as it is where the owner is none.
    """
    return sql.SQL(LIMITS).format(
        role=sql.Identifier(role),
        name=sql.Literal(role),
        connections=sql.Literal(settings.role_connections),
        space=sql.Literal(TEMPORARY_SPACE),
    )


def limit_roles(there: Connection, settings: Settings) -> int:
    """Give every organisation's role of this database the limits of today; returns how many.

    Safe to repeat: one that has them is left alone.
    """
    known = there.execute("SELECT to_regclass('shared.schema_versions')").fetchone()
    if known == (None,):
        return 0
    wanted = (settings.role_connections, f"temp_file_limit={TEMPORARY_SPACE}")
    unlimited = there.execute(UNLIMITED, wanted).fetchall()
    for (role,) in unlimited:
        with unblocked(there):
            there.execute(limits(settings, role))
    return len(unlimited)


LIMITS = """
ALTER ROLE {role} CONNECTION LIMIT {connections};
DO $$
BEGIN
    IF has_parameter_privilege('temp_file_limit', 'SET') THEN
        EXECUTE format('ALTER ROLE %I SET temp_file_limit = %L', {name}, {space});
    END IF;
END $$
"""
UNLIMITED = """
SELECT v.schema_name FROM shared.schema_versions v JOIN pg_roles r ON r.rolname = v.schema_name
LEFT JOIN pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = 0
WHERE v.line = 'tenant' AND (
    r.rolconnlimit <> %s
    OR (has_parameter_privilege('temp_file_limit', 'SET')
        AND NOT %s = ANY(coalesce(setconfig, '{}')))
) ORDER BY v.schema_name
"""


def prepare_database(connection: Connection, settings: Settings) -> bool:
    """Make the service's own roles and close what PostgreSQL leaves open to everybody.

    Safe to repeat. Needs a role that may create roles; what only a superuser may close is closed
    when the role is one. Tells whether everything is closed.
    """
    for role in (PLATFORM_ROLE, READER_ROLE):
        password = role_password(settings.database_secret, role, 1)
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
        connection.execute(
            sql.SQL(
                "ALTER ROLE {role} LOGIN NOINHERIT NOCREATEDB NOCREATEROLE PASSWORD {verifier};"
                " {settings}"
            ).format(
                role=sql.Identifier(role),
                verifier=sql.Literal(scram_verifier(connection, role, password)),
                settings=settle(role),
            )
        )
    limit_roles(connection, settings)
    return close_database(connection)


def prepare_placement(there: Connection, settings: Settings) -> bool:
    """Make a database ready for organisations' schemas alone; safe to repeat.

    Tells whether everything is closed that only a superuser may close.

    Neither the registry nor the federation is there: the one shared table says which revision each
    schema stands at, and no role of the service but the organisations' own may connect.
    """
    closed = _close(there)
    there.execute(PLACEMENT_TABLES)
    limit_roles(there, settings)
    return closed


PLACEMENT_TABLES = """
CREATE SCHEMA IF NOT EXISTS shared;
CREATE TABLE IF NOT EXISTS shared.schema_versions (
    schema_name varchar(63) CONSTRAINT pk_schema_versions PRIMARY KEY,
    line varchar(10) NOT NULL,
    revision varchar(32) NOT NULL,
    migrated_at timestamptz NOT NULL DEFAULT now()
)
"""


def close_database(connection: Connection) -> bool:
    """Revoke what every role could otherwise do in this database, and let our roles in.

    Tells whether everything is closed that only a superuser may close.
    """
    closed = _close(connection)
    with unblocked(connection):
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {database} TO {platform}, {reader}").format(
                database=sql.Identifier(connection.info.dbname),
                platform=sql.Identifier(PLATFORM_ROLE),
                reader=sql.Identifier(READER_ROLE),
            )
        )
    return closed


def _close(connection: Connection) -> bool:
    with unblocked(connection):
        connection.execute(
            sql.SQL(
                "REVOKE ALL ON DATABASE {database} FROM PUBLIC;"
                " REVOKE ALL ON SCHEMA public FROM PUBLIC;"
                " CREATE SCHEMA IF NOT EXISTS extensions;"
                " CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA extensions;"
                " CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA extensions"
            ).format(database=sql.Identifier(connection.info.dbname))
        )
    return withhold_from_everybody(connection)


def withhold_from_everybody(connection: Connection, *, lend_locks_to: str | None = None) -> bool:
    """Close what only a superuser may close; tells whether it is closed.

    Safe to repeat. ``lend_locks_to`` names the role that takes advisory locks in this database.
    """
    superuser = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    with unblocked(connection):
        connection.execute(sql.SQL(CLOSE_OTHERS))
        if superuser.fetchone() == (True,):
            connection.execute(sql.SQL(WITHHOLD))
            if lend_locks_to is not None:
                connection.execute(lend_locks(lend_locks_to))
    # Where the owner is none, a superuser may have done it: see the operators' page.
    return connection.execute(sql.SQL(STILL_OPEN)).fetchone() == (False,)


def lend_locks(role: str) -> sql.Composed:
    """The statement that lets one role take advisory locks again."""
    return sql.SQL(LEND_LOCKS).format(role=sql.Literal(role))


# By pattern, so that what a newer PostgreSQL adds is closed as well:
# * set_config could change the role or the path inside a single SELECT;
# * advisory locks belong to the database, so one role's would stop another's work;
# * large objects belong to no schema, so they would be in no backup and survive their organisation;
#   and each one made or removed keeps one of the server's locks, until nobody else gets any;
# * statistics, sizes and locks tell, through the views or the functions under them, how many rows
#   another organisation has and what happens to them at this moment; pg_class tells it too, in the
#   four columns that the planner goes by.
# Whoever watches the server keeps all of it as a member of pg_monitor.
WITHHELD = """pronamespace = 'pg_catalog'::regnamespace AND (
            proname ~ '^pg_(try_)?advisory_'
            OR proname ~ '^(lo_|lo(read|write)$)'
            OR proname ~ '^pg_stat_(get|have|fetch|reset|clear|force)_'
            OR proname ~ '^pg_(relation|table|indexes|total_relation|database|tablespace)_size$'
            OR proname IN ('set_config', 'pg_lock_status', 'pg_blocking_pids',
                           'pg_safe_snapshot_blocking_pids', 'pg_prepared_xact',
                           'pg_isolation_test_session_is_blocked')
        ) AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))"""
WITHHOLD = """
DO $$
DECLARE item record;
BEGIN
    FOR item IN
        SELECT oid::regprocedure AS name FROM pg_proc
        WHERE {withheld}
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', item.name);
        IF item.name::text ~ '^pg_(stat_get|lock_status|.*_size)' THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO pg_monitor', item.name);
        END IF;
    END LOOP;
    FOR item IN
        SELECT relname FROM pg_class
        WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'v'
          AND relname ~ '^pg_(stat|locks$|prepared_xacts$)'
          AND EXISTS (SELECT FROM aclexplode(relacl) WHERE grantee = 0)
    LOOP
        EXECUTE format('REVOKE ALL ON pg_catalog.%I FROM PUBLIC', item.relname);
        EXECUTE format('GRANT SELECT ON pg_catalog.%I TO pg_monitor', item.relname);
    END LOOP;
    REVOKE SELECT ON pg_catalog.pg_class FROM PUBLIC;
    GRANT SELECT ON pg_catalog.pg_class TO pg_monitor;
    SELECT string_agg(quote_ident(attname), ', ') AS columns INTO item FROM pg_attribute
    WHERE attrelid = 'pg_catalog.pg_class'::regclass AND NOT attisdropped
      AND attname NOT IN ('reltuples', 'relpages', 'relallvisible', 'relallfrozen');
    EXECUTE format('GRANT SELECT (%s) ON pg_catalog.pg_class TO PUBLIC', item.columns);
END $$
""".replace("{withheld}", WITHHELD)
# What a server brings along besides the databases of the service. Catalogue rights are each
# database's own, so statistics and locks of everybody would be open in these; whoever watches the
# server may go on connecting to them.
OPEN_OTHERS = """datname IN ('postgres', 'template1')
          AND (datacl IS NULL OR EXISTS (SELECT FROM aclexplode(datacl) WHERE grantee = 0))"""
CLOSE_OTHERS = """
DO $$
DECLARE item record;
BEGIN
    FOR item IN SELECT datname FROM pg_database
        WHERE {open} AND pg_has_role(datdba, 'USAGE')
    LOOP
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', item.datname);
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO pg_monitor', item.datname);
    END LOOP;
END $$
""".replace("{open}", OPEN_OTHERS)
STILL_OPEN = """
SELECT EXISTS (SELECT FROM pg_proc WHERE {withheld})
    OR EXISTS (SELECT FROM pg_database WHERE datallowconn AND {open})
""".replace("{withheld}", WITHHELD).replace("{open}", OPEN_OTHERS)
LEND_LOCKS = """
DO $$
DECLARE item record;
BEGIN
    FOR item IN SELECT oid::regprocedure AS name FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^pg_(try_)?advisory_'
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', item.name, {role});
    END LOOP;
END $$
"""


def scram_verifier(connection: Connection, role: str, password: str) -> str:
    """A password as the server keeps it, so that none ever stands in a statement or a log."""
    return connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode()
