from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.aggregates.lattice import margins
from hearth.aggregates.limits import Base
from hearth.aggregates.rounding import round_counts
from hearth.indicators import Cell
from tests.hearth.aggregates.attacker import (
    Fact,
    attack,
    facts_of_hidden_cells_with_true_sums,
    facts_of_rounded_cube,
    facts_of_unprotected_cube,
    interval_of,
    recovered,
)
from tests.hearth.aggregates.tables import house_table, seeds, tables

BASE = Base.FEDERATION
SEED = b"one secret of the house pskov    "
REGIONS = 4


def tiny_cells(counts: Mapping[Cell, int]) -> list[Cell]:
    return [cell for cell, count in counts.items() if 0 < count < BASE]


def regions_rounded_apart(counts: Mapping[Cell, int]) -> dict[Cell, int]:
    """Each region (the first dimension) is an organisation with a secret of its own."""
    published: dict[Cell, int] = {}
    for region in sorted({cell[0] for cell in counts}):
        own = {cell: count for cell, count in counts.items() if cell[0] == region}
        published |= round_counts(own, base=BASE, seed=SEED + region.encode())
    return published


def facts_of_regions(published: Mapping[Cell, int]) -> list[Fact]:
    """What is known of four cubes: every cell's interval, and every region's sums within a base."""
    cells = sorted(published)
    position = {cell: i for i, cell in enumerate(cells)}
    facts = [Fact((i,), *interval_of(published[c], BASE)) for i, c in enumerate(cells)]
    for region in sorted({cell[0] for cell in cells}):
        own = [cell for cell in cells if cell[0] == region]
        for margin in margins(cell[1:] for cell in own):
            members = tuple(position[own[i]] for i in margin.cells)
            total = sum(published[cells[i]] for i in members)
            facts.append(Fact(members, max(0, total - BASE + 1), total + BASE - 1))
    return facts


@settings(deadline=None, max_examples=8)
@given(counts=tables(max_dimensions=2), seed=seeds)
def test_the_solver_recovers_no_small_count_of_a_protected_cube(
    counts: dict[Cell, int], seed: bytes
) -> None:
    published = round_counts(counts, base=BASE, seed=seed)

    found = recovered(counts, facts_of_rounded_cube(published, BASE), BASE)

    assert found == {}


def test_each_small_count_keeps_the_whole_width_of_its_interval() -> None:
    counts = house_table((4, 4), chance=1)
    published = round_counts(counts, base=BASE, seed=SEED)

    bounds = attack(list(counts), facts_of_rounded_cube(published, BASE), tiny_cells(counts))

    assert tiny_cells(counts)
    assert {cell: high - low for cell, (low, high) in bounds.items()} == dict.fromkeys(
        tiny_cells(counts), BASE - 1
    )


@settings(deadline=None, max_examples=6)
@given(data=st.data())
def test_overlapping_filters_and_their_differences_add_nothing(data: st.DataObject) -> None:
    counts = house_table((4, 3, 2), chance=data.draw(st.integers(0, 50)))
    published = regions_rounded_apart(counts)
    cells = sorted(published)
    subsets = data.draw(
        st.lists(st.sets(st.integers(0, len(cells) - 1), min_size=1), min_size=1, max_size=8)
    )

    answers = [sum(published[cells[i]] for i in subset) for subset in subsets]
    # An intruder who takes every answer for as near the truth as a margin knows more than is true.
    believed = [
        Fact(tuple(sorted(subset)), max(0, answer - BASE + 1), answer + BASE - 1)
        for subset, answer in zip(subsets, answers, strict=True)
    ]
    found = recovered(counts, [*facts_of_regions(published), *believed], BASE)

    assert found == {}


@pytest.mark.parametrize("insider", ["v0", "v1", "v2", "v3"])
def test_an_organisation_that_knows_its_own_figures_learns_no_other_ones(insider: str) -> None:
    counts = house_table((REGIONS, 4), chance=7)
    published = regions_rounded_apart(counts)
    cells = sorted(counts)
    own = [cell for cell in cells if cell[0] == insider]
    inside = [Fact((cells.index(cell),), counts[cell], counts[cell]) for cell in own]

    bounds = attack(
        cells,
        [*facts_of_regions(published), *inside],
        [cell for cell in tiny_cells(counts) if cell not in own],
    )

    assert bounds
    assert all(high - low == BASE - 1 for low, high in bounds.values())


def hidden_cells(counts: Mapping[Cell, int]) -> list[Fact]:
    return facts_of_hidden_cells_with_true_sums(counts, BASE)


def rounded_cells_with_true_sums(counts: Mapping[Cell, int]) -> list[Fact]:
    published = round_counts(counts, base=BASE, seed=SEED)
    true_sums = [fact for fact in hidden_cells(counts) if len(fact.cells) > 1]
    cells = sorted(published)
    return [
        *true_sums,
        *(Fact((i,), *interval_of(published[c], BASE)) for i, c in enumerate(cells)),
    ]


@pytest.mark.parametrize(
    "careless", [facts_of_unprotected_cube, hidden_cells, rounded_cells_with_true_sums]
)
def test_the_solver_does_find_small_counts_where_protection_is_switched_off(
    careless: Callable[[Mapping[Cell, int]], list[Fact]],
) -> None:
    counts: dict[Cell, int] = {
        ("v0", "v0"): 1,
        ("v0", "v1"): 9,
        ("v0", "v2"): 12,
        ("v1", "v0"): 7,
        ("v1", "v1"): 2,
        ("v1", "v2"): 3,
        ("v2", "v0"): 8,
        ("v2", "v1"): 6,
        ("v2", "v2"): 11,
    }

    found = recovered(counts, careless(counts), BASE)

    assert found
    assert all(counts[cell] == count for cell, count in found.items())


def test_for_each_small_count_another_one_would_have_given_the_same_cube() -> None:
    counts: dict[Cell, int] = {
        ("v0",): 1,
        ("v1",): 3,
        ("v2",): 7,
        ("v3",): 0,
        ("v4",): 4,
        ("v5",): 2,
    }
    published = round_counts(counts, base=BASE, seed=SEED)

    witnesses = {
        cell: next(
            (
                other
                for other in range(1, BASE)
                if other != counts[cell] and _could_give(counts | {cell: other}, published)
            ),
            None,
        )
        for cell in tiny_cells(counts)
    }

    assert None not in witnesses.values()


def _could_give(counts: dict[Cell, int], published: dict[Cell, int]) -> bool:
    return any(
        round_counts(counts, base=BASE, seed=bytes([i, j]) * 16) == published
        for i in range(10)
        for j in range(10)
    )
