"""Counts an organisation's own figures by month, inside its own session and nowhere else."""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hearth.aggregates.catalogue import first_month
from hearth.aggregates.families_served import FAMILIES_SERVED
from hearth.families.indicators import CASES_OPENED, OPEN_CASES
from hearth.giving.indicators import GIFTS_RECEIVED
from hearth.indicators import Indicator, Period, PeriodKind, calendar
from hearth.service_delivery.indicators import SERVICES_DELIVERED
from hearth.shelter.indicators import BED_NIGHTS

SHOWN: tuple[Indicator, ...] = (
    FAMILIES_SERVED,
    BED_NIGHTS,
    OPEN_CASES,
    CASES_OPENED,
    SERVICES_DELIVERED,
    GIFTS_RECEIVED,
)
MONTHS_AT_FIRST = 12
ONE_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Count:
    """What an indicator came to in a period; for money, the amounts by currency as well."""

    value: int
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator over the report's range."""

    indicator: Indicator
    by_month: tuple[Count, ...]
    over_all: Count
    before: Count | None

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies in which there is any amount."""
        counts = (*self.by_month, self.over_all, *([self.before] if self.before else []))
        return tuple(sorted({currency for count in counts for currency in count.amounts}))


@dataclass(frozen=True, slots=True)
class Report:
    """Every figure of the page over one range of months."""

    periods: tuple[Period, ...]
    """The months, the last of them possibly cut short because it is still running."""
    over_all: Period
    before: Period | None
    lines: tuple[Line, ...]

    @property
    def months(self) -> tuple[datetime.date, ...]:
        """The first days of the months."""
        return tuple(period.starts_on for period in self.periods)

    @property
    def running(self) -> Period | None:
        """The part of the running month that is over, if the range reaches into it."""
        last = self.periods[-1]
        return None if last.kind is PeriodKind.MONTH else last


def months_on_offer(
    session: Session, *, timezone: str, today: datetime.date
) -> tuple[datetime.date, ...]:
    """Every month from the organisation's first to the one that holds yesterday."""
    first = first_month(session, clock=ZoneInfo(timezone))
    return () if first is None else calendar(first, today - ONE_DAY)


def read_report(
    session: Session,
    *,
    offered: Sequence[datetime.date],
    timezone: str,
    today: datetime.date,
    since: datetime.date | None = None,
    until: datetime.date | None = None,
) -> Report:
    """Count a range of the months on offer: at first the last twelve that are over, and the next.

    Today itself is never counted: tonight's beds are a plan until the night is over.
    """
    periods = tuple(
        _period(month, timezone, today) for month in _range(offered, today, since, until)
    )
    complete = [period for period in periods if period.kind is PeriodKind.MONTH]
    counted = complete or periods
    over_all = Period.days(counted[0].starts_on, counted[-1].ends_on, timezone)
    before = _before(complete, offered[0])
    return Report(
        periods=periods,
        over_all=over_all,
        before=before,
        lines=tuple(_line(session, one, periods, over_all, before) for one in SHOWN),
    )


def _range(
    offered: Sequence[datetime.date],
    today: datetime.date,
    since: datetime.date | None,
    until: datetime.date | None,
) -> Sequence[datetime.date]:
    if since and not until:
        return [month for month in offered if month >= since][:MONTHS_AT_FIRST]
    last = until or offered[-1]
    usual = MONTHS_AT_FIRST + _is_running(last, today)
    months = [month for month in offered if month <= last]
    return [month for month in months if month >= since] if since else months[-usual:]


def _period(month: datetime.date, timezone: str, today: datetime.date) -> Period:
    if _is_running(month, today):
        return Period.days(month, today, timezone)
    return Period.month(month.year, month.month, timezone)


def _is_running(month: datetime.date, today: datetime.date) -> bool:
    return month == today.replace(day=1)


def _before(complete: Sequence[Period], first: datetime.date) -> Period | None:
    """As many months before the complete ones, if figures reach back so far."""
    if not complete:
        return None
    starts_on = complete[0].starts_on
    earlier = calendar(first, starts_on)[:-1][-len(complete) :]
    if len(earlier) < len(complete):
        return None
    return Period.days(earlier[0], starts_on, complete[0].timezone)


def _line(
    session: Session,
    indicator: Indicator,
    periods: Sequence[Period],
    over_all: Period,
    before: Period | None,
) -> Line:
    return Line(
        indicator=indicator,
        by_month=tuple(_count(session, indicator, period) for period in periods),
        over_all=_count(session, indicator, over_all),
        before=_count(session, indicator, before) if before else None,
    )


def _count(session: Session, indicator: Indicator, period: Period) -> Count:
    amounts: Counter[str] = Counter()
    if indicator.amounts is not None:
        for cell, given in indicator.amounts(session, period).items():
            if currency := indicator.currency_of(cell):
                amounts[currency] += sum(given)
    return Count(sum(indicator.count(session, period).values()), dict(amounts))
