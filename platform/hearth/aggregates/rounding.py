"""Rounds small counts to 0 or the base so that all sums of a lattice stay close to the truth.

Cells from 1 to base - 1 become 0 or base; all other cells stay exact. An integer program chooses,
so that margins err as little as possible. Each error is weighed by a secret number u between 0 and
1: one too many costs u, one too few costs 1 - u. Over all u, a lone count x goes up with
probability x / base: the rounding is unbiased, and whoever knows the method but not the secret
still only knows that a published 0 means 0 to base - 1 and a published base means 1 to base.

The u of a cell belongs to the cell and its exact count, that of a margin to the margin and its
exact sum, and to nothing else: a table that stays as it is is rounded alike month after month, so
that looking at many months says no more of a count than one.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from hearth.aggregates.lattice import Margin, margins
from hearth.aggregates.limits import Base
from hearth.indicators import Cell

WEIGHT_PER_LEVEL = 8.0
"""How much more an error weighs for each dimension that a margin sums away."""

EXCESS_WEIGHT = 32.0
"""Times the grand total's weight: what an error weighs beyond base - 1, so that none goes there
where another choice exists (in one and two dimensions it always does)."""

GOOD_ENOUGH = 0.01
"""How far from the optimum, in proportion, a choice may stay."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long the integer program may search.

    Nodes are counted alike on every machine and run out first; the seconds are a last resort.
    """

    nodes: int = 200
    seconds: float = 30.0


def round_counts(
    counts: Mapping[Cell, int], *, base: Base, seed: bytes, effort: Effort | None = None
) -> dict[Cell, int]:
    """Return the lattice with every small count rounded; one seed rounds equal tables alike.

    `counts` holds every cell of the lattice. If the program finds no choice within its limits,
    small counts are rounded along the lattice's order: as safe, less close.
    """
    cells = sorted(counts)
    small = [position for position, cell in enumerate(cells) if 0 < counts[cells[position]] < base]
    rounded = {cell: counts[cell] for cell in cells}
    if not small:
        return rounded
    values = [counts[cells[position]] for position in small]
    ups = _solve(cells, small, values, base, seed, effort or Effort())
    if ups is None:
        ups = _round_in_order(values, base, seed)
    for position, up in zip(small, ups, strict=True):
        rounded[cells[position]] = int(base) if up else 0
    return rounded


def _solve(
    cells: Sequence[Cell],
    small: Sequence[int],
    values: Sequence[int],
    base: Base,
    seed: bytes,
    effort: Effort,
) -> list[bool] | None:
    """Choose which small cells go up, or nothing if the effort found no choice."""
    index = {position: k for k, position in enumerate(small)}
    concerned = [
        (margin, members)
        for margin in margins(cells)
        if (members := [index[position] for position in margin.cells if position in index])
    ]
    cost = np.concatenate(
        [_cell_costs(cells, small, values, base, seed), _margin_costs(concerned, values, seed)]
    )
    upper = np.concatenate(
        [np.ones(len(small)), np.tile([base - 1, base - 1, np.inf, np.inf], len(concerned))]
    )
    integrality = np.zeros(len(cost), dtype=np.int64)
    integrality[: len(small)] = 1
    result = milp(
        cost,
        integrality=integrality,
        bounds=Bounds(np.zeros(len(cost)), upper),
        constraints=_errors_add_up(concerned, values, base, len(cost)),
        options={
            "node_limit": effort.nodes,
            "time_limit": effort.seconds,
            "mip_rel_gap": GOOD_ENOUGH,
        },
    )
    # Out of nodes or seconds, the best choice found so far is as safe as the best there is.
    if result.x is None:
        return None
    return [bool(value > 0.5) for value in result.x[: len(small)]]


def _cell_costs(
    cells: Sequence[Cell], small: Sequence[int], values: Sequence[int], base: Base, seed: bytes
) -> NDArray[np.float64]:
    """What it costs more to round a cell up than down."""
    costs = []
    for position, value in zip(small, values, strict=True):
        u, weight = _secrets(seed, f"cell:{'/'.join(cells[position])}={value}")
        costs.append(weight * (u * (base - value) - (1 - u) * value))
    return np.array(costs, dtype=np.float64)


def _margin_costs(
    concerned: Sequence[tuple[Margin, list[int]]], values: Sequence[int], seed: bytes
) -> NDArray[np.float64]:
    """Four costs for each margin: over, under, far over, far under."""
    excess = EXCESS_WEIGHT * WEIGHT_PER_LEVEL ** max(
        (margin.collapsed for margin, _ in concerned), default=0
    )
    costs: list[float] = []
    for margin, members in concerned:
        exact = sum(values[k] for k in members)
        u, weight = _secrets(seed, f"margin:{margin.name}={exact}")
        weight *= WEIGHT_PER_LEVEL**margin.collapsed
        costs += [weight * u, weight * (1 - u), excess, excess]
    return np.array(costs, dtype=np.float64)


def _errors_add_up(
    concerned: Sequence[tuple[Margin, list[int]]], values: Sequence[int], base: Base, width: int
) -> LinearConstraint:
    """For each margin: base x cells up - over + under - far over + far under = exact small sum."""
    rows: list[int] = []
    columns: list[int] = []
    entries: list[float] = []
    sums: list[float] = []
    for row, (_, members) in enumerate(concerned):
        first_error = len(values) + 4 * row
        columns += [*members, *range(first_error, first_error + 4)]
        entries += [float(base)] * len(members) + [-1.0, 1.0, -1.0, 1.0]
        rows += [row] * (len(members) + 4)
        sums.append(float(sum(values[k] for k in members)))
    matrix = coo_array((entries, (rows, columns)), shape=(len(concerned), width))
    return LinearConstraint(matrix.tocsc(), sums, sums)


def _round_in_order(values: Sequence[int], base: Base, seed: bytes) -> list[bool]:
    """Round up whenever the running sum, begun at a secret point, passes a multiple of the base.

    No count exceeds the base, so none is passed twice; the grand total errs by less than the base.
    """
    start = int(_uniform(seed, f"start:{list(values)}") * base)
    ups = []
    for value in values:
        ups.append(start + value >= base)
        start = (start + value) % base
    return ups


def _secrets(seed: bytes, name: str) -> tuple[float, float]:
    """The secret u of an error and a secret factor on its weight."""
    return _uniform(seed, "u:" + name), 0.5 + _uniform(seed, "weight:" + name)


def _uniform(seed: bytes, name: str) -> float:
    """A number in [0, 1) that only depends on seed and name, not on a library's generator."""
    digest = hmac.new(seed, name.encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
