"""What a family's file knows of its people, where somebody belongs to another family as well.

What is recorded about a person is recorded once, in whichever family it was said. A file tells of
it what was said while she belonged to that family, and not how another one reaches her now.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, Date, Select, and_, cast, func, or_, select
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.util import AliasedClass

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.clock import clock_of
from hearth.data_classes import FieldClass
from hearth.families.membership import PersonDetails
from hearth.families.models import Household, HouseholdMember, PersonCorrection
from hearth.families.reach import visible_households

Member = type[HouseholdMember] | AliasedClass[HouseholdMember]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What one file tells of one person who belongs to another family, too."""

    stood: PersonDetails | None = None
    """What was recorded when she left for another family; None where she belongs to this one."""
    hides_contact: bool = False
    is_elsewhere: bool = False
    """Whether another family has her now that the reader does not see."""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Knowledge:
    """What files tell of people who belong to several families; of all others nothing is held."""

    of: Mapping[tuple[uuid.UUID, uuid.UUID], Known] = field(default_factory=dict)

    def about(self, household_id: uuid.UUID, person_id: uuid.UUID) -> Known:
        """What the file of a family tells of one person."""
        return self.of.get((household_id, person_id), Known())


@dataclass(frozen=True)
class _Time:
    """Somebody's time in a family, and whether the reader sees that family."""

    person_id: uuid.UUID
    household_id: uuid.UUID
    joined_on: date
    left_on: date | None
    is_seen: bool


def known_in(
    session: Session, household_ids: Collection[uuid.UUID], *, user: SignedIn
) -> Knowledge:
    """What the files of these families tell somebody of people who have another family, too."""
    times: dict[uuid.UUID, list[_Time]] = {}
    for one in _times(session, household_ids, user):
        times.setdefault(one.person_id, []).append(one)
    former = _corrections(session, times)
    return Knowledge(
        {
            (home, person_id): _known(session, home, several, former.get(person_id, []))
            for person_id, several in times.items()
            for home in {one.household_id for one in several} & set(household_ids)
        }
    )


def has_gone_on(member: Member) -> ColumnElement[bool]:
    """The condition that another family has somebody who left, and that she was corrected since.

    A day is added because the organisation's day may begin half a day before UTC's.
    """
    corrected_on = cast(func.timezone("UTC", PersonCorrection.corrected_at), Date)
    corrected = (
        select(PersonCorrection.id)
        .where(PersonCorrection.person_id == member.person_id, corrected_on + 1 >= member.left_on)
        .correlate(member)
    )
    return and_(corrected.exists(), _elsewhere(member).exists())


def is_elsewhere(member: Member, user: SignedIn) -> ColumnElement[bool]:
    """The condition that another family has somebody now that this reader does not see."""
    return _elsewhere(member, ~_sees(user)).exists()


def _elsewhere(member: Member, *conditions: ColumnElement[bool]) -> Select[uuid.UUID]:
    other = aliased(HouseholdMember)
    return (
        select(other.id)
        .join(Household, Household.id == other.household_id)
        .where(
            other.person_id == member.person_id,
            other.household_id != member.household_id,
            other.superseded_at.is_(None),
            or_(other.left_on.is_(None), other.left_on > member.left_on),
            *conditions,
        )
        .correlate(member)
    )


def _sees(user: SignedIn) -> ColumnElement[bool]:
    through = Permission.FAMILIES_READ
    return visible_households(user.reading(FieldClass.CONTACT, through), through)


def _times(
    session: Session, household_ids: Collection[uuid.UUID], user: SignedIn
) -> Iterable[_Time]:
    """Every time in a family of those in these families who have more than one."""
    member, here, other = HouseholdMember, aliased(HouseholdMember), aliased(HouseholdMember)
    several = (
        select(here.person_id)
        .join(
            other,
            (other.person_id == here.person_id) & (other.household_id != here.household_id),
        )
        .where(
            here.household_id.in_(household_ids),
            here.superseded_at.is_(None),
            other.superseded_at.is_(None),
        )
    )
    rows = session.execute(
        select(member.person_id, member.household_id, member.joined_on, member.left_on, _sees(user))
        .join(Household, Household.id == member.household_id)
        .where(member.person_id.in_(several), member.superseded_at.is_(None))
    )
    return [_Time(*row) for row in rows]


def _corrections(
    session: Session, person_ids: Collection[uuid.UUID]
) -> Mapping[uuid.UUID, list[PersonCorrection]]:
    """What was corrected about some people, the earliest first."""
    if not person_ids:
        return {}
    corrections = session.scalars(
        select(PersonCorrection)
        .where(PersonCorrection.person_id.in_(person_ids))
        .order_by(PersonCorrection.corrected_at, PersonCorrection.id)
    )
    found: dict[uuid.UUID, list[PersonCorrection]] = {}
    for one in corrections:
        found.setdefault(one.person_id, []).append(one)
    return found


def _known(
    session: Session, home: uuid.UUID, times: list[_Time], corrections: list[PersonCorrection]
) -> Known:
    here = [one for one in times if one.household_id == home]
    others = [one for one in times if one.household_id != home]
    joined_on = min(one.joined_on for one in here)
    left_on = _left_on(here)
    lasting = [one for one in others if _lasts_beyond(one, left_on)]
    hidden = [one.joined_on for one in lasting if not one.is_seen]
    before = any(one.joined_on < joined_on and not one.is_seen for one in others)
    has_gone = left_on is not None and bool(lasting)
    ends = [*hidden, left_on] if left_on is not None and has_gone else hidden
    return Known(
        stood=_as_it_stood(session, corrections, left_on) if left_on and has_gone else None,
        hides_contact=any(left_on is None or since < left_on for since in hidden),
        is_elsewhere=bool(hidden),
        since=_begins(session, joined_on) if before else None,
        until=_begins(session, min(ends)) if ends else None,
    )


def _left_on(here: list[_Time]) -> date | None:
    """When somebody left a family for the last time; None while she belongs to it."""
    days = [one.left_on for one in here if one.left_on is not None]
    return max(days) if len(days) == len(here) else None


def _lasts_beyond(other: _Time, left_on: date | None) -> bool:
    return other.left_on is None or (left_on is not None and other.left_on > left_on)


def _as_it_stood(
    session: Session, corrections: list[PersonCorrection], left_on: date
) -> PersonDetails | None:
    """What was recorded when she left: what the first correction from that day on replaced."""
    day = _begins(session, left_on)
    before = next((one.before for one in corrections if one.corrected_at >= day), None)
    return None if before is None else PersonDetails.as_recorded(before)


def _begins(session: Session, day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=clock_of(session))
