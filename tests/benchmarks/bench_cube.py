"""Measures how long ten organisations take to publish three years of a lattice of sixty cells."""

import sys
import time
from itertools import product
from random import Random

from hearth.aggregates.rounding import Base, round_counts

ORGANISATIONS = 10
MONTHS = 36
LIMIT_SECONDS = 60.0
COMBINATIONS = list(
    product(
        *(
            [f"{name}{number}" for number in range(size)]
            for name, size in (("need", 5), ("house", 4), ("age", 3))
        )
    )
)


def measure() -> float:
    """Round every month of every organisation; return the seconds it took."""
    random = Random(1)  # noqa: S311 – sample data, not a secret.
    tables = [
        {cell: random.choice([0, 0, 1, 2, 3, 4, 7, 11]) for cell in COMBINATIONS}
        for _ in range(ORGANISATIONS * MONTHS)
    ]
    started = time.perf_counter()
    for number, table in enumerate(tables):
        round_counts(table, base=Base.FEDERATION, seed=number.to_bytes(32, "big"))
    return time.perf_counter() - started


def main() -> int:
    """Print the result as one line of a table; fail beyond the limit."""
    seconds = measure()
    sys.stdout.write(
        f"cubes | {ORGANISATIONS} organisations x {MONTHS} months x {len(COMBINATIONS)} cells"
        f" | {seconds:.1f} s | limit {LIMIT_SECONDS:.0f} s\n"
    )
    return 0 if seconds <= LIMIT_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
