"""Counting nights and places, checked against counting them one by one."""

import datetime
import uuid

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from hearth.aggregates.limits import Base
from hearth.aggregates.publication import protect
from hearth.indicators import Period
from hearth.shelter import occupancy, services
from hearth.shelter.indicators import BED_NIGHTS, households_sheltered
from hearth.shelter.models import Destination, EndReason, Place, PlaceKind, Stay
from tenants.registry import OrgRef
from tests.factories.shelter import TODAY, make_house, make_stay, some_user_id

DAYS = st.dates(datetime.date(2020, 1, 1), datetime.date(2030, 12, 31))


@settings(deadline=None)
@given(admitted_on=DAYS, planned=st.integers(1, 400), left=st.none() | st.integers(0, 400), on=DAYS)
def test_nights_of_a_stay_are_the_midnights_it_lasted(
    admitted_on: datetime.date, planned: int, left: int | None, on: datetime.date
) -> None:
    one_day = datetime.timedelta(days=1)
    stay = Stay(admitted_on=admitted_on, planned_until=admitted_on + planned * one_day)
    stay.ended_on = None if left is None else admitted_on + left * one_day

    nights = stay.nights(on)

    lasted = left if left is not None else planned
    one_by_one = sum(admitted_on + day * one_day < on for day in range(lasted))
    assert nights == one_by_one


@settings(deadline=None)
@given(
    start=DAYS, length=st.integers(1, 120), opens=DAYS, open_days=st.none() | st.integers(1, 200)
)
def test_a_place_is_open_when_it_is_open_on_every_night(
    start: datetime.date, length: int, opens: datetime.date, open_days: int | None
) -> None:
    one_day = datetime.timedelta(days=1)
    closes = None if open_days is None else opens + open_days * one_day
    place = Place(open_from=opens, open_to=closes)

    is_open = place.is_open_during(start, start + length * one_day)

    nights = [start + day * one_day for day in range(length)]
    assert is_open == all(opens <= night and (not closes or night < closes) for night in nights)


def test_nights_are_cut_to_the_month_asked_for(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(
        session, places=[house.places[0], None], planned_until=datetime.date(2026, 4, 3)
    )
    april = (datetime.date(2026, 4, 1), datetime.date(2026, 5, 1))

    nights = occupancy.nights_in(session, *april)

    assert [run.count for run in nights] == [2, 2]
    assert {run.place_kind for run in nights} == {PlaceKind.BED, None}
    assert {run.household_id for run in nights} == {stay.household_id}


def test_months_add_up_to_the_whole_stay(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(session, places=house.places, planned_until=datetime.date(2026, 6, 10))
    months = [Period.month(2026, month, "Europe/Moscow") for month in range(1, 13)]

    counted = [sum(BED_NIGHTS.count(session, month).values()) for month in months]

    assert sum(counted) == 2 * stay.nights(datetime.date(2027, 1, 1))
    assert counted[:3] == [0, 0, 2 * 17]


def test_one_familys_nights_do_not_leave_the_house(spb: OrgRef, session: Session) -> None:
    house = make_house(session, places=6)
    april = Period.month(2026, 4, spb.timezone)
    assert BED_NIGHTS.contributions is not None
    published, exact = [], []

    for place in house.places:
        make_stay(session, places=[place], planned_until=datetime.date(2026, 6, 1))
        by_family = BED_NIGHTS.contributions(session, april)
        counts = BED_NIGHTS.count(session, april)
        cube = protect(
            BED_NIGHTS,
            counts=counts,
            by_donor={},
            by_family=by_family,
            organisation=spb.schema_name,
            period=april,
            base=Base.FEDERATION,
            snapshot_id=uuid.UUID(int=1),
            secret="a secret of the platform, long enough",
        )
        published.append(sum(cell.value for cell in cube.cells))
        exact.append(sum(counts.values()))
        assert {cell: sum(nights) for cell, nights in by_family.items()} == counts

    assert exact == [30, 60, 90, 120, 150, 180]
    assert published == [0, 0, 0, 0, 150, 180]


def test_only_families_with_a_night_count_as_sheltered(session: Session) -> None:
    house = make_house(session)
    slept = make_stay(session, places=[house.places[0]])
    mistaken = make_stay(session, places=[house.places[1]])
    services.end_stay(
        session,
        mistaken,
        ended_on=TODAY,
        reason=EndReason.ENTERED_BY_MISTAKE,
        destination=Destination.UNKNOWN,
        recorded_by=some_user_id(session),
        today=TODAY,
    )

    households = households_sheltered(
        session, starts_on=TODAY, ends_on=TODAY + datetime.timedelta(days=1)
    )

    assert households == {slept.household_id}


def test_free_places_are_those_nobody_sleeps_in(session: Session) -> None:
    house = make_house(session, places=3)
    house.places[2].open_to = TODAY
    make_stay(session, places=[house.places[0]])

    free = occupancy.free_places(session, TODAY)

    assert [place.name for place in free] == ["Bed 2"]


def test_a_family_that_should_have_left_is_still_in_the_house_tonight(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(
        session, places=[house.places[0]], planned_until=TODAY + datetime.timedelta(days=2)
    )
    later = TODAY + datetime.timedelta(days=9)

    (tonight,) = occupancy.houses_tonight(session, later)

    assert [family.stay.id for family in tonight.families] == [stay.id]
    assert (tonight.taken_places, tonight.open_places, tonight.persons) == (1, 2, 1)
    assert stay.is_overdue(later)


def test_a_house_that_is_not_open_yet_is_not_shown_tonight(session: Session) -> None:
    house = make_house(session)

    houses = occupancy.houses_tonight(session, house.open_from - datetime.timedelta(days=1))

    assert houses == []


def test_what_was_not_asked_for_is_not_counted(session: Session) -> None:
    make_stay(session, places=[make_house(session).places[0]])

    before = occupancy.nights_in(session, datetime.date(2026, 1, 1), TODAY)

    assert before == []
