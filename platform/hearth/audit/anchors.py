"""Keeps signed heads outside the database: in files that only grow, and in somebody's mailbox."""

import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.audit.models import AuditAnchor, AuditEvent
from hearth.audit.services import head_of
from hearth.audit.signing import SignedHead, is_genuine, sign, trusted_keys
from hearth.outbox import services as outbox

TEMPLATE = "audit_anchor"


class ChainBrokenError(RuntimeError):
    """What was anchored is not in the chain any more; ``seq`` says which event it was."""

    def __init__(self, organisation: str, seq: int) -> None:
        super().__init__(f"event {seq} of {organisation} is not what was anchored")
        self.seq = seq


class AnchorSink(Protocol):
    """A place outside the database in which heads are kept."""

    def keep(self, session: Session, head: SignedHead) -> None:
        """Keep a head."""

    def kept(self, organisation: str) -> list[SignedHead]:
        """The heads kept here, the oldest first; nothing where the place cannot be read."""


class FileAnchors:
    """One file for each organisation, to which lines are only ever added.

    The directory should lie on another machine, or at least be append-only for this one.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, _session: Session, head: SignedHead) -> None:
        """Add a line, and return when the disk has it."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        descriptor = os.open(self._file(head.organisation), flags, 0o640)
        try:
            os.write(descriptor, f"{head.to_line()}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def kept(self, organisation: str) -> list[SignedHead]:
        """Every line of the organisation's file."""
        try:
            text = self._file(organisation).read_text("utf-8")
        except FileNotFoundError:
            return []
        return [SignedHead.from_line(line) for line in text.splitlines() if line.strip()]

    def _file(self, organisation: str) -> Path:
        return self._directory / f"{organisation}.heads"


class MailAnchors:
    """A mailbox elsewhere, such as that of an auditor; the mail leaves through the outbox."""

    def keep(self, session: Session, head: SignedHead) -> None:
        """Put a mail into the outbox."""
        payload = {"template": TEMPLATE, "seq": head.seq}
        outbox.put(session, key=f"{TEMPLATE}:{head.seq}", kind="mail", payload=payload)

    def kept(self, _organisation: str) -> list[SignedHead]:
        """Nothing: what was mailed is given to the verification as a file."""
        return []


def sinks_of(settings: Settings) -> list[AnchorSink]:
    """The places this installation has been told of."""
    sinks: list[AnchorSink] = []
    if settings.audit_anchors:
        sinks.append(FileAnchors(Path(settings.audit_anchors)))
    if settings.audit_anchor_mail:
        sinks.append(MailAnchors())
    return sinks


def anchor(session: Session, settings: Settings) -> SignedHead | None:
    """Sign the newest event and keep it in every place; None when there is nothing new to keep.

    :raises ChainBrokenError: the chain does not hold what was anchored last, as the database has it
        and as it is kept outside.
    """
    organisation = session.info["organisation"].schema_name
    last = session.scalars(select(AuditAnchor).order_by(AuditAnchor.seq.desc()).limit(1)).first()
    _refuse_other_history(session, settings, last)
    head = head_of(session)
    if head is None or (last is not None and last.seq >= head.seq):
        return None
    signed = sign(settings, organisation=organisation, seq=head.seq, head=head.hash)
    for sink in sinks_of(settings):
        sink.keep(session, signed)
    session.add(
        AuditAnchor(
            seq=signed.seq,
            hash=signed.hash,
            made_at=signed.made_at,
            public_key=signed.public_key,
            signature=signed.signature,
        )
    )
    session.flush()
    return signed


def _refuse_other_history(session: Session, settings: Settings, last: AuditAnchor | None) -> None:
    # Whoever cuts the chain cuts the database's own copies too; what lies outside is asked besides.
    organisation = session.info["organisation"].schema_name
    trusted = trusted_keys(settings)
    heads = [
        (head.seq, head.hash)
        for sink in sinks_of(settings)
        for head in sink.kept(organisation)
        if head.organisation == organisation and is_genuine(head, trusted)
    ]
    newer = {head for head in heads if last is None or head[0] > last.seq}
    asked = newer | ({(last.seq, last.hash)} if last is not None else set())
    if heads:
        asked.add(max(heads))
    seqs = [seq for seq, _hash in asked]
    events = select(AuditEvent.seq, AuditEvent.hash).where(AuditEvent.seq.in_(seqs))
    standing = {(seq, found) for seq, found in session.execute(events)}
    if missing := asked - standing:
        raise ChainBrokenError(organisation, min(missing)[0])


def anchored(session: Session) -> list[SignedHead]:
    """The heads of which the database itself holds a copy, the oldest first."""
    organisation = session.info["organisation"].schema_name
    rows = session.scalars(select(AuditAnchor).order_by(AuditAnchor.seq))
    return [signed_head(organisation, row) for row in rows]


def signed_head(organisation: str, row: AuditAnchor) -> SignedHead:
    """The head that a row is a copy of."""
    return SignedHead(
        organisation=organisation,
        seq=row.seq,
        hash=row.hash,
        made_at=row.made_at,
        public_key=row.public_key,
        signature=row.signature,
    )
