"""Reads the whole chain anew and says where it is not what was written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.audit.anchors import anchored, sinks_of
from hearth.audit.chain import BEGINNING, hash_of
from hearth.audit.models import AuditEvent
from hearth.audit.signing import SignedHead, is_genuine, trusted_keys

AT_ONCE = 2_000


class Harm(StrEnum):
    """What may be wrong with a chain."""

    EDITED = "is not what was written"
    MISSING = "is missing"
    INSERTED = "does not follow the one before it"
    CUT = "was anchored, but the log ends before it"
    NOT_AS_ANCHORED = "is not the one that was anchored"
    NOT_SIGNED = "has an anchor that none of our keys signed"


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong, and at which event."""

    seq: int
    harm: Harm

    def __str__(self) -> str:
        return f"event {self.seq} {self.harm.value}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a verification came to."""

    events: int
    anchors: int
    vouched: int
    """Up to which event a place outside the database can say how it was."""
    findings: tuple[Finding, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def verify(session: Session, settings: Settings, *, more: Iterable[SignedHead] = ()) -> Verdict:
    """Compare every event with its hash, and the chain with every anchor there is.

    ``more`` are heads from places this machine cannot read, such as a mailbox.
    """
    organisation = session.info["organisation"].schema_name
    copies, outside = anchored(session), list(more)
    for sink in sinks_of(settings):
        outside += sink.kept(organisation)
    heads = [*copies, *outside]
    if settings.audit_anchor_mail:
        # What was mailed lies in a mailbox, of which this machine knows its own copies alone.
        outside += copies
    wanted = {head.seq for head in heads}
    standing: dict[int, bytes] = {}
    findings: set[Finding] = set()
    events = last = 0
    for event, harms in _walk(session):
        findings.update(harms)
        events, last = events + 1, event.seq
        if event.seq in wanted:
            standing[event.seq] = event.hash
    trusted = trusted_keys(settings)
    for head in heads:
        findings.update(_compare(head, organisation, standing, last, trusted))
    return Verdict(
        events=events,
        anchors=len(wanted),
        vouched=max((head.seq for head in outside), default=0),
        findings=tuple(sorted(findings)),
    )


def _walk(session: Session) -> Iterator[tuple[AuditEvent, list[Finding]]]:
    expected, previous = 1, BEGINNING
    events = session.scalars(
        select(AuditEvent).order_by(AuditEvent.seq), execution_options={"yield_per": AT_ONCE}
    )
    for event in events:
        harms = [Finding(seq, Harm.MISSING) for seq in range(expected, event.seq)]
        if not harms and event.previous_hash != previous:
            harms.append(Finding(event.seq, Harm.INSERTED))
        if event.hash != hash_of(event, event.previous_hash):
            harms.append(Finding(event.seq, Harm.EDITED))
        yield event, harms
        expected, previous = event.seq + 1, event.hash
        session.expunge(event)


def _compare(
    head: SignedHead,
    organisation: str,
    standing: dict[int, bytes],
    last: int,
    trusted: frozenset[bytes],
) -> Iterator[Finding]:
    if head.organisation != organisation or not is_genuine(head, trusted):
        yield Finding(head.seq, Harm.NOT_SIGNED)
    elif head.seq > last:
        yield Finding(head.seq, Harm.CUT)
    elif head.seq in standing and standing[head.seq] != head.hash:
        yield Finding(head.seq, Harm.NOT_AS_ANCHORED)
