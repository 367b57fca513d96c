"""Every column of every table with its class, and how the rows of a table lead to somebody."""

import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    DateTime,
    Enum,
    LargeBinary,
    Select,
    Table,
    Uuid,
    select,
)
from sqlalchemy.dialects.postgresql import DATERANGE
from sqlalchemy.orm import DeclarativeBase, Mapper

from hearth.data_classes import FieldClass
from hearth.data_records import BELOW, DataRecord, SubjectKind, SubjectPath
from tenants.models import SharedModel, TenantModel

SEALED = "_sealed"
# What is computed from something sealed tells of it, so that somebody has to say what it is.
SPEAKING = (SEALED, "_blind")


class UnclassifiedError(LookupError):
    """A table or a column says nothing of itself, and no rule can tell."""


@dataclass(frozen=True, kw_only=True)
class DataField:
    """One field as the program reads it and as the database keeps it."""

    name: str
    column: str
    data_class: FieldClass
    sealed: bool = False


@dataclass(frozen=True, kw_only=True)
class DataTable:
    """One table of the register."""

    model: type[DeclarativeBase]
    record: DataRecord
    fields: tuple[DataField, ...]

    @property
    def name(self) -> str:
        """The table's name in the database."""
        return self.table.name

    @property
    def table(self) -> Table:
        """The table itself."""
        return _table_of(self.model)

    def paths(self, kind: SubjectKind) -> tuple[SubjectPath, ...]:
        """The ways on which its rows lead to such a subject."""
        return tuple(path for path in self.record.subject if path.kind is kind)

    def may_tell_of_others(self, field: DataField) -> bool:
        """Whether somebody has to read the field before it is given to its subject."""
        spoken = {FieldClass.FREE_TEXT, FieldClass.SEALED_NOTE}
        return field.name in self.record.others or field.data_class in spoken

    def asked_for(self, field: DataField, row: Any) -> frozenset[FieldClass]:
        """Every kind of data that somebody has to read before she reads this field of a row."""
        beyond = self.record.asks.get(field.name, frozenset())
        by_row = beyond(row) if callable(beyond) else beyond
        return by_row | self.record.asks_always | {field.data_class}


def organisation_tables() -> tuple[DataTable, ...]:
    """The tables of an organisation's own schema."""
    return _tables(TenantModel)


def shared_tables() -> tuple[DataTable, ...]:
    """The tables of schema ``shared``."""
    return _tables(SharedModel)


def leads_to(
    table: DataTable, kind: SubjectKind, ids: Collection[uuid.UUID]
) -> ColumnElement[bool] | None:
    """The condition on rows that lead to one of these subjects; None where none can."""
    found = [_condition(table.table, path.columns, ids) for path in table.paths(kind)]
    if not found:
        return None
    condition = found[0]
    for other in found[1:]:
        condition |= other
    return condition


def day_of(table: DataTable) -> ColumnElement[Any] | None:
    """The day or moment a row of a whole family is about; None where the table has none."""
    return _along(table.table, table.record.dated) if table.record.dated else None


def home_of(table: DataTable) -> ColumnElement[Any] | None:
    """The family to whose file a row belongs; None where the table knows no one family.

    A column that may hold anybody's id says nothing of a family.
    """
    kinds = Counter(path.columns for path in table.record.subject)
    sure = (path for path in table.paths(SubjectKind.HOUSEHOLD) if kinds[path.columns] == 1)
    path = next(sure, None)
    return _along(table.table, path.columns) if path else None


def people_named(table: DataTable, household_id: uuid.UUID) -> Select[Any] | None:
    """For which people a family's rows were: pairs of a row's id and a person's."""
    naming = table_named(table.record.named_by)
    of_family = leads_to(naming, SubjectKind.HOUSEHOLD, {household_id}) if naming else None
    if naming is None or of_family is None:
        return None
    to_row = next(
        column
        for column in naming.table.columns
        if any(key.column.table is table.table for key in column.foreign_keys)
    )
    return select(to_row, naming.table.c.person_id).where(of_family)


def table_named(name: str) -> DataTable | None:
    """One of the organisation's tables, by its name."""
    return next((table for table in organisation_tables() if table.name == name), None)


@cache
def _tables(base: type[DeclarativeBase]) -> tuple[DataTable, ...]:
    mappers = sorted(base.registry.mappers, key=lambda mapper: _table_of(mapper.class_).name)
    return tuple(_read(mapper) for mapper in mappers)


def _read(mapper: Mapper[Any]) -> DataTable:
    model, table = mapper.class_, _table_of(mapper.class_)
    record = getattr(model, "__record__", None) or BELOW.get(table.name)
    if record is None:
        raise UnclassifiedError(f"the table {table.name} has no __record__")
    return DataTable(model=model, record=record, fields=tuple(_fields(mapper, table, record)))


def _fields(mapper: Mapper[Any], table: Table, record: DataRecord) -> Iterator[DataField]:
    sealed = _sealed_in(mapper.class_)
    for column in table.columns:
        name = mapper.get_property_by_column(column).key
        if column.name in sealed:
            name, data_class = sealed[column.name]
            yield DataField(name=name, column=column.name, data_class=data_class, sealed=True)
            continue
        data_class = record.classes.get(name) or _by_rule(column)
        yield DataField(name=name, column=column.name, data_class=data_class)


def _sealed_in(model: type[Any]) -> dict[str, tuple[str, FieldClass]]:
    """The sealed fields by their columns: the descriptor itself says of what class it is."""
    found = {}
    for base in reversed(model.__mro__):
        for name, value in vars(base).items():
            data_class = getattr(value, "field_class", None)
            if isinstance(data_class, FieldClass):
                found[f"{name}{SEALED}"] = (name, data_class)
    return found


def _by_rule(column: Column[Any]) -> FieldClass:
    if column.name.endswith(SPEAKING):
        raise UnclassifiedError(f"{column.table.name}.{column.name} tells of something sealed")
    if column.table.name in BELOW:
        return FieldClass.TECHNICAL
    if any(key.target_fullname.endswith("users.id") for key in column.foreign_keys):
        return FieldClass.STAFF
    technical = isinstance(column.type, (Uuid, DateTime, LargeBinary))
    if column.foreign_keys or technical:
        return FieldClass.TECHNICAL
    if isinstance(column.type, (Date, Enum, DATERANGE)):
        return FieldClass.CASEWORK
    raise UnclassifiedError(f"{column.table.name}.{column.name} has no class")


def _condition(
    table: Table, columns: tuple[str, ...], ids: Collection[uuid.UUID]
) -> ColumnElement[bool]:
    column = table.c[columns[0]]
    if len(columns) == 1:
        return column.in_(ids)
    target = next(iter(column.foreign_keys)).column
    inner = _condition(target.table, columns[1:], ids)
    return column.in_(select(target).where(inner))


def _along(table: Table, columns: tuple[str, ...]) -> ColumnElement[Any]:
    column = table.c[columns[0]]
    if len(columns) == 1:
        return column
    target = next(iter(column.foreign_keys)).column
    inner = _along(target.table, columns[1:])
    return select(inner).where(target == column).correlate(table).scalar_subquery()


def _table_of(model: type[Any]) -> Table:
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} is mapped to something that is no table")
    return table
