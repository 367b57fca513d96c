"""Plays the intruder: from all that was published, between which bounds must each count lie?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from hearth.aggregates.lattice import margins
from hearth.aggregates.limits import Base
from hearth.indicators import Cell


@dataclass(frozen=True)
class Fact:
    """The intruder knows that these cells add up to something between two numbers."""

    cells: tuple[int, ...]
    low: int
    high: int


def facts_of_rounded_cube(published: Mapping[Cell, int], base: Base) -> list[Fact]:
    """What the method tells: each cell's interval, and that a margin errs by less than the base."""
    cells = sorted(published)
    facts = [Fact((i,), *interval_of(published[cell], base)) for i, cell in enumerate(cells)]
    for margin in margins(cells):
        total = sum(published[cells[i]] for i in margin.cells)
        facts.append(Fact(margin.cells, max(0, total - base + 1), total + base - 1))
    return facts


def facts_of_unprotected_cube(published: Mapping[Cell, int]) -> list[Fact]:
    """What a cube tells that is taken at its word."""
    return [Fact((i,), published[c], published[c]) for i, c in enumerate(sorted(published))]


def facts_of_hidden_cells_with_true_sums(counts: Mapping[Cell, int], base: Base) -> list[Fact]:
    """What the ordinary way tells: small cells blotted out, every sum true."""
    cells = sorted(counts)
    facts = [
        Fact((i,), 1, base - 1) if 0 < counts[c] < base else Fact((i,), counts[c], counts[c])
        for i, c in enumerate(cells)
    ]
    for margin in margins(cells):
        total = sum(counts[cells[i]] for i in margin.cells)
        facts.append(Fact(margin.cells, total, total))
    return facts


def interval_of(value: int, base: Base) -> tuple[int, int]:
    """Between which exact counts a published value leaves room."""
    if value == 0:
        return 0, base - 1
    if value == base:
        return 1, base
    return value, value


def attack(
    cells: Sequence[Cell], facts: Iterable[Fact], targets: Iterable[Cell]
) -> dict[Cell, tuple[int, int]]:
    """Return the integer bounds of each target, given all facts together."""
    position = {cell: i for i, cell in enumerate(sorted(cells))}
    known = list(facts)
    matrix = np.zeros((len(known), len(position)))
    for row, fact in enumerate(known):
        matrix[row, list(fact.cells)] = 1
    rules = LinearConstraint(matrix, [f.low for f in known], [f.high for f in known])
    return {
        target: (
            _extreme(position[target], len(position), rules, 1),
            _extreme(position[target], len(position), rules, -1),
        )
        for target in targets
    }


def recovered(
    counts: Mapping[Cell, int], facts: Iterable[Fact], base: Base, *, known: Iterable[Cell] = ()
) -> dict[Cell, int]:
    """Return the small counts of the exact table that the facts give away."""
    own = set(known)
    tiny = [cell for cell, count in counts.items() if 0 < count < base and cell not in own]
    bounds = attack(list(counts), facts, tiny)
    return {cell: low for cell, (low, high) in bounds.items() if low == high}


def _extreme(target: int, width: int, rules: LinearConstraint, sign: int) -> int:
    cost = np.zeros(width)
    cost[target] = sign
    result = milp(
        cost,
        integrality=np.ones(width, dtype=np.int64),
        bounds=Bounds(np.zeros(width), np.full(width, np.inf)),
        constraints=rules,
    )
    if result.x is None:
        raise AssertionError("The facts contradict each other.")
    return round(float(result.x[target]))
