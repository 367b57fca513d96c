"""Writes one organisation's backup: all of one moment, sealed, beside what it should hold."""

import hashlib
import io
import json
import shutil
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

import psycopg

from config.endpoints import EndpointKind
from config.settings import Settings
from tenants.backup_keys import BackupKeys
from tenants.copying import (
    Connection,
    Fingerprint,
    columns_of,
    copy_out,
    fingerprints,
    sequences_of,
    snapshot,
)
from tenants.engines import role_url
from tenants.releases import head
from tenants.roles import OrganisationError
from tenants.sealed_stream import Sealer

DATA = "data.sealed"
MANIFEST = "manifest.json"
CONTENTS = "contents.json"
PART = 4 * 1024 * 1024
BY_HAND = "by hand"
SUBJECT = "rows of "
MOMENT = "%Y-%m-%dT%H-%M-%S.%fZ"
DUE_AFTER = timedelta(hours=23)


@dataclass(frozen=True)
class Held:
    """Whose data: the organisation, its schema, where that is and how its role signs in."""

    slug: str
    schema: str
    placement: str
    generation: int
    destination: str


@dataclass(frozen=True)
class Contents:
    """What a backup holds, written inside it: tables with their columns and fingerprints."""

    schema: str
    revision: str
    taken_at: str
    tables: dict[str, Fingerprint]
    columns: dict[str, list[str]]
    sequences: dict[str, int]

    def to_json(self) -> str:
        """As it is written."""
        return json.dumps(asdict(self), sort_keys=True, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Contents":
        """As it is read."""
        told = json.loads(text)
        tables = {name: Fingerprint(**found) for name, found in told.pop("tables").items()}
        return cls(tables=tables, **told)


@dataclass(frozen=True)
class Made:
    """A backup that was written."""

    folder: Path
    rows: int
    checksum: str
    keep_until: datetime


def held_by(home: Connection, slug: str) -> Held:
    """Where an organisation's data is.

    :raises OrganisationError: there is no such organisation.
    """
    row = home.execute(
        "SELECT o.slug, s.name, s.database, s.generation, o.backups FROM shared.organisations o"
        " JOIN shared.schemas s ON s.name = o.schema_name"
        " WHERE o.slug = %s AND o.state <> 'dropped'",
        (slug,),
    ).fetchone()
    if row is None:
        raise OrganisationError(f"there is no organisation named {slug}")
    return Held(*row)


def destination_of(settings: Settings, held: Held) -> Path:
    """The folder in which an organisation's backups are kept.

    :raises OrganisationError: this process was told of none.
    """
    endpoint = settings.endpoint(EndpointKind.BACKUPS, held.destination)
    if endpoint is None or endpoint.url is None:
        raise OrganisationError(f"no place for backups of {held.slug} is configured")
    return Path(endpoint.url.removeprefix("file://"))


def back_up(
    home: Connection, settings: Settings, keys: BackupKeys, slug: str, *, to: Path | None = None
) -> Made:
    """Write one organisation's backup and enter it in the registry.

    Signs in as the organisation's own role, which can read that one schema and nothing else. The
    backup appears under its name when it is complete.

    :raises OrganisationError: there is no such organisation, or no place for its backups.
    """
    held = held_by(home, slug)
    root = to or destination_of(settings, held)
    now = datetime.now(UTC)
    folder = root / held.schema / now.strftime(MOMENT)
    unfinished = folder.with_suffix(".unfinished")
    unfinished.mkdir(parents=True, mode=0o700)
    key = keys.current(held.schema)
    keep_until = now + timedelta(days=settings.backup_days)
    try:
        with (unfinished / DATA).open("wb") as file, _signed_in(settings, held) as connection:
            sealer = Sealer(file, key_id=key.id, key=key.key, subject=SUBJECT + held.schema)
            revision = _revision(home, held.schema)
            contents = _write(connection, held.schema, sealer, now=now, revision=revision)
            sealer.close()
        checksum = checksum_of(unfinished / DATA)
        rows = sum(found.rows for found in contents.tables.values())
        manifest = _manifest(contents, key.id, checksum, rows, keep_until)
        (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    destination = BY_HAND if to else held.destination
    home.execute(
        "INSERT INTO shared.backups (id, schema_name, made_at, destination, folder, key_id, rows,"
        " checksum, keep_until) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (uuid.uuid4(), held.schema, now, destination, str(folder), key.id, rows, checksum,
         keep_until),
    )  # fmt: skip
    return Made(folder, rows, checksum, keep_until)


def overdue(home: Connection) -> list[tuple[str, datetime | None]]:
    """The organisations whose last scheduled backup is older than a day, and when that was."""
    return home.execute(
        "SELECT o.slug, max(b.made_at) FROM shared.organisations o"
        " LEFT JOIN shared.backups b ON b.schema_name = o.schema_name AND b.destination <> %s"
        " WHERE o.state <> 'dropped' AND o.read_only_since IS NULL AND o.backups <> 'none'"
        " GROUP BY o.slug HAVING coalesce(max(b.made_at), '-infinity') < %s ORDER BY o.slug",
        (BY_HAND, datetime.now(UTC) - DUE_AFTER),
    ).fetchall()


def remove_expired(home: Connection, *, schema: str | None = None) -> int:
    """Remove backups whose time is over, or every one of a schema; returns how many."""
    rows = home.execute(
        "SELECT id, folder FROM shared.backups WHERE removed_at IS NULL AND"
        " CASE WHEN %(schema)s::text IS NULL THEN keep_until < now() AND destination <> %(hand)s"
        " ELSE schema_name = %(schema)s END",
        {"schema": schema, "hand": BY_HAND},
    ).fetchall()
    for backup_id, folder in rows:
        shutil.rmtree(folder, ignore_errors=True)
        if not Path(folder).exists():
            home.execute("UPDATE shared.backups SET removed_at = now() WHERE id = %s", (backup_id,))
    return len(rows)


def checksum_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _signed_in(settings: Settings, held: Held) -> Connection:
    url = role_url(settings, held.schema, held.generation, held.placement)
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def _write(
    connection: Connection, schema: str, sealer: Sealer, *, now: datetime, revision: str
) -> Contents:
    with (
        snapshot(connection),
        tarfile.open(fileobj=cast("BinaryIO", sealer), mode="w|", bufsize=65536) as archive,
    ):
        tables = fingerprints(connection, schema)
        contents = Contents(
            schema=schema,
            revision=revision,
            taken_at=now.isoformat(),
            tables=tables,
            columns={table: columns_of(connection, schema, table) for table in tables},
            sequences=sequences_of(connection, schema),
        )
        _add(archive, CONTENTS, contents.to_json().encode())
        for table in tables:
            statement = copy_out(schema, table, contents.columns[table])
            with connection.cursor().copy(statement) as rows:
                for number, part in enumerate(_parts(rows)):
                    _add(archive, f"tables/{table}/{number:06d}.copy", part)
    return contents


def _revision(home: Connection, schema: str) -> str:
    row = home.execute(
        "SELECT revision FROM shared.schema_versions WHERE schema_name = %s", (schema,)
    ).fetchone()
    # Another placement keeps its own list; no page is served from a schema behind this release.
    return str(row[0]) if row else head("tenant")


def _parts(rows: Any) -> Iterator[bytes]:
    """The rows in parts of a few megabytes, because an archive asks for sizes beforehand."""
    held = bytearray()
    for block in rows:
        held += block
        if len(held) >= PART:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _manifest(
    contents: Contents, key_id: uuid.UUID, checksum: str, rows: int, keep_until: datetime
) -> dict[str, object]:
    return {
        "format": "hearth-backup-2",
        "schema": contents.schema,
        "revision": contents.revision,
        "taken_at": contents.taken_at,
        "keep_until": keep_until.isoformat(),
        "key_id": str(key_id),
        "sha256": checksum,
        "rows": rows,
        "tables": {name: found.rows for name, found in contents.tables.items()},
    }
