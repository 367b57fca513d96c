"""Opens the houses of the sample data and lets its families stay in them."""

import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from hearth.demo.sample_plan import FamilyPlan, first_day, weighted
from hearth.demo.sample_work import Casework
from hearth.families.models import Household, Person
from hearth.shelter import houses
from hearth.shelter import services as shelter
from hearth.shelter.models import Destination, EndReason, House, Place, PlaceKind, Stay

MOTHERS_BED: Final = "кровать мамы"
_DAY: Final = datetime.timedelta(days=1)
_DESTINATIONS: Final = (
    (Destination.RENTED_HOME, 30),
    (Destination.FAMILY_OR_FRIENDS, 26),
    (Destination.OWN_HOME, 15),
    (Destination.SUPPORTED_HOUSING, 12),
    (Destination.UNKNOWN, 8),
    (Destination.UNSAFE_HOME, 6),
    (Destination.INSTITUTION, 3),
)
_END_REASONS: Final = (
    (EndReason.AS_AGREED, 66),
    (EndReason.OWN_WISH, 18),
    (EndReason.OTHER_HELP, 8),
    (EndReason.LEFT_WITHOUT_WORD, 8),
)


def _open_houses(work: Casework) -> list[House]:
    begin = first_day(work.today)
    opened = []
    for number, sample in enumerate(work.profile.houses):
        house = houses.open_house(
            work.session,
            name=sample.name,
            kind=sample.kind,
            open_from=begin,
            guideline_nights=work.profile.guideline_nights,
        )
        for room in range(1, sample.rooms + 1):
            later = room > sample.rooms - sample.later_rooms
            open_from = begin + (420 + 90 * number) * _DAY if later else begin
            for name, kind in (
                (MOTHERS_BED, PlaceKind.BED),
                ("детская кровать", PlaceKind.BED),
                ("кроватка", PlaceKind.COT),
            ):
                houses.open_place(
                    work.session,
                    house,
                    name=f"Комната {room}, {name}",
                    kind=kind,
                    open_from=open_from,
                )
        work.session.refresh(house, ["places"])
        opened.append(house)
    return opened


def write_stays(work: Casework, written: Sequence[tuple[FamilyPlan, Household]]) -> None:
    """Open the houses and write the stays in the order in which the families came."""
    rooms = Rooms(_open_houses(work))
    in_order = sorted(
        ((plan, household) for plan, household in written if plan.stay is not None),
        key=lambda pair: pair[0].stay.admitted_on if pair[0].stay else datetime.date.max,
    )
    for plan, household in in_order:
        _stay(work, rooms, plan, household)


def _stay(work: Casework, rooms: "Rooms", plan: FamilyPlan, household: Household) -> None:
    wanted = plan.stay
    if wanted is None or wanted.admitted_on > work.today:
        return
    places = rooms.places_for(household, wanted.admitted_on)
    if not places:
        return
    leaving = wanted.admitted_on + wanted.nights * _DAY
    planned = wanted.admitted_on + wanted.agreed_nights * _DAY
    staff = work.staff["house-staff"][0]
    stay = shelter.admit_family(
        work.session,
        household_id=household.id,
        places={person: place.id if place else None for person, place in places.items()},
        admitted_on=wanted.admitted_on,
        planned_until=planned,
        recorded_by=staff,
        today=wanted.admitted_on,
    )
    if leaving > planned and planned < work.today:
        shelter.extend_stay(
            work.session, stay, until=leaving, recorded_by=staff, today=planned - _DAY
        )
    if leaving <= work.today:
        _leave(work, stay, leaving)
    rooms.keep(places, stay.until)


def _leave(work: Casework, stay: Stay, leaving: datetime.date) -> None:
    shelter.end_stay(
        work.session,
        stay,
        ended_on=leaving,
        reason=weighted(work.random, _END_REASONS),
        destination=weighted(work.random, _DESTINATIONS),
        recorded_by=stay.admitted_by,
        today=leaving,
    )


class Rooms:
    """Which rooms are free from which day on, while stays are written in their order."""

    def __init__(self, opened: Sequence[House]) -> None:
        self._free_from: dict[tuple[uuid.UUID, str], datetime.date] = {}
        self._rooms: dict[tuple[uuid.UUID, str], list[Place]] = {}
        for place in (place for house in opened for place in house.places):
            room = (place.house_id, _room_of(place))
            self._rooms.setdefault(room, []).append(place)
            self._free_from[room] = place.open_from

    def places_for(
        self, household: Household, on: datetime.date
    ) -> dict[uuid.UUID, Place | None] | None:
        """A room, or two for a large family of one house; the smallest may share a bed."""
        people = [
            member.person
            for member in household.current_members
            if member.person.born_on and member.person.born_on <= on
        ]
        for first, places in self._rooms.items():
            if self._free_from[first] > on:
                continue
            further = (
                self._rooms[room]
                for room, free_from in self._free_from.items()
                if room[0] == first[0] and room != first and free_from <= on
            )
            for offered in ([*places], [*places, *next(further, [])]):
                if given := _share_out(people, offered, on):
                    return given
        return None

    def keep(self, places: Mapping[uuid.UUID, Place | None], until: datetime.date) -> None:
        """Note from when on the rooms of these places are free again."""
        for place in places.values():
            if place is not None:
                self._free_from[(place.house_id, _room_of(place))] = until


def _room_of(place: Place) -> str:
    return place.name.partition(",")[0]


def _share_out(
    people: Sequence[Person], places: Sequence[Place], on: datetime.date
) -> dict[uuid.UUID, Place | None] | None:
    """Beds for the grown-ups and bigger children, cots for the small; None when that fails."""
    beds = sorted(
        (p for p in places if p.kind is PlaceKind.BED), key=lambda p: MOTHERS_BED not in p.name
    )
    cots = [place for place in places if place.kind is PlaceKind.COT]
    given: dict[uuid.UUID, Place | None] = {}
    for person in people:
        is_small = (person.birth.months_on(on) or 0) < 36
        if is_small:
            given[person.id] = cots.pop(0) if cots else None
        elif beds:
            given[person.id] = beds.pop(0)
        else:
            return None
    return given
