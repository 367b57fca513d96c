"""What the page and the workbook say in words: which months, and what may not be done with them."""

import datetime

from flask_babel import gettext as _

from hearth.figures.services import Line, Report
from hearth.indicators import Indicator, Period, PeriodRule, calendar
from hearth.web.formatting import format_date, format_month
from hearth.web.months import range_in_words

ONE_DAY = datetime.timedelta(days=1)


def notes(indicator: Indicator) -> list[str]:
    """Say in words what may not be done with a figure."""
    if indicator.period_rule is PeriodRule.STOCK:
        return [_("As it was at the end of each month. Please do not add up months.")]
    if not indicator.additive:
        return [
            _("Please do not add up months: a family helped in March and in April is one family.")
        ]
    return []


def running_in_words(report: Report) -> str:
    """Say that the last month is not over, if it is not."""
    if report.running is None:
        return ""
    said: str = _(
        "%(month)s is still running: it is counted up to %(day)s and drawn in grey.",
        month=format_month(report.running.starts_on),
        day=format_date(last_day(report.running)),
    )
    return said


def period_in_words(period: Period) -> str:
    """Name the months of a period."""
    return range_in_words(calendar(period.starts_on, last_day(period)))


def counted_in_words(line: Line, period: Period) -> str:
    """Name the months of a count; what is counted at a moment has a day instead."""
    if line.indicator.period_rule is PeriodRule.STOCK:
        return format_date(last_day(period))
    return period_in_words(period)


def month_in_words(period: Period, report: Report) -> str:
    """Name a month, and say so where it is still running."""
    month = format_month(period.starts_on)
    if period is not report.running:
        return month
    said: str = _("%(month)s, so far", month=month)
    return said


def compared_in_words(report: Report) -> str:
    """Say which months the key figures count, and with which they are compared."""
    # Without a full stop, because some languages write one at the end of a month's name.
    time = period_in_words(report.over_all)
    if report.before is None:
        said: str = _(
            "At the top: %(time)s (there is nothing before it to compare with)", time=time
        )
        return said
    before = period_in_words(report.before)
    said = _("At the top: %(time)s, compared with %(before)s", time=time, before=before)
    return said


def last_day(period: Period) -> datetime.date:
    """The last day that a period counts."""
    return period.ends_on - ONE_DAY
