"""What a family's file knows of its people, where somebody belongs to another family as well.

What is recorded about a person is recorded once, in whichever family it was said. A file tells of
it what was said while she belonged to that family, and not how another one reaches her now.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, cast, func, or_, select
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.util import AliasedClass

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.clock import clock_of
from hearth.data_classes import FieldClass
from hearth.families.entries import (
    REACHING,
    Apart,
    Entry,
    TimeInFamily,
    beginning,
    covered,
    is_told,
    times_apart,
)
from hearth.families.membership import PersonDetails, as_recorded
from hearth.families.models import Household, HouseholdMember, Person, PersonCorrection
from hearth.families.reach import visible_households
from hearth.families.reaching import WAYS_TO_REACH

Member = type[HouseholdMember] | AliasedClass[HouseholdMember]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What one file tells of one person who belongs, or belonged, to another family, too."""

    stood: PersonDetails | None = None
    """What was recorded when she left for another family; None where what is recorded now counts.
    """
    covers: frozenset[str] = frozenset()
    """What the file does not tell of how she is reached: another family was the last to say it."""
    covers_now: frozenset[str] = frozenset()
    """The same of what is recorded now, which is what a correction replaces."""
    is_elsewhere: bool = False
    """Whether another family has her now that the reader does not see."""
    earlier: Mapping[uuid.UUID, frozenset[str]] | None = None
    """By their corrections, the earlier entries that the file tells, and what of each it covers.

    None where it tells all of them.
    """


@dataclass(frozen=True)
class Knowledge:
    """What files tell of people who belong to several families; of all others nothing is held."""

    of: Mapping[tuple[uuid.UUID, uuid.UUID], Known] = field(default_factory=dict)

    def about(self, household_id: uuid.UUID, person_id: uuid.UUID) -> Known:
        """What the file of a family tells of one person."""
        return self.of.get((household_id, person_id), Known())


def known_in(
    session: Session, household_ids: Collection[uuid.UUID], *, user: SignedIn
) -> Knowledge:
    """What the files of these families tell somebody of people who have another family, too."""
    times = _times(session, household_ids, user)
    clock, former = clock_of(session), _corrections(session, times)
    found = {}
    for person in _people(session, times):
        hers = times[person.id]
        first_at = beginning(min(one.joined_on for one in hers), clock)
        entries = entries_of(person, former.get(person.id, []), first_at)
        for home in {one.household_id for one in hers} & set(household_ids):
            found[home, person.id] = what_is_told(home, hers, entries, clock)
    return Knowledge(found)


def what_is_told(
    home: uuid.UUID, times: Sequence[TimeInFamily], entries: Sequence[Entry], clock: tzinfo
) -> Known:
    """What one family's file tells of somebody, by her times in families and her entries."""
    left_on = _left_on(one for one in times if one.household_id == home)
    # Whoever reads this file sees the family, whatever else of it she does not read.
    seen = [replace(one, is_seen=one.is_seen or one.household_id == home) for one in times]
    apart = times_apart(seen, clock)
    has_gone = left_on is not None and any(
        one.lasts_beyond(left_on) for one in times if one.household_id != home
    )
    gone_at = beginning(left_on, clock) if left_on is not None and has_gone else None
    later = [one for one in entries[1:] if gone_at is not None and one.said_at >= gone_at]
    stood = entries[: len(entries) - len(later)]
    unsaid = [*apart, Apart(gone_at)] if gone_at else apart
    return Known(
        stood=PersonDetails.as_recorded(stood[-1].recorded) if later else None,
        covers=_covers(stood, apart, gone_at),
        covers_now=_covers(entries, apart, None),
        is_elsewhere=any(one.goes_beyond(None) for one in apart),
        earlier={
            one.replaced_by: covered(entries[: number + 1], apart)
            for number, one in enumerate(entries)
            if one.replaced_by and is_told(one, unsaid)
        },
    )


def entries_of(
    person: Person, corrections: Sequence[PersonCorrection], first_at: datetime
) -> list[Entry]:
    """What was recorded about somebody, the first of it when she came to her first family."""
    said = [first_at, *(one.corrected_at for one in corrections)]
    replaced = [
        Entry(one.before, said_at, one.corrected_at, one.id)
        for said_at, one in zip(said, corrections, strict=False)
    ]
    return [*replaced, Entry(as_recorded(person), said[-1])]


def as_shown(person: Person, known: Known) -> PersonDetails:
    """What a form shows to whoever corrects what is recorded about somebody now."""
    covers: dict[str, Any] = dict.fromkeys(known.covers_now)
    return replace(PersonDetails.of(person), **covers)


def as_answered(person: Person, answered: PersonDetails, known: Known) -> PersonDetails:
    """What is to be recorded by the answer to such a form.

    Whoever says anew how somebody is reached says all of it; what the form covered stays otherwise.
    """
    shown = as_shown(person, known)
    if any((getattr(answered, one) or None) != getattr(shown, one) for one in WAYS_TO_REACH):
        return answered
    if answered.safe_to_call != shown.safe_to_call:
        return answered
    return replace(answered, **{one: getattr(person, one) for one in REACHING})


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
    other = aliased(HouseholdMember)
    elsewhere = (
        select(other.id)
        .where(
            other.person_id == member.person_id,
            other.household_id != member.household_id,
            other.superseded_at.is_(None),
            or_(other.left_on.is_(None), other.left_on > member.left_on),
        )
        .correlate(member)
    )
    return and_(corrected.exists(), elsewhere.exists())


def _sees(user: SignedIn) -> ColumnElement[bool]:
    through = Permission.FAMILIES_READ
    return visible_households(user.reading(FieldClass.CONTACT, through), through)


def _times(
    session: Session, household_ids: Collection[uuid.UUID], user: SignedIn
) -> Mapping[uuid.UUID, list[TimeInFamily]]:
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
    # Hardly anybody has, and whom somebody sees is dear to ask.
    people = session.scalars(several.distinct()).all()
    if not people:
        return {}
    rows = session.execute(
        select(member.person_id, member.joined_on, member.left_on, _sees(user), member.household_id)
        .join(Household, Household.id == member.household_id)
        .where(member.person_id.in_(people), member.superseded_at.is_(None))
    )
    found: dict[uuid.UUID, list[TimeInFamily]] = {}
    for person_id, joined_on, left_on, is_seen, household_id in rows:
        time = TimeInFamily(joined_on, left_on, is_seen, household_id)
        found.setdefault(person_id, []).append(time)
    return found


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


def _people(session: Session, person_ids: Collection[uuid.UUID]) -> Iterable[Person]:
    if not person_ids:
        return []
    return session.scalars(select(Person).where(Person.id.in_(person_ids))).all()


def _covers(entries: Sequence[Entry], apart: list[Apart], at: datetime | None) -> frozenset[str]:
    """What stays covered of the last of these entries, by whom she was with when it counted."""
    if any(one.goes_beyond(at) for one in apart):
        return frozenset(REACHING)
    return covered(entries, apart)


def _left_on(here: Iterable[TimeInFamily]) -> date | None:
    """When somebody left a family for the last time; None while she belongs to it."""
    every = [one.left_on for one in here]
    days = [one for one in every if one is not None]
    return max(days) if len(days) == len(every) else None
