"""Stays as a reader sees them: in which houses, which of them, and how much of the people there."""

import datetime
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.policy import Scope
from hearth.accounts.redaction import Sees
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.families.facing import eyes_on
from hearth.families.knowing import Knowledge, known_in
from hearth.families.models import Household
from hearth.families.reach import stays_in_her_houses, visible_households
from hearth.families.seen import SeenPerson, see_known
from hearth.shelter import occupancy
from hearth.shelter.houses import all_houses
from hearth.shelter.models import (
    ChangeKind,
    Destination,
    EndReason,
    House,
    Place,
    Stay,
    StayPlace,
)
from hearth.shelter.services import stays_of

THROUGH = Permission.SHELTER_READ
StayInHouse = tuple[uuid.UUID, uuid.UUID]
"""The ids of a stay and of one house in which it has nights."""


@dataclass(frozen=True)
class SeenGuest:
    """One person in a house, as the reader sees her."""

    person: SeenPerson
    place: Place | None


@dataclass(frozen=True)
class SeenFamilyInHouse:
    """One stay whose family the reader may see."""

    stay: Stay
    since: datetime.date
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


@dataclass(frozen=True)
class _Told:
    """What a reader learns of the families who are here: how much, of whom, and since when."""

    eyes: Mapping[uuid.UUID, Sees]
    known: Knowledge
    since: Mapping[uuid.UUID, datetime.date]


@dataclass(frozen=True, kw_only=True)
class SeenStay:
    """One stay as the reader sees it: in every house, or in those that open it to her."""

    stay: Stay
    house: House
    rows: list[StayPlace]
    houses: frozenset[uuid.UUID] | None
    admitted_on: datetime.date
    admitted_by: uuid.UUID | None
    left_on: datetime.date | None
    has_ended: bool
    knows_end: bool

    @property
    def end_reason(self) -> EndReason | None:
        """Why the stay ended, for whoever may know it."""
        return self.stay.end_reason if self.has_ended and self.knows_end else None

    @property
    def destination(self) -> Destination | None:
        """Where the family went, for whoever may know it."""
        return self.stay.destination if self.has_ended and self.knows_end else None

    @property
    def is_open(self) -> bool:
        """Whether the family is still here, as far as the reader sees it."""
        return self.left_on is None

    def shows(self, house_id: uuid.UUID) -> bool:
        """Whether the reader learns that somebody slept in this house."""
        return self.houses is None or house_id in self.houses

    def nights(self, on: datetime.date) -> int:
        """The nights until the family left, or until today for one that is still here."""
        until = self.left_on or self.stay.planned_until
        return max(0, (min(until, on) - self.admitted_on).days)


def visible_stays(user: SignedIn, permission: Permission) -> ColumnElement[bool]:
    """The condition on ``Stay`` for what a permission of this person counts on.

    Whoever sees the family sees its stays; a house she works in opens those in that house alone.
    """
    here = stays_in_her_houses(user.reading(FieldClass.LOCATION, permission), permission)
    return or_(_of_families(user, permission), Stay.id.in_(here))


def find_stay(
    session: Session, stay_id: uuid.UUID, *, user: SignedIn, permission: Permission
) -> Stay | None:
    """One stay, or None for one that this person may not see."""
    return session.scalars(
        select(Stay).where(Stay.id == stay_id, visible_stays(user, permission))
    ).one_or_none()


def houses_that_bind(
    session: Session, stay: Stay, *, user: SignedIn, permission: Permission
) -> frozenset[uuid.UUID] | None:
    """The houses beyond which this person sees and decides nothing of a stay; None for no bound.

    Only whoever a permission opens the family itself to is not bound by it.
    """
    family = select(Stay.id).where(Stay.id == stay.id, _of_families(user, permission))
    return None if session.scalar(family) is not None else user.houses


def reads_every_house(user: SignedIn) -> bool:
    """Whether one of her roles reads where every family sleeps and slept that opens to her.

    Roles that read it of some families lend nothing to what is asked about all of them at once.
    """
    return Scope.ORGANISATION in user.reading(FieldClass.LOCATION, THROUGH).scopes_of(THROUGH)


def seen_houses(session: Session, *, user: SignedIn) -> list[House]:
    """Every house; for whoever sees houses because she works there, those alone."""
    everything = all_houses(session)
    return [house for house in everything if not _bound(user) or house.id in user.houses]


def seen_tonight(session: Session, on: datetime.date, *, user: SignedIn) -> list[SeenHouseTonight]:
    """The houses on an evening; a family the reader may not see is a number and no more."""
    houses = occupancy.houses_tonight(session, on)
    here = {family.stay.id for house in houses for family in house.families}
    visible = _ids(session, here, visible_stays(user, THROUGH))
    everywhere = _ids(session, here, _of_families(user, THROUGH)) & visible
    families = {family.stay.household_id for house in houses for family in house.families}
    eyes = eyes_on(session, families, user=user, permission=THROUGH)
    since = _first_nights(session, visible - everywhere, user.houses)
    told = _Told(eyes, known_in(session, families, user=user), since)
    seen = [
        _see_house(one, visible if one.house.id in user.houses else everywhere, told)
        for one in houses
    ]
    return [one for one in seen if one.families or not _bound(user) or one.house.id in user.houses]


def seen_offers(
    session: Session, on: datetime.date, *, user: SignedIn
) -> list[occupancy.PlaceOffer]:
    """The places open on a night; until when one is taken only where the reader sees the stay."""
    offers = occupancy.place_offers(session, on)
    taken = {(one.taken_by, one.place.house_id) for one in offers if one.taken_by is not None}
    known = with_known_days(session, taken, user=user)
    return [
        one if (one.taken_by, one.place.house_id) in known else replace(one, taken_until=None)
        for one in offers
    ]


def with_known_days(
    session: Session, among: Collection[StayInHouse], *, user: SignedIn
) -> set[StayInHouse]:
    """The stays of which the reader may know on which days the family is in that house."""
    ids = {stay_id for stay_id, _house_id in among}
    visible = _ids(session, ids, visible_stays(user, THROUGH))
    everywhere = _ids(session, ids, _of_families(user, THROUGH)) & visible
    return {
        (stay_id, house_id)
        for stay_id, house_id in among
        if stay_id in (visible if house_id in user.houses else everywhere)
    }


def see_persons(
    session: Session, stay: Stay, *, user: SignedIn, permission: Permission = THROUGH
) -> Mapping[uuid.UUID, SeenPerson]:
    """Everybody a stay has nights or decisions about, as far as the reader sees them."""
    persons = occupancy.persons_of(session, stay)
    home, eyes = stay.household_id, user.eyes(permission)
    known = known_in(session, [home], user=user)
    return {key: see_known(one, eyes, known.about(home, key)) for key, one in persons.items()}


def see_stay(
    session: Session, stay: Stay, *, user: SignedIn, permission: Permission = THROUGH
) -> SeenStay:
    """A stay with its nights; through a house alone those in that house, and when they ended."""
    houses = houses_that_bind(session, stay, user=user, permission=permission)
    rows = [row for row in stay.stay_places if houses is None or row.house_id in houses]
    last = max((row.ends_on for row in rows), default=stay.until)
    left_on = stay.ended_on if houses is None or last == stay.until else last
    here = rows[-1].house if rows else stay.house
    return SeenStay(
        stay=stay,
        house=here if houses is not None else stay.house,
        rows=rows,
        houses=houses,
        admitted_on=stay.admitted_on if houses is None or not rows else rows[0].starts_on,
        # Who admitted a family is known where it was admitted, and the story of the stay says so.
        admitted_by=stay.admitted_by if houses is None else None,
        left_on=left_on,
        has_ended=not stay.is_open and left_on == stay.ended_on,
        knows_end=user.sees(FieldClass.CASEWORK, permission) or _ended_by(stay, user.id),
    )


def see_stays(session: Session, household_id: uuid.UUID, *, user: SignedIn) -> list[SeenStay]:
    """What the reader sees of a family's stays, the latest first."""
    seen = visible_stays(user, THROUGH)
    chosen = select(Stay.id).where(Stay.household_id == household_id, seen)
    ids = set(session.scalars(chosen))
    stays = stays_of(session, household_id) if ids else []
    return [see_stay(session, stay, user=user) for stay in stays if stay.id in ids]


def _ended_by(stay: Stay, user_id: uuid.UUID) -> bool:
    """Whether somebody wrote down the end of a stay herself, and nobody corrected it since."""
    ends = (ChangeKind.ENDED, ChangeKind.CORRECTED)
    return {one.recorded_by for one in stay.changes if one.kind in ends} == {user_id}


def _of_families(user: SignedIn, permission: Permission) -> ColumnElement[bool]:
    reader = user.reading(FieldClass.LOCATION, permission)
    families = select(Household.id).where(visible_households(reader, permission))
    return Stay.household_id.in_(families)


def _bound(user: SignedIn) -> bool:
    """Whether nothing but where she works says in which houses somebody sees."""
    return user.reading(FieldClass.LOCATION, THROUGH).scopes_of(THROUGH) <= {Scope.HOUSE}


def _ids(session: Session, among: set[uuid.UUID], condition: ColumnElement[bool]) -> set[uuid.UUID]:
    return set(session.scalars(select(Stay.id).where(Stay.id.in_(among), condition)))


def _first_nights(
    session: Session, among: set[uuid.UUID], houses: frozenset[uuid.UUID]
) -> dict[uuid.UUID, datetime.date]:
    """Since when stays are in some houses, for whoever learns of no others."""
    first = func.min(func.lower(StayPlace.nights))
    chosen = select(StayPlace.stay_id, first).where(
        StayPlace.stay_id.in_(among), StayPlace.house_id.in_(houses)
    )
    rows = session.execute(chosen.group_by(StayPlace.stay_id)).all()
    return {row.stay_id: row[1] for row in rows}


def _see_house(
    tonight: occupancy.HouseTonight,
    visible: set[uuid.UUID],
    told: _Told,
) -> SeenHouseTonight:
    shown = [one for one in tonight.families if one.stay.id in visible]
    return SeenHouseTonight(
        house=tonight.house,
        families=[_see_family(one, told) for one in shown],
        hidden_families=len(tonight.families) - len(shown),
        free=tonight.free,
        open_places=tonight.open_places,
        taken_places=tonight.taken_places,
        persons=tonight.persons,
    )


def _see_family(family: occupancy.FamilyInHouse, told: _Told) -> SeenFamilyInHouse:
    stay = family.stay
    home, eyes = stay.household_id, told.eyes[stay.household_id]
    guests = [
        SeenGuest(see_known(one.person, eyes, told.known.about(home, one.person.id)), one.place)
        for one in family.guests
    ]
    return SeenFamilyInHouse(stay, told.since.get(stay.id, stay.admitted_on), guests)
