"""Stays as a reader sees them: in which houses, which of them, and how much of the people there."""

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.families.access import visible_households
from hearth.families.models import Household
from hearth.families.seen import SeenPerson, see_person
from hearth.shelter import occupancy
from hearth.shelter.models import House, Place, Stay

THROUGH = Permission.SHELTER_READ


@dataclass(frozen=True)
class SeenGuest:
    """One person in a house, as the reader sees her."""

    person: SeenPerson
    place: Place | None


@dataclass(frozen=True)
class SeenFamilyInHouse:
    """One stay whose family the reader may see."""

    stay: Stay
    guests: list[SeenGuest]


@dataclass(frozen=True)
class SeenHouseTonight:
    """One house on one evening: every place, and of the families those the reader may see."""

    house: House
    families: list[SeenFamilyInHouse]
    hidden_families: int
    free: list[Place]
    open_places: int
    taken_places: int
    persons: int


def find_stay(
    session: Session, stay_id: uuid.UUID, *, user: SignedIn, permission: Permission
) -> Stay | None:
    """One stay, or None for one of a family whose house this person may not see."""
    if not user.sees(FieldClass.LOCATION, permission):
        return None
    return session.scalars(
        select(Stay)
        .join(Household, Household.id == Stay.household_id)
        .where(Stay.id == stay_id, visible_households(user, permission))
    ).one_or_none()


def seen_tonight(session: Session, on: datetime.date, *, user: SignedIn) -> list[SeenHouseTonight]:
    """The houses on an evening; a family the reader may not see is a number and no more."""
    houses = occupancy.houses_tonight(session, on)
    here = {family.stay.household_id for house in houses for family in house.families}
    visible = set(
        session.scalars(
            select(Household.id).where(Household.id.in_(here), visible_households(user, THROUGH))
        )
    )
    if not user.sees(FieldClass.LOCATION, THROUGH):
        visible = set()
    return [_see_house(house, visible, user) for house in houses]


def see_persons(
    session: Session, stay: Stay, *, user: SignedIn, permission: Permission = THROUGH
) -> Mapping[uuid.UUID, SeenPerson]:
    """Everybody a stay has nights or decisions about, as far as the reader sees them."""
    persons = occupancy.persons_of(session, stay)
    return {key: see_person(one, user.eyes(permission)) for key, one in persons.items()}


def _see_house(
    tonight: occupancy.HouseTonight, visible: set[uuid.UUID], user: SignedIn
) -> SeenHouseTonight:
    shown = [one for one in tonight.families if one.stay.household_id in visible]
    return SeenHouseTonight(
        house=tonight.house,
        families=[_see_family(family, user) for family in shown],
        hidden_families=len(tonight.families) - len(shown),
        free=tonight.free,
        open_places=tonight.open_places,
        taken_places=tonight.taken_places,
        persons=tonight.persons,
    )


def _see_family(family: occupancy.FamilyInHouse, user: SignedIn) -> SeenFamilyInHouse:
    eyes = user.eyes(THROUGH)
    guests = [SeenGuest(see_person(one.person, eyes), one.place) for one in family.guests]
    return SeenFamilyInHouse(family.stay, guests)
