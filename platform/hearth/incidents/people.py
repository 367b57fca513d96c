"""Whom an incident concerns, found by a question, and who told each of them by which safe way."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.redaction import Sees
from hearth.accounts.services import SignedIn
from hearth.audit import services as audit
from hearth.audit.models import PersonRead
from hearth.clock import organisation_of, today
from hearth.data_classes import FieldClass
from hearth.families.access import hidden_people, is_bound
from hearth.families.facing import eyes_in_files
from hearth.families.models import (
    CaseEpisode,
    Household,
    HouseholdMember,
    Person,
)
from hearth.families.seen import SeenPerson, see_person
from hearth.families.telling import told_through
from hearth.families.vocabulary import MemberRole
from hearth.incidents.models import AffectedPerson, Incident, IncidentSearch, PersonNotice, Way
from hearth.incidents.services import lock, record
from hearth.service_delivery.models import ServiceDelivery
from hearth.shelter.models import Stay

MINE = Permission.INCIDENTS_MANAGE
TELLING = frozenset({FieldClass.IDENTITY, FieldClass.CONTACT})


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

    person: SeenPerson
    household_id: uuid.UUID
    case_number: str
    is_child: bool
    has_left: bool
    """Whether she belongs to no family any more: how she is told is decided one by one."""
    reach: SeenPerson | None
    """Whose rules count: her own, or for a child those of the mother or carer it lives with.

    None where there is nobody of whom we know that she tells safely.
    """
    reads_ways: bool
    """Whether whoever asks may read how she is reached."""
    notices: list[PersonNotice]

    @property
    def may_be_called(self) -> bool:
        """Nobody has said that it is safe unless somebody has said so."""
        return self.reach is not None and self.reach.safe_to_call is True


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many people an incident concerns: numbers, which name nobody."""

    adults: int
    children: int
    families: int
    told: int

    @property
    def people(self) -> int:
        """Everybody."""
        return self.adults + self.children


def freeze(
    session: Session, incident: Incident, criteria: Criteria, *, by: uuid.UUID
) -> IncidentSearch:
    """Ask the question, and keep its answer as it is now.

    :raises IncidentClosedError: the incident was closed.
    """
    lock(session, incident)
    people = session.scalars(_people(session, criteria)).all()
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


def concerned(session: Session, incident: Incident, *, user: SignedIn) -> list[Concerned]:
    """Everybody whom the incident's searches have found and who is entrusted to somebody."""
    return _concerned(session, incident, user, user.eyes(MINE))


def one_concerned(
    session: Session, incident: Incident, person_id: uuid.UUID, *, user: SignedIn
) -> Concerned | None:
    """One of them, with how she is told safely; None too for one who is not entrusted to her."""
    eyes = _eyes_that_tell(incident, user)
    return next(iter(_concerned(session, incident, user, eyes, person_id)), None)


def is_told_by(session: Session, one: Concerned, *, user: SignedIn) -> bool:
    """Whether somebody ticks off that this person was told: no guest in any family of hers."""
    others = hidden_people(user, MINE, to_decide=True)
    hers = others.where(HouseholdMember.person_id == one.person.id)
    return session.scalar(hers.limit(1)) is None


def tally(session: Session, incident: Incident) -> Tally:
    """How many people are concerned, whoever may see their names."""
    rows = session.execute(_members_of(incident)).all()
    families = {person_id: household_id for person_id, _role, household_id in rows}
    children = {person_id for person_id, role, _household_id in rows if role is MemberRole.CHILD}
    return Tally(
        adults=len(families) - len(children),
        children=len(children),
        families=len(set(families.values())),
        told=len(families.keys() & _notices(session, incident).keys()),
    )


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
    """Note that somebody was shown these people: a look at the family of each of them."""
    families: dict[uuid.UUID, set[uuid.UUID]] = {}
    for one in shown:
        reach = {one.reach.id} if one.reach else set()
        families.setdefault(one.household_id, set()).update({one.person.id}, reach)
    for household_id, person_ids in families.items():
        audit.record_read(
            session,
            household_id=household_id,
            person_ids=person_ids,
            user_id=user_id,
            purpose="incident",
        )


def _concerned(
    session: Session,
    incident: Incident,
    user: SignedIn,
    eyes: Sees,
    person_id: uuid.UUID | None = None,
) -> list[Concerned]:
    chosen = (
        select(HouseholdMember, Household.case_number)
        .join(AffectedPerson, AffectedPerson.person_id == HouseholdMember.person_id)
        .join(Household, Household.id == HouseholdMember.household_id)
        .where(
            AffectedPerson.incident_id == incident.id,
            HouseholdMember.superseded_at.is_(None),
        )
        # Where somebody belongs now counts more than where she once belonged.
        .order_by(HouseholdMember.left_on.is_(None), HouseholdMember.joined_on, HouseholdMember.id)
    )
    if person_id is not None:
        chosen = chosen.where(HouseholdMember.person_id == person_id)
    rows = {member.person_id: (member, number) for member, number in session.execute(chosen)}
    told, hidden = _notices(session, incident), _hidden(session, user)
    families = {member.household_id for member, _number in rows.values()}
    through = _told_through(session, families)
    in_files = eyes_in_files(session, families, user=user) if is_bound(user) else {}
    found = []
    for member, case_number in sorted(rows.values(), key=_by_case):
        reach = _reach(member, through)
        if {member.person_id, reach.id if reach else None} & hidden:
            continue
        own = in_files.get(member.household_id, eyes)
        sees = own if member.is_current else _without_contact(own)
        found.append(
            Concerned(
                person=see_person(member.person, sees),
                household_id=member.household_id,
                case_number=case_number,
                is_child=member.role is MemberRole.CHILD,
                has_left=not member.is_current,
                reach=see_person(reach, sees) if reach else None,
                reads_ways=sees(FieldClass.CONTACT),
                notices=told.get(member.person_id, []),
            )
        )
    return found


def _by_case(row: tuple[HouseholdMember, str]) -> tuple[str, date, uuid.UUID]:
    member, case_number = row
    return case_number, member.joined_on, member.person_id


def _reach(member: HouseholdMember, through: Mapping[uuid.UUID, Person]) -> Person | None:
    if not member.is_current:
        return None
    if member.role is MemberRole.CHILD:
        return through.get(member.household_id)
    return member.person


def _without_contact(eyes: Sees) -> Sees:
    """Who left may be whom the family fled from: nobody reads here how to reach him."""
    return lambda field_class: field_class is not FieldClass.CONTACT and eyes(field_class)


def _hidden(session: Session, user: SignedIn) -> set[uuid.UUID]:
    """Who belongs to a family that is not entrusted to somebody, whatever else she belongs to."""
    return set(session.scalars(hidden_people(user, MINE)))


def _eyes_that_tell(incident: Incident, user: SignedIn) -> Sees:
    """What is read of one person to tell her safely.

    The officer, who reads no files, reads of somebody who is to be told who she is and how she is
    reached, and nothing else; and nothing of it once nobody is told any more.
    """
    own = user.eyes(MINE)
    if is_bound(user) or not incident.is_open:
        return own
    return lambda field_class: field_class in TELLING or own(field_class)


def _members_of(incident: Incident) -> Select[uuid.UUID, MemberRole, uuid.UUID]:
    return (
        select(HouseholdMember.person_id, HouseholdMember.role, HouseholdMember.household_id)
        .join(AffectedPerson, AffectedPerson.person_id == HouseholdMember.person_id)
        .where(AffectedPerson.incident_id == incident.id, HouseholdMember.superseded_at.is_(None))
        .order_by(HouseholdMember.joined_on, HouseholdMember.id)
    )


def _people(session: Session, criteria: Criteria) -> Any:
    query = (
        select(HouseholdMember.person_id)
        .where(HouseholdMember.superseded_at.is_(None), *_conditions(session, criteria))
        .distinct()
    )
    return query.order_by(HouseholdMember.person_id)


def _conditions(session: Session, criteria: Criteria) -> list[ColumnElement[bool]]:
    household = HouseholdMember.household_id
    found: list[ColumnElement[bool]] = []
    open_cases = select(CaseEpisode.household_id).where(CaseEpisode.closed_on.is_(None))
    if criteria.state is not CaseState.ANY:
        opened = household.in_(open_cases)
        found.append(opened if criteria.state is CaseState.OPEN else ~opened)
    if criteria.house_id or criteria.part is Part.STAYS:
        stays = select(Stay.household_id).where(
            *_between(criteria, Stay.admitted_on, func.coalesce(Stay.ended_on, today(session)))
        )
        if criteria.house_id:
            stays = stays.where(Stay.house_id == criteria.house_id)
        found.append(household.in_(stays))
    if criteria.part is Part.SERVICES:
        day = ServiceDelivery.delivered_on
        services = select(ServiceDelivery.household_id).where(*_between(criteria, day, day))
        found.append(household.in_(services))
    if criteria.looked_by:
        zone = organisation_of(session).timezone
        day_of_look = func.date(func.timezone(zone, PersonRead.read_at))
        shown = select(func.unnest(PersonRead.person_ids)).where(
            PersonRead.user_id == criteria.looked_by, *_between(criteria, day_of_look, day_of_look)
        )
        found.append(HouseholdMember.person_id.in_(shown))
    if (criteria.since or criteria.until) and len(found) == (criteria.state is not CaseState.ANY):
        ended = func.coalesce(CaseEpisode.closed_on, today(session))
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


def _told_through(
    session: Session, household_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Person]:
    """Through whom the children of each family are told, where there is somebody."""
    families: dict[uuid.UUID, list[HouseholdMember]] = {}
    for member in session.scalars(
        select(HouseholdMember).where(
            HouseholdMember.household_id.in_(household_ids),
            HouseholdMember.superseded_at.is_(None),
            HouseholdMember.left_on.is_(None),
        )
    ):
        families.setdefault(member.household_id, []).append(member)
    told = {household_id: told_through(members) for household_id, members in families.items()}
    return {household_id: person for household_id, person in told.items() if person}
