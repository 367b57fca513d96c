"""Brings the shared schema and every organisation's schema to the newest revision."""

import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from psycopg import sql

from tenants.releases import Line, head
from tenants.revisions import pending
from tenants.unblocking import unblocked

SHARED = "shared"
# Both are arbitrary, and the same in every release: one roll-out at a time per database.
ROLL_OUT_LOCK = 4_801_266_113
ATTEMPTS = 4


class MigrationError(RuntimeError):
    """A schema could not be migrated; the roll-out stopped there and can be started again."""

    def __init__(self, schema: str, reason: str) -> None:
        super().__init__(f"schema {schema} was not migrated: {reason}")
        self.schema = schema


class SchemasLockedError(MigrationError):
    """Tables of these schemas stayed locked; every other schema was migrated."""

    def __init__(self, schemas: Iterable[str]) -> None:
        super().__init__(", ".join(sorted(schemas)), "a table stayed locked")


class RollOutRunningError(RuntimeError):
    """Another process is migrating this database."""


@dataclass(frozen=True)
class Step:
    """What became of one schema: where it stood and where it stands."""

    schema: str
    before: str | None
    after: str


Report = Callable[[Step], None]


def migrate_all(owner_dsn: str, *, report: Report, parallel: int = 4) -> list[Step]:
    """Migrate the shared schema, then one organisation as canary, then the others in parallel.

    Each schema is one transaction that also writes its version, so an interrupted roll-out goes on
    where it stopped. When nothing is to be done this is one query.

    :raises MigrationError: names the schema that failed; no further schema was begun.
    :raises SchemasLockedError: names those that stayed locked; all others were migrated.
    """
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        if is_current(connection):
            return []
        if not connection.execute(
            "SELECT pg_try_advisory_lock(%s)", (ROLL_OUT_LOCK,)
        ).fetchone() == (True,):
            raise RollOutRunningError("another roll-out holds this database's lock")
        steps = _migrate(connection, [(SHARED, _shared_revision(connection))], "shared", report)
        waiting = outdated(connection)
        locked: list[str] = []
        while waiting:
            canary = waiting.pop(0)
            try:
                steps += _migrate(connection, [canary], "tenant", report)
                break
            except SchemasLockedError as error:
                # Nothing was learnt of the revision, so the next one goes first.
                locked.append(error.schema)
        # The lock is held by this connection until the last lane has ended.
        return steps + _migrate_parallel(owner_dsn, waiting, report, parallel, locked)


def migrate_placement(owner_dsn: str, *, report: Report, parallel: int = 4) -> list[Step]:
    """Migrate the organisations' schemas of a database that is not the registry's.

    :raises MigrationError: names the schema that failed; no further schema was begun.
    :raises SchemasLockedError: names those that stayed locked; all others were migrated.
    """
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        waiting = outdated(connection)
        if not waiting:
            return []
        if not connection.execute(
            "SELECT pg_try_advisory_lock(%s)", (ROLL_OUT_LOCK,)
        ).fetchone() == (True,):
            raise RollOutRunningError("another roll-out holds this database's lock")
        return _migrate_parallel(owner_dsn, waiting, report, parallel, [])


def is_current(connection: psycopg.Connection[Any]) -> bool:
    """Whether every schema stands at this release's revisions: one query, and no lock."""
    try:
        row = connection.execute(
            "SELECT bool_and(revision = CASE line WHEN 'shared' THEN %s ELSE %s END)"
            " FROM shared.schema_versions",
            (head("shared"), head("tenant")),
        ).fetchone()
    except psycopg.errors.UndefinedTable:
        return False
    return row == (True,)


def outdated(connection: psycopg.Connection[Any]) -> list[tuple[str, str | None]]:
    """Every organisation's schema that is not at the newest revision, in one query."""
    rows = connection.execute(
        "SELECT schema_name, revision FROM shared.schema_versions"
        " WHERE line = 'tenant' AND revision <> %s ORDER BY schema_name",
        (head("tenant"),),
    ).fetchall()
    return [(schema, revision) for schema, revision in rows]


@cache
def message_for(line: Line, before: str | None, until: str | None = None) -> str:
    """The SQL that takes a schema from ``before`` to ``until`` (None: the newest revision)."""
    return "\n".join(step.sql for step in pending(line, before, until))


def apply(connection: psycopg.Connection[Any], schema: str, line: Line, before: str | None) -> None:
    """Send a schema's pending revisions and its new version as one message and one transaction."""
    connection.execute(
        sql.SQL("BEGIN; {}; COMMIT").format(upgrade_statements(schema, line, before))
    )


def upgrade_statements(
    schema: str, line: Line, before: str | None, *, until: str | None = None
) -> sql.Composed:
    """What ``apply`` sends, for a caller that has a transaction of its own."""
    return sql.SQL(
        "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '120s';"
        " SET LOCAL search_path = {schema}, extensions; {steps}"
        " INSERT INTO shared.schema_versions (schema_name, line, revision)"
        " VALUES ({name}, {line}, {revision}) ON CONFLICT (schema_name)"
        " DO UPDATE SET revision = excluded.revision, migrated_at = now()"
    ).format(
        schema=sql.Identifier(schema),
        # The text comes from our own revision files and holds nothing a visitor sent.
        steps=sql.SQL(message_for(line, before, until)),
        name=sql.Literal(schema),
        line=sql.Literal(line),
        revision=sql.Literal(until or head(line)),
    )


def _migrate(
    connection: psycopg.Connection[Any],
    schemas: Iterable[tuple[str, str | None]],
    line: Line,
    report: Report,
) -> list[Step]:
    steps = []
    for schema, before in schemas:
        if before == head(line):
            continue
        _apply_patiently(connection, schema, line, before)
        steps.append(Step(schema, before, head(line)))
        report(steps[-1])
    return steps


def _apply_patiently(
    connection: psycopg.Connection[Any], schema: str, line: Line, before: str | None
) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        # People at work are stepped back from; at the last attempt nobody holds up everybody.
        last = unblocked(connection) if attempt == ATTEMPTS else nullcontext()
        try:
            with last:
                apply(connection, schema, line, before)
            return
        except psycopg.errors.LockNotAvailable as error:
            # Somebody's long transaction holds the table; rather step back than queue everybody.
            connection.execute("ROLLBACK")
            if attempt == ATTEMPTS:
                raise SchemasLockedError([schema]) from error
        except (psycopg.Error, LookupError) as error:
            if not connection.closed:
                connection.execute("ROLLBACK")
            raise MigrationError(schema, str(error).splitlines()[0]) from error


def _migrate_parallel(
    owner_dsn: str,
    schemas: list[tuple[str, str | None]],
    report: Report,
    parallel: int,
    locked: list[str],
) -> list[Step]:
    waiting: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()
    for item in schemas:
        waiting.put(item)
    stop = threading.Event()

    def lane(_number: int) -> list[Step]:
        done: list[Step] = []
        with psycopg.connect(owner_dsn, autocommit=True) as connection:
            for item in _until_empty(waiting):
                if stop.is_set():
                    break
                try:
                    done += _migrate(connection, [item], "tenant", report)
                except SchemasLockedError as error:
                    locked.append(error.schema)
                except MigrationError:
                    stop.set()
                    raise
        return done

    count = min(parallel, len(schemas))
    steps: list[Step] = []
    if count:
        with ThreadPoolExecutor(max_workers=count) as lanes:
            steps = [step for done in lanes.map(lane, range(count)) for step in done]
    if locked:
        raise SchemasLockedError(locked)
    return steps


def _until_empty(
    items: "queue.SimpleQueue[tuple[str, str | None]]",
) -> Iterable[tuple[str, str | None]]:
    while True:
        try:
            yield items.get_nowait()
        except queue.Empty:
            return


def _shared_revision(connection: psycopg.Connection[Any]) -> str | None:
    exists = connection.execute("SELECT to_regclass('shared.schema_versions')").fetchone()
    if exists == (None,):
        return None
    row = connection.execute(
        "SELECT revision FROM shared.schema_versions WHERE schema_name = %s", (SHARED,)
    ).fetchone()
    return row[0] if row else None
