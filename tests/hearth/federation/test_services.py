import datetime

import pytest
from sqlalchemy.orm import Session

from hearth.federation.services import Board, NotAdditiveError, Region, read_board
from hearth.indicators import Cell, Indicator, calendar
from tenants.registry import OrgRef
from tests.hearth.aggregates.tables import currency_dimension, indicator
from tests.hearth.federation.conftest import Publish

JANUARY = datetime.date(2026, 1, 1)
FEBRUARY = datetime.date(2026, 2, 1)
MARCH = datetime.date(2026, 3, 1)
FAMILIES = indicator({})
GIFTS = indicator({}, dimensions=(currency_dimension(),), by_donor={}, id="gifts_received")


@pytest.fixture
def regions(spb: OrgRef, pskov: OrgRef) -> list[Region]:
    return [Region(spb.schema_name, "St Petersburg"), Region(pskov.schema_name, "Pskov")]


def board_of(
    shared: Session,
    indicator: Indicator,
    regions: list[Region],
    since: datetime.date | None = None,
    until: datetime.date | None = None,
) -> Board:
    return read_board(
        shared,
        indicators=[indicator],
        regions=regions,
        since=since,
        until=until,
        elsewhere="Former members",
    )


def test_sums_shown_are_sums_of_the_parts_shown(
    shared: Session, spb: OrgRef, pskov: OrgRef, regions: list[Region], publish: Publish
) -> None:
    cubes = [
        publish(FAMILIES, organisation, JANUARY, {("housing",): 3, ("legal",): n})
        for organisation, n in ((spb, 14), (pskov, 2))
    ]

    [sheet] = board_of(shared, FAMILIES, regions).sheets

    parts = [sheet.value(region.key, JANUARY) for region in sheet.regions]
    assert parts == [sum(cell.value for cell in cube.cells) for cube in cubes]
    assert sheet.total(JANUARY) == sum(part or 0 for part in parts)


def test_a_month_nobody_published_is_a_gap_and_not_a_zero(
    shared: Session, spb: OrgRef, pskov: OrgRef, regions: list[Region], publish: Publish
) -> None:
    publish(FAMILIES, spb, JANUARY, {})
    publish(FAMILIES, spb, MARCH, {("legal",): 9})
    publish(FAMILIES, pskov, MARCH, {("legal",): 7})

    [sheet] = board_of(shared, FAMILIES, regions).sheets

    assert sheet.months == (JANUARY, FEBRUARY, MARCH)
    assert [sheet.value(spb.schema_name, month) for month in sheet.months] == [0, None, 9]
    assert [sheet.value(pskov.schema_name, month) for month in sheet.months] == [None, None, 7]
    assert [sheet.total(month) for month in sheet.months] == [0, None, 16]


def test_months_of_families_are_never_added_up(
    shared: Session, spb: OrgRef, regions: list[Region], publish: Publish
) -> None:
    publish(FAMILIES, spb, JANUARY, {("legal",): 9})

    [sheet] = board_of(shared, FAMILIES, regions).sheets

    with pytest.raises(NotAdditiveError):
        sheet.over_months()


def test_months_of_gifts_are_added_up_with_the_amounts_that_are_shown(
    shared: Session, spb: OrgRef, pskov: OrgRef, regions: list[Region], publish: Publish
) -> None:
    eur, sek = ("EUR",), ("SEK",)
    publish(GIFTS, spb, JANUARY, {eur: 6, sek: 6}, {eur: [1500] * 6, sek: [90000, *[100] * 5]})
    publish(GIFTS, spb, FEBRUARY, {eur: 8}, {eur: [1000] * 8})
    publish(GIFTS, pskov, FEBRUARY, {eur: 5}, {eur: [2000] * 5})

    [sheet] = board_of(shared, GIFTS, regions).sheets

    assert sheet.over_months(spb.schema_name) == 20
    assert sheet.over_months() == 25
    assert sheet.currencies == ("EUR",)
    assert sheet.amount("EUR", spb.schema_name) == 17000
    assert sheet.amount("EUR") == 27000


def test_the_newest_twelve_months_are_shown_at_first(
    shared: Session, spb: OrgRef, regions: list[Region], publish: Publish
) -> None:
    for month in calendar(datetime.date(2024, 11, 1), MARCH):
        publish(FAMILIES, spb, month, {("legal",): 6})

    board = board_of(shared, FAMILIES, regions)

    assert len(board.offered) == 17
    assert board.months == calendar(datetime.date(2025, 4, 1), MARCH)


def test_a_range_holds_both_of_its_ends(
    shared: Session, spb: OrgRef, regions: list[Region], publish: Publish
) -> None:
    for month in (JANUARY, FEBRUARY, MARCH):
        publish(FAMILIES, spb, month, {("legal",): 6})

    chosen = board_of(shared, FAMILIES, regions, since=FEBRUARY, until=MARCH)
    only_an_end = board_of(shared, FAMILIES, regions, until=FEBRUARY)

    assert chosen.months == (FEBRUARY, MARCH)
    assert only_an_end.months == (JANUARY, FEBRUARY)


def test_who_has_left_stays_in_the_sums_under_no_name(
    shared: Session, spb: OrgRef, pskov: OrgRef, regions: list[Region], publish: Publish
) -> None:
    publish(FAMILIES, spb, JANUARY, {("legal",): 6})
    publish(FAMILIES, pskov, JANUARY, {("legal",): 8})

    [sheet] = board_of(shared, FAMILIES, regions[:1]).sheets

    assert [region.label for region in sheet.regions] == ["St Petersburg", "Former members"]
    assert sheet.total(JANUARY) == 14


def test_figures_of_another_definition_are_not_mixed_in(
    shared: Session, spb: OrgRef, regions: list[Region], publish: Publish
) -> None:
    publish(FAMILIES, spb, JANUARY, {("legal",): 6})
    bed_nights = indicator({}, id="bed_nights")

    board = board_of(shared, bed_nights, regions)

    assert board.is_empty
    assert board.sheets[0].figures == ()


def test_every_choice_of_months_looks_the_same_in_two_worlds_with_one_cube(
    shared: Session, spb: OrgRef, regions: list[Region], publish: Publish
) -> None:
    worlds: list[dict[Cell, int]] = [{("housing",): n, ("legal",): 20} for n in (1, 2, 3, 4)]
    cubes = {
        month: publish(FAMILIES, spb, month, exact)
        for month, exact in zip(calendar(JANUARY, datetime.date(2026, 4, 1)), worlds, strict=True)
    }

    answers: dict[int, set[int | None]] = {}
    for month, cube in cubes.items():
        [sheet] = board_of(shared, FAMILIES, regions, since=month, until=month).sheets
        drawn = next(cell.value for cell in cube.cells if cell.codes == ("housing",))
        answers.setdefault(drawn, set()).add(sheet.total(month))

    assert answers.items() <= {0: {20}, 5: {25}}.items()
