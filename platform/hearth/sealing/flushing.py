"""Seals what was written, at the moment a session sends its rows: keys first, then the rows."""

from collections.abc import Iterator
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session

from hearth.sealing.blind import index_words
from hearth.sealing.cipher import seal
from hearth.sealing.errors import SealingError
from hearth.sealing.fields import Sealed, Written, sealed_fields
from hearth.sealing.keyring import keyring
from hearth.sealing.markers import Unreadable
from hearth.sealing.subjects import row_id, subject_of

Waiting = tuple[object, Sealed[Any], UUID]


@event.listens_for(Session, "before_flush")
def seal_what_was_written(session: Session, _context: object, _rows: object) -> None:
    """Seal every waiting value; all new keys are made in one statement and durable before."""
    rows = [row for row in chain(session.new, session.dirty) if sealed_fields(type(row))]
    if not rows:
        return
    with session.no_autoflush:
        found_anew = [row for row in rows if _changes_its_words(row)]
        waiting = list(_waiting(rows))
        if waiting:
            _seal(session, waiting)
        for row in found_anew:
            _index(session, row)


def _waiting(rows: list[object]) -> Iterator[Waiting]:
    for row in rows:
        for field in sealed_fields(type(row)):
            if field.written(row) is not None:
                subject = subject_of(row, field.subject)
                if subject is None:
                    raise SealingError(f"it is not known whose {field.place_name} is")
                yield row, field, subject


def _seal(session: Session, waiting: list[Waiting]) -> None:
    keys = keyring(session)
    ready = keys.for_writing({subject for _row, _field, subject in waiting})
    for row, field, subject in waiting:
        value = _value(field.written(row))
        sealed = seal(ready[subject], field.encode(value), field.place(keys.schema, subject, row))
        field.keep(row, sealed, value)


def _changes_its_words(row: object) -> bool:
    return any(field.kind and field.has_changed(row) for field in sealed_fields(type(row)))


def _index(session: Session, row: object) -> None:
    values = []
    for field in sealed_fields(type(row)):
        value = field.__get__(row, type(row))
        if field.kind and value and not isinstance(value, Unreadable):
            values.append((field.kind, value))
    index_words(session, row_id(row), values)


def _value(written: Written | None) -> Any:
    return written.value if written else None
