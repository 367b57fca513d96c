"""What the tests of isolation share: every door, one of everything, and a database of their own."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from werkzeug.test import TestResponse

# The sandbox refuses to load outside demos and tests.
os.environ["HEARTH_SANDBOX"] = "1"

from config.settings import Settings
from hearth.accounts.permissions import Role
from hearth.giving.sandbox.machine import Machine
from hearth.giving.sandbox.server import SandboxServer
from hearth.web.request import HearthFlask
from tenants import context
from tenants.context import Runtime, tenant_session
from tenants.engines import Engines
from tenants.registry import Registry
from tenants.routing import site_for
from tests.isolation.belongings import Ids, ids_in
from tests.isolation.doors import Door, doors_of, fresh_token
from tests.support.pinned import PinnedBindings
from tests.support.servers import Addresses, copy_template, drop_database, settings_for
from tests.support.visitors import Visitor


@pytest.fixture
def doors(app: HearthFlask) -> list[Door]:
    return doors_of(app)


@dataclass(frozen=True)
class Furnished:
    """A database in which both organisations have one of everything."""

    settings: Settings
    engines: Engines
    registry: Registry
    ids: dict[str, dict[str, str]]


@pytest.fixture(scope="session")
def furnished(addresses: Addresses, worker: str) -> Iterator[Furnished]:
    """Made once, because every door of the house is tried on it many times."""
    database = copy_template(addresses, f"{worker}_furnished")
    settings = settings_for(addresses, database, HEARTH_ROLE_PREFIX=f"{worker}_furnished_")
    engines = Engines(settings)
    registry = Registry(engines.platform, base_domain=settings.base_domain, seconds=3600)
    context.install(Runtime(settings, engines, registry))
    ids = {}
    for site in ("spb", "pskov"):
        with tenant_session(registry.get(site)) as session:
            ids[site] = ids_in(session, site)
    yield Furnished(settings, engines, registry, ids)
    engines.dispose()
    drop_database(addresses, database)


@pytest.fixture
def runtime(
    request: pytest.FixtureRequest, settings: Settings, engines: Engines, registry: Registry
) -> Iterator[Runtime]:
    """The runtime of the furnished house for whoever asks for its ids; an empty one otherwise."""
    if "ids" in request.fixturenames:
        house: Furnished = request.getfixturevalue("furnished")
        settings, engines, registry = house.settings, house.engines, house.registry
    bindings = PinnedBindings(engines)
    yield context.install(Runtime(settings, bindings, registry))
    bindings.rollback()


@pytest.fixture
def ids(furnished: Furnished) -> dict[str, dict[str, str]]:
    """One of everything in both organisations."""
    return furnished.ids


@pytest.fixture
def knock(app: HearthFlask, runtime: Runtime) -> Callable[..., TestResponse]:
    """Open a door as a visitor, with a true form token where something is sent.

    What that changes is undone at once, so that every door is found as it was.
    """

    def at(
        visitor: Visitor, door: Door, known: Ids, data: Mapping[str, Any] | None = None, **more: Any
    ) -> TestResponse:
        if not door.changes:
            return ask(visitor, door, known, **more)
        site = site_for(visitor.host, runtime)
        bindings = runtime.bindings
        connection = (
            bindings.organisation(site.organisation)
            if site is not None and site.organisation is not None
            else bindings.platform()
        )
        assert isinstance(connection, Connection)
        savepoint = connection.begin_nested()
        sent = {"form_token": fresh_token(app, visitor), **(data or {})}
        answer = ask(visitor, door, known, data=sent, **more)
        savepoint.rollback()
        return answer

    def ask(visitor: Visitor, door: Door, known: Ids, **more: Any) -> TestResponse:
        # Read to the end and closed, because a file would stay open otherwise.
        return visitor.open(door.path(known), method=door.method, buffered=True, **more)

    return at


@pytest.fixture
def person(
    visitor: Callable[..., Visitor], sign_in: Callable[..., Visitor]
) -> Callable[[Door], Visitor]:
    """Somebody who may pass a door; the same one each time."""
    known: dict[tuple[Role | None, str], Visitor] = {}

    def may_pass(door: Door) -> Visitor:
        key = (door.role(), door.site)
        if key not in known:
            role, site = key
            known[key] = sign_in(role, site) if role else visitor(site)
        return known[key]

    return may_pass


@pytest.fixture(scope="module")
def own_settings(addresses: Addresses, worker: str) -> Iterator[Settings]:
    """A database of the module's own, for what must really be committed."""
    database = copy_template(addresses, f"{worker}_isolation")
    yield settings_for(addresses, database)
    drop_database(addresses, database)


@pytest.fixture
def committing(own_settings: Settings) -> Iterator[Runtime]:
    """The runtime as in production: real engines, real commits, several connections."""
    engines = Engines(own_settings)
    registry = Registry(engines.platform, base_domain=own_settings.base_domain)
    yield context.install(Runtime(own_settings, engines, registry))
    engines.dispose()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    """The payment provider's double, where fees are known at once."""
    machine = Machine(tmp_path / "sandbox.sqlite", carriers=1)
    machine.switches.set({"fee_after_seconds": 0})
    with SandboxServer(machine) as server:
        yield server


@pytest.fixture
def settings_with_sandbox(settings: Settings, sandbox: SandboxServer) -> Settings:
    return replace(settings, stripe_api_base=sandbox.url, stripe_api_key="sk_test_sandbox")
