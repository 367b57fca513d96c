"""The wrapped keys in a database of their own: read in one question, made in one statement."""

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, Engine

from tenants.context import runtime


class Purpose(StrEnum):
    """What a key is for; a key of one purpose is never used for another."""

    FIELDS = "fields"
    BLIND_INDEX = "blind-index"
    FILES = "files"
    BACKUPS = "backups"


class Mode(StrEnum):
    """Who seals an organisation's root key."""

    PLATFORM = "platform"
    KMS = "kms"
    HELD = "held"


@dataclass(frozen=True, kw_only=True)
class OrganisationKey:
    """One generation of an organisation's root key, as far as it is written down.

    ``last_lock`` tells one locking of a held key from the next; what was unlocked before is void.
    """

    schema: str
    generation: int
    mode: Mode
    reference: str | None = None
    wrapped: str | None = None
    salt: bytes | None = None
    check_value: bytes
    last_lock: int = 0


@dataclass(frozen=True, kw_only=True)
class SubjectKey:
    """The wrapped key of one subject; a destroyed one has no bytes left."""

    subject_id: UUID
    purpose: Purpose
    wrapped: bytes
    generation: int
    destroyed_at: datetime.datetime | None = None


Found = tuple[list[OrganisationKey], list[SubjectKey]]


class KeyStore(Protocol):
    """Where wrapped keys are kept; every change is durable when the call returns."""

    def find(self, schema: str, subjects: Collection[UUID]) -> Found:
        """The organisation's keys that are in use, and those of the subjects."""

    def add(self, schema: str, keys: Sequence[SubjectKey]) -> bool:
        """Keep new keys; one that exists stays. False: the organisation's key is older than now."""

    def destroy(self, schema: str, subjects: Collection[UUID]) -> None:
        """Destroy every key of the subjects for good; those destroyed already stay so."""

    def destroyed(self, schema: str) -> list[tuple[UUID, datetime.datetime]]:
        """Which subjects' keys were destroyed, and when, the earliest first."""

    def begin_generation(self, key: OrganisationKey) -> None:
        """Let new keys be wrapped by another generation from now on."""

    def rewrap(self, schema: str, generation: int, change: "Rewrap", *, limit: int) -> int:
        """Wrap some of the keys of older generations anew; how many there were."""

    def end_generations(self, schema: str, before: int) -> None:
        """Mark older generations, whose keys are all wrapped anew, as retired."""

    def note(self, schema: str, kind: str, generation: int | None = None) -> None:
        """Write down what happened to an organisation's keys."""


class Rewrap(Protocol):
    """How a key is wrapped anew."""

    def __call__(self, key: SubjectKey) -> bytes:
        """The same key under the newest root."""


class PostgresKeyStore:
    """The store in PostgreSQL, reached by a role that reaches nothing else."""

    def __init__(self, engine: Engine, statements: Engine) -> None:
        self._engine = engine
        self._statements = statements

    def find(self, schema: str, subjects: Collection[UUID]) -> Found:
        """Ask once for both."""
        with self._statements.connect() as connection:
            rows = _rows(connection, FIND, {"schema": schema, "subjects": list(subjects)})
        return [_organisation_key(row) for row in rows if row["mode"]], [
            _subject_key(row) for row in rows if row["subject_id"]
        ]

    def add(self, schema: str, keys: Sequence[SubjectKey]) -> bool:
        """Insert them in one statement, while the newest generation stays the newest."""
        if not keys:
            return True
        with self._working(schema, exclusive=False) as connection:
            generation = keys[0].generation
            if _newest(connection, schema) != generation:
                return False
            connection.exec_driver_sql(
                ADD,
                {
                    "schema": schema,
                    "generation": generation,
                    "subjects": [key.subject_id for key in keys],
                    "purposes": [key.purpose.value for key in keys],
                    "wrapped": [key.wrapped for key in keys],
                },
            )
        return True

    def destroy(self, schema: str, subjects: Collection[UUID]) -> None:
        """Overwrite what is left of them."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(DESTROY, {"schema": schema, "subjects": list(subjects)})

    def destroyed(self, schema: str) -> list[tuple[UUID, datetime.datetime]]:
        """Read the list."""
        with self._statements.connect() as connection:
            rows = _rows(connection, DESTROYED, {"schema": schema})
        return [(row["subject_id"], row["destroyed_at"]) for row in rows]

    def begin_generation(self, key: OrganisationKey) -> None:
        """Write it down while nobody adds a key."""
        values = vars(key) | {"mode": key.mode.value}
        with self._working(key.schema, exclusive=True) as connection:
            connection.exec_driver_sql(BEGIN_GENERATION, values)
            _note(connection, key.schema, "rotation_begun", key.generation)

    def rewrap(self, schema: str, generation: int, change: Rewrap, *, limit: int) -> int:
        """Take some, change them, put them back: one transaction."""
        old = {"schema": schema, "generation": generation, "limit": limit}
        with self._engine.begin() as connection:
            keys = [_subject_key(row) for row in _rows(connection, OLD_KEYS, old)]
            values = {
                "schema": schema,
                "generation": generation,
                "subjects": [key.subject_id for key in keys],
                "purposes": [key.purpose.value for key in keys],
                "wrapped": [change(key) for key in keys],
            }
            connection.exec_driver_sql(REWRAP, values)
        return len(keys)

    def end_generations(self, schema: str, before: int) -> None:
        """Retire those that no key needs."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(RETIRE, {"schema": schema, "before": before})
            _note(connection, schema, "rotation_ended", before)

    def note(self, schema: str, kind: str, generation: int | None = None) -> None:
        """Append it."""
        with self._engine.begin() as connection:
            _note(connection, schema, kind, generation)

    @contextmanager
    def _working(self, schema: str, *, exclusive: bool) -> Iterator[Connection]:
        """A transaction in which the newest generation stays the newest, or alone may change."""
        lock = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
        with self._engine.begin() as connection:
            connection.exec_driver_sql(
                f"SELECT {lock}(hashtextextended(%(schema)s, 7))", {"schema": schema}
            )
            yield connection


def key_store() -> KeyStore:
    """The store of this process."""
    bindings = runtime().bindings
    return PostgresKeyStore(bindings.keys(), bindings.keys_statements())


FIND = """
SELECT o.schema_name, o.generation, o.mode, o.reference, o.wrapped AS root_wrapped, o.salt,
       o.check_value, CASE WHEN o.mode = 'held' THEN (
           SELECT max(e.id) FROM key_events e WHERE e.schema_name = o.schema_name
           AND e.kind = 'locked' AND e.generation = o.generation
       ) END AS last_lock, NULL::uuid AS subject_id, NULL AS purpose, NULL::bytea AS wrapped,
       NULL::timestamptz AS destroyed_at
FROM organisation_keys o WHERE o.schema_name = %(schema)s AND o.retired_at IS NULL
UNION ALL
SELECT s.schema_name, s.kek_generation, NULL, NULL, NULL, NULL, NULL, NULL, s.subject_id, s.purpose,
       s.wrapped, s.destroyed_at
FROM subject_keys s WHERE s.schema_name = %(schema)s AND s.subject_id = ANY (%(subjects)s::uuid[])
ORDER BY generation
"""
ADD = """
INSERT INTO subject_keys (schema_name, subject_id, purpose, wrapped, kek_generation)
SELECT %(schema)s, new.subject_id, new.purpose, new.wrapped, %(generation)s
FROM unnest(%(subjects)s::uuid[], %(purposes)s::text[], %(wrapped)s::bytea[])
    AS new (subject_id, purpose, wrapped)
ORDER BY new.subject_id, new.purpose
ON CONFLICT DO NOTHING
"""
DESTROY = """
UPDATE subject_keys SET destroyed_at = now(), wrapped = ''
WHERE schema_name = %(schema)s AND subject_id = ANY (%(subjects)s::uuid[])
  AND destroyed_at IS NULL
"""
DESTROYED = """
SELECT subject_id, min(destroyed_at) AS destroyed_at FROM subject_keys
WHERE schema_name = %(schema)s AND destroyed_at IS NOT NULL
GROUP BY subject_id ORDER BY min(destroyed_at), subject_id
"""
BEGIN_GENERATION = """
INSERT INTO organisation_keys
    (schema_name, generation, mode, reference, wrapped, salt, check_value)
VALUES (%(schema)s, %(generation)s, %(mode)s, %(reference)s, %(wrapped)s, %(salt)s,
        %(check_value)s)
"""
# What another process wraps anew at this moment is left to it.
OLD_KEYS = """
SELECT subject_id, purpose, wrapped, kek_generation AS generation, destroyed_at FROM subject_keys
WHERE schema_name = %(schema)s AND kek_generation < %(generation)s AND destroyed_at IS NULL
ORDER BY subject_id, purpose LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
REWRAP = """
UPDATE subject_keys s SET wrapped = new.wrapped, kek_generation = %(generation)s
FROM unnest(%(subjects)s::uuid[], %(purposes)s::text[], %(wrapped)s::bytea[])
    AS new (subject_id, purpose, wrapped)
WHERE s.schema_name = %(schema)s AND s.subject_id = new.subject_id AND s.purpose = new.purpose
"""
RETIRE = """
UPDATE organisation_keys o SET retired_at = now()
WHERE o.schema_name = %(schema)s AND o.generation < %(before)s AND o.retired_at IS NULL
  AND NOT EXISTS (
      SELECT 1 FROM subject_keys s WHERE s.schema_name = o.schema_name
      AND s.kek_generation = o.generation AND s.destroyed_at IS NULL
  )
"""


def _newest(connection: Connection, schema: str) -> int | None:
    rows = _rows(
        connection,
        "SELECT max(generation) AS generation FROM organisation_keys"
        " WHERE schema_name = %(schema)s",
        {"schema": schema},
    )
    newest: int | None = rows[0]["generation"]
    return newest


def _note(connection: Connection, schema: str, kind: str, generation: int | None) -> None:
    connection.exec_driver_sql(
        "INSERT INTO key_events (schema_name, kind, generation)"
        " VALUES (%(schema)s, %(kind)s, %(generation)s)",
        {"schema": schema, "kind": kind, "generation": generation},
    )


def _rows(connection: Connection, statement: str, values: Mapping[str, Any]) -> list[Any]:
    return list(connection.exec_driver_sql(statement, dict(values)).mappings())


def _organisation_key(row: Mapping[str, Any]) -> OrganisationKey:
    return OrganisationKey(
        schema=row["schema_name"],
        generation=row["generation"],
        mode=Mode(row["mode"]),
        reference=row["reference"],
        wrapped=row["root_wrapped"],
        salt=row["salt"],
        check_value=row["check_value"],
        last_lock=row["last_lock"] or 0,
    )


def _subject_key(row: Mapping[str, Any]) -> SubjectKey:
    return SubjectKey(
        subject_id=row["subject_id"],
        purpose=Purpose(row["purpose"]),
        wrapped=row["wrapped"],
        generation=row["generation"],
        destroyed_at=row["destroyed_at"],
    )
