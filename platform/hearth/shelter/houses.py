"""Opens houses and places; a place that was ever slept in is closed, never removed."""

import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from hearth.audit import services as audit
from hearth.shelter.models import House, HouseKind, Place, PlaceKind, StayPlace


class NameTakenError(ValueError):
    """Another house, or another place of the same house, has this name."""


class ClosingTooEarlyError(ValueError):
    """Somebody is to sleep there on the day of closing or later; it is free from `free_on`."""

    def __init__(self, free_on: datetime.date) -> None:
        super().__init__("somebody sleeps there later")
        self.free_on = free_on


def all_houses(session: Session) -> list[House]:
    """Every house with its places, those that are closed too, by name."""
    chosen = select(House).order_by(House.name).options(selectinload(House.places))
    return list(session.scalars(chosen))


def open_house(
    session: Session,
    *,
    name: str,
    kind: HouseKind,
    open_from: datetime.date,
    guideline_nights: int | None,
) -> House:
    """Add a house.

    :raises NameTakenError: there is a house of this name.
    """
    house = House(name=name, kind=kind, open_from=open_from, guideline_nights=guideline_nights)
    _add(session, house)
    audit.record(session, action="house.opened", subject_type="house", subject_id=house.id)
    return house


def open_place(
    session: Session, house: House, *, name: str, kind: PlaceKind, open_from: datetime.date
) -> Place:
    """Add a bed or a cot to a house.

    :raises NameTakenError: the house has a place of this name.
    """
    place = Place(house_id=house.id, name=name, kind=kind, open_from=open_from)
    _add(session, place)
    audit.record(session, action="place.opened", subject_type="place", subject_id=place.id)
    return place


def close_place(session: Session, place: Place, *, open_to: datetime.date) -> None:
    """Let nobody sleep in a place from a day on.

    :raises ClosingTooEarlyError: somebody sleeps there on that day or later.
    """
    session.refresh(place, with_for_update=True)
    last = max(
        (
            row.ends_on
            for row in session.scalars(select(StayPlace).where(StayPlace.place_id == place.id))
        ),
        default=place.open_from + datetime.timedelta(days=1),
    )
    if open_to < last or open_to <= place.open_from:
        raise ClosingTooEarlyError(last)
    place.open_to = open_to
    session.flush()
    audit.record(session, action="place.closed", subject_type="place", subject_id=place.id)


def _add(session: Session, row: House | Place) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise NameTakenError from error
