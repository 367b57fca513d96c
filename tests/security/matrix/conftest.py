"""A database of its own in which every role has a family of each kind: made once, read by all."""

from collections.abc import Iterator

import pytest

from config.settings import Settings
from hearth.accounts.permissions import Role
from hearth.app import create_app
from hearth.web.request import HearthFlask
from tenants import context
from tenants.context import Runtime, tenant_session
from tenants.engines import Engines
from tenants.registry import Registry
from tests.security.world import World, build
from tests.support.servers import Addresses, copy_template, drop_database, settings_for
from tests.support.visitors import Visitor


@pytest.fixture(scope="session")
def settings(addresses: Addresses, worker: str) -> Iterator[Settings]:
    """The settings of the database with the families of each kind."""
    database = copy_template(addresses, f"{worker}_matrix")
    yield settings_for(addresses, database, HEARTH_ROLE_PREFIX=f"{worker}_matrix_")
    drop_database(addresses, database)


@pytest.fixture(scope="session")
def engines(settings: Settings) -> Iterator[Engines]:
    engines = Engines(settings)
    yield engines
    engines.dispose()


@pytest.fixture(scope="session")
def registry(settings: Settings, engines: Engines) -> Registry:
    return Registry(engines.platform, base_domain=settings.base_domain, seconds=3600)


@pytest.fixture(scope="session")
def app(settings: Settings) -> HearthFlask:
    created = create_app(settings)
    created.test_client_class = Visitor
    return created


@pytest.fixture(scope="session")
def worlds(settings: Settings, engines: Engines, registry: Registry) -> dict[Role, World]:
    """For every role a family of each kind; what a test changes about them is undone after it."""
    context.install(Runtime(settings, engines, registry))
    with tenant_session(registry.get("spb")) as session:
        return build(session)
