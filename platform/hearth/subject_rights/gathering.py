"""Every row that tells of somebody, and whether it is his own or a whole family's.

What names one person alone is that person's. A row about a family as a whole is given by itself to
nobody but the family's own mother or carer; to everybody else a human gives it out row by row, and
what lies after the day on which somebody left is not about him at all.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import inspect, null, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from hearth.audit import services as audit
from hearth.data_classes import FieldClass
from hearth.data_records import DataGroup, SubjectKind
from hearth.data_register.registry import (
    DataField,
    DataTable,
    day_of,
    home_of,
    leads_to,
    organisation_tables,
    people_named,
)
from hearth.subject_rights.belonging import Home, cut, days_of, homes
from hearth.subject_rights.models import SubjectRequest
from hearth.subject_rights.vocabulary import Asker

# What is nobody's business but the service's; a colleague's own data are hers.
INTERNAL = frozenset({FieldClass.TECHNICAL, FieldClass.STAFF})
# Where somebody is and how she is reached: read before it goes to anybody but herself.
WHEREABOUTS = frozenset({FieldClass.CONTACT, FieldClass.LOCATION})
# How we came to a decision is not handed out with it: a safeguarding note may name a danger, and
# the number of entries that were kept back tells that there is something.
DELIBERATIONS = frozenset(
    {
        "subject_disclosures",
        "subject_request_steps",
        "erasure_proposals",
        "legal_holds",
        "retention_notices",
        "case_grants",
        "household_restrictions",
        "glass_looks",
        "glass_reviews",
        "incident_people",
        "incident_person_notices",
    }
)
# Our own word about somebody: kept back, it leaves no mark that would tell that there is one.
OUR_JUDGEMENT = frozenset(
    {
        ("people", "safe_to_call"),
        ("people", "contact_note"),
        ("person_corrections", "before"),
    }
)
LOOKS = "person_reads"
# By a field's name: every kind of data that somebody has to read before she reads it.
Asks = Mapping[str, frozenset[FieldClass]]


@dataclass(frozen=True, kw_only=True)
class Told:
    """One row about somebody: its table and its fields with their values.

    ``shared`` rows are given out by a human's word alone, as a whole; ``to_read`` names the fields
    that a human reads first. ``household_id`` is the family in whose file it stands; None where it
    belongs to no one family, like what somebody is called. ``asks`` says, by a field's name, what
    somebody has to read before she reads it.
    """

    table: DataTable
    row_id: uuid.UUID | None
    values: dict[DataField, Any]
    household_id: uuid.UUID | None = None
    shared: bool = False
    to_read: frozenset[str] = frozenset()
    asks: Asks = field(default_factory=dict)

    def asked_for(self, one: DataField) -> frozenset[FieldClass]:
        """Every kind of data that somebody has to read before she reads this field."""
        return self.asks.get(one.name, frozenset({one.data_class}))


def rows_about(
    session: Session, kind: SubjectKind, subject_id: uuid.UUID, *, himself: bool
) -> Iterator[Told]:
    """Every row that tells of somebody, table by table; ``himself`` asks, or somebody else."""
    if kind is SubjectKind.PERSON:
        yield from _about_person(session, subject_id, himself=himself)
        return
    for table in _tables():
        for row, home in _rows(session, table, kind, subject_id):
            # A family as a whole asks for nothing: whoever does is one of its people.
            shared = kind is SubjectKind.HOUSEHOLD
            yield from _told(table, row, kind=kind, shared=shared, household_id=home)


def _about_person(session: Session, person_id: uuid.UUID, *, himself: bool) -> Iterator[Told]:
    known = homes(session, person_id, himself=himself)
    for table in _tables():
        if table.name == LOOKS:
            yield from _looks_at(session, table, person_id, known)
        elif table.paths(SubjectKind.PERSON):
            yield from _own(session, table, person_id, known, himself=himself)
        else:
            for home in known:
                yield from _of_family(session, table, person_id, home)


def _own(
    session: Session, table: DataTable, person_id: uuid.UUID, known: list[Home], *, himself: bool
) -> Iterator[Told]:
    # A child's nights are its mother's: whoever asks for somebody else is given them by a human.
    shared = not himself and bool(table.paths(SubjectKind.HOUSEHOLD))
    kind = SubjectKind.PERSON
    for row, home in _rows(session, table, kind, person_id):
        for told in _told(table, row, kind=kind, shared=shared, household_id=home):
            values = _up_to_leaving(told.values, known)
            careful = () if himself else (f.name for f in values if f.data_class in WHEREABOUTS)
            if values:
                yield replace(told, values=values, to_read=told.to_read | frozenset(careful))


def _of_family(
    session: Session, table: DataTable, person_id: uuid.UUID, home: Home
) -> Iterator[Told]:
    condition = leads_to(table, SubjectKind.HOUSEHOLD, {home.household_id})
    if condition is None:
        return
    day = day_of(table)
    named = _named(session, table, home.household_id)
    wanted = select(table.model, null() if day is None else day).where(condition)
    for row, dated in session.execute(wanted.order_by(*table.table.primary_key.columns)):
        people = named[row.id] if named else set()
        alone = people == {person_id}
        shared = not alone and (not home.leads or bool(people & home.other_adults))
        at = home.household_id
        for told in _told(table, row, kind=SubjectKind.PERSON, shared=shared, household_id=at):
            if not shared or home.leads or _was_there(home, dated, told):
                yield told


def _was_there(home: Home, dated: Any, told: Told) -> bool:
    """Whether nothing of a row lies after the day somebody left; undated rows prove nothing."""
    days = [*days_of(dated), *(day for value in told.values.values() for day in days_of(value))]
    return dated is not None and all(home.knew(day) for day in days)


def _up_to_leaving(values: dict[DataField, Any], known: list[Home]) -> dict[DataField, Any]:
    ranges = {f: cut(v, known) for f, v in values.items() if isinstance(v, Range)}
    if any(left is None for left in ranges.values()):
        return {}
    return values | ranges


def _looks_at(
    session: Session, table: DataTable, person_id: uuid.UUID, known: list[Home]
) -> Iterator[Told]:
    """When somebody was shown to a member of staff and, to a family's own mother, what for.

    Who it was is the house's answer. What others looked for may tell where the family is, and a
    look after somebody left was a look at the others.
    """
    fields = {field.name: field for field in table.fields}
    for look in audit.reads_about(session, person_id):
        at = [home for home in known if look.household_id in (None, home.household_id)]
        if any(all(home.knew(day) for day in days_of(look.at)) for home in at):
            values: dict[DataField, Any] = {fields["read_at"]: look.at}
            if any(home.leads for home in at):
                values[fields["purpose"]] = look.purpose
            yield Told(table=table, row_id=None, values=values, household_id=look.household_id)


def _tables() -> Iterator[DataTable]:
    for table in organisation_tables():
        if table.record.group is not DataGroup.OPERATION and table.name not in DELIBERATIONS:
            yield table


def _rows(
    session: Session, table: DataTable, kind: SubjectKind, subject_id: uuid.UUID
) -> Iterator[tuple[Any, uuid.UUID | None]]:
    condition = leads_to(table, kind, {subject_id})
    if condition is not None and table.name == SubjectRequest.__tablename__:
        # What others asked about somebody is their word, and that they asked may warn him.
        condition &= SubjectRequest.asked_by == Asker.SELF
    if condition is not None:
        home = home_of(table)
        wanted = select(table.model, null() if home is None else home).where(condition)
        yield from session.execute(wanted.order_by(*table.table.primary_key.columns))


def _told(
    table: DataTable,
    row: Any,
    *,
    kind: SubjectKind,
    shared: bool,
    household_id: uuid.UUID | None,
) -> Iterator[Told]:
    told = {field: getattr(row, field.name) for field in table.fields if _is_told(field, kind)}
    values = {field: value for field, value in told.items() if value not in (None, "", [], {})}
    if values:
        yield Told(
            table=table,
            row_id=_key(row),
            household_id=household_id,
            values=values,
            shared=shared,
            to_read=frozenset(f.name for f in values if table.may_tell_of_others(f)),
            asks={one.name: table.asked_for(one, row) for one in values},
        )


def _is_told(field: DataField, kind: SubjectKind) -> bool:
    if kind is SubjectKind.STAFF and field.data_class is FieldClass.STAFF:
        return True
    return field.data_class not in INTERNAL


def _key(row: Any) -> uuid.UUID:
    """A row's id, or one made of what it is known by."""
    found = getattr(row, "id", None)
    if isinstance(found, uuid.UUID):
        return found
    state = inspect(row)
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{state.mapper.local_table.name}:{state.identity}")


def _named(
    session: Session, table: DataTable, household_id: uuid.UUID
) -> dict[uuid.UUID, set[uuid.UUID]]:
    found = defaultdict[uuid.UUID, set[uuid.UUID]](set)
    wanted = people_named(table, household_id)
    for row_id, person_id in session.execute(wanted) if wanted is not None else ():
        found[row_id].add(person_id)
    return found
