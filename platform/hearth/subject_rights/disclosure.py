"""Everything about somebody, field by field; what may tell of others passes a human first."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.orm import Session

from hearth.data_register.registry import DataField
from hearth.sealing.blind import mark_of
from hearth.sealing.errors import KeysLockedError
from hearth.sealing.services import refuse_locked
from hearth.service_delivery.sealed import is_closed_to
from hearth.subject_rights import traces
from hearth.subject_rights.filed import FiledPaper, papers_among
from hearth.subject_rights.gathering import OUR_JUDGEMENT, Asks, Told, rows_about
from hearth.subject_rights.models import Disclosure, SubjectRequest
from hearth.subject_rights.services import lock, refuse_unchecked, take_step
from hearth.subject_rights.subjects import note_look
from hearth.subject_rights.traces import WHOLE_ROW
from hearth.subject_rights.vocabulary import Asker, Decision, Step

Row = tuple[str, uuid.UUID | None]
Parts = tuple[tuple[DataField, Any], ...]
# What was written where a specialist may seal; why an entry was cancelled tells of it, too.
NOTES = frozenset({("service_deliveries", "note"), ("service_deliveries", "cancelling_note")})
REDACTED = "[…]"


class StillToReadError(ValueError):
    """Something may tell of others and nobody has decided about it."""


class ChangedError(ValueError):
    """What was released was changed or sealed after somebody had read it."""


class SealedNoteError(ValueError):
    """A sealed note is given out by whoever may read it: its owner opens it to her first."""


class ShownBeforeError(ValueError):
    """The file was handed out; it is made anew only by a step of its own."""


class Contents(NamedTuple):
    """What an entry of the queue is about, as ``QueueEntry`` tells it."""

    contents: str
    value: Any
    parts: Parts
    household_id: uuid.UUID | None
    asks: Asks


@dataclass(frozen=True, kw_only=True)
class QueueEntry:
    """One entry of the redaction queue with what stands there now."""

    entry: Disclosure
    contents: str
    value: Any = None
    """What stands there as it was recorded."""
    parts: Parts = ()
    """Of a whole row: its fields, without what is read by itself once the row is given out."""
    asks: Asks | None = None
    """What somebody has to read before she reads each field of the row."""
    household_id: uuid.UUID | None = None
    """In whose file it stands, if it is one family's."""
    paper: FiledPaper | None = None
    """The paper that the entry is about."""
    is_closed: bool = False
    """Whether it is a sealed note that this reader may not read."""
    is_covered: bool = False
    """Whether something in it is of a kind that this reader's role does not read."""

    is_stale: bool = False
    """Whether it was released, and changed or sealed after that: somebody reads it again."""

    @property
    def is_row(self) -> bool:
        """Whether a whole row is decided about, which is kept back without another word."""
        return self.entry.field == WHOLE_ROW

    @property
    def waits(self) -> bool:
        """Whether nothing is handed out before somebody decides about it."""
        return self.is_stale or (self.entry.decision is None and not self.is_row)


def prepare(session: Session, request: SubjectRequest, *, by: uuid.UUID) -> None:
    """Fill the redaction queue.

    :raises ShownBeforeError: the file was handed out, and nobody asked for it anew.
    :raises RequestError: the request ended, or nobody has checked who asks.
    :raises KeysLockedError: what is sealed cannot be read at the moment.
    """
    lock(session, request)
    _refuse_handed_out(request)
    refuse_unchecked(request)
    refuse_locked(session)
    _fill(session, request)
    take_step(session, request, Step.PREPARED, by=by)


def queue(session: Session, request: SubjectRequest) -> list[QueueEntry]:
    """What a human has to read, with its contents; entries whose text is gone are left out.

    What stands in a row of the whole family is read once the row itself is given out.
    """
    entries = session.scalars(
        select(Disclosure)
        .where(Disclosure.request_id == request.id)
        .order_by(
            Disclosure.decided_at.nulls_first(),
            Disclosure.field == WHOLE_ROW,
            Disclosure.table_name,
            Disclosure.id,
        )
    ).all()
    contents = _contents(session, request, _released(entries))
    read = [
        QueueEntry(entry=entry, **contents[key]._asdict())
        for entry in entries
        if (key := (entry.table_name, entry.row_id, entry.field)) in contents
    ]
    return [replace(one, is_stale=True) if _is_stale(session, one) else one for one in read]


def queue_read_by(
    session: Session, request: SubjectRequest, user_id: uuid.UUID
) -> list[QueueEntry]:
    """The queue for somebody who reads it, which is a look into the file of each family in it."""
    note_look(session, request.subject_kind, request.subject_id, user_id=user_id)
    read = queue(session, request)
    closed = {one.entry.id for one in read if _is_closed(session, one.entry, user_id)}
    papers = papers_among(session, {_row(one.entry) for one in read})
    return [
        replace(one, contents="", value=None, is_closed=True)
        if one.entry.id in closed
        else replace(one, paper=papers.get(_row(one.entry)))
        for one in read
    ]


def entry_read_by(
    session: Session, request: SubjectRequest, entry: Disclosure, user_id: uuid.UUID
) -> QueueEntry:
    """One entry with what stands in it, for somebody who reads it; empty where it is gone."""
    found = (one for one in queue_read_by(session, request, user_id) if one.entry.id == entry.id)
    return next(found, QueueEntry(entry=entry, contents=""))


def entry_of(
    session: Session, request: SubjectRequest, disclosure_id: uuid.UUID
) -> Disclosure | None:
    """One entry of a request's queue, or None."""
    return session.scalars(
        select(Disclosure).where(
            Disclosure.id == disclosure_id, Disclosure.request_id == request.id
        )
    ).one_or_none()


def leaning(entry: Disclosure) -> Decision | None:
    """What is decided about an entry, or is without another word."""
    return (
        Decision.REDACT if entry.decision is None and entry.field == WHOLE_ROW else entry.decision
    )


def decide(
    session: Session,
    request: SubjectRequest,
    entry: Disclosure,
    *,
    decision: Decision,
    by: uuid.UUID,
    read_mark: str = "",
) -> None:
    """Release a field to the requester or keep it back; so with a whole row of the family.

    ``read_mark`` says what the page showed to whoever decides, where a page did.

    :raises ClosedError: the request has ended.
    :raises ShownBeforeError: the file was handed out by what was decided then.
    :raises ChangedError: what the page showed stands there no longer.
    :raises SealedNoteError: it is a sealed note that its owner has not opened to her.
    """
    lock(session, request)
    _refuse_handed_out(request)
    if decision is Decision.RELEASE and _is_closed(session, entry, by):
        raise SealedNoteError
    mark = mark_of_entry(session, request, entry) if decision is Decision.RELEASE else None
    if mark and read_mark and read_mark != mark:
        raise ChangedError
    entry.read_mark = mark
    entry.decision = decision
    entry.decided_by = by
    entry.decided_at = datetime.now(UTC)
    session.flush()
    traces.record_decision(session, request, entry)
    if entry.field == WHOLE_ROW:
        _fill(session, request)


def mark_of_entry(session: Session, request: SubjectRequest, entry: Disclosure) -> str:
    """By what it is told whether an entry was changed since; empty where nothing stands there."""
    found = (one for one in queue(session, request) if one.entry.id == entry.id)
    return next((_mark(session, one) for one in found), "")


def hand_out(session: Session, request: SubjectRequest, *, by: uuid.UUID) -> list[Told]:
    """What the requester may have, once; the step is recorded with it.

    :raises StillToReadError: something may tell of others and nobody has decided about it.
    :raises ChangedError: something was changed or sealed after it was released.
    :raises SealedNoteError: a sealed note is in it that its owner has not opened to her.
    :raises ShownBeforeError: it was handed out, and nobody asked for it anew.
    :raises RequestError: the request ended, or nobody has checked who asks.
    """
    lock(session, request)
    refuse_unchecked(request)
    refuse_locked(session)
    if not request.has(Step.PREPARED):
        raise StillToReadError
    _refuse_handed_out(request)
    _fill(session, request)
    read = queue(session, request)
    if any(one.is_stale for one in read):
        raise ChangedError
    if any(one.waits for one in read):
        raise StillToReadError
    _refuse_closed(session, read, by)
    kept_back = _kept_back(session, request)
    note_look(session, request.subject_kind, request.subject_id, user_id=by)
    rows = [_redacted(row, kept_back) for row in given(session, request)]
    told = [row for row in rows if row.values]
    whats_out = traces.of_file(told, _decisions(session, request, Decision.RELEASE))
    take_step(session, request, Step.EXPORTED, by=by, facts=whats_out)
    return told


def as_text(value: Any) -> str:
    """A value as it is written into a file for its subject."""
    match value:
        case bool():
            return "true" if value else "false"
        case bytes():
            return str(len(value))
        case Enum():
            return str(value.value)
        case datetime() | date() | time():
            return value.isoformat()
        case Range():
            return f"{value.lower} – {value.upper}"
        case dict():
            return "; ".join(f"{k}: {as_text(v)}" for k, v in value.items() if v is not None)
        case list() | tuple():
            return ", ".join(as_text(part) for part in value)
    return str(value)


def _refuse_handed_out(request: SubjectRequest) -> None:
    # What went out, and by whose word, is not put in order afterwards.
    if request.is_handed_out:
        raise ShownBeforeError


def _refuse_closed(session: Session, read: Iterable[QueueEntry], user_id: uuid.UUID) -> None:
    # Whoever released a note had it opened to her; whoever hands it out takes it along as well.
    released = (one.entry for one in read if one.entry.decision is Decision.RELEASE)
    if any(_is_closed(session, entry, user_id) for entry in released):
        raise SealedNoteError


def _is_stale(session: Session, read: QueueEntry) -> bool:
    entry = read.entry
    if entry.decision is not Decision.RELEASE or entry.decided_by is None:
        return False
    if _is_closed(session, entry, entry.decided_by):
        return True
    try:
        return entry.read_mark != _mark(session, read)
    except KeysLockedError:
        # Nothing is handed out, and nothing can be compared, until the key is there again.
        return False


def _mark(session: Session, read: QueueEntry) -> str:
    return mark_of(session, str(read.entry.id), read.contents)


def _is_closed(session: Session, entry: Disclosure, user_id: uuid.UUID) -> bool:
    is_note = (entry.table_name, entry.field) in NOTES
    return is_note and is_closed_to(session, entry.row_id, user_id)


def _row(entry: Disclosure) -> Row:
    return entry.table_name, entry.row_id


def _rows(session: Session, request: SubjectRequest) -> Iterator[Told]:
    himself = request.asked_by is Asker.SELF
    return rows_about(session, request.subject_kind, request.subject_id, himself=himself)


def _released(entries: Iterable[Disclosure]) -> set[Row]:
    return {
        (entry.table_name, entry.row_id)
        for entry in entries
        if entry.field == WHOLE_ROW and entry.decision is Decision.RELEASE
    }


def given(session: Session, request: SubjectRequest) -> list[Told]:
    """The rows that go to the requester: his own, and those of the family a human released."""
    released = _released(_decisions(session, request, Decision.RELEASE))
    return [
        told
        for told in _rows(session, request)
        if not told.shared or (told.table.name, told.row_id) in released
    ]


def _contents(
    session: Session, request: SubjectRequest, released: set[Row]
) -> dict[tuple[str, uuid.UUID | None, str], Contents]:
    found: dict[tuple[str, uuid.UUID | None, str], Contents] = {}
    for told in _rows(session, request):
        row = (told.table.name, told.row_id)
        if told.shared:
            found[*row, WHOLE_ROW] = _whole(told)
        if not told.shared or row in released:
            for field, value in told.values.items():
                text = as_text(value)
                found[*row, field.name] = Contents(text, value, (), told.household_id, told.asks)
    return found


def _whole(told: Told) -> Contents:
    parts = tuple((f, value) for f, value in told.values.items() if f.name not in told.to_read)
    text = "; ".join(f"{field.name}: {as_text(value)}" for field, value in parts)
    return Contents(text, None, parts, told.household_id, told.asks)


def _fill(session: Session, request: SubjectRequest) -> None:
    released = _released(_decisions(session, request, Decision.RELEASE))
    for told in _rows(session, request):
        row = (told.table.name, told.row_id)
        names = [WHOLE_ROW] if told.shared else []
        if not told.shared or row in released:
            names += sorted(told.to_read)
        for name in names:
            session.execute(
                insert(Disclosure)
                .values(request_id=request.id, table_name=row[0], row_id=row[1], field=name)
                .on_conflict_do_nothing(
                    index_elements=["request_id", "table_name", "row_id", "field"]
                )
            )


def _decisions(
    session: Session, request: SubjectRequest, decision: Decision
) -> Sequence[Disclosure]:
    return session.scalars(
        select(Disclosure).where(
            Disclosure.request_id == request.id, Disclosure.decision == decision
        )
    ).all()


def _kept_back(session: Session, request: SubjectRequest) -> set[tuple[str, uuid.UUID, str]]:
    rows = _decisions(session, request, Decision.REDACT)
    return {(row.table_name, row.row_id, row.field) for row in rows}


def _redacted(told: Told, kept_back: set[tuple[str, uuid.UUID, str]]) -> Told:
    """A row as it goes out: a mark stands where something tells of others.

    What we thought of its subject ourselves leaves none, which would tell that there is something.
    """
    values = {}
    for field, value in told.values.items():
        if (told.table.name, told.row_id, field.name) not in kept_back:
            values[field] = value
        elif (told.table.name, field.name) not in OUR_JUDGEMENT:
            values[field] = REDACTED
    return replace(told, values=values)
