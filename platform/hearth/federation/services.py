"""Reads published cubes and lays them out by region and month.

Everything shown is a sum of published cells, so no choice of months can tell more than the cubes
do. There is deliberately no filter that leaves out a region: "all but one" is the question an
intruder asks, and the pages stay safe beside figures that other desks may release exactly.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, selectinload

from hearth.aggregates.models import Cube
from hearth.indicators import Cell, Indicator, calendar

MONTHS_AT_FIRST = 12


class NotAdditiveError(ValueError):
    """Somebody tried to add up months of an indicator whose months may not be added."""


@dataclass(frozen=True, slots=True)
class Region:
    """A column of the pages; `key` is an organisation's opaque name."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One published cell with where and when it belongs."""

    region: str
    month: datetime.date
    codes: Cell
    value: int
    amount_minor: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One indicator by region and month."""

    indicator: Indicator
    months: tuple[datetime.date, ...]
    regions: tuple[Region, ...]
    figures: tuple[Figure, ...]
    bases: frozenset[int]
    """To what small counts were rounded; more than one if a rule changed within the range."""

    def value(self, region: str, month: datetime.date) -> int | None:
        """Return a region's figure of a month, or nothing where it has not been published."""
        return _sum(f.value for f in self.figures if f.region == region and f.month == month)

    def total(self, month: datetime.date) -> int | None:
        """Return the sum over the regions that have published the month."""
        return _sum(f.value for f in self.figures if f.month == month)

    def over_months(self, region: str | None = None) -> int | None:
        """Return the sum over all months, of one region or of all.

        :raises NotAdditiveError: the indicator counts the same family in several months.
        """
        if not self.indicator.additive:
            raise NotAdditiveError(f"Months of {self.indicator.id} may not be added up.")
        return _sum(f.value for f in self.figures if region in (None, f.region))

    def amount(self, currency: str, region: str | None = None) -> int | None:
        """Return the sum of the shown amounts of a currency, of one region or of all."""
        return _sum(
            f.amount_minor
            for f in self.figures
            if f.amount_minor is not None and f.currency == currency and region in (None, f.region)
        )

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies in which anything is shown."""
        return tuple(sorted({f.currency for f in self.figures if f.currency is not None}))

    @property
    def last_month(self) -> datetime.date | None:
        """The newest month of the range for which anything is published."""
        return max((f.month for f in self.figures), default=None)


@dataclass(frozen=True, slots=True)
class Board:
    """All sheets over one range of months."""

    offered: tuple[datetime.date, ...]
    """Every month for which anything is published, oldest first."""
    months: tuple[datetime.date, ...]
    sheets: tuple[Sheet, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all has been published yet."""
        return not self.offered


def published_months(
    session: Session, indicators: Sequence[Indicator]
) -> tuple[datetime.date, ...]:
    """Return every month for which one of the indicators is published, oldest first."""
    months = session.scalars(
        select(Cube.period_start)
        .where(Cube.indicator.in_([indicator.id for indicator in indicators]))
        .distinct()
        .order_by(Cube.period_start)
    )
    return tuple(months)


def read_board(
    session: Session,
    *,
    indicators: Sequence[Indicator],
    regions: Sequence[Region],
    since: datetime.date | None = None,
    until: datetime.date | None = None,
    elsewhere: str,
) -> Board:
    """Read a range of months, by default the newest twelve; an unknown region is `elsewhere`."""
    offered = published_months(session, indicators)
    months = _range(offered, since, until)
    labels = {region.key: region for region in regions}
    sheets = tuple(
        _sheet(indicator, months, labels, _cubes(session, indicator, months), elsewhere)
        for indicator in indicators
    )
    return Board(offered, months, sheets)


def _range(
    offered: Sequence[datetime.date], since: datetime.date | None, until: datetime.date | None
) -> tuple[datetime.date, ...]:
    if not offered:
        return ()
    usual = offered[-MONTHS_AT_FIRST:] if until is None else offered
    return calendar(since or usual[0], until or usual[-1])


def _cubes(session: Session, indicator: Indicator, months: Sequence[datetime.date]) -> list[Cube]:
    """The newest revision of each cube."""
    newer = aliased(Cube)
    return list(
        session.scalars(
            select(Cube)
            .options(selectinload(Cube.cells))
            .where(
                Cube.indicator == indicator.id,
                Cube.version == indicator.version,
                Cube.period_start.in_(months),
                ~select(newer.id).where(newer.revision_of == Cube.id).exists(),
            )
        )
    )


def _sheet(
    indicator: Indicator,
    months: tuple[datetime.date, ...],
    labels: Mapping[str, Region],
    cubes: Sequence[Cube],
    elsewhere: str,
) -> Sheet:
    former = Region("", elsewhere)
    figures = [
        Figure(
            region=labels.get(cube.organisation, former).key,
            month=cube.period_start,
            codes=cell.codes,
            value=cell.value,
            amount_minor=cell.amount_minor,
            currency=cell.currency,
        )
        for cube in cubes
        for cell in cube.cells
    ]
    figures.sort(key=lambda figure: (figure.month, figure.region, figure.codes))
    shown = {figure.region for figure in figures}
    regions = (*labels.values(), *([former] if former.key in shown else []))
    return Sheet(
        indicator=indicator,
        months=months,
        regions=regions,
        figures=tuple(figures),
        bases=frozenset(cube.base for cube in cubes),
    )


def _sum(parts: Iterable[int]) -> int | None:
    known = list(parts)
    return sum(known) if known else None
