"""Keeps a guest's visit as short as it was given.

Whoever works in a house sees the families who sleep there. Somebody who was let into a file for a
while, and brought the family to where she works, would see it for as long as she likes.
"""

import uuid
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.families.access import is_hers_for_good
from hearth.families.reach import stays_in_her_houses
from hearth.shelter.models import Stay
from hearth.shelter.nights import lock_stay
from hearth.shelter.refusals import HousesOfHerOwnError

Houses = Collection[uuid.UUID]
Decide = Callable[[Any], Stay]


def houses_closed_to(session: Session, household_id: uuid.UUID, *, user: SignedIn) -> Houses:
    """The houses to which somebody brings a family in no way: her own, if she is a guest of it.

    Whoever does not read the family's stays for good is one, too, wherever she may write them.
    """
    asked = (Permission.SHELTER_READ, Permission.SHELTER_WRITE)
    knowing = [(user.reading(FieldClass.LOCATION, one), one) for one in asked]
    for_good = all(
        is_hers_for_good(session, household_id, user=reader, permission=one)
        for reader, one in knowing
    )
    return frozenset() if for_good else user.houses


def houses_closed_to_longer(session: Session, stay: Stay, *, user: SignedIn) -> Houses:
    """The houses in which somebody lets a family stay no longer than it did.

    The end of an open stay that is all in her houses is agreed there, by whoever works in them.
    """
    write = Permission.SHELTER_WRITE
    here = stays_in_her_houses(user.reading(FieldClass.LOCATION, write), write)
    of_house = select(Stay.id).where(Stay.id == stay.id, Stay.ended_on.is_(None), Stay.id.in_(here))
    if session.scalar(of_house) is not None:
        return frozenset()
    return houses_closed_to(session, stay.household_id, user=user)


def as_guest(session: Session, closed: Houses, decide: Decide, stay: Stay | None = None) -> Decide:
    """The same decision, undone if it opens a family to houses that are closed to whoever decides.

    :raises HousesOfHerOwnError: somebody of the family would sleep there on a further night, or
        would be there to the end of the stay and was not.
    """

    def checked(wanted: Any) -> Stay:
        if stay is not None:
            lock_stay(session, stay)
        before = _opened(stay, closed)
        with session.begin_nested():
            decided = decide(wanted)
            if not _opened(decided, closed) <= before:
                raise HousesOfHerOwnError
        return decided

    return checked if closed else decide


def _opened(stay: Stay | None, houses: Houses) -> set[tuple[uuid.UUID, int | None]]:
    """By person, the nights in some houses, and whether they last until the stay ends."""
    rows = [row for row in stay.stay_places if row.house_id in houses] if stay else []
    nights = {
        (row.person_id, day)
        for row in rows
        for day in range(row.starts_on.toordinal(), row.ends_on.toordinal())
    }
    return nights | {(row.person_id, None) for row in rows if stay and row.ends_on == stay.until}
