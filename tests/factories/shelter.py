"""Houses, places and families in them, as small as a test allows."""

import datetime
import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.accounts.policy_models import HouseWorker
from hearth.families.births import Birth
from hearth.families.membership import NewMember, PersonDetails
from hearth.families.models import Household
from hearth.families.services import open_household
from hearth.families.vocabulary import MemberRole, Need
from hearth.shelter.models import House, HouseKind, Place, PlaceKind, Stay
from hearth.shelter.services import admit_family
from tests.factories.families import staff_id

TODAY = datetime.date(2026, 3, 15)
OPENED_ON = datetime.date(2020, 1, 1)


def make_house(
    session: Session, name: str = "Lamp House", *, places: int = 2, staffed: bool = True
) -> House:
    """A house in which the one person works who is house staff and nothing else."""
    house = House(name=name, kind=HouseKind.SHELTER, open_from=OPENED_ON, guideline_nights=90)
    house.places = [
        Place(name=f"Bed {number}", kind=PlaceKind.BED, open_from=OPENED_ON)
        for number in range(1, places + 1)
    ]
    session.add(house)
    session.flush()
    if staffed:
        by = staff_id(session, Role.ADMINISTRATOR)
        user_id = staff_id(session, Role.HOUSE_STAFF)
        session.add(HouseWorker(house_id=house.id, user_id=user_id, set_by=by))
        session.flush()
    return house


def make_family(session: Session, *, children: int = 1) -> Household:
    mother = NewMember(
        person=PersonDetails(given_name="Anna", family_name="Voorbeeld"), role=MemberRole.MOTHER
    )
    born = Birth.written("2024")
    little_ones = [
        NewMember(
            person=PersonDetails(given_name=f"Child {n}", family_name="Voorbeeld", birth=born),
            role=MemberRole.CHILD,
        )
        for n in range(1, children + 1)
    ]
    user_id = staff_id(session)
    return open_household(
        session,
        members=[mother, *little_ones],
        needs=[Need.HOUSING],
        primary_need=Need.HOUSING,
        opened_on=datetime.date(2025, 1, 1),
        opened_by=user_id,
        key_worker_id=user_id,
        today=TODAY,
    )


def make_stay(
    session: Session,
    *,
    household: Household | None = None,
    places: Sequence[Place | None],
    admitted_on: datetime.date = TODAY,
    planned_until: datetime.date | None = None,
    today: datetime.date = TODAY,
    note: str | None = None,
) -> Stay:
    """Admit a family, its members in order each to one of the places."""
    family = household or make_family(session, children=len(places) - 1)
    persons = [member.person_id for member in family.current_members]
    return admit_family(
        session,
        household_id=family.id,
        places={
            person: place.id if place else None
            for person, place in zip(persons, places, strict=False)
        },
        admitted_on=admitted_on,
        planned_until=planned_until or admitted_on + datetime.timedelta(days=30),
        recorded_by=some_user_id(session),
        today=today,
        note=note,
    )


def some_user_id(session: Session) -> uuid.UUID:
    return session.scalars(select(User.id).order_by(User.email)).first() or _missing()


def _missing() -> uuid.UUID:
    raise LookupError("the organisation has no users")
