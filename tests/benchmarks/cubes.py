"""Measures how long ten organisations take to round three years of a lattice of sixty cells."""

import time
from collections.abc import Iterable
from itertools import product
from random import Random

from hearth.aggregates.limits import Base
from hearth.aggregates.rounding import round_counts
from tests.benchmarks.harness import Laboratory, Row, Target

ORGANISATIONS = 10
MONTHS = 36
SHAPE = (5, 4, 3)


def measure(laboratory: Laboratory) -> Iterable[Row]:
    """Round every month of every organisation; the database has no part in it."""
    random = Random(1)  # noqa: S311 – sample data, not a secret.
    cells = list(product(*([f"v{number}" for number in range(size)] for size in SHAPE)))
    tables = [
        {cell: random.choice([0, 0, 1, 2, 3, 4, 7, 11]) for cell in cells}
        for _ in range(ORGANISATIONS * MONTHS)
    ]
    started = time.perf_counter()
    for number, table in enumerate(tables):
        round_counts(table, base=Base.FEDERATION, seed=number.to_bytes(32, "big"))
    seconds = time.perf_counter() - started
    yield Row(
        name=f"cubes of {ORGANISATIONS} organisations, {MONTHS} months, {len(cells)} cells",
        unit="s",
        ours=seconds,
        target=Target(60),
    )
