"""Lays exact counts out on an indicator's full lattice and names its margins."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from hearth.indicators import Cell, Indicator


class StrayCellError(ValueError):
    """A slice counted something outside the closed lists of its own indicator."""


@dataclass(frozen=True, slots=True)
class Margin:
    """A sum over the cells that agree in the kept dimensions."""

    kept: tuple[int, ...]
    codes: Cell
    cells: tuple[int, ...]
    """Positions of the summed cells in the lattice."""
    collapsed: int
    """How many dimensions are summed away."""

    @property
    def name(self) -> str:
        """A stable name, so that a secret weight always belongs to the same margin."""
        return "/".join(f"{k}={code}" for k, code in zip(self.kept, self.codes, strict=True))


def fill(indicator: Indicator, counted: Mapping[Cell, int]) -> dict[Cell, int]:
    """Return every cell of the lattice with its exact count, zeros included."""
    refuse_stray_cells(indicator, counted)
    if any(count < 0 for count in counted.values()):
        raise ValueError(f"{indicator.id} counted less than nothing.")
    return {cell: counted.get(cell, 0) for cell in indicator.cells}


def refuse_stray_cells(indicator: Indicator, cells: Iterable[Cell]) -> None:
    """Raise unless every cell lies on the lattice; the message names codes, never figures."""
    strays = set(cells) - set(indicator.cells)
    if strays:
        raise StrayCellError(f"{indicator.id} has no cells {sorted(strays)}.")


def margins(cells: Iterable[Cell]) -> Iterator[Margin]:
    """Yield every margin of the lattice, from the nearly finest to the grand total."""
    lattice = list(cells)
    dimensions = len(lattice[0]) if lattice else 0
    for kept_count in range(dimensions - 1, -1, -1):
        for kept in combinations(range(dimensions), kept_count):
            groups: dict[Cell, list[int]] = {}
            for position, cell in enumerate(lattice):
                groups.setdefault(tuple(cell[k] for k in kept), []).append(position)
            for codes, members in groups.items():
                yield Margin(kept, codes, tuple(members), dimensions - kept_count)
