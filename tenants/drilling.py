"""The rehearsal of a restore: the newest backup comes back to scratch and is looked over."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from tenants.backup_keys import BackupKeys, LostKeyError
from tenants.backups import held_by
from tenants.copying import Connection, CopyError
from tenants.restoring import NotABackupError, Restored, scratch
from tenants.roles import OrganisationError
from tenants.sealed_stream import DamagedStreamError


@dataclass(frozen=True)
class Seen:
    """What a look into the restored schema found: somebody signed in, something sealed opened."""

    sign_in: str
    sealed: str


# Looks into the restored schema as the service would; tells what it found, or raises.
Look = Callable[[str, Restored], Seen]


class LookFailedError(RuntimeError):
    """What was restored is complete, and yet nobody could work with it."""


OURS = (LookFailedError, CopyError, NotABackupError, DamagedStreamError, LostKeyError)
FAILURES = (*OURS, psycopg.Error, SQLAlchemyError, OSError)


@dataclass(frozen=True)
class Drill:
    """What a rehearsal found."""

    organisation: str
    backup: str
    drilled_at: str
    passed: bool
    taken_at: str
    tables: int
    rows: int
    erased: int
    seconds: float
    sign_in: str
    sealed: str
    reason: str

    def to_markdown(self) -> str:
        """The report that is kept."""
        lines = [
            f"# Restore drill: {self.organisation}",
            "",
            f"**{'Passed' if self.passed else 'FAILED'}** on {self.drilled_at}.",
            "",
            "| what | found |",
            "|---|---|",
            f"| backup | `{self.backup}` |",
            f"| taken at | {self.taken_at} |",
            f"| tables, each with the same count and checksum | {self.tables} |",
            f"| rows | {self.rows} |",
            f"| erased persons taken out again | {self.erased} |",
            f"| sign-in | {self.sign_in} |",
            f"| sealed fields | {self.sealed} |",
            f"| seconds from sealed file to sign-in | {self.seconds:.1f} |",
        ]
        return "\n".join([*lines, *(["", f"Reason: {self.reason}"] if self.reason else []), ""])


def drill(
    home: Connection,
    settings: Settings,
    keys: BackupKeys,
    slug: str,
    *,
    look: Look,
    reports: Path | None = None,
) -> Drill:
    """Rehearse with an organisation's newest backup; the dated report lies beside the backups.

    Nothing of the organisation's own is touched, and the scratch schema is gone afterwards.

    :raises OrganisationError: there is no backup to rehearse with.
    """
    held = held_by(home, slug)
    row = home.execute(
        "SELECT id, folder FROM shared.backups WHERE schema_name = %s AND removed_at IS NULL"
        " ORDER BY made_at DESC LIMIT 1",
        (held.schema,),
    ).fetchone()
    if row is None:
        raise OrganisationError(f"there is no backup of {slug}")
    backup_id, folder = row[0], Path(row[1])
    begun = time.monotonic()
    restored, seen, reason = Restored("", "", 0, 0, 0), Seen("not tried", "not tried"), ""
    try:
        with scratch(home, settings, keys, slug, folder) as restored:
            seen = look(slug, restored)
    except FAILURES as error:
        # The error may quote a row; only its kind is written down, unless it is one of ours.
        reason = str(error) if isinstance(error, OURS) else type(error).__name__
    found = Drill(
        organisation=slug,
        backup=folder.name,
        drilled_at=datetime.now(UTC).isoformat(timespec="seconds"),
        passed=not reason,
        taken_at=restored.taken_at,
        tables=restored.tables,
        rows=restored.rows,
        erased=restored.erased,
        seconds=time.monotonic() - begun,
        sign_in=seen.sign_in,
        sealed=seen.sealed,
        reason=reason,
    )
    home.execute(
        "UPDATE shared.backups SET drilled_at = now(), drill_passed = %s WHERE id = %s",
        (found.passed, backup_id),
    )
    _write(found, reports or folder.parent / "drills")
    return found


def _write(found: Drill, reports: Path) -> None:
    reports.mkdir(parents=True, exist_ok=True)
    name = found.drilled_at.replace(":", "-")
    (reports / f"{name}.md").write_text(found.to_markdown(), "utf-8")
    (reports / f"{name}.json").write_text(json.dumps(asdict(found), indent=1), "utf-8")
