"""Whoever was erased after a backup stays erased when that backup comes back."""

import uuid
from typing import Any

from sqlalchemy import Column, ColumnElement, MetaData, Row, Table, inspect, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hearth.data_records import SubjectKind
from hearth.models import TENANT_METADATA
from hearth.sealing.keyring import Keyring
from hearth.sealing.store import key_store
from hearth.subject_rights.erasing import forget_again
from tenants.borrowing import borrowed_session
from tenants.owners import Connection
from tenants.restoring import ERASERS

CERTIFICATES = TENANT_METADATA.tables["erasure_certificates"]
ERASURES = TENANT_METADATA.tables["erasures"]
DESTRUCTIONS = TENANT_METADATA.tables["key_destructions"]
CARRIED = (CERTIFICATES, ERASURES, DESTRUCTIONS)


def register() -> None:
    """Let every restore forget; called where the commands are made ready."""
    if forget_erased not in ERASERS:
        ERASERS.append(forget_erased)


def forget_erased(home: Connection, there: Connection, living: str, restored: str) -> int:
    """Carry the list of the erased over from the rows that go, and forget everybody on it again.

    Returns how many persons, referrals, donors and colleagues the backup did not know as erased.
    Their keys are destroyed even if the restore fails later: they were erased either way.
    """
    with borrowed_session(there, restored) as session:
        if not _knows_erasures(session, living):
            return 0
        # A scratch schema has no keys: what stands in it was sealed under the organisation's own.
        session.info["keyring"] = Keyring(_owner_of_keys(home, living, restored), key_store())
        carried = {table: _carry(session, table, living) for table in CARRIED}
        erased = {(row.subject_kind, row.subject_id) for row in carried[ERASURES]}
        destroyed = {row.subject_id for row in carried[DESTRUCTIONS]}
        # A referral went with the family it had led to, which the backup may not know yet.
        forget_again(session, {*erased, *((SubjectKind.REFERRAL, one) for one in destroyed)})
    return len(_people(erased))


def _knows_erasures(session: Session, living: str) -> bool:
    """Whether there is a list at all: what is replaced may be lost or older than it."""
    return inspect(session.connection()).has_table(ERASURES.name, schema=living)


def _owner_of_keys(home: Connection, *schemas: str) -> str:
    row = home.execute(
        "SELECT schema_name FROM shared.organisations WHERE schema_name = ANY (%s)",
        (list(schemas),),
    ).fetchone()
    if row is None:
        raise LookupError("neither schema is an organisation's")
    return str(row[0])


def _carry(session: Session, table: Table, living: str) -> list[Row[Any]]:
    """Add the rows that only the living schema has; returns them as they arrived."""
    old = table.to_metadata(MetaData(), schema=living)
    values = [_still_known(column, old) for column in table.columns]
    added = insert(table).from_select(list(table.columns.keys()), select(*values))
    return list(session.execute(added.on_conflict_do_nothing().returning(*table.columns)))


def _still_known(column: Column[Any], old: Table) -> ColumnElement[Any]:
    """A value as it was; a reference to what came after the backup, and went with it, is empty."""
    value = old.c[column.name]
    target = next((one.column for one in column.foreign_keys), None)
    if target is None or target.table in CARRIED:
        return value
    return select(target).where(target == value).correlate(old).scalar_subquery()


def _people(erased: set[tuple[SubjectKind, uuid.UUID]]) -> set[uuid.UUID]:
    return {one for kind, one in erased if kind is not SubjectKind.HOUSEHOLD}
