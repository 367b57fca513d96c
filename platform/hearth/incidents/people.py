"""Whom an incident concerns, found by a question, and who told each of them by which safe way."""

import uuid
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hearth.audit import services as audit
from hearth.audit.models import PersonRead
from hearth.families.models import (
    CaseEpisode,
    Household,
    HouseholdMember,
    Person,
)
from hearth.families.vocabulary import MemberRole
from hearth.incidents.models import AffectedPerson, Incident, IncidentSearch, PersonNotice, Way
from hearth.incidents.services import lock, record
from hearth.service_delivery.models import ServiceDelivery
from hearth.shelter.models import Stay


class CaseState(StrEnum):
    """Which families a search looks at."""

    ANY = "any"
    OPEN = "open"
    CLOSED = "closed"


class Part(StrEnum):
    """Which part of a file is concerned."""

    WHOLE = "whole"
    SERVICES = "services"
    STAYS = "stays"


class UnsafeWayError(ValueError):
    """By this way the person must not be reached."""


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """What the people who are concerned have in common."""

    state: CaseState = CaseState.ANY
    part: Part = Part.WHOLE
    house_id: uuid.UUID | None = None
    looked_by: uuid.UUID | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, kw_only=True)
class Concerned:
    """One person who is concerned, how she is reached safely, and whether she was told."""

    person: Person
    case_number: str
    is_child: bool
    reach: Person
    """Whose rules count: her own, or for a child those of the first adult of its family."""
    notices: list[PersonNotice]

    @property
    def may_be_called(self) -> bool:
        """Nobody has said that it is safe unless somebody has said so."""
        return self.reach.safe_to_call is True


def freeze(
    session: Session, incident: Incident, criteria: Criteria, *, by: uuid.UUID
) -> IncidentSearch:
    """Ask the question, and keep its answer as it is now.

    :raises IncidentClosedError: the incident was closed.
    """
    lock(session, incident)
    people = session.scalars(_people(criteria)).all()
    search = IncidentSearch(
        incident_id=incident.id, criteria=_plain(criteria), found=len(people), made_by=by
    )
    session.add(search)
    session.flush()
    if people:
        session.execute(
            insert(AffectedPerson)
            .values(
                [
                    {"incident_id": incident.id, "person_id": one, "search_id": search.id}
                    for one in people
                ]
            )
            .on_conflict_do_nothing()
        )
    session.expire(incident, ["searches"])
    record(session, "incident.people_found", incident, by, found=len(people))
    return search


def concerned(session: Session, incident: Incident) -> list[Concerned]:
    """Everybody whom the incident's searches have found, family by family."""
    rows = session.execute(
        select(Person, HouseholdMember.role, Household.case_number, Household.id)
        .join(AffectedPerson, AffectedPerson.person_id == Person.id)
        .join(HouseholdMember, HouseholdMember.person_id == Person.id)
        .join(Household, Household.id == HouseholdMember.household_id)
        .where(AffectedPerson.incident_id == incident.id, HouseholdMember.superseded_at.is_(None))
        .order_by(Household.case_number, HouseholdMember.joined_on, Person.id)
    ).all()
    told = _notices(session, incident)
    adults = _adults(session, {household_id for *_rest, household_id in rows})
    found: dict[uuid.UUID, Concerned] = {}
    for person, role, case_number, household_id in rows:
        is_child = role is MemberRole.CHILD
        reach = adults.get(household_id, person) if is_child else person
        found[person.id] = Concerned(
            person=person,
            case_number=case_number,
            is_child=is_child,
            reach=reach,
            notices=told.get(person.id, []),
        )
    return list(found.values())


def one_concerned(session: Session, incident: Incident, person_id: uuid.UUID) -> Concerned | None:
    """One of them, or None."""
    return next((one for one in concerned(session, incident) if one.person.id == person_id), None)


def tell(
    session: Session,
    incident: Incident,
    one: Concerned,
    *,
    way: Way,
    note: str | None,
    by: uuid.UUID,
) -> None:
    """Tick off that somebody was told, or why not.

    :raises UnsafeWayError: she may not be called.
    :raises IncidentClosedError: the incident was closed.
    """
    lock(session, incident)
    if way is Way.CALL and not one.may_be_called:
        raise UnsafeWayError
    session.add(
        PersonNotice(
            incident_id=incident.id, person_id=one.person.id, way=way, note=note, told_by=by
        )
    )
    session.flush()
    record(session, "incident.person_told", incident, by, way=way.value)


def note_look(session: Session, shown: Collection[Concerned], *, user_id: uuid.UUID) -> None:
    """Note that somebody was shown these people, whichever family they belong to."""
    if shown:
        audit.record_read(
            session,
            person_ids={one for each in shown for one in (each.person.id, each.reach.id)},
            user_id=user_id,
            purpose="incident",
            number=len(shown),
        )


def _people(criteria: Criteria) -> Any:
    query = (
        select(HouseholdMember.person_id)
        .where(HouseholdMember.superseded_at.is_(None), *_conditions(criteria))
        .distinct()
    )
    return query.order_by(HouseholdMember.person_id)


def _conditions(criteria: Criteria) -> list[ColumnElement[bool]]:
    household = HouseholdMember.household_id
    found: list[ColumnElement[bool]] = []
    open_cases = select(CaseEpisode.household_id).where(CaseEpisode.closed_on.is_(None))
    if criteria.state is not CaseState.ANY:
        opened = household.in_(open_cases)
        found.append(opened if criteria.state is CaseState.OPEN else ~opened)
    if criteria.house_id or criteria.part is Part.STAYS:
        stays = select(Stay.household_id).where(
            *_between(criteria, Stay.admitted_on, func.coalesce(Stay.ended_on, func.current_date()))
        )
        if criteria.house_id:
            stays = stays.where(Stay.house_id == criteria.house_id)
        found.append(household.in_(stays))
    if criteria.part is Part.SERVICES:
        day = ServiceDelivery.delivered_on
        services = select(ServiceDelivery.household_id).where(*_between(criteria, day, day))
        found.append(household.in_(services))
    if criteria.looked_by:
        day_of_look = func.date(PersonRead.read_at)
        shown = select(func.unnest(PersonRead.person_ids)).where(
            PersonRead.user_id == criteria.looked_by, *_between(criteria, day_of_look, day_of_look)
        )
        found.append(HouseholdMember.person_id.in_(shown))
    if (criteria.since or criteria.until) and len(found) == (criteria.state is not CaseState.ANY):
        ended = func.coalesce(CaseEpisode.closed_on, func.current_date())
        cases = select(CaseEpisode.household_id).where(
            *_between(criteria, CaseEpisode.opened_on, ended)
        )
        found.append(household.in_(cases))
    return found


def _between(criteria: Criteria, begins: Any, ends: Any) -> list[ColumnElement[bool]]:
    found = []
    if criteria.since:
        found.append(ends >= criteria.since)
    if criteria.until:
        found.append(begins <= criteria.until)
    return found


def _plain(criteria: Criteria) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(criteria).items() if value is not None}


def _notices(session: Session, incident: Incident) -> dict[uuid.UUID, list[PersonNotice]]:
    found: dict[uuid.UUID, list[PersonNotice]] = {}
    for notice in session.scalars(
        select(PersonNotice)
        .where(PersonNotice.incident_id == incident.id)
        .order_by(PersonNotice.told_at)
    ):
        found.setdefault(notice.person_id, []).append(notice)
    return found


def _adults(session: Session, household_ids: set[uuid.UUID]) -> dict[uuid.UUID, Person]:
    """The first adult of each family, the mother where there is one."""
    members = session.scalars(
        select(HouseholdMember).where(
            HouseholdMember.household_id.in_(household_ids),
            HouseholdMember.superseded_at.is_(None),
            HouseholdMember.role != MemberRole.CHILD,
        )
    ).all()
    ordered = sorted(members, key=HouseholdMember.order_of_mention, reverse=True)
    return {member.household_id: member.person for member in ordered}
