"""Lets whoever sleeps in somebody's bed go where the family goes, so that nobody is left behind.

A night without a place of its own is in a house all the same: in one in which somebody of the
family has a place on that night. Otherwise a baby would keep its mother's stay open to the house
she fled.
"""

import datetime
import uuid
from collections.abc import Collection, Iterable
from itertools import pairwise

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from hearth.shelter.models import ChangeKind, Stay, StayChange, StayPlace
from hearth.shelter.nights import cut

Day = datetime.date
Piece = tuple[Day, Day, uuid.UUID]


def house_of_sharer(
    stay: Stay, current: StayPlace, on: Day, houses: Collection[uuid.UUID] | None
) -> uuid.UUID:
    """In which house somebody sleeps who is to share a bed from a day on.

    Whoever gives up her own place shares a bed in the same house if somebody has one there;
    whoever shares one already goes to the others of her family, where there are any.
    """
    theirs = {row.house_id for row in _beds(stay, on) if row.person_id != current.person_id}
    if houses is not None:
        theirs &= set(houses)
    if current.place_id is None:
        theirs -= {current.house_id}
    elif current.house_id in theirs:
        return current.house_id
    if stay.house_id in theirs:
        return stay.house_id
    return min(theirs, default=current.house_id)


def follow(
    session: Session,
    stay: Stay,
    *,
    to: uuid.UUID,
    nights: Range[Day],
    recorded_by: uuid.UUID,
    houses: Collection[uuid.UUID] | None,
) -> list[StayChange]:
    """Let those who share a bed leave a house with the last of the family who has a place there.

    ``to`` is the house in which somebody has a place from now on. Whoever decides for some
    ``houses`` alone takes nobody along out of another one.
    """
    followed = []
    for row in [one for one in stay.stay_places if one.place_id is None]:
        if houses is None or row.house_id in houses:
            followed += _follow(session, stay, row, to, nights, recorded_by)
    return followed


def _follow(
    session: Session,
    stay: Stay,
    row: StayPlace,
    to: uuid.UUID,
    nights: Range[Day],
    recorded_by: uuid.UUID,
) -> list[StayChange]:
    pieces = _pieces(stay, row, to, nights)
    moved = [one for n, one in enumerate(pieces) if n or one[2] != row.house_id]
    if not moved:
        return []
    cut(session, stay, row, moved[0][0])
    for start, end, house_id in moved:
        stay.stay_places.append(
            StayPlace(person_id=row.person_id, house_id=house_id, nights=Range(start, end))
        )
    changes = [
        StayChange(
            kind=ChangeKind.MOVED,
            effective_on=start,
            person_id=row.person_id,
            recorded_by=recorded_by,
        )
        for start, _end, _house_id in moved
    ]
    stay.changes += changes
    return changes


def _pieces(stay: Stay, row: StayPlace, to: uuid.UUID, nights: Range[Day]) -> list[Piece]:
    """A run of nights in somebody's bed, divided by the houses in which the beds are."""
    ends = {day for one in stay.stay_places for day in (one.starts_on, one.ends_on)}
    ends |= {day for day in (nights.lower, nights.upper) if day is not None}
    days = sorted(day for day in ends if row.starts_on <= day <= row.ends_on)
    pieces: list[Piece] = []
    for start, end in pairwise(days):
        here = _house_on(stay, row, to, start) if start in nights else row.house_id
        if pieces and pieces[-1][2] == here:
            pieces[-1] = (pieces[-1][0], end, here)
        else:
            pieces.append((start, end, here))
    return pieces


def _house_on(stay: Stay, row: StayPlace, to: uuid.UUID, on: Day) -> uuid.UUID:
    theirs = {bed.house_id for bed in _beds(stay, on)}
    if row.house_id in theirs or not theirs:
        return row.house_id
    return to if to in theirs else min(theirs)


def _beds(stay: Stay, on: Day) -> Iterable[StayPlace]:
    """The places in which somebody of the family sleeps on a night."""
    return [
        row
        for row in stay.stay_places
        if row.place_id is not None and row.starts_on <= on < row.ends_on
    ]
