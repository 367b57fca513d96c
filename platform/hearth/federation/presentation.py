"""Turns a board into what the page shows: key figures, charts with tables, and plain words."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from hearth.federation.services import Board, Region, Sheet
from hearth.indicators import Indicator
from hearth.web.charts import (
    Bar,
    Chart,
    Series,
    bar_chart,
    line_chart,
    numeric_column,
    small_multiples,
)
from hearth.web.formatting import format_money, format_month, format_number, format_short_month
from hearth.web.months import range_in_words

KEY_FIGURES = 6


@dataclass(frozen=True, slots=True)
class Drawn:
    """One indicator as the page shows it; the words say how the figures were protected."""

    indicator: Indicator
    chart: Chart
    by_region: list[tuple[str, Chart]]
    notes: tuple[str, ...]
    money: "MoneyTable | None"


@dataclass(frozen=True, slots=True)
class MoneyTable:
    """Amounts by region and currency."""

    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    total: dict[str, Any]


def key_figures(board: Board) -> list[dict[str, Any]]:
    """At most six figures with what they are to be compared with."""
    figures = [_key_figure(sheet, board) for sheet in board.sheets]
    for sheet in board.sheets:
        for currency in sheet.currencies:
            figures.append(
                {
                    "label": _("Given in %(currency)s", currency=currency),
                    "value": format_money((sheet.amount(currency) or 0, currency), whole=True),
                    "comparison": range_in_words(board.months),
                    "note": _("Sum of the amounts that may be shown"),
                }
            )
    return figures[:KEY_FIGURES]


def draw(board: Board) -> list[Drawn]:
    """Draw every sheet for which the range holds anything."""
    return [
        Drawn(
            indicator=sheet.indicator,
            chart=_chart(sheet),
            by_region=_by_region(sheet) if len(sheet.months) > 1 else [],
            notes=tuple(notes(sheet)),
            money=_money_table(sheet) if sheet.currencies else None,
        )
        for sheet in board.sheets
        if sheet.figures
    ]


def notes(sheet: Sheet) -> list[str]:
    """Say in words what was done to the figures and what may not be done with them."""
    said = [
        _("Sum of the organisations' own counts. Each organisation counts a family only once.")
        if not sheet.indicator.additive
        else _("Sum of the organisations' own counts.")
    ]
    said += [rounded_in_words(base) for base in sorted(sheet.bases)]
    if not sheet.indicator.additive:
        said.append(
            _("Please do not add up months: a family helped in March and in April is one family.")
        )
    if any(sheet.value(r.key, m) is None for r in sheet.regions for m in sheet.months):
        said.append(
            _("A dash means that a region has not published the month yet; it is not a zero.")
        )
    return said


def rounded_in_words(base: int) -> str:
    """Say what rounding does to small counts."""
    said: str = _(
        "Rounded to %(base)s: in every organisation and group, a count from 1 to %(last)s appears"
        " as 0 or as %(base)s. Larger counts are exact.",
        base=format_number(base),
        last=format_number(base - 1),
    )
    return said


def _key_figure(sheet: Sheet, board: Board) -> dict[str, Any]:
    figure: dict[str, Any] = {
        "label": str(sheet.indicator.label),
        "value": "–",
        "comparison": "",
        "definition": str(sheet.indicator.definition),
    }
    if sheet.last_month is None:
        return figure
    if sheet.indicator.additive:
        figure["value"] = format_number(sheet.over_months())
        figure["comparison"] = range_in_words(board.months)
        return figure
    figure["value"] = format_number(sheet.total(sheet.last_month))
    figure["comparison"] = format_month(sheet.last_month)
    before = _month_before(sheet)
    if before is not None:
        figure["note"] = _(
            "%(number)s in %(month)s",
            number=format_number(sheet.total(before)),
            month=format_month(before),
        )
    return figure


def _month_before(sheet: Sheet) -> datetime.date | None:
    """The month to compare with, if as many regions have published it."""
    earlier = [month for month in sheet.months if sheet.last_month and month < sheet.last_month]
    if not earlier or sheet.last_month is None:
        return None
    same_regions = _published_by(sheet, earlier[-1]) == _published_by(sheet, sheet.last_month)
    return earlier[-1] if same_regions else None


def _published_by(sheet: Sheet, month: datetime.date) -> frozenset[str]:
    return frozenset(figure.region for figure in sheet.figures if figure.month == month)


def _chart(sheet: Sheet) -> Chart:
    title = str(sheet.indicator.label)
    if len(sheet.months) == 1:
        return _one_month(sheet, title, sheet.months[0])
    chart = line_chart(
        title,
        [format_short_month(month) for month in sheet.months],
        [
            Series(region.label, [sheet.value(region.key, month) for month in sheet.months])
            for region in sheet.regions
        ],
        describe=_description(sheet),
        point_heading=_("Month"),
    )
    # The axis has room for a short name only; the table says the year as well.
    rows = [
        row | {"point": format_month(month), "total": _told(sheet.total(month))}
        for row, month in zip(chart.rows, sheet.months, strict=True)
    ]
    columns = [*chart.columns, numeric_column("total", _("All together"))]
    return replace(chart, columns=columns, rows=rows)


def _by_region(sheet: Sheet) -> list[tuple[str, Chart]]:
    """One small chart a region on a common scale, because lines in one picture cross."""
    return small_multiples(
        [region.label for region in sheet.regions],
        [format_short_month(month) for month in sheet.months],
        [
            Series(region.label, [sheet.value(region.key, month) for month in sheet.months])
            for region in sheet.regions
        ],
        describe=lambda series: f"{sheet.indicator.label}: {series.label}. {_description(sheet)}",
    )


def _one_month(sheet: Sheet, title: str, month: datetime.date) -> Chart:
    chart = bar_chart(
        title,
        [Bar(region.label, sheet.value(region.key, month)) for region in sheet.regions],
        describe=_description(sheet),
        label_heading=_("Region"),
        value_heading=format_month(month),
    )
    total = {"label": _("All together"), "value": _told(sheet.total(month))}
    return replace(chart, rows=[*chart.rows, total])


def _description(sheet: Sheet) -> str:
    said: str = ngettext(
        "%(indicator)s in %(num)s region, %(range)s. The table below says the same in numbers.",
        "%(indicator)s in %(num)s regions, %(range)s. The table below says the same in numbers.",
        len(sheet.regions),
        indicator=str(sheet.indicator.label),
        range=range_in_words(sheet.months),
    )
    return said


def _money_table(sheet: Sheet) -> MoneyTable:
    def row(label: str, amount: Callable[[str], int | None]) -> dict[str, Any]:
        return {"region": label} | {c: _money(amount(c), c) for c in sheet.currencies}

    def of_region(region: Region) -> dict[str, Any]:
        return row(region.label, lambda currency: sheet.amount(currency, region.key))

    return MoneyTable(
        columns=[
            {"key": "region", "label": _("Region")},
            *(numeric_column(currency, currency) for currency in sheet.currencies),
        ],
        rows=[of_region(region) for region in sheet.regions],
        total=row(_("All that is shown"), sheet.amount),
    )


def _money(amount: int | None, currency: str) -> str:
    return "–" if amount is None else format_money((amount, currency))


def _told(value: int | None) -> str:
    return "–" if value is None else format_number(value)
