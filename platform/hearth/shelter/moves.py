"""Which nights a move to another place replaces, so that nobody is back in a house she left.

A move is often written down later than it happened, and after somebody changed her bed for a later
day. A house that she left has no night of hers from then on, whatever was written for later.
"""

import datetime
import uuid

from hearth.shelter.models import Stay, StayPlace
from hearth.shelter.refusals import DateProblem, StayDatesError


def sleeping_on(stay: Stay, person_id: uuid.UUID, on: datetime.date) -> StayPlace:
    """The nights of one person in the place that she has on a day.

    :raises StayDatesError: she sleeps nowhere in this stay then.
    """
    for row in _nights_of(stay, person_id):
        if row.starts_on <= on < row.ends_on:
            return row
    raise StayDatesError("moved_on", DateProblem.NOT_HERE_THEN)


def replaced_by_move(stay: Stay, current: StayPlace, house_id: uuid.UUID) -> list[StayPlace]:
    """The nights of one person that a move to a house takes the place of, the current ones first.

    Whoever leaves a house leaves every bed that she was to have there without a break. To return
    to a house that she had left is a decision of its own, which no earlier move takes back.

    :raises StayDatesError: she is to be back later in a house in which she was before the move.
    """
    rows = _nights_of(stay, current.person_id)
    until = rows.index(current) + 1
    if house_id != current.house_id:
        while until < len(rows) and rows[until].house_id == current.house_id:
            until += 1
    left = {row.house_id for row in rows if row.starts_on <= current.starts_on} - {house_id}
    if any(row.house_id in left for row in rows[until:]):
        raise StayDatesError("moved_on", DateProblem.CHANGED_LATER)
    return rows[rows.index(current) : until]


def _nights_of(stay: Stay, person_id: uuid.UUID) -> list[StayPlace]:
    rows = [row for row in stay.stay_places if row.person_id == person_id]
    return sorted(rows, key=lambda row: row.starts_on)
