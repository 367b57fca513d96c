"""What every test may ask for: a database of its own worker, sessions, and signed-in visitors."""

import gc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from config.settings import Settings
from hearth.accounts import passwords, sessions
from hearth.accounts.guard import COOKIE
from hearth.accounts.models import directory
from hearth.accounts.permissions import Role
from hearth.accounts.sessions import Assurance
from hearth.app import create_app
from hearth.sealing import held
from hearth.web.request import HearthFlask
from tenants import context
from tenants.context import Runtime, shared_session, tenant_session
from tenants.engines import Engines
from tenants.registry import OrgRef, Registry
from tests.support.pinned import PinnedBindings
from tests.support.servers import (
    BASE_DOMAIN,
    Addresses,
    Servers,
    copy_template,
    drop_database,
    settings_for,
)
from tests.support.visitors import Visitor

SERVERS = Servers()
# Half the time of a sign-in is the password's, by intent, and so is that of unlocking a key. What
# they cost in earnest is asked in test_passwords.py and test_modes.py and paid by every process
# that a test starts.
passwords.HASHER = PasswordHasher.from_parameters(CHEAPEST)
held.COST = {"time_cost": 1, "memory_cost": 16, "parallelism": 2}
# The browser's journeys share a running service, the workers' tests a queue, the matrix a database
# with every kind of family, those of isolation one with everything in two houses.
TOGETHER = ("tests/browser/", "tests/isolation/", "tests/security/matrix/", "tests/workers/")
# Begun last, one of these would be waited for by everybody.
LONG = (
    "tests/browser/",
    "tests/canaries/",
    "tests/hearth/demo/test_whole_demo.py",
    "tests/hearth/proof/test_proof.py",
    "tests/isolation/",
    "tests/security/matrix/",
    "tests/workers/",
)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Start the servers once, in the process that controls the others."""
    if not hasattr(node.config, "hearth_addresses"):
        node.config.hearth_addresses = SERVERS.start()
    node.workerinput["addresses"] = node.config.hearth_addresses.to_plain()


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each file of tests to whichever process is free, and what shares more to one of them.

    It goes by where a test stands: the suffix by which the marker ``xdist_group`` travels is lost
    under pytest 9.2. A file stays whole because its tests share what is dear to set up.
    """

    def _split_scope(self, nodeid: str) -> str:
        together = (place for place in TOGETHER if nodeid.startswith(place))
        return next(together, nodeid.partition("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:
    """Say how tests are handed out, unless the command line does."""
    return Together(config, log) if config.getoption("dist") == "loadscope" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes long begin first; within that, the order stays the random one."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of every later search for what nobody needs any more."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        SERVERS.stop()


@pytest.fixture(scope="session")
def addresses(request: pytest.FixtureRequest) -> Addresses:
    """Where PostgreSQL and Valkey of this run are."""
    workerinput = getattr(request.config, "workerinput", None)
    return Addresses(**workerinput["addresses"]) if workerinput else SERVERS.start()


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    """The name of this process among the run's workers."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "main"))


@pytest.fixture(scope="session")
def settings(addresses: Addresses, worker: str) -> Iterator[Settings]:
    """The settings of this worker's own database."""
    database = copy_template(addresses, worker)
    yield settings_for(addresses, database, HEARTH_ROLE_PREFIX=f"{worker}_")
    drop_database(addresses, database)


@pytest.fixture(scope="session")
def engines(settings: Settings) -> Iterator[Engines]:
    engines = Engines(settings)
    yield engines
    engines.dispose()


@pytest.fixture(scope="session")
def registry(settings: Settings, engines: Engines) -> Registry:
    return Registry(engines.platform, base_domain=settings.base_domain, seconds=3600)


@pytest.fixture
def runtime(settings: Settings, engines: Engines, registry: Registry) -> Iterator[Runtime]:
    """The process's runtime, where nothing that a test writes outlives it."""
    bindings = PinnedBindings(engines)
    yield context.install(Runtime(settings, bindings, registry))
    bindings.rollback()


@pytest.fixture
def spb(runtime: Runtime) -> OrgRef:
    return runtime.registry.get("spb")


@pytest.fixture
def pskov(runtime: Runtime) -> OrgRef:
    return runtime.registry.get("pskov")


@pytest.fixture
def session(spb: OrgRef) -> Iterator[Session]:
    """A session of St Petersburg; its scope is left at once, so that requests can open theirs."""
    yield from _session_of(spb)


@pytest.fixture
def pskov_session(pskov: OrgRef) -> Iterator[Session]:
    """A session of Pskov."""
    yield from _session_of(pskov)


@pytest.fixture
def shared(runtime: Runtime) -> Iterator[Session]:
    """A session of the platform."""
    with shared_session() as opened:
        context._platform.set(False)
        yield opened


def _session_of(org: OrgRef) -> Iterator[Session]:
    with tenant_session(org) as opened:
        context._organisation.set(None)
        yield opened


@pytest.fixture(scope="session")
def app(settings: Settings) -> HearthFlask:
    """The application on this worker's database."""
    created = create_app(settings)
    created.test_client_class = Visitor
    return created


@pytest.fixture
def visitor(app: HearthFlask, runtime: Runtime) -> Callable[..., Visitor]:
    """Make a visitor of a site who has not signed in."""

    def make(site: str = "spb") -> Visitor:
        client = app.test_client()
        assert isinstance(client, Visitor)
        client.host = f"{site}.{BASE_DOMAIN}" if site else BASE_DOMAIN
        return client

    return make


@pytest.fixture
def sign_in(visitor: Callable[..., Visitor], runtime: Runtime) -> Callable[..., Visitor]:
    """Make a visitor who is signed in with a role on a site.

    She has shown her second factor just now; ``fresh=False`` says that it was a while ago, and
    ``assurance="password"`` that it is still to come.
    """

    def make(
        role: Role | str,
        site: str = "spb",
        *,
        fresh: bool = True,
        assurance: str = "second-factor",
    ) -> Visitor:
        client = visitor(site)
        unit = (
            shared_session() if site == "federation" else tenant_session(runtime.registry.get(site))
        )
        with unit as opened:
            tables = directory(opened)
            whose = select(tables.user.id).where(tables.user.roles == [str(role)])
            token = sessions.start_session(
                opened,
                user_id=opened.scalars(whose).one(),
                host=client.host,
                assurance=Assurance(assurance),
            )
            if not fresh:
                earlier = datetime.now(UTC) - timedelta(minutes=10)
                opened.execute(
                    update(tables.session)
                    .where(tables.session.token_hash == sessions.token_hash(token))
                    .values(confirmed_at=earlier)
                )
        client.set_cookie(COOKIE, token, domain=client.host, secure=True)
        return client

    return make
