"""Turns a report into what the page shows: key figures, and charts with their tables."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from babel.lists import format_list
from flask_babel import gettext as _

from hearth.figures.services import Count, Line, Report
from hearth.figures.words import (
    compared_in_words,
    counted_in_words,
    last_day,
    month_in_words,
    notes,
    running_in_words,
)
from hearth.indicators import Indicator, Period, PeriodRule
from hearth.web.charts import (
    Bar,
    Chart,
    Series,
    bar_chart,
    column_chart,
    line_chart,
    numeric_column,
)
from hearth.web.formatting import (
    format_date,
    format_money,
    format_month,
    format_number,
    format_short_month,
    reader_locale,
)
from hearth.web.months import range_in_words

# More columns than a year and the running month would be too thin to read.
MOST_COLUMNS = 13


@dataclass(frozen=True, slots=True)
class Table:
    """Rows beneath a chart that has one number for each month already."""

    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One indicator as the page shows it."""

    indicator: Indicator
    chart: Chart
    notes: tuple[str, ...]
    money: Table | None


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything the page says of a report."""

    compared: str
    running: str
    key_figures: list[dict[str, Any]]
    drawn: list[Drawn]


def show(report: Report) -> Shown:
    """Put a report into words and drawings."""
    return Shown(
        compared=compared_in_words(report),
        running=running_in_words(report),
        key_figures=_key_figures(report),
        drawn=_draw(report),
    )


def _key_figures(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "label": str(line.indicator.label),
            "value": format_number(line.over_all.value),
            "comparison": _remark(line, report),
            "note": _before_in_words(line, report.before),
            "definition": str(line.indicator.definition),
        }
        for line in report.lines
    ]


def _draw(report: Report) -> list[Drawn]:
    return [
        Drawn(
            indicator=line.indicator,
            chart=_chart(line, report),
            notes=tuple(notes(line.indicator)),
            money=_money_table(line, report) if line.currencies else None,
        )
        for line in report.lines
    ]


def _before_in_words(line: Line, before: Period | None) -> str:
    if line.before is None or before is None:
        return ""
    said: str = _(
        "%(when)s: %(count)s", when=counted_in_words(line, before), count=_in_words(line.before)
    )
    return said


def _remark(line: Line, report: Report) -> str:
    if line.indicator.period_rule is PeriodRule.STOCK:
        day = format_date(last_day(report.over_all))
        said: str = _("At the end of %(day)s", day=day)
        return said
    if not line.indicator.additive:
        said = _("Each family counts once in the whole time")
        return said
    return _amounts(line.over_all.amounts)


def _in_words(count: Count) -> str:
    number = format_number(count.value)
    if not count.amounts:
        return number
    said: str = _("%(count)s (%(amounts)s)", count=number, amounts=_amounts(count.amounts))
    return said


def _amounts(amounts: Mapping[str, int]) -> str:
    parts = [format_money((minor, currency)) for currency, minor in sorted(amounts.items())]
    return format_list(parts, locale=reader_locale()) if parts else ""


def _chart(line: Line, report: Report) -> Chart:
    label, unit = str(line.indicator.label), str(line.indicator.unit)
    describe = _(
        "%(indicator)s by month, %(range)s. The table below says the same in numbers.",
        indicator=label,
        range=range_in_words(report.months),
    )
    values = [count.value for count in line.by_month]
    spoken = [month_in_words(period, report) for period in report.periods]
    if len(values) == 1:
        bars = [Bar(spoken[0], values[0])]
        return bar_chart(
            label, bars, describe=describe, label_heading=_("Month"), value_heading=unit
        )
    short = [format_short_month(month) for month in report.months]
    if len(values) > MOST_COLUMNS:
        chart = _long(line, report, describe)
    else:
        bars = [
            Bar(name, value, unfinished=period is report.running)
            for name, value, period in zip(short, values, report.periods, strict=True)
        ]
        chart = column_chart(
            label, bars, describe=describe, label_heading=_("Month"), value_heading=unit
        )
    # The axis has room for a short name only; the table says the year as well.
    rows = [
        {"label": name, "value": format_number(value)}
        for name, value in zip(spoken, values, strict=True)
    ]
    columns = [{"key": "label", "label": _("Month")}, numeric_column("value", unit)]
    return replace(chart, columns=columns, rows=rows)


def _long(line: Line, report: Report, describe: str) -> Chart:
    """A line of the months that are over: a part of a month at its end would look like a fall."""
    complete = [
        (format_month(period.starts_on), count.value)
        for period, count in zip(report.periods, line.by_month, strict=True)
        if period is not report.running
    ]
    return line_chart(
        str(line.indicator.label),
        [name for name, _value in complete],
        [Series(str(line.indicator.unit), [value for _name, value in complete])],
        describe=describe,
        point_heading=_("Month"),
    )


def _money_table(line: Line, report: Report) -> Table:
    months = zip(report.periods, line.by_month, strict=True)
    return Table(
        columns=[
            {"key": "month", "label": _("Month")},
            *(numeric_column(currency, currency) for currency in line.currencies),
        ],
        rows=[
            {"month": month_in_words(period, report)}
            | {c: format_money((count.amounts.get(c, 0), c)) for c in line.currencies}
            for period, count in months
        ],
    )
