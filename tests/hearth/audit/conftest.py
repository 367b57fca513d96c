"""An organisation of its own, whose work is really committed and whose tables can be harmed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from config.settings import Settings
from hearth.audit.services import record
from tenants import context
from tenants.context import Runtime, tenant_session
from tenants.engines import Engines
from tenants.registry import OrgRef, Registry
from tests.support.servers import Addresses, copy_template, drop_database, dsn_for, settings_for

Harm = Callable[[str], None]


@pytest.fixture(scope="module")
def own(addresses: Addresses, worker: str) -> Iterator[Settings]:
    """A database of the module's own."""
    database = copy_template(addresses, f"{worker}_audit")
    yield settings_for(addresses, database)
    drop_database(addresses, database)


@pytest.fixture
def house(own: Settings, addresses: Addresses, tmp_path: Path) -> Iterator[OrgRef]:
    """St Petersburg with an empty chain and a place for anchors."""
    engines = Engines(own)
    registry = Registry(engines.platform, base_domain=own.base_domain)
    settings = replace(own, audit_anchors=str(tmp_path))
    context.install(Runtime(settings, engines, registry))
    org = registry.get("spb")
    _as_superuser(own, addresses, org, "TRUNCATE audit_events, audit_anchors")
    yield org
    engines.dispose()


@pytest.fixture
def harm(own: Settings, addresses: Addresses, house: OrgRef) -> Harm:
    """Do something to the organisation's tables that only the database's owner can."""
    return lambda statement: _as_superuser(own, addresses, house, statement)


@pytest.fixture
def write(house: OrgRef) -> Callable[[int], None]:
    """Append events, each in a transaction of its own."""

    def events(number: int) -> None:
        for at in range(number):
            with tenant_session(house) as session:
                record(
                    session,
                    action="service.recorded",
                    subject_type="service",
                    subject_id=None,
                    facts={"at": at},
                )

    return events


def _as_superuser(settings: Settings, addresses: Addresses, org: OrgRef, statement: str) -> None:
    database: Any = psycopg.conninfo.conninfo_to_dict(settings.owner_database_url or "")["dbname"]
    with psycopg.connect(dsn_for(addresses, database), autocommit=True) as connection:
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(org.schema_name)))
        connection.execute(statement)
