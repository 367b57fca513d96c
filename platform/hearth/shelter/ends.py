"""Which days a stay may end on, so that no house has a family back that had left it.

The nights that last until a stay ends say in which house the family was then. An end before the
first night in the last house would say it of the house before that one, perhaps of the house the
mother fled: its staff would read why the stay ended and where she went.
"""

import datetime
import uuid
from collections.abc import Collection

from hearth.shelter.models import Stay
from hearth.shelter.refusals import DateProblem, StayDatesError

Houses = Collection[uuid.UUID] | None
LONGEST_STAY = datetime.timedelta(days=1830)
"""Five years: nobody plans further, so a later day is a slip of the keyboard."""


def check_plan(admitted_on: datetime.date, until: datetime.date) -> None:
    """Refuse an agreed day that leaves no night, or lies further ahead than anybody plans."""
    if until <= admitted_on:
        raise StayDatesError("planned_until", DateProblem.NOT_AFTER_ADMISSION)
    if until - admitted_on > LONGEST_STAY:
        raise StayDatesError("planned_until", DateProblem.TOO_FAR_AHEAD)


def check_departure(
    stay: Stay, ended_on: datetime.date, today: datetime.date, houses: Houses
) -> None:
    """Refuse a day of leaving on which nobody can have left, or which is not hers to write."""
    if ended_on > today:
        raise StayDatesError("ended_on", DateProblem.IN_THE_FUTURE)
    if ended_on < stay.admitted_on:
        raise StayDatesError("ended_on", DateProblem.BEFORE_ADMISSION)
    if houses is not None and stay.ended_on is not None and ended_on > stay.ended_on:
        raise StayDatesError("ended_on", DateProblem.LATER_THAN_BEFORE)
    check_last_house(stay, "ended_on", ended_on, houses)
    if ended_on > stay.until and not stay.stay_places:
        raise StayDatesError("ended_on", DateProblem.NO_NIGHTS_LEFT)


def check_last_house(stay: Stay, field: str, until: datetime.date, houses: Houses) -> None:
    """Refuse an end before the first night here: the family would be back where it was before.

    Whoever decides for some ``houses`` alone takes no night in another one away either, and is
    refused in words that tell of no other house.
    """
    elsewhere = [row.ends_on for row in stay.stay_places if not _within(row.house_id, houses)]
    if any(until <= day for day in elsewhere):
        raise StayDatesError(field, DateProblem.NOT_AFTER_ADMISSION)
    if any(_is_back(stay, person_id, until) for person_id in _persons(stay)):
        raise StayDatesError(field, DateProblem.NOT_AFTER_MOVE)


def _within(house_id: uuid.UUID, houses: Houses) -> bool:
    return houses is None or house_id in houses


def _persons(stay: Stay) -> set[uuid.UUID]:
    return {row.person_id for row in stay.stay_places}


def _is_back(stay: Stay, person_id: uuid.UUID, until: datetime.date) -> bool:
    """Whether the nights before a day end in another house than all of them do."""
    theirs = [row for row in stay.stay_places if row.person_id == person_id]
    theirs.sort(key=lambda row: row.starts_on)
    kept = [row for row in theirs if row.starts_on < until]
    return bool(kept) and kept[-1].house_id != theirs[-1].house_id
