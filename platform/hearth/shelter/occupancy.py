"""Who sleeps where: tonight's houses, the places that are free, and nights to be counted."""

import datetime
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from hearth.families.models import Person
from hearth.shelter.models import House, HouseKind, Place, PlaceKind, Stay, StayPlace

ONE_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Nights:
    """A run of nights one person slept in a house, cut to the days that were asked about."""

    stay_id: uuid.UUID
    household_id: uuid.UUID
    person_id: uuid.UUID
    house_id: uuid.UUID
    house_kind: HouseKind
    place_kind: PlaceKind | None
    starts_on: datetime.date
    ends_on: datetime.date

    @property
    def count(self) -> int:
        """How many bed nights they are."""
        return (self.ends_on - self.starts_on).days


@dataclass(frozen=True)
class Guest:
    """One person in a house; without a place of its own it shares someone's bed."""

    person: Person
    place: Place | None


@dataclass(frozen=True)
class FamilyInHouse:
    """One stay with those of the family who sleep here tonight."""

    stay: Stay
    guests: list[Guest] = field(default_factory=list)


@dataclass(frozen=True)
class HouseTonight:
    """One house on one evening."""

    house: House
    families: list[FamilyInHouse]
    free: list[Place]
    open_places: int

    @property
    def taken_places(self) -> int:
        """How many of the places open tonight somebody sleeps in."""
        return self.open_places - len(self.free)

    @property
    def persons(self) -> int:
        """How many people sleep in the house."""
        return sum(len(family.guests) for family in self.families)


@dataclass(frozen=True)
class PlaceOffer:
    """A place open on a day; if somebody sleeps in it, in which stay and, if known, until when."""

    place: Place
    taken_by: uuid.UUID | None = None
    taken_until: datetime.date | None = None

    @property
    def is_free(self) -> bool:
        """Whether nobody sleeps there."""
        return self.taken_by is None


def nights_in(session: Session, start: datetime.date, end: datetime.date) -> list[Nights]:
    """The nights from `start` to before `end`, one row per person and place.

    A night still to come counts as it is planned; ask up to today for what has happened.
    """
    rows = session.execute(
        select(StayPlace, Stay.household_id, House.kind, Place.kind)
        .join(Stay, Stay.id == StayPlace.stay_id)
        .join(House, House.id == StayPlace.house_id)
        .outerjoin(Place, Place.id == StayPlace.place_id)
        .where(StayPlace.nights.overlaps(Range(start, end)))
        .order_by(StayPlace.nights, StayPlace.id)
    )
    return [
        Nights(
            stay_id=slept.stay_id,
            household_id=household_id,
            person_id=slept.person_id,
            house_id=slept.house_id,
            house_kind=house_kind,
            place_kind=place_kind,
            starts_on=max(slept.starts_on, start),
            ends_on=min(slept.ends_on, end),
        )
        for slept, household_id, house_kind, place_kind in rows
    ]


def free_places(session: Session, on: datetime.date) -> list[Place]:
    """The places open on a night in which nobody sleeps, by house and name."""
    return [offer.place for offer in place_offers(session, on) if offer.is_free]


def place_offers(session: Session, on: datetime.date) -> list[PlaceOffer]:
    """Every place open on a night, with the day it becomes free."""
    taken = {slept.place_id: (stay.id, slept.ends_on) for slept, stay in _sleepers(session, on)}
    return [
        PlaceOffer(place, *taken.get(place.id, (None, None))) for place in _open_places(session, on)
    ]


def houses_tonight(session: Session, on: datetime.date) -> list[HouseTonight]:
    """Every house open on an evening, or still slept in, with its guests and its free places."""
    sleepers = _sleepers(session, on)
    persons = _persons(session, [slept.person_id for slept, _ in sleepers])
    places = {place.id: place for place in session.scalars(select(Place))}
    families: dict[uuid.UUID, dict[uuid.UUID, FamilyInHouse]] = {}
    for slept, stay in sleepers:
        house = families.setdefault(slept.house_id, {})
        family = house.setdefault(stay.id, FamilyInHouse(stay))
        place = places[slept.place_id] if slept.place_id else None
        family.guests.append(Guest(persons[slept.person_id], place))
    taken = {slept.place_id for slept, _ in sleepers}
    open_places = _open_places(session, on)
    return [
        HouseTonight(
            house=house,
            families=list(families.get(house.id, {}).values()),
            free=[p for p in open_places if p.house_id == house.id and p.id not in taken],
            open_places=sum(place.house_id == house.id for place in open_places),
        )
        for house in session.scalars(select(House).order_by(House.name))
        if house.id in families or house.is_open_during(on, on + ONE_DAY)
    ]


def persons_of(session: Session, stay: Stay) -> dict[uuid.UUID, Person]:
    """Everybody a stay has nights or decisions about, by id."""
    ids = {row.person_id for row in stay.stay_places}
    ids |= {change.person_id for change in stay.changes if change.person_id is not None}
    return _persons(session, ids)


def place_names(
    session: Session, houses: Collection[uuid.UUID] | None = None
) -> dict[uuid.UUID, str]:
    """What each place (of these houses) is called, with its house, for pages about the past."""
    chosen = select(Place.id, House.name, Place.name).join(House)
    if houses is not None:
        chosen = chosen.where(House.id.in_(sorted(houses)))
    rows = session.execute(chosen)
    return {place_id: f"{house}, {place}" for place_id, house, place in rows}


def _sleepers(session: Session, on: datetime.date) -> list[tuple[StayPlace, Stay]]:
    rows = session.execute(
        select(StayPlace, Stay)
        .join(Stay, Stay.id == StayPlace.stay_id)
        .join(Person, Person.id == StayPlace.person_id)
        .where(or_(StayPlace.nights.contains(on), _lingers(on)))
        # The eldest of a family first: that is the mother.
        .order_by(Stay.admitted_on, Stay.id, Person.born_on, StayPlace.id)
    )
    return [(slept, stay) for slept, stay in rows]


def _lingers(on: datetime.date) -> ColumnElement[bool]:
    """The agreed day has passed and nobody recorded that the family left: it is still there."""
    return and_(
        Stay.ended_on.is_(None),
        Stay.planned_until <= on,
        func.upper(StayPlace.nights) == Stay.planned_until,
    )


def _open_places(session: Session, on: datetime.date) -> list[Place]:
    chosen = (
        select(Place)
        .join(House)
        .where(
            Place.open_from <= on,
            or_(Place.open_to.is_(None), Place.open_to > on),
            House.open_from <= on,
            or_(House.open_to.is_(None), House.open_to > on),
        )
        .order_by(House.name, Place.name)
    )
    return list(session.scalars(chosen))


def _persons(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Person]:
    return {p.id: p for p in session.scalars(select(Person).where(Person.id.in_(ids)))}
