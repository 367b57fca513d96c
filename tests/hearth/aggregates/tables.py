"""Tables of made-up counts, as small as those of a real house, and an indicator around them."""

import datetime
from collections.abc import Mapping, Sequence
from itertools import product
from random import Random

from hypothesis import strategies as st
from sqlalchemy.orm import Session

from hearth.indicators import (
    Cell,
    Dimension,
    Indicator,
    Period,
    PeriodRule,
    SdcClass,
    Value,
)


def lattice(shape: Sequence[int]) -> list[Cell]:
    """Every cell of a lattice with so many values in each dimension."""
    return list(product(*([f"v{i}" for i in range(size)] for size in shape)))


def house_table(shape: Sequence[int], *, chance: int) -> dict[Cell, int]:
    """A table in which most counts are tiny, the same for the same chance."""
    random = Random(chance)  # noqa: S311 – sample data, not a secret.
    return {cell: random.choice([0, 1, 1, 2, 2, 3, 4, 6, 9]) for cell in lattice(shape)}


@st.composite
def tables(draw: st.DrawFn, max_dimensions: int = 3) -> dict[Cell, int]:
    """Any small table."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=max_dimensions))
    cells = lattice(shape)
    counts = draw(st.lists(st.integers(0, 12), min_size=len(cells), max_size=len(cells)))
    return dict(zip(cells, counts, strict=True))


seeds = st.binary(min_size=32, max_size=32)


def need_dimension() -> Dimension:
    """A closed list of needs."""
    codes = ("housing", "material", "legal", "unknown")
    return Dimension("need", "Need", tuple(Value(code, code.title()) for code in codes))


def currency_dimension() -> Dimension:
    """Two currencies."""
    return Dimension("currency", "Currency", (Value("EUR", "euro"), Value("SEK", "krona")))


def indicator(
    counts: Mapping[Cell, int],
    *,
    dimensions: Sequence[Dimension] = (need_dimension(),),
    by_donor: Mapping[Cell, Sequence[int]] | None = None,
    id: str = "families_served",  # noqa: A002 – the field's own name.
    effective_from: datetime.date = datetime.date(2014, 1, 1),
) -> Indicator:
    """An indicator that counts what the test says."""

    def count(session: Session, period: Period) -> Mapping[Cell, int]:
        return dict(counts)

    def amounts(session: Session, period: Period) -> Mapping[Cell, Sequence[int]]:
        return dict(by_donor or {})

    return Indicator(
        id=id,
        version=1,
        effective_from=effective_from,
        label="Families served",
        definition="Families that were helped at least once in the month.",
        unit="families",
        sdc_class=SdcClass.PERSONS,
        period_rule=PeriodRule.ACTIVE,
        additive=by_donor is not None,
        dimensions=tuple(dimensions),
        count=count,
        amounts=None if by_donor is None else amounts,
        currency_dimension=None if by_donor is None else "currency",
    )
