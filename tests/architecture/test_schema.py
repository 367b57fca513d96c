"""The migrated schemas are what the models say, and no organisation's table looks outside."""

from collections.abc import Iterator

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Table, create_engine, text

from config.settings import Settings
from hearth.models import SHARED_METADATA, TENANT_METADATA
from tenants.registry import Registry
from tenants.releases import head
from tenants.revisions import revisions


@pytest.fixture
def owner(settings: Settings) -> Iterator[Connection]:
    assert settings.owner_database_url is not None
    dsn = settings.owner_database_url
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_every_organisations_schema_equals_the_models(
    owner: Connection, registry: Registry
) -> None:
    schema = registry.get("spb").schema_name
    owner.execute(text(f'SET search_path = "{schema}", extensions'))

    context = MigrationContext.configure(owner, opts={"compare_server_default": True})
    difference = compare_metadata(context, TENANT_METADATA)

    assert difference == []


def test_the_shared_schema_equals_the_models(owner: Connection) -> None:
    context = MigrationContext.configure(
        owner,
        opts={
            "include_schemas": True,
            "include_name": lambda name, kind, _parents: kind != "schema" or name == "shared",
        },
    )

    difference = compare_metadata(context, SHARED_METADATA)

    assert difference == []


@pytest.mark.parametrize("table", TENANT_METADATA.sorted_tables, ids=lambda table: table.name)
def test_an_organisations_table_names_no_schema(table: Table) -> None:
    assert table.schema is None
    for key in table.foreign_keys:
        assert key.target_fullname.count(".") == 1


def test_revisions_are_one_numbered_line() -> None:
    for line in ("shared", "tenant"):
        numbers = [step.identifier for step in revisions(line)]

        assert head(line) == numbers[-1]
        assert numbers == [f"{n:04d}" for n in range(1, len(numbers) + 1)]
