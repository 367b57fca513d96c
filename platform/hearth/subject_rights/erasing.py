"""Makes what is kept about somebody unreadable: the one place that knows how.

Sealed fields and files end with their subject's key, in every backup too. Fields that are not
sealed are blanked where they stand.
"""

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Enum,
    Integer,
    String,
    Text,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from hearth.data_classes import FieldClass
from hearth.data_records import DataGroup, SubjectKind
from hearth.data_register.registry import DataField, DataTable, leads_to, organisation_tables
from hearth.sealing.services import destroy_key
from hearth.subject_rights.subjects import Ids, referrals_of

METHOD = "keys_destroyed"
"""How it was done, as the certificate says it."""
TELLING = frozenset(
    {
        FieldClass.IDENTITY,
        FieldClass.CONTACT,
        FieldClass.LOCATION,
        FieldClass.HEALTH,
        FieldClass.LEGAL,
        FieldClass.SEALED_NOTE,
        FieldClass.FREE_TEXT,
    }
)
# A number or a mark of the service names nobody, whatever class it bears.
SPEAKING = (String, Text, JSONB, Date, DateTime, Boolean, Enum, Integer)
# Who looked and who asked is the proof of what happened; its own clock ends it.
ALWAYS_KEPT = frozenset({DataGroup.SECURITY, DataGroup.RIGHTS})
# Whose data have a key of their own; donors and colleagues are not sealed.
HAVE_KEYS = frozenset({SubjectKind.PERSON, SubjectKind.HOUSEHOLD, SubjectKind.REFERRAL})


def erase(session: Session, ids: Ids, *, keep: Collection[DataGroup]) -> dict[str, int]:
    """Make everything about these subjects unreadable but what is kept; returns rows by table.

    It may be called again at any time: what is blank stays blank, and what has no key gets none.
    """
    counts = rows_that_go(session, ids, keep=keep)
    for table in organisation_tables():
        if table.name in counts and (fields := blanked_fields(table)):
            _blank(session, table, fields, ids)
    for subject_id in sorted(keys_of(session, ids)):
        destroy_key(session, subject_id)
    session.expire_all()
    return counts


def keys_of(session: Session, ids: Ids) -> set[uuid.UUID]:
    """Whose keys end: those of the subjects, and of the referrals that brought a family to us."""
    own = {one for kind in HAVE_KEYS for one in ids.get(kind, ())}
    return own | referrals_of(session, ids.get(SubjectKind.HOUSEHOLD, ()))


def rows_that_go(session: Session, ids: Ids, *, keep: Collection[DataGroup]) -> dict[str, int]:
    """How many rows of each table cannot be read any more afterwards."""
    found: dict[str, int] = {}
    for table in organisation_tables():
        kept = table.record.group in keep or table.record.group is DataGroup.OPERATION
        if kept or not telling_fields(table):
            continue
        conditions = [
            condition
            for kind, subjects in ids.items()
            if subjects and _is_nearest(table, kind, ids)
            if (condition := leads_to(table, kind, subjects)) is not None
        ]
        if not conditions:
            continue
        counted = select(func.count()).select_from(table.table).where(or_(*conditions))
        if count := session.scalar(counted):
            found[table.name] = count
    return found


def telling_fields(table: DataTable) -> list[DataField]:
    """The fields of a table that tell of somebody and can be made unreadable."""
    return [
        field
        for field in table.fields
        if field.data_class in TELLING and (field.sealed or _blank_value(table, field) is not None)
    ]


def blanked_fields(table: DataTable) -> list[DataField]:
    """Those of them that no key opens."""
    return [field for field in telling_fields(table) if not field.sealed]


def _is_nearest(table: DataTable, kind: SubjectKind, ids: Ids) -> bool:
    """Whether a row goes by this path: one that knows its person goes with her alone."""
    return (
        kind is SubjectKind.PERSON
        or SubjectKind.PERSON not in ids
        or not table.paths(SubjectKind.PERSON)
    )


def _blank(session: Session, table: DataTable, fields: list[DataField], ids: Ids) -> None:
    columns = table.table.c
    values = {columns[field.column]: _blank_value(table, field) for field in fields}
    for kind, subjects in ids.items():
        condition = leads_to(table, kind, subjects) if subjects else None
        if condition is not None and _is_nearest(table, kind, ids):
            session.execute(update(table.table).where(condition).values(values))


def _blank_value(table: DataTable, field: DataField) -> ColumnElement[Any] | None:
    """What stands in the column afterwards; None where it cannot be blanked."""
    column = table.table.c[field.column]
    if field.name in table.record.blanks:
        return _written(table, table.record.blanks[field.name], column)
    if not isinstance(column.type, SPEAKING):
        return None
    if column.nullable:
        return null()
    if isinstance(column.type, JSONB):
        return cast(literal("{}"), JSONB)
    return literal("") if type(column.type) in (String, Text) else None


def _written(table: DataTable, blank: object, column: Column[Any]) -> ColumnElement[Any]:
    if isinstance(blank, str) and "{id}" in blank:
        return func.replace(blank, "{id}", cast(table.table.c.id, Text))
    return literal(blank, column.type)


def forget_again(session: Session, erased: Collection[tuple[SubjectKind, uuid.UUID]]) -> None:
    """Make a restored backup forget whom the living database had forgotten, before it opens.

    Keys that came back with a backup of the keys are destroyed again with it.
    """
    ids: dict[SubjectKind, set[uuid.UUID]] = {}
    for kind, subject_id in erased:
        ids.setdefault(kind, set()).add(subject_id)
    erase(session, ids, keep=ALWAYS_KEPT)
