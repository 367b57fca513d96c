"""Keeps caught messages in SQLite, and reads them back as a person would see them."""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

# A demo that runs for months must not fill the disk.
KEPT_MESSAGES = 5000

_TABLE = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    raw BLOB NOT NULL
)
"""


@dataclass(frozen=True)
class Attachment:
    """A file that came with a message."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class CaughtMessage:
    """One message as it arrived; `recipients` are those of the envelope."""

    id: int
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    parsed: EmailMessage

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return str(self.parsed.get("Subject", ""))

    @property
    def text(self) -> str:
        """The plain-text body, or nothing."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """The HTML body, or nothing."""
        return self._body("html")

    @property
    def attachments(self) -> list[Attachment]:
        """The files that came along, in their order."""
        files = []
        for number, part in enumerate(self.parsed.iter_attachments(), start=1):
            content = part.get_payload(decode=True)
            files.append(
                Attachment(
                    name=part.get_filename() or f"attachment-{number}",
                    media_type=part.get_content_type(),
                    # A message forwarded whole has parts instead of content.
                    content=content if isinstance(content, bytes) else bytes(part),
                )
            )
        return files

    def as_json(self) -> dict[str, Any]:
        """The message for a program: headers, bodies, and the attachments' names and sizes."""
        return {
            "id": self.id,
            "received_at": self.received_at.isoformat(),
            "sender": self.sender,
            "recipients": list(self.recipients),
            "subject": self.subject,
            "headers": {name.lower(): str(value) for name, value in self.parsed.items()},
            "text": self.text,
            "html": self.html,
            "attachments": [
                {"name": file.name, "media_type": file.media_type, "size": len(file.content)}
                for file in self.attachments
            ],
        }

    def _body(self, kind: str) -> str:
        part = self.parsed.get_body((kind,))
        # The wire ends lines its own way; a reader expects those of a text.
        return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


class MailStore:
    """Messages in one SQLite file; safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            # Readers of the page never keep an arriving message waiting.
            database.execute("PRAGMA journal_mode = WAL")
            database.execute(_TABLE)

    def add(self, *, sender: str, recipients: Sequence[str], raw: bytes) -> int:
        """Keep a message for good, drop the oldest beyond the limit, and return its number."""
        with self._open() as database:
            number = database.execute(
                "INSERT INTO messages (received_at, sender, recipients, raw) VALUES (?, ?, ?, ?)",
                (datetime.now(UTC).isoformat(), sender, "\n".join(recipients), raw),
            ).lastrowid
            database.execute(
                "DELETE FROM messages WHERE id <= (SELECT max(id) FROM messages) - ?",
                (KEPT_MESSAGES,),
            )
        return number or 0

    def all(
        self, *, recipient: str | None = None, limit: int = KEPT_MESSAGES
    ) -> list[CaughtMessage]:
        """Return the messages, newest first; only those to `recipient` where one is named."""
        with self._open() as database:
            rows = database.execute(
                # Each recipient stands on a line of its own, which the line breaks around both see.
                "SELECT * FROM messages WHERE ?1 IS NULL OR"
                " instr(char(10) || lower(recipients) || char(10), char(10) || ?1 || char(10))"
                " ORDER BY id DESC LIMIT ?2",
                (recipient.lower() if recipient else None, limit),
            ).fetchall()
        return [_read(row) for row in rows]

    def get(self, number: int) -> CaughtMessage | None:
        """Return one message, or None when it is not there."""
        with self._open() as database:
            row = database.execute("SELECT * FROM messages WHERE id = ?", (number,)).fetchone()
        return None if row is None else _read(row)

    def clear(self) -> None:
        """Forget every message."""
        with self._open() as database:
            database.execute("DELETE FROM messages")

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # A connection for each use: SQLite's connections must not cross threads.
        with (
            contextlib.closing(sqlite3.connect(self._path, timeout=10)) as database,
            database,
        ):
            database.row_factory = sqlite3.Row
            yield database


def _read(row: sqlite3.Row) -> CaughtMessage:
    return CaughtMessage(
        id=row["id"],
        received_at=datetime.fromisoformat(row["received_at"]),
        sender=row["sender"],
        recipients=tuple(row["recipients"].split("\n")),
        raw=row["raw"],
        parsed=message_from_bytes(row["raw"], policy=policy.default),
    )
