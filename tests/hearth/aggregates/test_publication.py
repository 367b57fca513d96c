import datetime
import uuid
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.aggregates.lattice import StrayCellError
from hearth.aggregates.limits import Base
from hearth.aggregates.publication import (
    ForgedCubeError,
    ProtectedCell,
    ProtectedCube,
    SmallCountError,
    protect,
)
from hearth.indicators import Cell, Dimension, Indicator, Period, Value
from tests.hearth.aggregates.tables import currency_dimension, indicator, need_dimension

SECRET = "a secret of the platform, long enough"
MARCH = Period.month(2026, 3, "Europe/Moscow")
COUNTS: dict[Cell, int] = {("housing",): 3, ("material",): 12, ("legal",): 1}


def cube_of(
    counted: Indicator,
    *,
    organisation: str = "org_0001",
    snapshot: int = 1,
    period: Period = MARCH,
    by_donor: dict[Cell, list[int]] | None = None,
    by_family: dict[Cell, list[int]] | None = None,
    counts: dict[Cell, int] | None = None,
) -> ProtectedCube:
    return protect(
        counted,
        counts=COUNTS if counts is None else counts,
        by_donor=by_donor or {},
        by_family=by_family,
        organisation=organisation,
        period=period,
        base=Base.FEDERATION,
        snapshot_id=uuid.UUID(int=snapshot),
        secret=SECRET,
    )


def test_one_snapshot_is_byte_for_byte_the_same_cube() -> None:
    counted = indicator(COUNTS)

    cubes = {cube_of(counted).canonical for _ in range(5)}

    assert len(cubes) == 1


@settings(deadline=None, max_examples=20)
@given(counts=st.dictionaries(st.sampled_from(sorted(COUNTS)), st.integers(0, 9), min_size=1))
def test_three_years_of_the_same_counts_say_what_one_month_says(counts: dict[Cell, int]) -> None:
    counted = indicator(counts)
    months = [Period.month(2026 + n // 12, n % 12 + 1, "Europe/Moscow") for n in range(36)]

    drawn = {
        cube_of(counted, counts=counts, period=month, snapshot=number).cells
        for number, month in enumerate(months)
    }

    assert len(drawn) == 1


def test_organisations_draw_weights_of_their_own() -> None:
    counted = indicator(COUNTS)
    same = dict.fromkeys(counted.cells, 2)

    drawn = {
        tuple(c.value for c in cube_of(counted, organisation=f"org_{i}", counts=same).cells)
        for i in range(20)
    }

    assert len(drawn) > 3


def test_a_cube_holds_every_cell_of_the_lattice_and_no_small_count() -> None:
    cube = cube_of(indicator(COUNTS))

    values = {cell.codes: cell.value for cell in cube.cells}
    assert values.keys() == set(indicator(COUNTS).cells)
    assert values[("material",)] == 12
    assert values[("unknown",)] == 0
    assert values[("housing",)] in {0, 5}


def test_a_cube_with_a_small_count_cannot_be_made() -> None:
    cube = cube_of(indicator(COUNTS))

    with pytest.raises(SmallCountError):
        replace(cube, cells=(ProtectedCell(("housing",), 3),))


def test_an_amount_of_too_few_gifts_cannot_be_made() -> None:
    cube = cube_of(indicator(COUNTS))

    with pytest.raises(SmallCountError):
        replace(cube, cells=(ProtectedCell(("housing",), 0, 1500, "EUR"),))


def test_a_document_gives_back_the_cube_it_was_made_of() -> None:
    cube = cube_of(indicator(COUNTS))

    again = ProtectedCube.from_document(cube.document(), signature=cube.signature)

    assert again == cube
    assert again.checksum == cube.checksum
    again.refuse_forgery(SECRET)


def test_changed_figures_no_longer_fit_the_signature() -> None:
    cube = cube_of(indicator(COUNTS))
    forged = replace(cube, cells=(ProtectedCell(("material",), 99), *cube.cells[1:]))

    with pytest.raises(ForgedCubeError):
        forged.refuse_forgery(SECRET)


def test_a_cube_cannot_pass_for_another_organisation_s() -> None:
    cube = replace(cube_of(indicator(COUNTS)), organisation="org_0002")

    with pytest.raises(ForgedCubeError):
        cube.refuse_forgery(SECRET)


def test_amounts_are_published_for_the_cells_that_bear_it_and_no_others() -> None:
    gifts = indicator({}, dimensions=(currency_dimension(),), by_donor={}, id="gifts_received")
    counts: dict[Cell, int] = {("EUR",): 8, ("SEK",): 3}
    by_donor: dict[Cell, list[int]] = {("EUR",): [1500] * 8, ("SEK",): [20000] * 3}

    cube = cube_of(gifts, counts=counts, by_donor=by_donor)

    cells = {cell.codes: (cell.amount_minor, cell.currency) for cell in cube.cells}
    assert cells == {("EUR",): (12000, "EUR"), ("SEK",): (None, None)}


@given(nights=st.lists(st.integers(1, 62), max_size=12))
def test_nights_tell_of_no_single_family(nights: list[int]) -> None:
    counts: dict[Cell, int] = {("housing",): sum(nights)}
    by_family: dict[Cell, list[int]] = {("housing",): nights}

    cube = cube_of(indicator(counts), counts=counts, by_family=by_family)

    published = sum(cell.value for cell in cube.cells)
    two = sum(sorted(nights)[-2:])
    if len(nights) < Base.FEDERATION or max(nights) > 0.7 * sum(nights) or two > 0.9 * sum(nights):
        assert published == 0
    else:
        assert abs(published - sum(nights)) < Base.FEDERATION


def test_the_one_who_gave_a_flat_is_not_told_by_its_value() -> None:
    gifts = indicator({}, dimensions=(currency_dimension(),), by_donor={}, id="gifts_received")
    by_donor: dict[Cell, list[int]] = {("EUR",): [9_000_000, *[1500] * 11]}

    cube = cube_of(gifts, counts={("EUR",): 12}, by_donor=by_donor)

    assert [(cell.value, cell.amount_minor) for cell in cube.cells] == [(12, None), (0, None)]


@pytest.mark.parametrize("counts", [{("somewhere else",): 7}, {("housing", "EUR"): 7}])
def test_a_cell_outside_the_closed_lists_is_refused(counts: dict[Cell, int]) -> None:
    counted = indicator(counts)

    with pytest.raises(StrayCellError):
        cube_of(counted, counts=counts)


def test_an_indicator_has_at_most_four_dimensions() -> None:
    dimensions = [Dimension(f"d{i}", "", (Value("a", ""),)) for i in range(5)]

    with pytest.raises(ValueError, match="at most 4"):
        indicator({}, dimensions=dimensions)


def test_a_dimension_lists_each_value_once() -> None:
    with pytest.raises(ValueError, match="once"):
        Dimension("need", "Need", (*need_dimension().values, Value("legal", "Legal again")))


def test_a_month_ends_on_the_organisation_s_own_clock() -> None:
    vladivostok = Period.month(2026, 3, "Asia/Vladivostok")
    midnight_there = datetime.datetime(2026, 4, 1, tzinfo=ZoneInfo("Asia/Vladivostok"))

    assert vladivostok.has_closed(midnight_there)
    assert not vladivostok.has_closed(midnight_there - datetime.timedelta(seconds=1))
    assert not MARCH.has_closed(midnight_there)


def test_december_is_followed_by_january() -> None:
    december = Period.month(2025, 12, "Europe/Moscow")

    assert (december.starts_on, december.ends_on) == (
        datetime.date(2025, 12, 1),
        datetime.date(2026, 1, 1),
    )
