"""What SQL that an attacker managed to inject could do under a role: each way is really tried.

Every attack runs inside a transaction that is rolled back, so that it may be tried on real
organisations: where a wall is missing, the report says so and nothing has happened.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL

from config.settings import Settings
from tenants.engines import (
    PLATFORM_ROLE,
    READER_ROLE,
    WrongSchemaError,
    refuse_foreign_schema,
    role_url,
)
from tenants.registry import OrgRef

Connection = psycopg.Connection[Any]
SECOND_LOOK_SECONDS = 2.0
REFUSED = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.UndefinedTable,
    psycopg.errors.SyntaxError,
    psycopg.errors.InvalidSchemaName,
)
# In another placement the neighbour's role and the registry are not even known.
ELSEWHERE = (*REFUSED, psycopg.errors.UndefinedObject, psycopg.errors.InvalidParameterValue)

ATTACKS = {
    "qualified name": "SELECT count(*) FROM {theirs}.users",
    "qualified write": "UPDATE {theirs}.users SET name = 'x'",
    "qualified insert": "INSERT INTO {theirs}.organisation_marker VALUES (true, 'x')",
    "truncate": "TRUNCATE {theirs}.users",
    "set role": "SET ROLE {theirs}",
    "set session authorization": "SET SESSION AUTHORIZATION {theirs}",
    "stacked set role": "SELECT 1; SET ROLE {theirs}; SELECT count(*) FROM {theirs}.users",
    "set_config and query_to_xml in one select": (
        "SELECT set_config('role', '{theirs}', true),"
        " query_to_xml('SELECT * FROM {theirs}.users', true, true, '')"
    ),
    "query_to_xml": "SELECT query_to_xml('SELECT * FROM {theirs}.users', true, true, '')",
    "table_to_xml": "SELECT table_to_xml('{theirs}.users', true, true, '')",
    "schema_to_xml": "SELECT database_to_xml(true, true, ''), 1 / count(*) FROM {theirs}.users",
    "do block": "DO $$ BEGIN EXECUTE 'SET ROLE {theirs}'; PERFORM 1 FROM {theirs}.users; END $$",
    "do block without set role": "DO $$ BEGIN PERFORM 1 FROM {theirs}.users; END $$",
    "search path": "SET search_path = {theirs}; SELECT count(*) FROM ONLY {theirs}.users",
    "copy": "COPY {theirs}.users TO STDOUT",
    "copy to program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "read a file": "SELECT pg_read_file('PG_VERSION')",
    "temporary table": "CREATE TEMPORARY TABLE users (id int)",
    "table in public": "CREATE TABLE public.trap (id int)",
    "table in own schema": "CREATE TABLE {mine}.trap (id int)",
    "function in own schema": (
        "CREATE FUNCTION {mine}.trap() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    ),
    "new schema": "CREATE SCHEMA trap",
    "new role": "CREATE ROLE trap",
    "alter own role": "ALTER ROLE {mine} CREATEROLE",
    "alter own table": "ALTER TABLE {mine}.users DISABLE TRIGGER ALL",
    "create extension": "CREATE EXTENSION dblink",
    "statistics of others": "SELECT relname, n_live_tup FROM pg_stat_all_tables",
    "live rows of others": (
        "SELECT relname, pg_stat_get_live_tuples(c.oid), pg_stat_get_tuples_inserted(c.oid)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = '{theirs}'"
    ),
    "sizes of others": (
        "SELECT relname, pg_relation_size(c.oid) FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = '{theirs}'"
    ),
    "size of another's table": "SELECT pg_total_relation_size('{theirs}.users'::regclass)",
    "rows of others as the planner counts them": (
        "SELECT relname, reltuples, relpages FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = '{theirs}'"
    ),
    "locks held by others": (
        "SELECT relation::regclass, mode FROM pg_locks WHERE relation IS NOT NULL"
    ),
    "locks held by others, by the function": "SELECT * FROM pg_lock_status()",
    "who waits for whom": "SELECT pg_blocking_pids(1)",
    "advisory lock": "SELECT pg_advisory_lock(18666, hashtext('{theirs}'))",
    "advisory lock of a transaction": (
        "SELECT pg_advisory_xact_lock(hashtextextended('move/{theirs}', 0))"
    ),
    "advisory lock inside a select": (
        "SELECT count(*) FROM {mine}.users WHERE pg_try_advisory_lock(4801266114)"
    ),
    "large objects, one lock each": "SELECT lo_unlink(lo_create(0)) FROM generate_series(1, 9)",
    "text in a large object": "SELECT lo_from_bytea(0, 'a word'), lo_put(1, 0, 'another')",
    "large object of others": "SELECT lo_get(1), lo_open(1, 131072)",
    "another's chain of records": "SELECT * FROM {theirs}.audit_chain FOR UPDATE",
    "activity of others": "SELECT query FROM pg_stat_activity",
    "planner statistics": "SELECT * FROM pg_stats",
    "passwords": "SELECT rolpassword FROM pg_authid",
    "registry": "SELECT * FROM shared.organisations",
    "federation staff": "SELECT * FROM shared.users",
    "hand-over table": "SELECT * FROM shared.inbox",
    "marker": "UPDATE {mine}.organisation_marker SET schema_name = '{theirs}'",
    "lock of others": "DO $$ BEGIN LOCK TABLE {theirs}.users; END $$",
    "sequence of the registry": "SELECT nextval('shared.schema_numbers')",
    "maintenance of others": "ANALYZE VERBOSE {theirs}.users; SELECT 1 FROM {theirs}.users",
}
SERVICE_ATTACKS = {
    "an organisation's table": "SELECT * FROM {theirs}.users",
    "a table without a schema": "SELECT * FROM users",
    "set role": "SET ROLE {theirs}",
    "table in public": "CREATE TABLE public.trap (id int)",
    "temporary table": "CREATE TEMPORARY TABLE trap (id int)",
    "change of the registry": "UPDATE shared.organisations SET slug = 'x'",
    "change of a generation": "UPDATE shared.schemas SET generation = 9",
    "passwords": "SELECT rolpassword FROM pg_authid",
    "destroying a backup key": "UPDATE shared.backup_keys SET salt = NULL, destroyed_at = now()",
}


@dataclass(frozen=True)
class Tried:
    """One attack: who, against whom, how, and whether it got through."""

    role: str
    against: str
    attack: str
    got_through: bool


def probe_pair(settings: Settings, mine: OrgRef, theirs: OrgRef) -> Iterator[Tried]:
    """Every attack of one organisation's role on another's schema, by both protocols."""
    together = mine.database == theirs.database
    with sign_in(settings, mine.schema_name, mine.generation, mine.database) as connection:
        yield from probe(
            connection,
            ATTACKS,
            mine=mine.schema_name,
            theirs=theirs.schema_name,
            refused=REFUSED if together else ELSEWHERE,
        )


def probe_service_roles(settings: Settings, theirs: OrgRef) -> Iterator[Tried]:
    """Every attack of the service's own roles on an organisation's schema."""
    for role in (PLATFORM_ROLE, READER_ROLE):
        with sign_in(settings, role, 1) as connection:
            yield from probe(
                connection, SERVICE_ATTACKS, mine=role, theirs=theirs.schema_name, refused=ELSEWHERE
            )


def probe(
    connection: Connection,
    attacks: Mapping[str, str],
    *,
    mine: str,
    theirs: str,
    refused: tuple[type[Exception], ...] = REFUSED,
) -> Iterator[Tried]:
    """Try attacks on a connection that is signed in as a role; nothing of them is kept."""
    for name, attack in attacks.items():
        for prepared in (False, True):
            how = f"{name}, {'extended' if prepared else 'simple'} protocol"
            statement = attack.format(mine=mine, theirs=theirs)
            through = _gets_through(connection, statement, prepared=prepared, refused=refused)
            yield Tried(mine, theirs, how, through)


def probe_passwords(settings: Settings, mine: OrgRef, theirs: OrgRef) -> Tried:
    """Whether one role's password opens another's account."""
    stolen = role_url(settings, theirs.schema_name, theirs.generation, theirs.database).password
    url = role_url(settings, mine.schema_name, mine.generation, mine.database)
    opens = _opens(url.set(drivername="postgresql", password=stolen))
    return Tried(mine.schema_name, theirs.schema_name, "another role's password", opens)


# A database that names the role itself was given to it: an old copy of its own, as a rule.
OTHER_DATABASES = """
SELECT datname FROM pg_database WHERE datallowconn AND datname <> current_database()
  AND NOT EXISTS (
    SELECT FROM aclexplode(datacl) WHERE grantee = (SELECT oid FROM pg_roles WHERE rolname = %s)
  ) ORDER BY datname
"""


def probe_other_databases(settings: Settings, mine: OrgRef) -> Iterator[Tried]:
    """Whether any other database of the server opens to an organisation's role.

    What is withheld in ours, such as who is connected and what is locked, is open in a database
    that nobody closed. One that was made a moment ago is asked for once more.
    """
    url = role_url(settings, mine.schema_name, mine.generation, mine.database)
    with sign_in(settings, mine.schema_name, mine.generation, mine.database) as connection:
        found = connection.execute(OTHER_DATABASES, (mine.schema_name,)).fetchall()
    for (database,) in found:
        address = url.set(drivername="postgresql", database=database)
        opens = _opens(address)
        if opens:
            time.sleep(SECOND_LOOK_SECONDS)
            opens = _opens(address)
        yield Tried(mine.schema_name, database, "another database of the server", opens)


def _opens(address: URL) -> bool:
    try:
        psycopg.connect(address.render_as_string(hide_password=False), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def probe_wrong_address(settings: Settings, mine: OrgRef, theirs: OrgRef) -> Tried:
    """Whether an address that leads to another organisation's schema is noticed at once."""
    how = "an address that leads elsewhere"
    with sign_in(settings, mine.schema_name, mine.generation, mine.database) as connection:
        try:
            refuse_foreign_schema(theirs.schema_name)(connection, None)
        except WrongSchemaError:
            return Tried(mine.schema_name, theirs.schema_name, how, False)
    return Tried(mine.schema_name, theirs.schema_name, how, True)


def sign_in(
    settings: Settings, role: str, generation: int, placement: str = "default"
) -> Connection:
    """A connection as the service would open it for a role."""
    url = role_url(settings, role, generation, placement).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False), connect_timeout=5)


def _gets_through(
    connection: Connection,
    statement: str,
    *,
    prepared: bool,
    refused: tuple[type[Exception], ...],
) -> bool:
    try:
        connection.execute("SET LOCAL lock_timeout = '2s'")
        if statement.startswith("COPY") and "STDOUT" in statement:
            with connection.cursor() as cursor, cursor.copy(sql.SQL(statement)) as copy:
                # To the end, because a half-read answer would keep the connection.
                for _block in copy:
                    pass
        else:
            connection.execute(sql.SQL(statement), prepare=prepared, binary=prepared)
    except refused:
        return False
    except psycopg.Error:
        # Neither refused nor done: that is a surprise too, and somebody has to look at it.
        return True
    finally:
        connection.rollback()
    return True
