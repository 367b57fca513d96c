"""An installation of its own with four organisations, whose every commit is real."""

import argparse
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from config.settings import Settings
from hearth import cli_safekeeping
from tenants import context, keys_database, provisioning
from tenants.backup_keys import DerivedKeys
from tenants.context import Runtime, tenant_session
from tenants.engines import Engines
from tenants.provisioning import Profile
from tenants.registry import OrgRef, Registry
from tests.factories.families import open_family
from tests.factories.giving import start_gift
from tests.factories.people import member_of_staff
from tests.support.servers import Addresses, copy_template, drop_database, settings_for

Owner = psycopg.Connection[tuple[object, ...]]


@dataclass
class House:
    """What a test of safekeeping works with."""

    settings: Settings
    home: Owner
    keys: DerivedKeys
    runtime: Runtime
    vault: Path

    def organisation(self, slug: str) -> OrgRef:
        return self.runtime.registry.get(slug)


def bring_back(house: House, slug: str, folder: Path, *, administrator: str | None = None) -> None:
    """What the command does between suspending and resuming."""
    provisioning.set_state(house.home, slug, before="active", after="suspended")
    arguments = argparse.Namespace(
        slug=slug,
        folder=folder,
        keys=None,
        to_scratch=False,
        unlisted=False,
        administrator=administrator,
    )
    try:
        cli_safekeeping._restore(house.home, house.settings, arguments)
    finally:
        # A command is a process of its own, which leaves no connection behind when it ends.
        engines = context.runtime().bindings
        assert isinstance(engines, Engines)
        engines.dispose()
        context.install(house.runtime)
    provisioning.set_state(house.home, slug, before="suspended", after="active")


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vault")


@pytest.fixture(scope="module")
def own(addresses: Addresses, worker: str, vault: Path) -> Iterator[Settings]:
    database = copy_template(addresses, f"safekeeping_{worker}")
    prefix = f"s{uuid.uuid4().hex[:6]}_"
    settings = settings_for(
        addresses, database, HEARTH_ROLE_PREFIX=prefix, HEARTH_BACKUPS=str(vault)
    )
    with psycopg.connect(settings.owner_database_url or "", autocommit=True) as home:
        for slug in ("ussuriysk", "krasnoyarsk"):
            provisioning.create_organisation(home, settings, Profile.named(slug))
    yield settings
    drop_database(addresses, database)


@pytest.fixture
def house(own: Settings, vault: Path) -> Iterator[House]:
    engines = Engines(own)
    registry = Registry(engines.platform, base_domain=own.base_domain, seconds=0)
    runtime = context.install(Runtime(own, engines, registry))
    with psycopg.connect(own.owner_database_url or "", autocommit=True) as home:
        yield House(own, home, DerivedKeys(home, own), runtime, vault)
    engines.dispose()


@pytest.fixture
def passing(house: House) -> Iterator[str]:
    """The slug of an organisation with a family and a gift, which may be broken and dropped."""
    slug = f"u{uuid.uuid4().hex[:8]}"
    profile = replace(Profile.named("spb"), slug=slug)
    provisioning.create_organisation(house.home, house.settings, profile)
    with tenant_session(house.organisation(slug)) as session:
        member_of_staff(session)
        open_family(session)
        start_gift(session)
    yield slug
    states = {row[0]: row[2] for row in provisioning.list_organisations(house.home)}
    if states.get(slug) == "active":
        provisioning.set_state(house.home, slug, before="active", after="suspended")
    if slug in states:
        gone = provisioning.drop_organisation(house.home, house.settings, slug)
        keys_database.destroy_all(house.settings, gone)
