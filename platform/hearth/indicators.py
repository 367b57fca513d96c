"""The form in which a slice states what it can count, so that figures mean the same everywhere.

A slice offers `indicators.py` with `Indicator` objects. The definition is data (words, unit, closed
dimensions); the counting is one function that runs inside the organisation's own transaction and
sees exact figures. Nothing here publishes anything: the protected cube does, on a higher floor.
"""

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

Cell = tuple[str, ...]
"""One value code per dimension, in the order of `Indicator.dimensions`."""

UNKNOWN = "unknown"
"""The code every dimension over people has among its values: what nobody knows is shown too."""

MAX_DIMENSIONS = 4
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")


class Words(Protocol):
    """Text for a person, lazily translated: a plain string or what `lazy_gettext` returns."""

    def __str__(self) -> str: ...


class SdcClass(StrEnum):
    """What a figure could betray, and so which disclosure rules it obeys."""

    PERSONS = "P"
    OPERATIONS = "O"
    MONEY = "M"


class PeriodRule(StrEnum):
    """How a fact belongs to a period."""

    FLOW = "flow"
    """Its date lies in the period."""
    ACTIVE = "active"
    """Its interval overlaps the period."""
    STOCK = "stock"
    """It holds at midnight at the end of the period's last day."""


class PeriodKind(StrEnum):
    """Which days belong together."""

    MONTH = "month"
    """A whole calendar month: the only kind that is published."""
    DAYS = "days"
    """Any other run of days, for exact figures inside an organisation."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, half open (`ends_on` is the first day after), in an organisation's own clock."""

    kind: PeriodKind
    starts_on: datetime.date
    ends_on: datetime.date
    timezone: str

    @classmethod
    def month(cls, year: int, month: int, timezone: str) -> "Period":
        """Return one calendar month."""
        following = datetime.date(year + month // 12, month % 12 + 1, 1)
        return cls(PeriodKind.MONTH, datetime.date(year, month, 1), following, timezone)

    @classmethod
    def days(cls, starts_on: datetime.date, ends_on: datetime.date, timezone: str) -> "Period":
        """Return the days from the first to before the last."""
        return cls(PeriodKind.DAYS, starts_on, ends_on, timezone)

    @property
    def starts_at(self) -> datetime.datetime:
        """The first moment of the period, for comparison with moments."""
        return self._midnight(self.starts_on)

    @property
    def ends_at(self) -> datetime.datetime:
        """The first moment after the period."""
        return self._midnight(self.ends_on)

    def has_closed(self, now: datetime.datetime) -> bool:
        """Say whether the last day is over on the organisation's clock."""
        return now >= self.ends_at

    def _midnight(self, day: datetime.date) -> datetime.datetime:
        local = datetime.datetime.combine(day, datetime.time(), ZoneInfo(self.timezone))
        return local.astimezone(datetime.UTC)


def calendar(first: datetime.date, last: datetime.date) -> tuple[datetime.date, ...]:
    """Return the first day of every month from one to the other, both included."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return tuple(datetime.date(number // 12, number % 12 + 1, 1) for number in numbers)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a closed dimension."""

    code: str
    label: Words


@dataclass(frozen=True, slots=True)
class Dimension:
    """A closed list of values by which an indicator is broken down."""

    name: str
    label: Words
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        codes = self.codes
        if not codes or len(set(codes)) != len(codes):
            raise ValueError(f"Dimension {self.name} needs values, each of them once.")
        for code in (self.name, *codes):
            if not _CODE.fullmatch(code):
                raise ValueError(f"{code!r} in dimension {self.name} is not a plain code.")

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes in the order in which they are shown."""
        return tuple(value.code for value in self.values)


CountCells = Callable[[Session, Period], Mapping[Cell, int]]
"""Exact counts per cell. Cells left out are zero; a code outside the closed list is an error."""

SumByDonor = Callable[[Session, Period], Mapping[Cell, Sequence[int]]]
"""Per cell, what each donor gave there in minor units, one number per donor, without names.

A gift from nobody known counts as a donor of its own. Only the dominance rule looks at these.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A figure with one meaning: its words, its rules and the function that counts it."""

    id: str
    version: int
    effective_from: datetime.date
    label: Words
    definition: Words
    unit: Words
    sdc_class: SdcClass
    period_rule: PeriodRule
    additive: bool
    """Whether months may be added up. Distinct counts may not: a family seen twice is one."""
    dimensions: tuple[Dimension, ...]
    count: CountCells
    contributions: SumByDonor | None = None
    """For counts of which one family can be many: how much of each cell every family made up.

    A cell that too few families made up, or one of them for the most part, is published as none.
    """
    amounts: SumByDonor | None = None
    currency_dimension: str | None = None
    """For money: the dimension whose codes are ISO currencies, so that no cell mixes two."""

    def __post_init__(self) -> None:
        names = [dimension.name for dimension in self.dimensions]
        if len(names) > MAX_DIMENSIONS or len(set(names)) != len(names):
            raise ValueError(f"{self.id} may have at most {MAX_DIMENSIONS} different dimensions.")
        if not _CODE.fullmatch(self.id) or self.version < 1:
            raise ValueError(f"{self.id!r} needs a plain id and a version from 1.")
        if (self.amounts is None) != (self.currency_dimension is None):
            raise ValueError(f"{self.id} must name its currency dimension with its amounts.")
        if self.currency_dimension is not None and self.currency_dimension not in names:
            raise ValueError(f"{self.id} has no dimension {self.currency_dimension}.")

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell of the lattice, in a fixed order."""
        return tuple(product(*(dimension.codes for dimension in self.dimensions)))

    def currency_of(self, cell: Cell) -> str | None:
        """Return the currency in which the cell's amount stands, if the indicator has amounts."""
        for dimension, code in zip(self.dimensions, cell, strict=True):
            if dimension.name == self.currency_dimension:
                return code
        return None
