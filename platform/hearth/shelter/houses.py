"""Opens houses and places; a place that was ever slept in is closed, never removed."""

import datetime
import uuid

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from hearth.audit import services as audit
from hearth.shelter.models import House, HouseKind, Place, PlaceKind, StayPlace


class NameTakenError(ValueError):
    """Another house, or another place of the same house, has this name."""


class ClosingTooEarlyError(ValueError):
    """The place is free from `free_on`; before it somebody of `stay_in_house` is to sleep there."""

    def __init__(
        self, free_on: datetime.date, stay_in_house: tuple[uuid.UUID, uuid.UUID] | None
    ) -> None:
        super().__init__("somebody sleeps there later, or nobody could have yet")
        self.free_on = free_on
        self.stay_in_house = stay_in_house


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

    :raises ClosingTooEarlyError: somebody sleeps there on that day or later, or it opens then.
    """
    session.refresh(place, with_for_update=True)
    nights = session.scalars(select(StayPlace).where(StayPlace.place_id == place.id))
    last = max(nights, key=lambda row: row.ends_on, default=None)
    if last is not None and open_to < last.ends_on:
        raise ClosingTooEarlyError(last.ends_on, (last.stay_id, last.house_id))
    if open_to <= place.open_from:
        raise ClosingTooEarlyError(place.open_from + datetime.timedelta(days=1), None)
    place.open_to = open_to
    session.flush()
    audit.record(session, action="place.closed", subject_type="place", subject_id=place.id)


def _add(session: Session, row: House | Place) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise NameTakenError from error
