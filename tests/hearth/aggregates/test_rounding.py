import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.aggregates.lattice import margins
from hearth.aggregates.limits import Base, publishable_amount
from hearth.aggregates.rounding import Effort, _cell_costs, round_counts
from hearth.indicators import Cell
from tests.hearth.aggregates.tables import house_table, lattice, seeds, tables

SEED = b"one secret of the house spb      "
bases = st.sampled_from(list(Base))


def margin_errors(counts: dict[Cell, int], rounded: dict[Cell, int]) -> dict[str, int]:
    cells = sorted(counts)
    return {
        margin.name: abs(sum(rounded[cells[i]] - counts[cells[i]] for i in margin.cells))
        for margin in margins(cells)
    }


@settings(deadline=None, max_examples=40)
@given(counts=tables(), base=bases, seed=seeds)
def test_no_published_cell_is_small_and_large_ones_stay_exact(
    counts: dict[Cell, int], base: Base, seed: bytes
) -> None:
    rounded = round_counts(counts, base=base, seed=seed)

    assert rounded.keys() == counts.keys()
    assert all(rounded[c] in {0, base} for c, count in counts.items() if 0 < count < base)
    assert all(rounded[c] == count for c, count in counts.items() if count == 0 or count >= base)


@settings(deadline=None, max_examples=40)
@given(counts=tables(), base=bases, seed=seeds)
def test_the_grand_total_errs_by_at_most_the_base(
    counts: dict[Cell, int], base: Base, seed: bytes
) -> None:
    rounded = round_counts(counts, base=base, seed=seed)

    assert abs(sum(rounded.values()) - sum(counts.values())) <= base


@settings(deadline=None, max_examples=40)
@given(counts=tables(max_dimensions=2), base=bases, seed=seeds)
def test_every_sum_of_a_flat_table_errs_by_less_than_the_base(
    counts: dict[Cell, int], base: Base, seed: bytes
) -> None:
    errors = margin_errors(counts, round_counts(counts, base=base, seed=seed))

    assert max(errors.values()) < base


@settings(deadline=None, max_examples=40)
@given(counts=tables(), base=bases, seed=seeds)
def test_every_sum_of_a_deep_table_stays_within_two_bases(
    counts: dict[Cell, int], base: Base, seed: bytes
) -> None:
    errors = margin_errors(counts, round_counts(counts, base=base, seed=seed))

    assert max(errors.values()) <= 2 * base


@settings(deadline=None, max_examples=20)
@given(counts=tables(), seed=seeds)
def test_the_same_seed_always_draws_the_same_cube(counts: dict[Cell, int], seed: bytes) -> None:
    shuffled = dict(reversed(counts.items()))

    first = round_counts(counts, base=Base.FEDERATION, seed=seed)
    second = round_counts(shuffled, base=Base.FEDERATION, seed=seed)

    assert first == second


@settings(deadline=None, max_examples=20)
@given(counts=tables(max_dimensions=1), base=bases, seed=seeds)
def test_a_count_keeps_its_weights_whatever_stands_beside_it(
    counts: dict[Cell, int], base: Base, seed: bytes
) -> None:
    cells = sorted(counts)
    values = [counts[cell] for cell in cells]

    together = _cell_costs(cells, range(len(cells)), values, base, seed)
    alone = [_cell_costs([c], [0], [counts[c]], base, seed)[0] for c in cells]
    one_more = [_cell_costs([c], [0], [counts[c] + 1], base, seed)[0] for c in cells]

    assert list(together) == alone
    assert not set(alone) & set(one_more)


def test_other_seeds_draw_other_cubes() -> None:
    counts = dict.fromkeys(lattice((4, 3)), 2)

    drawn = {
        tuple(round_counts(counts, base=Base.FEDERATION, seed=bytes([i]) * 32).values())
        for i in range(12)
    }

    assert len(drawn) > 6


def test_a_lone_count_goes_up_about_as_often_as_its_share_of_the_base() -> None:
    seeds_tried = [bytes([i, j]) * 16 for i in range(12) for j in range(10)]

    ups = {
        count: sum(
            round_counts({("v0",): count}, base=Base.FEDERATION, seed=seed)[("v0",)] == 5
            for seed in seeds_tried
        )
        for count in (1, 3)
    }

    # Three standard deviations around 24 and 72 of 120.
    assert 10 < ups[1] < 38
    assert 55 < ups[3] < 89


@pytest.mark.parametrize("count", range(8))
def test_a_figure_without_dimensions_is_protected_too(count: int) -> None:
    drawn = {
        round_counts({(): count}, base=Base.FEDERATION, seed=bytes([i]) * 32)[()] for i in range(40)
    }

    assert drawn == ({0, 5} if 0 < count < 5 else {count})


@settings(deadline=None, max_examples=40)
@given(counts=tables(), base=bases, seed=seeds)
def test_without_time_to_search_the_cube_is_just_as_safe(
    counts: dict[Cell, int], base: Base, seed: bytes
) -> None:
    rounded = round_counts(counts, base=base, seed=seed, effort=Effort(nodes=0, seconds=0.0))

    assert not any(0 < value < base for value in rounded.values())
    assert all(rounded[cell] == count for cell, count in counts.items() if count >= base)
    assert abs(sum(rounded.values()) - sum(counts.values())) < base


def test_sums_of_a_year_of_four_organisations_stay_within_one_percent() -> None:
    tables_of_a_year = [house_table((4, 4), chance=i) for i in range(48)]
    nights = [{c: n * 9 if n > 4 else n for c, n in t.items()} for t in tables_of_a_year]

    published = [
        round_counts(table, base=Base.FEDERATION, seed=SEED + bytes([i]))
        for i, table in enumerate(nights)
    ]

    exact_total = sum(sum(table.values()) for table in nights)
    published_total = sum(sum(table.values()) for table in published)
    assert abs(published_total - exact_total) <= exact_total / 100
    errors = [max(margin_errors(a, b).values()) for a, b in zip(nights, published, strict=True)]
    assert max(errors) <= Base.FEDERATION


@pytest.mark.parametrize(
    ("count", "by_donor", "told"),
    [
        (5, [1000, 1000, 1000, 1000, 1000], 5000),
        (4, [1000, 1000, 1000, 1000], None),
        (6, [7100, 580, 580, 580, 580, 580], None),
        (6, [7000, 600, 600, 600, 600, 600], 10000),
        (6, [5000, 4100, 300, 200, 200, 200], None),
        (9, [9000], None),
        (9, [4500, 4500], None),
        (5, [], None),
        (5, [0, 0, 0, 0, 0], None),
        (7, [-9000, 500, 500, 500, 500], None),
    ],
)
def test_an_amount_is_told_only_where_no_donor_stands_out(
    count: int, by_donor: list[int], told: int | None
) -> None:
    amount = publishable_amount(count, by_donor, base=Base.FEDERATION)

    assert amount == told
