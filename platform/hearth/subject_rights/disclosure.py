"""Everything about somebody, field by field; what may tell of others passes a human first."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.orm import Session

from hearth.audit import services as audit
from hearth.data_classes import FieldClass
from hearth.data_records import DataGroup, SubjectKind
from hearth.data_register.registry import DataField, DataTable, leads_to, organisation_tables
from hearth.sealing.services import refuse_locked
from hearth.service_delivery.sealed import is_closed_to
from hearth.subject_rights.models import Disclosure, SubjectRequest
from hearth.subject_rights.services import lock, refuse_unchecked, take_step
from hearth.subject_rights.subjects import Ids, ids_to_show, note_look
from hearth.subject_rights.vocabulary import Decision, Step

# What is nobody's business but the service's; a colleague's own data are hers.
INTERNAL = frozenset({FieldClass.TECHNICAL, FieldClass.STAFF})
# How we came to a decision is not handed out with it: a safeguarding note may name a danger.
DELIBERATIONS = frozenset(
    {
        "subject_request_steps",
        "erasure_proposals",
        "legal_holds",
        "retention_notices",
        "case_grants",
        "household_restrictions",
        "glass_looks",
        "glass_reviews",
    }
)
LOOKS = "person_reads"
NOTE = ("service_deliveries", "note")
REDACTED = "[…]"


class StillToReadError(ValueError):
    """Something may tell of others and nobody has decided about it."""


class SealedNoteError(ValueError):
    """A sealed note is given out by whoever may read it: its owner opens it to her first."""


class ShownBeforeError(ValueError):
    """The file was handed out; it is made anew only by a step of its own."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One row about somebody: its table and its fields with their values."""

    table: DataTable
    row_id: uuid.UUID | None
    values: dict[DataField, Any]


@dataclass(frozen=True, kw_only=True)
class QueueEntry:
    """One entry of the redaction queue with what stands there now."""

    entry: Disclosure
    contents: str
    is_closed: bool = False
    """Whether it is a sealed note that this reader may not read."""


def rows_about(session: Session, kind: SubjectKind, subject_id: uuid.UUID) -> Iterator[Told]:
    """Every row that tells of somebody, table by table.

    A table that knows persons gives a person's own rows only, not those of her family.
    """
    ids = ids_to_show(session, kind, subject_id)
    for table in organisation_tables():
        if table.name == LOOKS and kind is SubjectKind.PERSON:
            yield from _looks_at(session, table, subject_id)
            continue
        for row in _rows(session, table, ids, kind):
            if values := _values(table, row, kind):
                yield Told(table=table, row_id=getattr(row, "id", None), values=values)


def prepare(session: Session, request: SubjectRequest, *, by: uuid.UUID) -> int:
    """Fill the redaction queue; returns how many entries wait for a human.

    :raises RequestError: the request ended, or nobody has checked who asks.
    :raises KeysLockedError: what is sealed cannot be read at the moment.
    """
    lock(session, request)
    refuse_unchecked(request)
    refuse_locked(session)
    _fill(session, request)
    take_step(session, request, Step.PREPARED, by=by)
    return len(_undecided(session, request))


def queue(session: Session, request: SubjectRequest) -> list[QueueEntry]:
    """What a human has to read, with its contents; entries whose text is gone are left out."""
    texts = {
        (told.table.name, told.row_id, field.name): as_text(value)
        for told in rows_about(session, request.subject_kind, request.subject_id)
        for field, value in told.values.items()
    }
    entries = session.scalars(
        select(Disclosure)
        .where(Disclosure.request_id == request.id)
        .order_by(Disclosure.decided_at.nulls_first(), Disclosure.table_name, Disclosure.id)
    )
    return [
        QueueEntry(entry=entry, contents=texts[key])
        for entry in entries
        if (key := (entry.table_name, entry.row_id, entry.field)) in texts
    ]


def queue_read_by(
    session: Session, request: SubjectRequest, user_id: uuid.UUID
) -> list[QueueEntry]:
    """The queue for somebody who reads it, which is a look into the family's file."""
    note_look(session, request.household_id, user_id=user_id)
    read = queue(session, request)
    closed = {one.entry.id for one in read if _is_closed(session, one.entry, user_id)}
    return [
        replace(one, contents="", is_closed=True) if one.entry.id in closed else one for one in read
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


def decide(
    session: Session,
    request: SubjectRequest,
    entry: Disclosure,
    *,
    decision: Decision,
    by: uuid.UUID,
) -> None:
    """Release a field to the requester or keep it back.

    :raises ClosedError: the request has ended.
    :raises SealedNoteError: it is a sealed note that its owner has not opened to her.
    """
    lock(session, request)
    if decision is Decision.RELEASE and _is_closed(session, entry, by):
        raise SealedNoteError
    entry.decision = decision
    entry.decided_by = by
    entry.decided_at = datetime.now(UTC)
    session.flush()


def hand_out(session: Session, request: SubjectRequest, *, by: uuid.UUID) -> list[Told]:
    """What the requester may have, once; the step is recorded with it.

    :raises StillToReadError: something may tell of others and nobody has decided about it.
    :raises ShownBeforeError: it was handed out, and nobody asked for it anew.
    :raises RequestError: the request ended, or nobody has checked who asks.
    """
    lock(session, request)
    refuse_unchecked(request)
    refuse_locked(session)
    latest = request.last_of(Step.PREPARED, Step.EXPORTED, Step.EXPORT_RENEWED)
    if latest is None:
        raise StillToReadError
    if latest.step is Step.EXPORTED:
        raise ShownBeforeError
    _fill(session, request)
    if _undecided(session, request):
        raise StillToReadError
    kept_back = _kept_back(session, request)
    note_look(session, request.household_id, user_id=by)
    told = [
        _redacted(row, kept_back)
        for row in rows_about(session, request.subject_kind, request.subject_id)
    ]
    take_step(session, request, Step.EXPORTED, by=by)
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


def _is_closed(session: Session, entry: Disclosure, user_id: uuid.UUID) -> bool:
    is_note = (entry.table_name, entry.field) == NOTE
    return is_note and is_closed_to(session, entry.row_id, user_id)


def _looks_at(session: Session, table: DataTable, person_id: uuid.UUID) -> Iterator[Told]:
    """When she was shown to a member of staff and what for; who it was is the house's answer."""
    fields = {field.name: field for field in table.fields}
    for look in audit.reads_about(session, person_id):
        values = {fields["read_at"]: look.at, fields["purpose"]: look.purpose}
        yield Told(table=table, row_id=None, values=values)


def _rows(session: Session, table: DataTable, ids: Ids, kind: SubjectKind) -> Sequence[Any]:
    nearest = kind if table.paths(kind) else SubjectKind.HOUSEHOLD
    kept = table.record.group is DataGroup.OPERATION or table.name in DELIBERATIONS
    if kept or not ids.get(nearest):
        return ()
    condition = leads_to(table, nearest, ids[nearest])
    if condition is None:
        return ()
    keys = list(table.table.primary_key.columns)
    return session.scalars(select(table.model).where(condition).order_by(*keys)).all()


def _values(table: DataTable, row: Any, kind: SubjectKind) -> dict[DataField, Any]:
    told = {field: getattr(row, field.name) for field in table.fields if _is_told(field, kind)}
    return {field: value for field, value in told.items() if value not in (None, "", [], {})}


def _is_told(field: DataField, kind: SubjectKind) -> bool:
    if kind is SubjectKind.STAFF and field.data_class is FieldClass.STAFF:
        return True
    return field.data_class not in INTERNAL


def _fill(session: Session, request: SubjectRequest) -> None:
    rows = [
        {
            "request_id": request.id,
            "table_name": told.table.name,
            "row_id": told.row_id,
            "field": field.name,
        }
        for told in rows_about(session, request.subject_kind, request.subject_id)
        for field in told.values
        if told.table.may_tell_of_others(field)
    ]
    for row in rows:
        session.execute(
            insert(Disclosure)
            .values(**row)
            .on_conflict_do_nothing(index_elements=["request_id", "table_name", "row_id", "field"])
        )


def _undecided(session: Session, request: SubjectRequest) -> list[QueueEntry]:
    return [one for one in queue(session, request) if one.entry.decision is None]


def _kept_back(session: Session, request: SubjectRequest) -> set[tuple[str, uuid.UUID, str]]:
    rows = session.scalars(
        select(Disclosure).where(
            Disclosure.request_id == request.id, Disclosure.decision == Decision.REDACT
        )
    )
    return {(row.table_name, row.row_id, row.field) for row in rows}


def _redacted(told: Told, kept_back: set[tuple[str, uuid.UUID, str]]) -> Told:
    values = {
        field: REDACTED if (told.table.name, told.row_id, field.name) in kept_back else value
        for field, value in told.values.items()
    }
    return Told(table=told.table, row_id=told.row_id, values=values)
