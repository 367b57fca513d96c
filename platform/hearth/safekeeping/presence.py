"""The present rows, beside those that were restored, and who of them is known in both."""

from collections.abc import Iterable
from typing import Any
from typing import cast as cast_to

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    FromClause,
    MetaData,
    Select,
    String,
    Table,
    cast,
    exists,
    func,
    null,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import array, insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import KeyedColumnElement

from hearth.accounts.models import User
from hearth.data_register.registry import organisation_tables
from tenants.models import TenantModel

USERS = TenantModel.metadata.tables[User.__tablename__]
COLUMNS = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = :of"


class Present:
    """The schema whose rows go, where a restore still finds them."""

    def __init__(self, session: Session, schema: str) -> None:
        self.session = session
        self.schema = schema
        self._tables: dict[str, FromClause] = {}

    def of(self, table: FromClause) -> FromClause:
        """A table as it stands there, under a name of its own."""
        name = cast_to("Table", table).name
        if name not in self._tables:
            there = cast_to("Table", table).to_metadata(MetaData(), schema=self.schema)
            self._tables[name] = there.alias(f"present_{name}")
        return self._tables[name]

    def has(self, tables: Iterable[Table]) -> bool:
        """Whether these are there with every column, so that their rows can be asked."""
        rows = self.session.execute(text(COLUMNS), {"of": self.schema})
        there = {(row.table_name, row.column_name) for row in rows}
        return all((table.name, one.name) in there for table in tables for one in table.columns)

    def value_of(self, column: Column[Any]) -> ColumnElement[Any]:
        """What stands there now, for the restored row: a colleague by her id or else her address.

        Another reference to what came after the backup is empty.
        """
        theirs = self.of(column.table)
        value, target = theirs.c[column.name], _target(column)
        if target is None:
            return value
        same = select(target).where(target == value).correlate(theirs).scalar_subquery()
        return func.coalesce(same, self._by_address(value)) if target is USERS.c.id else same

    def bring_people(self, table: Table, names: Iterable[str], rows: ColumnElement[bool]) -> None:
        """Let whoever is named in these rows be known again: with a closed account, if she is new.

        It has no role, no password and no second factor.
        """
        theirs = self.of(USERS)
        for name in names:
            if _target(table.c[name]) is USERS.c.id:
                named = select(self.of(table).c[name]).where(rows)
                known = or_(USERS.c.id == theirs.c.id, USERS.c.email == theirs.c.email)
                new = ~exists().where(known).correlate(theirs)
                values = [_powerless(one) for one in theirs.columns]
                chosen = select(*values).where(theirs.c.id.in_(named), new)
                added = insert(USERS).from_select(list(USERS.c.keys()), chosen)
                self.session.execute(added.on_conflict_do_nothing())

    def parents_known(self, table: Table) -> list[ColumnElement[bool]]:
        """The conditions on a present row that whatever it is about came back with the backup."""
        theirs = self.of(table)
        found: list[ColumnElement[bool]] = []
        for column in table.columns:
            value, target = theirs.c[column.name], _target(column)
            if column.name == "subject_id" and target is None:
                found.append(value.in_(_subjects()))
            elif target is not None and target is not USERS.c.id:
                found.append(or_(value.is_(None), value.in_(select(target))))
        return found

    def _by_address(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        theirs = self.of(USERS).alias()
        found = select(USERS.c.id).join(theirs, theirs.c.email == USERS.c.email)
        return found.where(theirs.c.id == value).correlate(value.table).scalar_subquery()


def _target(column: Column[Any]) -> Column[Any] | None:
    return next((one.column for one in column.foreign_keys), None)


def _powerless(column: KeyedColumnElement[Any]) -> ColumnElement[Any]:
    if column.name in {"password_hash", "second_factor_at"}:
        return null()
    if column.name == "roles":
        return cast(array([]), ARRAY(String))
    return func.coalesce(column, func.now()) if column.name == "disabled_at" else column


def _subjects() -> Select[Any]:
    """Everybody whom a row without a reference can be about: ids are one person's alone."""
    tables = [
        one.table
        for one in organisation_tables()
        if any(path.columns == ("id",) for path in one.record.subject)
    ]
    return select(union_all(*(select(one.c.id) for one in tables)).subquery().c.id)
