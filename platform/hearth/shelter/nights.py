"""Writes nights so that no place has two sleepers, and says which place is taken when it would."""

import datetime
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import Error
from psycopg.errors import ExclusionViolation, UniqueViolation
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hearth.families.models import Person
from hearth.shelter.models import Place, Stay, StayPlace
from hearth.shelter.refusals import (
    AlreadyInShelterError,
    PersonElsewhereError,
    PlaceClosedError,
    PlaceTakenError,
    UnknownPlaceError,
)


@dataclass(frozen=True)
class WantedNights:
    """Nights one person is to sleep in a place, or (None) in the bed of another."""

    person_id: uuid.UUID
    place_id: uuid.UUID | None
    starts_on: datetime.date
    ends_on: datetime.date

    @property
    def nights(self) -> Range[datetime.date]:
        """The same days as the database keeps them."""
        return Range(self.starts_on, self.ends_on)


def lock_stay(session: Session, stay: Stay) -> None:
    """Read a stay and its nights anew and keep others from deciding about it meanwhile."""
    session.refresh(stay, with_for_update=True)
    chosen = select(StayPlace).where(StayPlace.stay_id == stay.id)
    session.scalars(chosen.execution_options(populate_existing=True)).all()


# Rows are locked in the order of their ids before nights are written. Without it, two admissions to
# the same places could each wait for the other's nights, and PostgreSQL would end one of them as a
# deadlock instead of telling which place is taken.
def lock_persons(session: Session, person_ids: Iterable[uuid.UUID]) -> None:
    """Keep others from giving these persons a place meanwhile."""
    chosen = select(Person.id).where(Person.id.in_(list(person_ids))).order_by(Person.id)
    session.execute(chosen.with_for_update(key_share=True)).all()


def lock_places(session: Session, place_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Place]:
    """Keep others from giving these places away meanwhile.

    :raises UnknownPlaceError: one of them does not exist.
    """
    wanted = set(place_ids)
    chosen = select(Place).where(Place.id.in_(wanted)).order_by(Place.id)
    locked = chosen.with_for_update(key_share=True).execution_options(populate_existing=True)
    places = session.scalars(locked).all()
    if len(places) != len(wanted):
        raise UnknownPlaceError
    return {place.id: place for place in places}


def check_place(
    session: Session, place: Place, wanted: WantedNights, today: datetime.date, stay: Stay | None
) -> None:
    """Refuse a place that is closed, or whose family was to leave and has not been signed out.

    :raises PlaceClosedError: the place or its house is not open on every night.
    :raises PlaceTakenError: a family whose agreed day has passed still sleeps there.
    """
    if not all(
        thing.is_open_during(wanted.starts_on, wanted.ends_on) for thing in (place, place.house)
    ):
        raise PlaceClosedError(place)
    lingering = session.scalars(
        select(StayPlace)
        .join(Stay)
        .where(
            StayPlace.place_id == place.id,
            Stay.ended_on.is_(None),
            Stay.planned_until <= today,
            func.upper(StayPlace.nights) == Stay.planned_until,
            func.lower(StayPlace.nights) < wanted.ends_on,
            Stay.id.is_distinct_from(stay.id if stay else None),
        )
    ).first()
    if lingering is not None:
        raise PlaceTakenError(place, lingering, lingers=True)


def move_end(session: Session, stay: Stay, before: datetime.date, after: datetime.date) -> None:
    """Let the nights that lasted until the stay's old end last until the new one.

    :raises PlaceClosedError: a place closes before the new end.
    :raises PlaceTakenError: a place was given to others after the old end.
    :raises PersonElsewhereError: somebody sleeps in another place after the old end.
    """
    lock_persons(session, [row.person_id for row in stay.stay_places])
    places = lock_places(session, [row.place_id for row in stay.stay_places if row.place_id])
    longer: dict[StayPlace, WantedNights] = {}
    for row in stay.stay_places:
        if row.ends_on == before and after > before:
            longer[row] = WantedNights(row.person_id, row.place_id, row.starts_on, after)
    for wanted in longer.values():
        if wanted.place_id and not places[wanted.place_id].is_open_during(before, after):
            raise PlaceClosedError(places[wanted.place_id])
    with refusals(session, list(longer.values()), stay_id=stay.id):
        for row, wanted in longer.items():
            row.nights = wanted.nights
    for row in [row for row in stay.stay_places if row.ends_on > after]:
        cut(session, stay, row, after)


def cut(session: Session, stay: Stay, row: StayPlace, ends_on: datetime.date) -> None:
    """Take the nights from a day on away; of nights that never were, only the record stays."""
    if row.starts_on < ends_on:
        row.nights = Range(row.starts_on, ends_on)
    else:
        stay.stay_places.remove(row)
        session.delete(row)
    session.flush()


@contextmanager
def refusals(
    session: Session, asked: Sequence[WantedNights], *, stay_id: uuid.UUID | None = None
) -> Iterator[None]:
    """Turn the database's refusal of nights into one that names the place and the days.

    What is written inside is undone by a refusal; what was done before it stays.
    """
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        if _broken_rule(error, UniqueViolation) == "uq_stays_open_household":
            raise AlreadyInShelterError from error
        if _broken_rule(error, ExclusionViolation) is not None:
            for wanted in asked:
                _name_conflict(session, wanted, stay_id, error)
        raise


def _broken_rule(error: IntegrityError, kind: type[Error]) -> str | None:
    return error.orig.diag.constraint_name if isinstance(error.orig, kind) else None


def _name_conflict(
    session: Session, wanted: WantedNights, stay_id: uuid.UUID | None, error: IntegrityError
) -> None:
    """Raise what stands against these nights, if anything does."""
    overlapping = (
        select(StayPlace)
        .where(StayPlace.nights.overlaps(wanted.nights))
        .order_by(StayPlace.nights)
        .execution_options(populate_existing=True)
    )
    place = session.get(Place, wanted.place_id) if wanted.place_id else None
    if place is not None:
        others = overlapping.where(StayPlace.person_id != wanted.person_id)
        taken = session.scalars(others.where(StayPlace.place_id == place.id)).first()
        if taken is not None:
            raise PlaceTakenError(place, taken) from error
    theirs = overlapping.where(StayPlace.person_id == wanted.person_id)
    elsewhere = session.scalars(theirs.where(StayPlace.stay_id.is_distinct_from(stay_id))).first()
    if elsewhere is not None:
        raise PersonElsewhereError(elsewhere) from error
