"""What the tests of sealing share: the store of keys, and the superuser's view of everything."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from config.settings import Settings
from hearth.sealing.store import PostgresKeyStore, key_store
from tenants.context import Runtime


@pytest.fixture
def store(runtime: Runtime) -> PostgresKeyStore:
    found = key_store()
    assert isinstance(found, PostgresKeyStore)
    return found


@pytest.fixture
def keys_owner(settings: Settings) -> Iterator["psycopg.Connection[Any]"]:
    assert settings.keys_owner_database_url is not None
    with psycopg.connect(settings.keys_owner_database_url, autocommit=True) as connection:
        yield connection


def tables_with(connection: "psycopg.Connection[Any]", text: str) -> list[str]:
    """Every table of a database in which a text stands, whether as text or inside bytes."""
    tables = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    found = []
    for schema, table in tables:
        count = connection.execute(
            sql.SQL(
                "SELECT count(*) FROM {table} t WHERE t::text ILIKE {text} OR t::text ILIKE {hex}"
            ).format(
                table=sql.Identifier(schema, table),
                text=sql.Literal(f"%{text}%"),
                hex=sql.Literal(f"%{text.encode().hex()}%"),
            )
        ).fetchone()
        found += [f"{schema}.{table}"] if count and count[0] else []
    return found
