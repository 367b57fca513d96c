"""The three locks behind a pooler in transaction mode, where each transaction may meet another back
end, and a back end has served somebody else a moment ago."""

import contextlib
import os
import pwd
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from config import child_processes
from config.child_processes import LOOPBACK
from config.settings import Settings
from hearth.accounts import sessions
from hearth.accounts.guard import COOKIE
from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.accounts.sessions import Assurance
from hearth.app import create_app
from hearth.families.models import Person
from hearth.web.request import HearthFlask
from tenants import context
from tenants.context import Runtime, tenant_session
from tenants.engines import PLATFORM_ROLE, READER_ROLE, Engines, role_url
from tenants.passwords import role_password
from tenants.probes import ATTACKS, REFUSED
from tenants.registry import OrgRef, Registry
from tests.factories.families import mother, open_family
from tests.support.servers import (
    BASE_DOMAIN,
    Addresses,
    copy_template,
    drop_database,
    dsn_for,
    settings_for,
)
from tests.support.visitors import Visitor

CANARIES = {"spb": "Canary-Neva", "pskov": "Canary-Velikaya"}
REQUIRED = os.environ.get("HEARTH_REQUIRE_PGBOUNCER") == "1"
THREADS = 6
ROUNDS = 6
# Fewer back ends than threads, so that they change hands all the time.
POOL_SIZE = 2
CONFIGURATION = """\
[databases]
* = host={host} port={port}

[pgbouncer]
listen_addr = {host}
listen_port = {listen_port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 300
"""


@dataclass(frozen=True)
class Family:
    """One canary family and the worker who accompanies it."""

    organisation: OrgRef
    household_id: str
    worker: Visitor


@pytest.fixture(scope="module")
def database(addresses: Addresses, worker: str) -> Iterator[str]:
    """A database of this module's own, because what happens here is really committed."""
    name = copy_template(addresses, f"{worker}_pooled")
    yield name
    drop_database(addresses, name)


@pytest.fixture(scope="module")
def pooled(addresses: Addresses, database: str) -> Iterator[Settings]:
    """Settings whose database is the pooler; its processes end with the module."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        reason = "pgbouncer is not installed (apt-get install pgbouncer)"
        if REQUIRED:
            pytest.fail(f"{reason}, and HEARTH_REQUIRE_PGBOUNCER=1 refuses to skip this")
        pytest.skip(reason)
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="hearth-pgbouncer-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        port = child_processes.free_port()
        settings = settings_for(
            addresses,
            database,
            DATABASE_URL=f"postgresql://{LOOPBACK}:{port}/{database}",
            HEARTH_POOLED_CONNECTIONS="1",
        )
        configuration = write_configuration(folder, addresses, settings, database, port, account)
        log = folder / "pgbouncer.log"
        process = child_processes.spawn([program, configuration], log=log, account=account)
        try:
            wait_for(port, log)
            yield settings
        finally:
            child_processes.stop(process)


def write_configuration(
    folder: Path,
    addresses: Addresses,
    settings: Settings,
    database: str,
    port: int,
    account: pwd.struct_passwd | None,
) -> Path:
    with psycopg.connect(dsn_for(addresses, database)) as connection:
        rows = connection.execute("SELECT name, generation FROM shared.schemas").fetchall()
    logins = [*rows, (PLATFORM_ROLE, 1), (READER_ROLE, 1)]
    users = folder / "users.txt"
    users.write_text(
        "".join(
            f'"{role}" "{role_password(settings.database_secret, role, generation)}"\n'
            for role, generation in logins
        )
    )
    users.chmod(0o600)
    if account is not None:
        os.chown(users, account.pw_uid, account.pw_gid)
    parts = psycopg.conninfo.conninfo_to_dict(addresses.superuser_dsn)
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        CONFIGURATION.format(
            host=LOOPBACK,
            port=parts["port"],
            listen_port=port,
            users=users,
            pool_size=POOL_SIZE,
        )
    )
    return configuration


def wait_for(port: int, log: Path) -> None:
    deadline = time.monotonic() + 15
    while True:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                pytest.fail(f"pgbouncer does not answer:\n{child_processes.tail(log)}")
            time.sleep(0.02)
        else:
            return


@pytest.fixture
def runtime(pooled: Settings) -> Iterator[Runtime]:
    """The service as it runs behind the pooler: real engines, real commits."""
    engines = Engines(pooled)
    registry = Registry(engines.platform, base_domain=pooled.base_domain)
    yield context.install(Runtime(pooled, engines, registry))
    engines.dispose()


@pytest.fixture
def service(pooled: Settings) -> HearthFlask:
    # All walkers may meet in one house, which never gets every thread.
    service = create_app(replace(pooled, web_threads=2 * THREADS))
    service.test_client_class = Visitor
    return service


@pytest.fixture
def families(service: HearthFlask, runtime: Runtime) -> list[Family]:
    """A family in each of two organisations, named after the river it lives by."""
    return [family_at(service, runtime.registry.get(slug)) for slug in CANARIES]


def family_at(service: HearthFlask, organisation: OrgRef) -> Family:
    host = f"{organisation.slug}.{BASE_DOMAIN}"
    with tenant_session(organisation) as session:
        name = CANARIES[organisation.slug]
        household = open_family(session, members=[mother(given_name=name)])
        wanted = select(User.id).where(User.roles == [Role.SOCIAL_WORKER.value])
        user_id = session.scalars(wanted).one()
        token = sessions.start_session(
            session, user_id=user_id, host=host, assurance=Assurance.SECOND_FACTOR
        )
        household_id = str(household.id)
    worker = service.test_client()
    assert isinstance(worker, Visitor)
    worker.host = host
    worker.set_cookie(COOKIE, token, domain=host, secure=True)
    return Family(organisation, household_id, worker)


def test_mixed_requests_with_failures_between_them_never_cross(families: list[Family]) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        walks = [threads.submit(walk, families, start) for start in range(THREADS)]
        crossed = [finding for done in walks for finding in done.result()]

    kept = [names_kept(family.organisation) for family in families]
    assert crossed == []
    assert all("Never-Kept" not in names for names in kept)


def walk(families: list[Family], start: int) -> list[str]:
    """Go to and fro between the organisations; returns what was not as it should be."""
    found = []
    for step in range(start, start + ROUNDS):
        here, there = families[step % 2], families[(step + 1) % 2]
        found += look_around(here, there)
        break_off(here.organisation, in_database=step % 3 == 0)
    return found


def look_around(here: Family, there: Family) -> list[str]:
    mine, theirs = CANARIES[here.organisation.slug], CANARIES[there.organisation.slug]
    # The cookies are read only, so that one visitor may ask from several threads.
    pages = [
        here.worker.get("/families/"),
        here.worker.get(f"/families/{here.household_id}"),
        here.worker.get(f"/families/{there.household_id}"),
        here.worker.get("/ledger/"),
    ]
    found = [] if [page.status_code for page in pages] == [200, 200, 404, 403] else [str(pages)]
    found += [f"{theirs} at {mine}'s" for page in pages if theirs in page.text]
    found += [f"{mine} is missing" for page in pages[:2] if mine not in page.text]
    return found


def break_off(organisation: OrgRef, *, in_database: bool) -> None:
    """Begin to work, then fail: in the database or in the program."""
    with (
        contextlib.suppress(DBAPIError, ZeroDivisionError),
        tenant_session(organisation) as session,
    ):
        open_family(session, members=[mother(given_name="Never-Kept")])
        if in_database:
            session.execute(text("SELECT 1 / 0"))
        raise ZeroDivisionError


def names_kept(organisation: OrgRef) -> set[str]:
    with tenant_session(organisation) as session:
        return {person.given_name for person in session.scalars(select(Person))}


@pytest.mark.parametrize("extended", [False, True], ids=["simple protocol", "extended protocol"])
def test_every_attack_is_refused_behind_the_pooler_too(
    runtime: Runtime, pooled: Settings, *, extended: bool
) -> None:
    mine = runtime.registry.get("spb").schema_name
    theirs = runtime.registry.get("pskov").schema_name

    got_through = {
        name
        for name, attack in ATTACKS.items()
        if not is_refused(pooled, mine, attack.format(mine=mine, theirs=theirs), extended=extended)
    }

    assert got_through == set()


def is_refused(settings: Settings, role: str, statement: str, *, extended: bool) -> bool:
    with log_in(settings, role) as connection:
        try:
            if statement.startswith("COPY") and "STDOUT" in statement:
                with connection.cursor() as cursor, cursor.copy(sql.SQL(statement)) as copy:
                    copy.read()
            else:
                connection.execute(sql.SQL(statement), prepare=False, binary=extended)
        except REFUSED:
            return True
    return False


def log_in(settings: Settings, role: str) -> psycopg.Connection[tuple[object, ...]]:
    url = role_url(settings, role, 1).set(drivername="postgresql")
    return psycopg.connect(
        url.render_as_string(hide_password=False), autocommit=True, prepare_threshold=None
    )


def test_a_setting_that_an_attacker_left_behind_shows_nothing_of_a_neighbours(
    families: list[Family], pooled: Settings
) -> None:
    here, there = families
    with log_in(pooled, here.organisation.schema_name) as attacker:
        attacker.execute(
            sql.SQL("SET search_path = {}").format(sql.Identifier(there.organisation.schema_name))
        )

        pages = [here.worker.get("/families/") for _ in range(2 * POOL_SIZE)]
        neighbours = there.worker.get("/families/")
        attacker.execute(
            sql.SQL("SET search_path = {}, extensions").format(
                sql.Identifier(here.organisation.schema_name)
            )
        )

    assert all(CANARIES["pskov"] not in page.text for page in pages)
    assert CANARIES["pskov"] in neighbours.text
    assert CANARIES["spb"] not in neighbours.text


def test_no_statement_is_prepared_on_a_back_end(runtime: Runtime) -> None:
    organisation = runtime.registry.get("spb")

    for _ in range(20):
        with tenant_session(organisation) as session:
            session.scalars(select(User.id).where(User.roles == ["director"])).all()

    with tenant_session(organisation) as session:
        prepared = session.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
    assert prepared == 0


def test_a_role_with_another_roles_password_does_not_pass_the_pooler(
    runtime: Runtime, pooled: Settings
) -> None:
    mine = runtime.registry.get("spb").schema_name
    stolen = role_url(pooled, runtime.registry.get("pskov").schema_name, 1).password
    url = role_url(pooled, mine, 1).set(drivername="postgresql", password=stolen)

    with pytest.raises(psycopg.OperationalError, match=r"SASL|password"):
        psycopg.connect(url.render_as_string(hide_password=False))
