"""Moves one organisation's schema to another PostgreSQL while everybody may go on reading it."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg import sql

from config.endpoints import EndpointKind
from config.settings import Settings
from tenants.copying import (
    MARKER,
    SAME_TEXT,
    CopyError,
    copy_tables,
    differences,
    fingerprints,
    tables_of,
)
from tenants.owners import Connection, owner_dsn, owner_of
from tenants.placement import PlacementError, wrong_with
from tenants.provisioning import GRANTS_LOCK, build_schema, raze_schema
from tenants.registry import REFRESH_SECONDS
from tenants.roles import OrganisationError
from tenants.unblocking import unblocked

# Every process has read the registry again after this long.
PATIENCE_SECONDS = REFRESH_SECONDS + 2.0
LOCK_PATIENCE_SECONDS = 60.0
LOCK_PAUSE_SECONDS = 0.2
Say = Callable[[str], None]


@dataclass(frozen=True)
class Way:
    """One move: whose, from where, to where, and how far it has come."""

    id: uuid.UUID
    slug: str
    schema: str
    source: str
    target: str
    state: str


def move(
    home: Connection,
    settings: Settings,
    slug: str,
    target: str,
    *,
    say: Say,
    patience: float = PATIENCE_SECONDS,
) -> None:
    """Move an organisation, or go on with a move that was interrupted.

    It is read-only from the first step to the last. Until the registry is switched every failure
    leaves the old place serving as before; from then on only the new one serves.

    :raises OrganisationError: there is no such organisation, or it is on its way elsewhere.
    :raises PlacementError: it may not live there.
    :raises CopyError: what arrived is not what was sent; nothing was switched.
    """
    with only_mover(home, slug):
        way = under_way(home, slug)
        if way is not None and way.target != target:
            raise OrganisationError(f"{slug} is on its way to {way.target}: go on or abort that")
        if way is None or way.state == "copying":
            way = _begin(home, settings, slug, target, unfinished=way)
            say(f"{slug} is read-only; it moves from {way.source} to {way.target}")
            time.sleep(patience)
            _copy_or_undo(home, settings, way, say)
        _finish(home, settings, way, patience)
        say(f"{slug} lives in {target}; the old copy is locked until it is dropped")


def abort(home: Connection, settings: Settings, slug: str) -> None:
    """Undo a move that has not switched; the organisation works on where it was.

    :raises OrganisationError: no move is under way, or it has switched and can only be finished.
    """
    with only_mover(home, slug):
        way = under_way(home, slug)
        if way is None:
            raise OrganisationError(f"{slug} is not being moved")
        if way.state != "copying":
            raise OrganisationError(f"{slug} lives in {way.target} already: finish the move")
        _undo(home, settings, way)


def drop_old(home: Connection, settings: Settings, slug: str) -> list[str]:
    """Remove the locked copies that finished moves left behind; returns where they were."""
    rows = home.execute(
        "SELECT m.id, m.schema_name, m.source FROM shared.moves m"
        " JOIN shared.organisations o ON o.schema_name = m.schema_name"
        " JOIN shared.schemas s ON s.name = m.schema_name"
        " WHERE o.slug = %s AND m.state = 'done' AND m.old_dropped_at IS NULL"
        " AND s.database <> m.source",
        (slug,),
    ).fetchall()
    for move_id, schema, source in rows:
        with owner_of(home, settings, source) as there:
            raze_schema(there, schema)
        home.execute("UPDATE shared.moves SET old_dropped_at = now() WHERE id = %s", (move_id,))
    return [source for _id, _schema, source in rows]


@contextmanager
def only_mover(home: Connection, slug: str) -> Iterator[None]:
    """Hold the lock of an organisation's move as long as this process lives.

    :raises OrganisationError: another process holds it.
    """
    key = f"move/{slug}"
    taken = home.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (key,)).fetchone()
    if taken != (True,):
        raise OrganisationError(f"{slug} is being moved by another process")
    try:
        yield
    finally:
        if not home.closed:
            home.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (key,))


def under_way(home: Connection, slug: str) -> Way | None:
    """The move of an organisation that has neither ended nor been undone."""
    row = home.execute(
        "SELECT m.id, o.slug, m.schema_name, m.source, m.target, m.state FROM shared.moves m"
        " JOIN shared.organisations o ON o.schema_name = m.schema_name"
        " WHERE o.slug = %s AND m.state IN ('copying', 'switched')",
        (slug,),
    ).fetchone()
    return Way(*row) if row else None


def _begin(
    home: Connection, settings: Settings, slug: str, target: str, *, unfinished: Way | None
) -> Way:
    if unfinished is not None:
        with owner_of(home, settings, unfinished.target) as there:
            raze_schema(there, unfinished.schema)
        return unfinished
    schema, source = _whereabouts(home, settings, slug, target)
    with owner_of(home, settings, target) as there:
        if there.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone():
            raise PlacementError(f"{target} still holds an old copy of {slug}: drop that first")
    with home.transaction():
        row = home.execute(
            "INSERT INTO shared.moves (id, schema_name, source, target)"
            " VALUES (gen_random_uuid(), %s, %s, %s) RETURNING id",
            (schema, source, target),
        ).fetchone()
        home.execute(
            "UPDATE shared.organisations SET read_only_since = now() WHERE slug = %s", (slug,)
        )
    return Way(row[0] if row else uuid.UUID(int=0), slug, schema, source, target, "copying")


def _whereabouts(home: Connection, settings: Settings, slug: str, target: str) -> tuple[str, str]:
    row = home.execute(
        "SELECT o.schema_name, s.database, o.allowed_countries FROM shared.organisations o"
        " JOIN shared.schemas s ON s.name = o.schema_name WHERE o.slug = %s AND o.state = 'active'",
        (slug,),
    ).fetchone()
    if row is None:
        raise OrganisationError(f"there is no active organisation named {slug}")
    schema, source, allowed = row
    known = home.execute("SELECT country FROM shared.placements WHERE name = %s", (target,))
    registered = known.fetchone()
    if registered is None:
        raise PlacementError(f"there is no placement named {target}")
    if source == target:
        raise OrganisationError(f"{slug} lives in {target} already")
    endpoint = settings.endpoint(EndpointKind.PLACEMENT, target)
    for wrong in wrong_with(EndpointKind.PLACEMENT, target, endpoint, allowed, registered[0]):
        raise PlacementError(f"the database of {slug} {wrong}")
    return schema, source


def _copy_or_undo(home: Connection, settings: Settings, way: Way, say: Say) -> None:
    try:
        with (
            psycopg.connect(owner_dsn(settings, way.source), autocommit=True) as source,
            psycopg.connect(owner_dsn(settings, way.target), autocommit=True) as target,
        ):
            generation = _build(home, settings, target, way)
            with _frozen(source, way.schema):
                say(f"{_copy(source, target, way.schema)} rows copied and verified")
                _close_to_changes(source, way.schema)
                _switch(home, way, generation)
    except BaseException:
        # What the old place was about to lose was not committed; it goes on as before.
        found = under_way(home, way.slug)
        if found is not None and found.state == "copying":
            _undo(home, settings, way)
        raise


def _build(home: Connection, settings: Settings, target: Connection, way: Way) -> int:
    row = home.execute(
        "SELECT generation FROM shared.schemas WHERE name = %s", (way.schema,)
    ).fetchone()
    generation = int(row[0]) if row else 1
    shared = target.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (way.schema,)).fetchone()
    if shared is None:
        # On another server the role begins with its next password; the old one is worth nothing.
        generation += 1
    with target.transaction():
        build_schema(target, settings, way.schema, generation=generation)
    return generation


@contextmanager
def _frozen(source: Connection, schema: str) -> Iterator[None]:
    """Wait for every change under way, let none begin, and see this one moment till the end."""
    names = [*tables_of(source, schema), MARKER]
    tables = sql.SQL(", ").join(sql.Identifier(schema, name) for name in names)
    with source.transaction():
        source.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        source.execute(SAME_TEXT)
        # The lock comes before the first query, because that is when the moment is chosen.
        _lock(source, sql.SQL("LOCK TABLE {} IN SHARE MODE NOWAIT").format(tables))
        yield


def _lock(source: Connection, statement: sql.Composed) -> None:
    """Take every lock at once or none: whoever holds some and waits for others ends in a knot."""
    until = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            with source.transaction():
                source.execute(statement)
            return
        except psycopg.errors.LockNotAvailable:
            if time.monotonic() > until:
                raise
            time.sleep(LOCK_PAUSE_SECONDS)


def _copy(source: Connection, target: Connection, schema: str) -> int:
    sent = fingerprints(source, schema)
    with target.transaction():
        target.execute(SAME_TEXT)
        copy_tables(source, target, schema)
        arrived = fingerprints(target, schema)
        if wrong := differences(sent, arrived):
            raise CopyError("; ".join(wrong))
    return sum(found.rows for found in sent.values())


def _close_to_changes(source: Connection, schema: str) -> None:
    source.execute(
        sql.SQL(
            "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA {role} FROM {role}"
        ).format(role=sql.Identifier(schema))
    )
    source.execute("DELETE FROM shared.schema_versions WHERE schema_name = %s", (schema,))


def _switch(home: Connection, way: Way, generation: int) -> None:
    with home.transaction():
        home.execute(
            "UPDATE shared.schemas SET database = %s, generation = %s WHERE name = %s",
            (way.target, generation, way.schema),
        )
        home.execute("UPDATE shared.moves SET state = 'switched' WHERE id = %s", (way.id,))


def _finish(home: Connection, settings: Settings, way: Way, patience: float) -> None:
    """Lock the old copy once nobody looks at it any more, and let changes happen again."""
    time.sleep(patience)
    with owner_of(home, settings, way.source) as there:
        with unblocked(there), there.transaction():
            # Done before, unless the process died between the switch and its last word.
            _close_to_changes(there, way.schema)
            there.execute(
                sql.SQL(
                    "SELECT pg_advisory_xact_lock({lock});"
                    " REVOKE CONNECT ON DATABASE {database} FROM {role}"
                ).format(
                    lock=sql.Literal(GRANTS_LOCK),
                    database=sql.Identifier(there.info.dbname),
                    role=sql.Identifier(way.schema),
                )
            )
        _hang_up(there, way.schema)
    with home.transaction():
        home.execute(
            "UPDATE shared.moves SET state = 'done', ended_at = now() WHERE id = %s", (way.id,)
        )
        home.execute(
            "UPDATE shared.organisations SET read_only_since = NULL WHERE schema_name = %s",
            (way.schema,),
        )


def _hang_up(there: Connection, role: str) -> None:
    with suppress(psycopg.errors.InsufficientPrivilege):
        there.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = %s AND datname = current_database()",
            (role,),
        )


def _undo(home: Connection, settings: Settings, way: Way) -> None:
    # The old place serves again whatever becomes of the half copy.
    with home.transaction():
        home.execute(
            "UPDATE shared.organisations SET read_only_since = NULL WHERE schema_name = %s",
            (way.schema,),
        )
        home.execute(
            "UPDATE shared.moves SET state = 'aborted', ended_at = now() WHERE id = %s", (way.id,)
        )
    with suppress(psycopg.OperationalError), owner_of(home, settings, way.target) as there:
        raze_schema(there, way.schema)
