"""Whom an incident concerns as its searches found them, and who told each by which safe way."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.redaction import Sees
from hearth.accounts.services import SignedIn
from hearth.audit import services as audit
from hearth.data_classes import FieldClass
from hearth.families.access import hidden_people, is_bound
from hearth.families.facing import eyes_at_desk
from hearth.families.models import Household, HouseholdMember, Person
from hearth.families.seen import SeenPerson, see_person
from hearth.families.telling import told_through
from hearth.families.vocabulary import MemberRole
from hearth.incidents.models import AffectedPerson, Incident, IncidentSearch, PersonNotice, Way
from hearth.incidents.searching import asked_where
from hearth.incidents.services import lock, record
from hearth.shelter.seen import reads_every_house

MINE = Permission.INCIDENTS_MANAGE
TELLING = frozenset({FieldClass.IDENTITY, FieldClass.CONTACT})


class UnsafeWayError(ValueError):
    """By this way the person must not be reached."""


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
    """How many people an incident concerns: numbers, which name nobody.

    Whoever is bound is told of those whom she may see: a number that counts others answers whatever
    a search asks about them.
    """

    adults: int
    children: int
    families: int
    told: int
    is_whole: bool


def concerned(session: Session, incident: Incident, *, user: SignedIn) -> list[Concerned]:
    """Everybody whom the incident's searches have found and who is entrusted to somebody."""
    return _concerned(session, incident, user)


def one_concerned(
    session: Session, incident: Incident, person_id: uuid.UUID, *, user: SignedIn
) -> Concerned | None:
    """One of them, with how she is told safely; None too for one who is not entrusted to her."""
    return next(iter(_concerned(session, incident, user, person_id)), None)


def is_told_by(session: Session, one: Concerned, *, user: SignedIn) -> bool:
    """Whether somebody ticks off that this person was told: no guest in any family of hers."""
    others = hidden_people(user, MINE, to_decide=True)
    hers = others.where(HouseholdMember.person_id == one.person.id)
    return session.scalar(hers.limit(1)) is None


def tally(session: Session, incident: Incident, *, user: SignedIn) -> Tally:
    """How many of the people who are entrusted to somebody are concerned; to the officer, all."""
    shown = concerned(session, incident, user=user)
    children = sum(one.is_child for one in shown)
    return Tally(
        adults=len(shown) - children,
        children=children,
        families=len({one.household_id for one in shown}),
        told=sum(bool(one.notices) for one in shown),
        is_whole=not is_bound(user),
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

    The log tells it as something about her family: of a file that opens to others, it is a number.

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
    record(
        session,
        "incident.person_told",
        incident,
        by,
        household_id=one.household_id,
        way=way.value,
    )


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
    if is_bound(user) and not reads_every_house(user):
        # Whom such a search found would answer what she may not ask.
        answered = select(IncidentSearch.id).where(~asked_where())
        chosen = chosen.where(AffectedPerson.search_id.in_(answered))
    if person_id is not None:
        chosen = chosen.where(HouseholdMember.person_id == person_id)
    rows = {member.person_id: (member, number) for member, number in session.execute(chosen)}
    told, hidden = _notices(session, incident), _hidden(session, user)
    families = {member.household_id for member, _number in rows.values()}
    through = _told_through(session, families)
    eyes = eyes_at_desk(session, families, user=user, permission=MINE)
    tells = person_id is not None and incident.is_open and not is_bound(user)
    found = []
    for member, case_number in sorted(rows.values(), key=_by_case):
        reach = _reach(member, through)
        if {member.person_id, reach.id if reach else None} & hidden:
            continue
        own = eyes[member.household_id]
        own = _that_tell(own) if tells else own
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


def _that_tell(own: Sees) -> Sees:
    """What is read of one person to tell her safely.

    The officer, who reads no files, reads of somebody who is to be told who she is and how she is
    reached, and nothing else; and nothing of it once nobody is told any more.
    """
    return lambda field_class: field_class in TELLING or own(field_class)


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
