"""Everything the sandbox remembers, in one SQLite file that outlives a restart."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hearth.giving.sandbox.errors import missing_object

Json = dict[str, Any]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_of_a_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_of_an_intent
    ON objects (kind, json_extract(body, '$.payment_intent'));
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY, at REAL NOT NULL, fingerprint TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tasks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    due REAL NOT NULL, name TEXT NOT NULL, object_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS tasks_due ON tasks (due);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL, first_at REAL NOT NULL, due REAL NOT NULL, place INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, answer TEXT);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due, place);
CREATE INDEX IF NOT EXISTS deliveries_of_an_event ON deliveries (event_id);
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_NEWER_THAN: Final = "seq > (SELECT seq FROM objects WHERE id = ?)"
_OLDER_THAN: Final = "seq < (SELECT seq FROM objects WHERE id = ?)"


@dataclass(frozen=True)
class Query:
    """Which objects of a kind a list request asks for, newest first unless a cursor turns it."""

    where: Mapping[str, Any] = field(default_factory=dict)
    created: int | Mapping[str, int] | None = None
    starting_after: str | None = None
    ending_before: str | None = None
    limit: int = 10


class Store:
    """Objects as JSON documents; one lock, since a double needs order more than speed."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None
        )
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep everyone else out and make what happens inside happen wholly or not at all."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement and return what it yields."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def put(self, thing: Json) -> Json:
        """Add an object or replace the one with its id."""
        self.rows(
            "INSERT INTO objects (id, kind, created, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            thing["id"],
            thing["object"],
            thing["created"],
            json.dumps(thing),
        )
        return thing

    def find(self, object_id: str) -> Json | None:
        """Look an object up by its id, whatever its kind."""
        found = self.rows("SELECT body FROM objects WHERE id = ?", object_id)
        return json.loads(found[0][0]) if found else None

    def get(self, kind: str, object_id: str, *, param: str = "id") -> Json:
        """Look an object up or refuse the request as Stripe does."""
        found = self.find(object_id)
        if found is None or found["object"] != kind:
            raise missing_object(kind, object_id, param=param)
        return found

    def count(self, kind: str) -> int:
        """Count the objects of a kind."""
        return int(self.rows("SELECT count(*) FROM objects WHERE kind = ?", kind)[0][0])

    def page(self, kind: str, query: Query) -> tuple[list[Json], bool]:
        """Return one page of a list and whether there is more beyond it."""
        conditions: list[str] = ["kind = ?"]
        values: list[Any] = [kind]
        for name, wanted in query.where.items():
            options = wanted if isinstance(wanted, list) else [wanted]
            marks = ", ".join("?" * len(options))
            conditions.append(f"json_extract(body, '$.{name}') IN ({marks})")
            values.extend(options)
        for sign, moment in _created(query.created):
            conditions.append(f"created {sign} ?")
            values.append(moment)
        backwards = query.ending_before is not None
        cursor = query.ending_before or query.starting_after
        if cursor is not None:
            param = "ending_before" if backwards else "starting_after"
            self.get(kind, cursor, param=param)
            conditions.append(_NEWER_THAN if backwards else _OLDER_THAN)
            values.append(cursor)
        order = "ASC" if backwards else "DESC"
        # Only names and signs from this module and the checked parameters are put together here.
        found = self.rows(
            f"SELECT body FROM objects WHERE {' AND '.join(conditions)}"  # noqa: S608
            f" ORDER BY seq {order} LIMIT ?",
            *values,
            query.limit + 1,
        )
        things = [json.loads(body) for (body,) in found[: query.limit]]
        return (things[::-1] if backwards else things), len(found) > query.limit


def _created(wanted: int | Mapping[str, int] | None) -> list[tuple[str, int]]:
    if wanted is None:
        return []
    if isinstance(wanted, int):
        return [("=", wanted)]
    signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
    return [(signs[name], moment) for name, moment in wanted.items()]
