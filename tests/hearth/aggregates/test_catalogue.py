import datetime

from sqlalchemy.orm import Session

from hearth.aggregates.catalogue import PUBLISHED, first_month
from hearth.aggregates.families_served import FAMILIES_SERVED
from hearth.aggregates.services import build_cubes, months_stored, store_cubes
from hearth.families.vocabulary import Need
from hearth.federation.services import Region, read_board
from hearth.indicators import UNKNOWN, Indicator, Period, SdcClass
from tenants.registry import OrgRef
from tests.factories.families import open_family
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house, make_stay

SECRET = "a secret of the platform, long enough"
LONG_AGO = datetime.date(2025, 1, 1)


def march(spb: OrgRef) -> Period:
    return Period.month(2026, 3, spb.timezone)


def family_with(session: Session, need: Need, *days: datetime.date) -> None:
    family = open_family(session, opened_on=LONG_AGO, needs=[need], primary_need=need)
    for day in days:
        record_service(session, family, delivered_on=day)


def test_a_family_counts_once_however_often_and_in_whatever_way_it_was_helped(
    session: Session, spb: OrgRef
) -> None:
    family_with(session, Need.LEGAL, datetime.date(2026, 3, 1), datetime.date(2026, 3, 31))
    house = make_house(session)
    make_stay(session, places=[house.places[0], house.places[1]])
    family_with(session, Need.MEDICAL, datetime.date(2026, 4, 1))
    family_with(session, Need.MEDICAL, datetime.date(2026, 2, 28))

    counted = FAMILIES_SERVED.count(session, march(spb))

    assert counted == {(Need.LEGAL.value,): 1, (Need.HOUSING.value,): 1}


def test_small_counts_of_real_records_do_not_reach_the_federation(
    session: Session, shared: Session, spb: OrgRef
) -> None:
    for need in (Need.LEGAL, Need.LEGAL, Need.LEGAL, Need.MEDICAL):
        family_with(session, need, datetime.date(2026, 3, 10))

    cubes = build_cubes(
        session, organisation=spb, period=march(spb), indicators=PUBLISHED, secret=SECRET
    )
    store_cubes(shared, cubes, secret=SECRET)
    board = read_board(
        shared,
        indicators=PUBLISHED,
        regions=[Region(spb.schema_name, "St Petersburg")],
        elsewhere="Former members",
    )

    assert [cube.indicator for cube in cubes] == [indicator.id for indicator in PUBLISHED]
    assert {figure.value for sheet in board.sheets for figure in sheet.figures} <= {0, 5}


def test_a_month_counts_as_stored_when_every_indicator_is(
    session: Session, shared: Session, spb: OrgRef
) -> None:
    cubes = build_cubes(
        session, organisation=spb, period=march(spb), indicators=PUBLISHED, secret=SECRET
    )

    store_cubes(shared, cubes[:-1], secret=SECRET)
    in_part = months_stored(shared, organisation=spb.schema_name)
    store_cubes(shared, cubes, secret=SECRET)
    whole = months_stored(shared, organisation=spb.schema_name)

    assert in_part == set()
    assert whole == {datetime.date(2026, 3, 1)}


def test_figures_begin_with_the_first_family(session: Session, spb: OrgRef) -> None:
    before_anything = first_month(session, clock=spb.clock)

    family_with(session, Need.LEGAL)

    assert before_anything is None
    assert first_month(session, clock=spb.clock) == LONG_AGO


def test_figures_of_people_show_what_is_unknown_and_are_only_added_up_if_they_may_be() -> None:
    of_people = [entry for entry in PUBLISHED if entry.sdc_class is SdcClass.PERSONS]

    assert of_people
    assert all(UNKNOWN in dimension.codes for i in of_people for dimension in i.dimensions)
    assert not FAMILIES_SERVED.additive


def test_every_published_indicator_has_its_words_and_an_id_of_its_own() -> None:
    def words(indicator: Indicator) -> list[str]:
        return [str(indicator.label), str(indicator.definition), str(indicator.unit)]

    assert all(all(words(indicator)) for indicator in PUBLISHED)
    assert len({indicator.id for indicator in PUBLISHED}) == len(PUBLISHED)
