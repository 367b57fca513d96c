"""Makes what is kept about somebody unreadable: the one place that knows how.

Plain columns are blanked where they stand. Fields that are sealed under a person's key end with
that key; whoever seals them connects its destruction here, and nowhere else.
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
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from hearth.data_classes import FieldClass
from hearth.data_records import DataGroup, SubjectKind
from hearth.data_register.registry import DataField, DataTable, leads_to, organisation_tables
from hearth.subject_rights.subjects import Ids

METHOD = "blanked_in_place"
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
# Rows that nobody may change are blanked by the database itself, for what stands in ``erasures``.
WRITTEN_ONCE = frozenset({"person_corrections", "stay_changes"})


def erase(session: Session, ids: Ids, *, keep: Collection[DataGroup]) -> dict[str, int]:
    """Make everything about these subjects unreadable but what is kept; returns rows by table.

    It may be called again at any time: what is blank stays blank.
    """
    counts = {}
    for table in organisation_tables():
        if table.record.group in keep or table.record.group is DataGroup.OPERATION:
            continue
        fields = telling_fields(table)
        if fields and (count := _blank(session, table, fields, ids)):
            counts[table.name] = count
    counts |= session.scalar(select(func.forget_what_was_erased())) or {}
    session.expire_all()
    return counts


def telling_fields(table: DataTable) -> list[DataField]:
    """The fields of a table that tell of somebody and can be blanked."""
    columns = table.table.c
    return [
        field
        for field in table.fields
        if field.data_class in TELLING
        and _blank_value(table, field, columns[field.column]) is not None
    ]


def _blank(session: Session, table: DataTable, fields: list[DataField], ids: Ids) -> int:
    if table.name in WRITTEN_ONCE:
        return 0
    columns = table.table.c
    values = {
        columns[field.column]: _blank_value(table, field, columns[field.column]) for field in fields
    }
    blanked = 0
    for kind, subjects in ids.items():
        condition = leads_to(table, kind, subjects) if subjects else None
        if condition is not None and is_nearest(table, kind, ids):
            done = session.execute(update(table.table).where(condition).values(values))
            blanked += done.rowcount  # type: ignore[attr-defined]
    return blanked


def is_nearest(table: DataTable, kind: SubjectKind, ids: Ids) -> bool:
    """Whether a row goes by this path: one that knows its person goes with her alone."""
    return (
        kind is SubjectKind.PERSON
        or SubjectKind.PERSON not in ids
        or not table.paths(SubjectKind.PERSON)
    )


def _blank_value(
    table: DataTable, field: DataField, column: Column[Any]
) -> ColumnElement[Any] | None:
    """What stands in the column afterwards; None where it cannot be blanked."""
    if field.name in table.record.blanks:
        return _written(table, table.record.blanks[field.name], column)
    if field.sealed or not isinstance(column.type, SPEAKING):
        return null() if field.sealed and column.nullable else None
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
    """Make a restored backup forget whom the living database had forgotten, before it opens."""
    ids: dict[SubjectKind, set[uuid.UUID]] = {}
    for kind, subject_id in erased:
        ids.setdefault(kind, set()).add(subject_id)
    erase(session, ids, keep=ALWAYS_KEPT)
