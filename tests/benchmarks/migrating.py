"""A column for two hundred schemas against the same DDL sent directly, and an empty roll-out."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tenants import migrator, revisions
from tenants.migrator import migrate_all
from tenants.releases import Line
from tenants.revisions import Revision
from tests.benchmarks.harness import Laboratory, Row, Target, in_turns, seconds
from tests.benchmarks.provisioning import schemas

SCHEMAS = 200
Release = Callable[[Revision], None]


def measure(laboratory: Laboratory) -> Iterable[Row]:
    """Adding a nullable column; the baseline is one transaction a schema on one connection."""
    with laboratory.database("migrating") as settings:
        assert settings.owner_database_url is not None
        dsn = settings.owner_database_url
        names = schemas(settings, SCHEMAS - 2)
        numbers = itertools.count(1)
        with psycopg.connect(dsn, autocommit=True) as owner, releases() as release:
            pair = in_turns(
                lambda: 1000 * _roll_out(dsn, release, next(numbers)),
                lambda: 1000 * seconds(_directly(owner, names, next(numbers))),
                rounds=7,
            )
            with _counted() as statements:
                nothing = 1000 * seconds(lambda: migrate_all(dsn, report=lambda _step: None))
    yield Row(
        name=f"a column for {len(names)} schemas",
        unit="ms",
        ours=pair.ours,
        baseline=pair.baseline,
        ratio=pair.ratio,
        target=Target(3),
    )
    yield Row(
        name=f"roll-out of nothing, {len(names)} schemas",
        unit="queries",
        ours=float(len(statements)),
        target=Target(1),
        note=f"{nothing:.1f} ms, the connection included",
    )


def _roll_out(dsn: str, release: Release, number: int) -> float:
    release(Revision(f"9{number:03d}", f"ALTER TABLE users ADD COLUMN ours_{number} text;"))
    return seconds(lambda: migrate_all(dsn, report=lambda _step: None))


@contextmanager
def releases() -> Iterator[Release]:
    """Make releases that have one revision more than the last one, and forget them at the end."""
    shared, tenant = revisions.revisions("shared"), list(revisions.revisions("tenant"))

    def release(added: Revision) -> None:
        tenant.append(added)
        migrator.message_for.cache_clear()

    def lines(line: Line) -> tuple[Revision, ...]:
        return shared if line == "shared" else tuple(tenant)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(revisions, "revisions", lines)
        patch.setattr(migrator, "head", lambda line: lines(line)[-1].identifier)
        yield release
    migrator.message_for.cache_clear()


def _directly(owner: psycopg.Connection[Any], names: list[str], number: int) -> Callable[[], None]:
    def send() -> None:
        for name in names:
            owner.execute(
                sql.SQL("BEGIN; ALTER TABLE {}.users ADD COLUMN {} text; COMMIT").format(
                    sql.Identifier(name), sql.Identifier(f"theirs_{number}")
                )
            )

    return send


@contextmanager
def _counted() -> Iterator[list[object]]:
    """Every statement that psycopg sends meanwhile."""
    statements: list[object] = []
    original = psycopg.Cursor.execute

    def execute(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        statements.append(query)
        return original(cursor, query, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", execute)
        yield statements
