"""Opens houses and places; a place that was ever slept in is closed, never removed."""

import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from hearth.audit import services as audit
from hearth.shelter.models import House, HouseKind, Place, PlaceKind


class NameTakenError(ValueError):
    """Another house, or another place of the same house, has this name."""


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


def _add(session: Session, row: House | Place) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise NameTakenError from error
