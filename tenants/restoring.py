"""Brings one organisation's backup back: into a scratch schema, or in place of what is there."""

import json
import tarfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from psycopg import sql

from config.settings import Settings
from tenants.backup_keys import BackupKeys
from tenants.backups import (
    CONTENTS,
    DATA,
    MANIFEST,
    MOMENT,
    SUBJECT,
    Contents,
    Held,
    checksum_of,
    held_by,
)
from tenants.copying import (
    SAME_TEXT,
    Connection,
    CopyError,
    copy_in,
    differences,
    fingerprints,
    loosened,
    set_sequences,
)
from tenants.migrator import upgrade_statements
from tenants.owners import owner_of
from tenants.provisioning import build_schema, next_name, raze_schema
from tenants.releases import head
from tenants.roles import OrganisationError
from tenants.sealed_stream import DamagedStreamError, Opener, key_id_of

# What must not come back with an old backup; filled where it is known who was erased. Each is given
# the registry's connection, the one that restores, the schema in which the organisation's present
# rows still stand and the schema that was restored, and tells how many persons it made unreadable
# again. They run before anybody can look into what was restored.
Eraser = Callable[[Connection, Connection, str, str], int]
ERASERS: list[Eraser] = []


@dataclass(frozen=True)
class Closed:
    """What stays closed although the backup had it open, by kind, and how much of each.

    ``lost`` says that no present row could tell, so that more was closed than had to be.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    lost: bool = False


# What must not open again with an old backup. Each is given the connection that restores, the
# schema of the present rows, the restored one, and the address of the administrator whose account
# stays open where the present rows are lost. They run after the erasers.
Closer = Callable[[Connection, str, str, str | None], Closed]
CLOSERS: list[Closer] = []


@dataclass(frozen=True)
class Restored:
    """What came back: into which schema, of which moment, and that it is what was written."""

    schema: str
    taken_at: str
    tables: int
    rows: int
    erased: int
    closed: Closed = field(default_factory=Closed)


class NotABackupError(RuntimeError):
    """The folder holds no complete backup, one of another organisation, or of another moment."""


@dataclass(frozen=True)
class Opened:
    """A backup that is what the registry says of it, and the moment it must be of."""

    data: Path
    moment: datetime


def restore(
    home: Connection,
    settings: Settings,
    keys: BackupKeys,
    slug: str,
    folder: Path,
    *,
    unlisted: bool = False,
    administrator: str | None = None,
) -> Restored:
    """Put a backup in the place of a suspended organisation's data, in one transaction.

    ``unlisted`` takes one that the registry does not list, as when the registry is the older one.
    ``administrator`` is whose account stays open where the present rows are lost.

    :raises OrganisationError: the organisation is not suspended, or its present rows are lost and
        no administrator was named.
    :raises NotABackupError: the folder holds another organisation's backup, another one than the
        registry lists under its name, or none.
    :raises CopyError: what came back is not what was written; nothing was changed.
    """
    held = held_by(home, slug)
    refuse_unless_suspended(home, slug)
    with owner_of(home, settings, held.placement) as there, there.transaction():
        living = _set_aside(there, held.schema)
        opened = _opened(home, held, folder, unlisted=unlisted)
        restored = _fill(
            home,
            there,
            settings,
            keys,
            held,
            opened,
            into=held.schema,
            living=living,
            administrator=administrator,
        )
        if restored.closed.lost and administrator is None:
            raise OrganisationError(
                f"the present rows of {slug} are lost, and every account is closed but one:"
                " say whose with --administrator EMAIL"
            )
        aside = sql.Identifier(living)
        there.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(aside))
        return restored


def _set_aside(there: Connection, schema: str) -> str:
    """Keep the present rows under another name until it is known who was erased since."""
    aside = f"{schema}_living"
    there.execute(
        sql.SQL(
            "CREATE SCHEMA IF NOT EXISTS {schema}; ALTER SCHEMA {schema} RENAME TO {aside}"
        ).format(schema=sql.Identifier(schema), aside=sql.Identifier(aside))
    )
    return aside


def refuse_unless_suspended(home: Connection, slug: str) -> None:
    """Nobody works on what is being brought back.

    :raises OrganisationError: the organisation is not suspended.
    """
    state = home.execute("SELECT state FROM shared.organisations WHERE slug = %s", (slug,))
    if state.fetchone() != ("suspended",):
        raise OrganisationError(f"suspend {slug} first: restoring replaces all that it has")


@contextmanager
def scratch(
    home: Connection,
    settings: Settings,
    keys: BackupKeys,
    slug: str,
    folder: Path,
    *,
    unlisted: bool = False,
) -> Iterator[Restored]:
    """Bring a backup back beside everything else; it is gone again when the block ends.

    :raises NotABackupError: the folder holds another organisation's backup, another one than the
        registry lists under its name, or none.
    :raises CopyError: what came back is not what was written.
    """
    held = held_by(home, slug)
    opened = _opened(home, held, folder, unlisted=unlisted)
    name = next_name(home, settings)
    home.execute(
        "INSERT INTO shared.schemas (name, database, state) VALUES (%s, %s, 'scratch')",
        (name, held.placement),
    )
    with owner_of(home, settings, held.placement) as there:
        try:
            with there.transaction():
                restored = _fill(
                    home, there, settings, keys, held, opened, into=name, living=held.schema
                )
            yield restored
        finally:
            raze_schema(there, name)
            home.execute("UPDATE shared.schemas SET state = 'dropped' WHERE name = %s", (name,))


def _fill(
    home: Connection,
    there: Connection,
    settings: Settings,
    keys: BackupKeys,
    held: Held,
    opened: Opened,
    *,
    into: str,
    living: str,
    administrator: str | None = None,
) -> Restored:
    with opened.data.open("rb") as file:
        key = keys.named(key_id_of(file), held.schema)
        opener = cast("BinaryIO", Opener(file, key=key.key, subject=SUBJECT + held.schema))
        with tarfile.open(fileobj=opener, mode="r|") as archive:
            contents = _contents(archive)
            _refuse_other(contents, held, opened)
            generation = held.generation if into == held.schema else 1
            build_schema(there, settings, into, generation=generation, until=contents.revision)
            there.execute(SAME_TEXT)
            _load(there, into, contents, archive)
    if wrong := differences(contents.tables, fingerprints(there, into)):
        raise CopyError("; ".join(wrong))
    if contents.revision != head("tenant"):
        there.execute(upgrade_statements(into, "tenant", contents.revision))
    erased = sum(erase(home, there, living, into) for erase in ERASERS)
    closed = _together(close(there, living, into, administrator) for close in CLOSERS)
    rows = sum(found.rows for found in contents.tables.values())
    return Restored(into, contents.taken_at, len(contents.tables), rows, erased, closed)


def _together(closed: Iterable[Closed]) -> Closed:
    counts, lost = Counter[str](), False
    for one in closed:
        counts.update(one.counts)
        lost = lost or one.lost
    return Closed(counts, lost)


def _opened(home: Connection, held: Held, folder: Path, *, unlisted: bool) -> Opened:
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except OSError:
        raise NotABackupError(f"{folder} holds no backup") from None
    if manifest["schema"] != held.schema:
        raise NotABackupError(f"the backup in {folder} is not one of {held.slug}")
    checksum = checksum_of(folder / DATA)
    if checksum != manifest["sha256"]:
        raise DamagedStreamError(f"the backup in {folder} is not as it was written")
    if unlisted:
        return Opened(folder / DATA, datetime.fromisoformat(manifest["taken_at"]))
    name = folder.resolve().name
    try:
        moment = datetime.strptime(name, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        raise NotABackupError(f"{name} is not the name of a backup's folder") from None
    listed = home.execute(
        "SELECT checksum FROM shared.backups"
        " WHERE schema_name = %s AND made_at = %s AND removed_at IS NULL",
        (held.schema, moment),
    ).fetchone()
    if listed is None:
        raise NotABackupError(
            f"the registry lists no backup of {held.slug} by the name of {name};"
            " --unlisted takes it all the same"
        )
    if listed != (checksum,):
        raise DamagedStreamError(f"the backup in {folder} is not the one that was written there")
    return Opened(folder / DATA, moment)


def _refuse_other(contents: Contents, held: Held, opened: Opened) -> None:
    # What is sealed, and not what lies beside it, says whose backup this is and of which moment.
    if contents.schema != held.schema:
        raise NotABackupError(f"the backup is not one of {held.slug}")
    if datetime.fromisoformat(contents.taken_at) != opened.moment:
        raise NotABackupError(f"the backup is one of {contents.taken_at}, and its folder's is not")


def _contents(archive: tarfile.TarFile) -> Contents:
    first = archive.next()
    file = archive.extractfile(first) if first is not None and first.name == CONTENTS else None
    if file is None:
        raise NotABackupError("the backup does not say what it holds")
    return Contents.from_json(file.read().decode())


def _load(there: Connection, schema: str, contents: Contents, archive: tarfile.TarFile) -> None:
    entry = archive.next()
    with loosened(there, schema):
        while entry is not None:
            table = entry.name.split("/")[1]
            statement = copy_in(schema, table, contents.columns[table])
            with there.cursor().copy(statement) as rows:
                while entry is not None and entry.name.startswith(f"tables/{table}/"):
                    part = archive.extractfile(entry)
                    rows.write(part.read() if part else b"")
                    entry = archive.next()
        set_sequences(there, schema, contents.sequences)
