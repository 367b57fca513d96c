"""The chain: what exactly is hashed, and how writers who come together are put in a row."""

import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from hearth.audit.models import AuditChain, AuditEvent
from hearth.trail import Entry

BEGINNING = bytes(32)
SALTED_WITH = 16


def canonical(event: Mapping[str, Any]) -> bytes:
    """An event as bytes: the same event is the same bytes, and another one is others."""
    return json.dumps(
        event, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def link(previous: bytes, event: Mapping[str, Any]) -> bytes:
    """The hash of an event that follows another."""
    return hashlib.sha256(previous + canonical(event)).digest()


def hash_of(event: AuditEvent, previous: bytes) -> bytes:
    """What an event's hash must be after the one before it.

    Nobody finds an event by trying what it may have been, because its salt is hashed with it. The
    oldest ones were written without.
    """
    salt = {} if event.salt is None else {"salt": event.salt}
    return link(
        previous,
        _plain(
            seq=event.seq,
            at=event.at,
            actor_id=event.actor_id,
            action=event.action,
            subject_type=event.subject_type,
            subject_id=event.subject_id,
            household_id=event.household_id,
            facts=event.facts,
            **salt,
        ),
    )


def append(session: Session, entries: Sequence[Entry]) -> None:
    """Add entries at the end of the chain; nobody else can before this transaction has ended."""
    session.execute(select(AuditChain.only_row).with_for_update()).one()
    # A statement of its own: it must see what the one before us has committed meanwhile.
    last = session.execute(
        select(AuditEvent.seq, AuditEvent.hash).order_by(AuditEvent.seq.desc()).limit(1)
    ).first()
    seq, previous = (last.seq, last.hash) if last else (0, BEGINNING)
    rows = []
    for seq, entry in enumerate(entries, start=seq + 1):  # noqa: B020
        told = {**vars(entry), "facts": dict(entry.facts), "seq": seq, "at": datetime.now(UTC)}
        told["salt"] = secrets.token_bytes(SALTED_WITH)
        rows.append({**told, "previous_hash": previous, "hash": link(previous, _plain(**told))})
        previous = rows[-1]["hash"]
    session.execute(insert(AuditEvent), rows)


def _plain(**event: Any) -> dict[str, Any]:
    """An event in the few kinds of value that are written in one way only."""
    return {name: _text(value) for name, value in event.items()}


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, uuid.UUID) else value
