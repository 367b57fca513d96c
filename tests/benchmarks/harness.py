"""What every benchmark shares: a database, ours and the baseline in turns, and its rows."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from config.settings import Settings
from tests.support.servers import Addresses, copy_template, drop_database, settings_for

RESULTS = Path("var/bench")


@dataclass(frozen=True)
class Target:
    """A bound on a row's ratio, or on our own figure where there is no baseline."""

    bound: float
    at_least: bool = False

    def met_by(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table; ``ours`` and ``baseline`` are in ``unit``."""

    name: str
    unit: str = ""
    ours: float | None = None
    baseline: float | None = None
    ratio: float | None = None
    target: Target | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target or a measurement."""
        judged = self.ours if self.ratio is None else self.ratio
        if self.target is None or judged is None:
            return None
        return self.target.met_by(judged)

    def to_plain(self) -> dict[str, object]:
        plain = asdict(self)
        plain["target"] = str(self.target) if self.target else None
        return {**plain, "met": self.met}


@dataclass(frozen=True)
class Laboratory:
    """The servers of this run; each benchmark works in a copy of the template database."""

    addresses: Addresses

    @contextmanager
    def database(self, name: str, **changes: str) -> Iterator[Settings]:
        """A fresh database with two organisations, dropped at the end together with its roles."""
        database = copy_template(self.addresses, name)
        changes = {"HEARTH_ROLE_PREFIX": f"{name}_", **changes}
        try:
            yield settings_for(self.addresses, database, **changes)
        finally:
            drop_database(self.addresses, database)
            self._drop_roles(f"{name}_")

    def _drop_roles(self, prefix: str) -> None:
        with psycopg.connect(self.addresses.superuser_dsn, autocommit=True) as connection:
            roles = connection.execute(
                "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", (prefix,)
            ).fetchall()
            for (role,) in roles:
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@dataclass(frozen=True)
class Pair:
    """Both sides' figure from their fastest quarter of rounds, and the ratios.

    A busy machine can only slow a round down, so the fastest ones tell what the work costs;
    ``all_rounds`` is the median of the ratios of neighbouring rounds, the slow ones included.
    """

    ours: float
    baseline: float
    ratio: float
    all_rounds: float

    def per_second(self, times: int) -> "Pair":
        """The same as throughput, for rounds that did a piece of work so many times."""
        return Pair(times / self.ours, times / self.baseline, 1 / self.ratio, 1 / self.all_rounds)


def in_turns(
    ours: Callable[[], float], baseline: Callable[[], float], *, rounds: int, warm_up: int = 1
) -> Pair:
    """Measure the time of both in turns, the order swapped every round."""
    pairs: list[tuple[float, float]] = []
    for number in range(-warm_up, rounds):
        if number % 2:
            theirs, mine = baseline(), ours()
        else:
            mine, theirs = ours(), baseline()
        if number >= 0:
            pairs.append((mine, theirs))
    fastest = [_fastest_quarter([pair[side] for pair in pairs]) for side in (0, 1)]
    all_rounds = statistics.median(mine / theirs for mine, theirs in pairs)
    return Pair(fastest[0], fastest[1], fastest[0] / fastest[1], all_rounds)


def _fastest_quarter(values: Sequence[float]) -> float:
    return statistics.median(sorted(values)[: max(1, len(values) // 4)])


def seconds(work: Callable[[], object], *, times: int = 1) -> float:
    """How long it takes; the garbage collector waits, as it would hit either side by chance."""
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        for _ in range(times):
            work()
        return time.perf_counter() - began
    finally:
        gc.enable()


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
