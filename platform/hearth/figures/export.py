"""Writes a report as a workbook with exactly the numbers of the page and what they mean."""

from typing import Any

from flask_babel import gettext as _
from xlsxwriter.worksheet import Worksheet

from hearth.figures.services import Count, Line, Report
from hearth.figures.words import (
    counted_in_words,
    month_in_words,
    notes,
    running_in_words,
)
from hearth.money import Money
from hearth.web.formatting import major_units
from hearth.web.workbooks import Workbook, write_row


def workbook(report: Report) -> bytes:
    """Return the report as an XLSX file."""
    book = Workbook()
    _definitions(book.page(_("About these figures")), report, book)
    _key_figures(book.page(_("At a glance")), report, book)
    _by_month(book.page(_("By month")), report, book)
    return book.finish()


def as_data(report: Report) -> dict[str, Any]:
    """Return the report as plain data: counts by month, amounts in minor units of a currency."""
    return {
        "since": report.over_all.starts_on.isoformat(),
        "until": report.periods[-1].starts_on.isoformat() if report.periods else None,
        "figures": [
            {
                "indicator": line.indicator.id,
                "unit": str(line.indicator.unit),
                "months": [
                    {
                        "month": f"{period.starts_on:%Y-%m}",
                        "value": count.value,
                        "amounts_minor": dict(count.amounts),
                    }
                    for period, count in zip(report.periods, line.by_month, strict=True)
                ],
            }
            for line in report.lines
        ],
    }


def _definitions(page: Worksheet, report: Report, book: Workbook) -> None:
    page.set_column(0, 0, 28)
    page.set_column(1, 2, 60)
    write_row(page, 0, [_("Figure"), _("What it counts"), _("What to know")], book.heading)
    for at, line in enumerate(report.lines, start=1):
        known = [str(line.indicator.label), str(line.indicator.definition)]
        write_row(page, at, [*known, "\n".join(notes(line.indicator))], book.wrapped)
    write_row(page, len(report.lines) + 2, [running_in_words(report)])


def _key_figures(page: Worksheet, report: Report, book: Workbook) -> None:
    page.set_column(0, 4, 28)
    headings = [_("Figure"), _("Time"), _("Count"), _("Time before"), _("Number before")]
    write_row(page, 0, headings, book.heading)
    rows = [row for line in report.lines for row in _compared(line, report)]
    for at, row in enumerate(rows, start=1):
        write_row(page, at, row)


def _compared(line: Line, report: Report) -> list[list[object]]:
    now = counted_in_words(line, report.over_all)
    before = counted_in_words(line, report.before) if report.before else None
    label = str(line.indicator.label)
    return [
        [name, now, number, before, earlier]
        for name, number, earlier in zip(
            [label, *(f"{label}, {currency}" for currency in line.currencies)],
            _numbers(line, line.over_all),
            _numbers(line, line.before),
            strict=True,
        )
    ]


def _by_month(page: Worksheet, report: Report, book: Workbook) -> None:
    page.freeze_panes(1, 1)
    names = [
        name for line in report.lines for name in (str(line.indicator.label), *line.currencies)
    ]
    page.set_column(0, len(names), 20)
    write_row(page, 0, [_("Month"), *names], book.heading)
    for at, period in enumerate(report.periods):
        numbers = [n for line in report.lines for n in _numbers(line, line.by_month[at])]
        write_row(page, at + 1, [month_in_words(period, report), *numbers])


def _numbers(line: Line, count: Count | None) -> list[object]:
    """The count and its amounts, in the order of the line's currencies."""
    if count is None:
        return [None] * (1 + len(line.currencies))
    amounts = [major_units(Money(count.amounts.get(c, 0), c)) for c in line.currencies]
    return [count.value, *amounts]
