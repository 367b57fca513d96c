"""How somebody belongs to a family: what of its file is her own, and up to which day."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from hearth.families.models import HouseholdMember
from hearth.families.vocabulary import CARING, LeavingReason, MemberRole

# No organisation's day begins earlier than this before UTC's.
EARLIEST_DAY = timedelta(hours=14)


@dataclass(frozen=True, kw_only=True)
class Home:
    """One family to which somebody belongs or belonged.

    ``leads`` says that the family's file is hers: she is its mother or carer now, nobody else ever
    was, and it is she who asks.
    """

    household_id: uuid.UUID
    times: tuple[tuple[date, date | None], ...]
    leads: bool = False
    other_adults: frozenset[uuid.UUID] = frozenset()

    def knew(self, day: date) -> bool:
        """Whether a day lies before somebody left; the day of leaving is not hers any more."""
        begun = [left_on for joined_on, left_on in self.times if joined_on <= day]
        return not begun or begun[-1] is None or day < begun[-1]

    def is_over(self, day: date) -> bool:
        """Whether somebody had left for good by a day."""
        return all(left_on is not None and left_on <= day for _, left_on in self.times)

    def end_from(self, day: date) -> date | None:
        """The end of the time that runs on a day, or of the next one; None while it runs."""
        return next(left_on for _, left_on in self.times if left_on is None or left_on > day)


def homes(session: Session, person_id: uuid.UUID, *, himself: bool) -> list[Home]:
    """Every family to which somebody belongs or belonged, as far as he asks for himself."""
    mine = select(HouseholdMember.household_id).where(HouseholdMember.person_id == person_id)
    rows = session.scalars(
        select(HouseholdMember)
        .where(
            HouseholdMember.household_id.in_(mine),
            HouseholdMember.superseded_at.is_(None),
            HouseholdMember.leaving_reason.is_distinct_from(LeavingReason.ADDED_BY_MISTAKE),
        )
        .order_by(HouseholdMember.household_id, HouseholdMember.joined_on, HouseholdMember.id)
    )
    families = (list(family) for _, family in groupby(rows, lambda row: row.household_id))
    return [
        _home(family, person_id, himself=himself)
        for family in families
        if any(row.person_id == person_id for row in family)
    ]


def is_alone(session: Session, person_id: uuid.UUID) -> bool:
    """Whether nobody else belongs or ever belonged to the families of somebody."""
    mine = select(HouseholdMember.household_id).where(HouseholdMember.person_id == person_id)
    others = select(HouseholdMember.id).where(
        HouseholdMember.household_id.in_(mine), HouseholdMember.person_id != person_id
    )
    return session.scalars(others.limit(1)).first() is None


def days_of(value: Any) -> Iterable[date]:
    """The days that stand in a value; a moment counts as the latest day it is anywhere."""
    match value:
        case datetime():
            yield (value + EARLIEST_DAY).date()
        case date():
            yield value
        case Range():
            yield from (end for end in (value.lower, value.upper) if end is not None)


def cut(nights: Range[date], known: Sequence[Home]) -> Range[date] | None:
    """Nights up to the day on which somebody left; None where none of them were before it."""
    first = nights.lower
    if first is None:
        return None
    ends = [home.end_from(first) for home in known if not home.is_over(first)]
    if not ends:
        return None
    left_on = min((end for end in ends if end is not None), default=None)
    if left_on is None or (nights.upper is not None and nights.upper <= left_on):
        return nights
    return Range(first, left_on, bounds="[)")


def _home(family: list[HouseholdMember], person_id: uuid.UUID, *, himself: bool) -> Home:
    leaders = {row.person_id for row in family if row.role in CARING}
    mine = [row for row in family if row.person_id == person_id]
    here = any(row.left_on is None and row.role in CARING for row in mine)
    adults = {row.person_id for row in family if row.role is not MemberRole.CHILD}
    return Home(
        household_id=family[0].household_id,
        times=tuple((row.joined_on, row.left_on) for row in mine),
        leads=himself and here and leaders == {person_id},
        other_adults=frozenset(adults - {person_id}),
    )
