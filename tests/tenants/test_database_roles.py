"""The third lock: what SQL that an attacker managed to inject can do under each database role."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from config.settings import Settings
from tenants import roles
from tenants.engines import PLATFORM_ROLE, READER_ROLE, role_url
from tenants.probes import ATTACKS, REFUSED, SERVICE_ATTACKS
from tenants.registry import Registry
from tenants.role_settings import TEMPORARY_SPACE

Connect = Callable[[str], "psycopg.Connection[tuple[object, ...]]"]


@pytest.fixture
def connect(settings: Settings) -> Iterator[Connect]:
    """Log in as a role, as the service does, on a connection of the test's own."""
    opened: list[psycopg.Connection[tuple[object, ...]]] = []

    def log_in(role: str) -> "psycopg.Connection[tuple[object, ...]]":
        url = role_url(settings, role, 1).set(drivername="postgresql")
        opened.append(psycopg.connect(url.render_as_string(hide_password=False), autocommit=True))
        return opened[-1]

    yield log_in
    for connection in opened:
        connection.close()


@pytest.fixture
def mine(registry: Registry) -> str:
    return registry.get("spb").schema_name


@pytest.fixture
def theirs(registry: Registry) -> str:
    return registry.get("pskov").schema_name


@pytest.mark.parametrize("prepared", [False, True], ids=["simple protocol", "extended protocol"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_organisations_role_cannot_leave_its_schema(
    connect: Connect, mine: str, theirs: str, attack: str, *, prepared: bool
) -> None:
    connection = connect(mine)
    statement = attack.format(mine=mine, theirs=theirs)

    with pytest.raises(REFUSED):
        _run(connection, statement, prepared=prepared)


def _run(
    connection: "psycopg.Connection[tuple[object, ...]]", statement: str, *, prepared: bool
) -> None:
    if statement.startswith("COPY") and "STDOUT" in statement:
        with connection.cursor() as cursor, cursor.copy(sql.SQL(statement)) as copy:
            copy.read()
        return
    connection.execute(sql.SQL(statement), prepare=prepared, binary=prepared)


def test_a_grant_of_ones_own_tables_to_a_neighbour_has_no_effect(
    connect: Connect, mine: str, theirs: str
) -> None:
    connection = connect(mine)

    connection.execute(sql.SQL(f"GRANT SELECT ON {mine}.users TO {theirs}"))

    with pytest.raises(REFUSED):
        connect(theirs).execute(sql.SQL("SELECT 1 FROM {}.users").format(sql.Identifier(mine)))


def test_an_organisations_role_reads_and_writes_its_own_schema(connect: Connect, mine: str) -> None:
    connection = connect(mine)

    found = connection.execute("SELECT count(*) FROM users").fetchone()

    assert found is not None
    assert found[0] != 0


@pytest.mark.parametrize("role", [PLATFORM_ROLE, READER_ROLE])
@pytest.mark.parametrize("statement", SERVICE_ATTACKS.values(), ids=SERVICE_ATTACKS.keys())
def test_the_services_own_roles_cannot_enter_an_organisation(
    connect: Connect, theirs: str, role: str, statement: str
) -> None:
    connection = connect(role)

    with pytest.raises(REFUSED):
        connection.execute(sql.SQL(statement.format(theirs=theirs)))


@pytest.mark.parametrize(
    "table", ["users", "user_sessions", "inbox", "schemas", "form_submissions"]
)
def test_the_reader_of_aggregates_reads_no_other_shared_table(connect: Connect, table: str) -> None:
    connection = connect(READER_ROLE)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(sql.SQL("SELECT 1 FROM shared.{}").format(sql.Identifier(table)))


def test_a_role_with_another_roles_password_gets_nowhere(
    settings: Settings, mine: str, theirs: str
) -> None:
    stolen = role_url(settings, theirs, 1).password
    url = role_url(settings, mine, 1).set(drivername="postgresql", password=stolen)

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.render_as_string(hide_password=False))


@pytest.mark.parametrize(
    "left_open",
    [
        None,
        "EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint)",
        "EXECUTE ON FUNCTION lo_create(oid)",
        "CONNECT ON DATABASE postgres",
    ],
)
def test_an_owner_who_is_no_superuser_is_told_whether_something_stays_open(
    settings: Settings, left_open: str | None
) -> None:
    with psycopg.connect(settings.owner_database_url or "") as owner:
        owner.execute("CREATE ROLE managed_owner")
        if left_open:
            owner.execute(sql.SQL("GRANT " + left_open + " TO PUBLIC"))
        owner.execute(roles.lend_locks("managed_owner"))
        owner.execute("SET ROLE managed_owner")

        closed = roles.withhold_from_everybody(owner)

        owner.rollback()
    assert closed is (left_open is None)


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_no_other_database_of_the_server_opens_to_an_organisations_role(
    settings: Settings, mine: str, database: str
) -> None:
    url = role_url(settings, mine, 1).set(drivername="postgresql", database=database)

    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url.render_as_string(hide_password=False))


def test_a_database_of_the_server_that_is_open_again_is_closed_by_the_next_preparation(
    settings: Settings,
) -> None:
    with psycopg.connect(settings.owner_database_url or "") as owner:
        owner.execute("GRANT CONNECT, TEMPORARY ON DATABASE template1 TO PUBLIC")

        closed = roles.withhold_from_everybody(owner)

        left = owner.execute(
            "SELECT datname FROM pg_database, aclexplode(datacl)"
            " WHERE datname IN ('postgres', 'template1') AND grantee = 0"
        ).fetchall()
        watched = owner.execute(
            "SELECT has_database_privilege('pg_monitor', 'template1', 'CONNECT')"
        ).fetchone()
        owner.rollback()
    assert closed
    assert left == []
    assert watched == (True,)


def test_a_role_cannot_raise_its_own_limits(connect: Connect, mine: str) -> None:
    connection = connect(mine)

    for harm in (
        "ALTER ROLE CURRENT_USER CONNECTION LIMIT -1",
        "ALTER ROLE CURRENT_USER SET temp_file_limit = -1",
        "ALTER ROLE CURRENT_USER RESET temp_file_limit",
        "SET temp_file_limit = -1",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql.SQL(harm))

    assert connection.execute("SHOW temp_file_limit").fetchone() == (TEMPORARY_SPACE,)


def test_roles_of_an_installation_from_before_are_limited_by_the_next_preparation(
    settings: Settings, theirs: str
) -> None:
    with psycopg.connect(settings.owner_database_url or "") as owner:
        owner.execute(
            sql.SQL("ALTER ROLE {role} CONNECTION LIMIT -1; ALTER ROLE {role} RESET ALL").format(
                role=sql.Identifier(theirs)
            )
        )

        done = (roles.limit_roles(owner, settings), roles.limit_roles(owner, settings))

        limited = owner.execute(
            "SELECT rolconnlimit, rolconfig FROM pg_roles WHERE rolname = %s", (theirs,)
        ).fetchone()
        owner.rollback()
    assert done == (1, 0)
    assert limited == (settings.role_connections, [f"temp_file_limit={TEMPORARY_SPACE}"])


def test_a_role_that_takes_advisory_locks_is_lent_them_and_nothing_else(
    settings: Settings,
) -> None:
    with psycopg.connect(settings.owner_database_url or "") as owner:
        owner.execute("CREATE ROLE managed_owner")
        owner.execute(roles.lend_locks("managed_owner"))
        owner.execute("SET ROLE managed_owner")

        owner.execute("SELECT pg_advisory_xact_lock(1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute("SELECT pg_total_relation_size('pg_class')")

        owner.rollback()


def test_whoever_watches_the_server_still_sees_it(settings: Settings) -> None:
    with psycopg.connect(settings.owner_database_url or "") as owner:
        owner.execute("CREATE ROLE watcher IN ROLE pg_monitor")
        owner.execute("SET ROLE watcher")

        found = owner.execute(
            "SELECT count(*) FROM pg_stat_all_tables, pg_locks, pg_class WHERE reltuples > 0"
            " AND pg_relation_size(pg_class.oid) > 0 LIMIT 1"
        ).fetchone()

        owner.rollback()
    assert found is not None


def test_no_function_tells_everybody_of_statistics_sizes_or_locks(settings: Settings) -> None:
    with psycopg.connect(settings.owner_database_url or "") as owner:
        left = owner.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
            " AND proname ~ 'advisory|^pg_stat_get|^pg_.*_size$|^pg_lock|^lo_|^lo(read|write)'"
            " AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))"
        ).fetchall()

    # The size of a value that one was given anyway.
    assert {name for (name,) in left} <= {"pg_column_size"}
