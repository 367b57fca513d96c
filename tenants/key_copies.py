"""Copies of one organisation's keys, still wrapped: a file of its own, apart from the rows."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

from psycopg.rows import dict_row

from config.settings import Settings
from tenants.backup_keys import BackupKeys, LostKeyError
from tenants.backups import Held, destination_of, held_by
from tenants.copying import Connection
from tenants.keys_database import as_keeper
from tenants.restoring import NotABackupError, refuse_unless_suspended
from tenants.roles import OrganisationError
from tenants.sealed_stream import Opener, Sealer, key_id_of

# Whoever was erased is gone for good when the last copy of her key has ended.
KEPT = timedelta(days=30)
FORMAT = "hearth-keys-2"
SUFFIX = ".keys"
SUBJECT = "keys of "
TABLES = ("organisation_keys", "subject_keys")
AT_ONCE = 1000


@dataclass(frozen=True)
class Copied:
    """A copy that was written: where, how many keys of persons, and when it has to be gone."""

    file: Path
    keys: int
    keep_until: datetime


@dataclass(frozen=True)
class BroughtBack:
    """What a copy brought: keys that were lost, and how many stayed or became destroyed."""

    keys: int
    destroyed: int


def copy_keys(
    home: Connection, settings: Settings, keys: BackupKeys, slug: str, to: Path
) -> Copied:
    """Write the organisation's rows of the database of keys into a sealed file.

    What is wrapped stays wrapped: beside this file, the key of backups and the roots are needed.

    :raises OrganisationError: the folder lies among the backups of the rows.
    """
    held = held_by(home, slug)
    if _lies_among_rows(settings, held, to):
        raise OrganisationError("keep copies of keys apart from the backups of the rows")
    now = datetime.now(UTC)
    file = to / held.schema / f"{now:%Y-%m-%dT%H-%M-%S.%fZ}{SUFFIX}"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = file.with_suffix(".unfinished")
    key, count = keys.current(held.schema), 0
    try:
        with unfinished.open("wb") as opened:
            sealer = Sealer(opened, key_id=key.id, key=key.key, subject=SUBJECT + held.schema)
            for line in _lines(settings, held.schema, now):
                sealer.write(json.dumps(line, default=_plain).encode() + b"\n")
                count += line.get("table") == "subject_keys"
            sealer.close()
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return Copied(file, count, now + KEPT)


def remove_expired_copies(folder: Path) -> int:
    """Remove the copies in a folder whose time is over; returns how many."""
    oldest = datetime.now(UTC) - KEPT
    old = [one for one in folder.glob(f"*/*{SUFFIX}") if _written_at(one) < oldest]
    for one in old:
        one.unlink()
    return len(old)


def bring_keys_back(
    home: Connection, settings: Settings, keys: BackupKeys, slug: str, file: Path
) -> BroughtBack:
    """Add the keys that a copy holds and the database of keys has lost.

    A key that was destroyed, here or in the copy, stays destroyed or becomes so.

    :raises OrganisationError: the organisation is not suspended.
    :raises NotABackupError: the file holds another organisation's keys, or none.
    """
    held = held_by(home, slug)
    refuse_unless_suspended(home, slug)
    lines = _read(keys, file, held)
    head = next(lines, {})
    if (head.get("format"), head.get("schema")) != (FORMAT, held.schema):
        raise NotABackupError(f"{file} holds no keys of {slug}")
    told: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
    for line in lines:
        told[line["table"]].append(line["row"])
    with as_keeper(settings) as connection, connection.cursor() as cursor:
        cursor.executemany(ADD_GENERATION, told["organisation_keys"])
        added = 0
        for key in told["subject_keys"]:
            added += cursor.execute(ADD_KEY, key).rowcount * (key["destroyed_at"] is None)
        ended = [key for key in told["subject_keys"] if key["destroyed_at"] is not None]
        cursor.executemany(END_KEY, ended)
        cursor.execute(WAKE_GENERATIONS, {"schema": held.schema})
        cursor.execute(COUNT_DESTROYED, {"schema": held.schema})
        row = cursor.fetchone()
    return BroughtBack(added, int(row[0]) if row else 0)


ADD_GENERATION = """
INSERT INTO organisation_keys
    (schema_name, generation, mode, reference, wrapped, salt, check_value, created_at, retired_at)
VALUES (%(schema_name)s, %(generation)s, %(mode)s, %(reference)s, %(wrapped)s,
        decode(%(salt)s, 'hex'), decode(%(check_value)s, 'hex'), %(created_at)s, %(retired_at)s)
ON CONFLICT DO NOTHING
"""
# What stands in the database is newer than the copy, a mark that it was destroyed above all.
ADD_KEY = """
INSERT INTO subject_keys
    (schema_name, subject_id, purpose, wrapped, kek_generation, created_at, destroyed_at)
VALUES (%(schema_name)s, %(subject_id)s, %(purpose)s, decode(%(wrapped)s, 'hex'),
        %(kek_generation)s, %(created_at)s, %(destroyed_at)s)
ON CONFLICT DO NOTHING
"""
END_KEY = """
UPDATE subject_keys SET destroyed_at = %(destroyed_at)s, wrapped = ''
WHERE schema_name = %(schema_name)s AND subject_id = %(subject_id)s AND purpose = %(purpose)s
  AND destroyed_at IS NULL
"""
# A generation that a rotation retired is needed again by the keys that it wraps.
WAKE_GENERATIONS = """
UPDATE organisation_keys o SET retired_at = NULL
WHERE o.schema_name = %(schema)s AND o.retired_at IS NOT NULL AND EXISTS (
    SELECT 1 FROM subject_keys s WHERE s.schema_name = o.schema_name
    AND s.kek_generation = o.generation AND s.destroyed_at IS NULL
)
"""
COUNT_DESTROYED = """
SELECT count(*) FROM subject_keys WHERE schema_name = %(schema)s AND destroyed_at IS NOT NULL
"""


def _lines(settings: Settings, schema: str, now: datetime) -> Iterator[dict[str, Any]]:
    yield {"format": FORMAT, "schema": schema, "taken_at": now.isoformat()}
    with as_keeper(settings) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for table in TABLES:
            with connection.cursor(name="rows", row_factory=dict_row) as cursor:
                cursor.itersize = AT_ONCE
                # The name is one of the two above.
                cursor.execute(f"SELECT * FROM {table} WHERE schema_name = %s", (schema,))  # noqa: S608
                for row in cursor:
                    yield {"table": table, "row": row}


def _read(keys: BackupKeys, file: Path, held: Held) -> Iterator[dict[str, Any]]:
    try:
        opened = file.open("rb")
    except OSError:
        raise NotABackupError(f"{file} holds no keys") from None
    with opened:
        try:
            key = keys.named(key_id_of(opened), held.schema)
        except LostKeyError:
            raise NotABackupError(f"{file} holds no keys of {held.slug} that still open") from None
        opener = Opener(cast("BinaryIO", opened), key=key.key, subject=SUBJECT + held.schema)
        rest = b""
        while part := opener.read(1 << 20):
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                yield json.loads(line)


def _lies_among_rows(settings: Settings, held: Held, to: Path) -> bool:
    try:
        rows = destination_of(settings, held)
    except OrganisationError:
        return False
    return to.resolve().is_relative_to(rows.resolve())


def _written_at(file: Path) -> datetime:
    try:
        return datetime.strptime(file.stem, "%Y-%m-%dT%H-%M-%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        # Not named by us, so not ours to remove.
        return datetime.max.replace(tzinfo=UTC)


def _plain(value: object) -> str:
    match value:
        case dt.datetime():
            return value.isoformat()
        case bytes() | memoryview():
            return bytes(value).hex()
    return str(value)
