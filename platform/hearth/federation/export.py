"""Writes a board as a workbook with the figures of the page, their finest cells and definitions."""

from typing import Any

from flask_babel import gettext as _
from xlsxwriter.worksheet import Worksheet

from hearth.federation.presentation import notes
from hearth.federation.services import Board, Sheet
from hearth.money import Money
from hearth.web.formatting import major_units
from hearth.web.months import range_in_words
from hearth.web.workbooks import Workbook, write_row


def workbook(board: Board) -> bytes:
    """Return the board as an XLSX file."""
    book = Workbook()
    _definitions(book.page(_("About these figures")), board, book.heading, book.wrapped)
    for number, sheet in enumerate(board.sheets, start=1):
        name = f"{number} {sheet.indicator.label}"
        _by_month(book.page(name), sheet, book.heading)
        finest = _("%(name)s in detail", name=name)
        _cells(book.page(finest, number), sheet, book.heading)
    return book.finish()


def as_data(board: Board) -> dict[str, Any]:
    """Return the board as plain data; nothing is told that its pages do not show."""
    return {
        "months": [f"{month:%Y-%m}" for month in board.months],
        "figures": [
            {
                "indicator": sheet.indicator.id,
                "rounded_to": sorted(sheet.bases),
                "regions": [
                    {
                        "region": region.label,
                        "months": {
                            f"{month:%Y-%m}": sheet.value(region.key, month)
                            for month in sheet.months
                        },
                    }
                    for region in sheet.regions
                ],
            }
            for sheet in board.sheets
        ],
    }


def _definitions(page: Worksheet, board: Board, heading: Any, wrapped: Any) -> None:
    page.set_column(0, 0, 28)
    page.set_column(1, 3, 60)
    write_row(page, 0, [_("Figure"), _("What it counts"), _("What to know"), _("Months")], heading)
    for line, sheet in enumerate(board.sheets, start=1):
        texts = [
            str(sheet.indicator.label),
            str(sheet.indicator.definition),
            "\n".join(notes(sheet)),
            range_in_words(board.months) if board.months else "",
        ]
        write_row(page, line, texts, wrapped)


def _by_month(page: Worksheet, sheet: Sheet, heading: Any) -> None:
    page.set_column(0, len(sheet.regions) + 1, 18)
    page.freeze_panes(1, 1)
    labels = [region.label for region in sheet.regions]
    write_row(page, 0, [_("Month"), *labels, _("All together")], heading)
    for line, month in enumerate(sheet.months, start=1):
        values = [sheet.value(region.key, month) for region in sheet.regions]
        write_row(page, line, [f"{month:%Y-%m}", *values, sheet.total(month)])


def _cells(page: Worksheet, sheet: Sheet, heading: Any) -> None:
    dimensions = sheet.indicator.dimensions
    names = {region.key: region.label for region in sheet.regions}
    words = [{value.code: str(value.label) for value in d.values} for d in dimensions]
    has_money = sheet.indicator.currency_dimension is not None
    page.set_column(0, len(dimensions) + 4, 18)
    page.freeze_panes(1, 0)
    write_row(
        page,
        0,
        [
            _("Month"),
            _("Region"),
            *(str(dimension.label) for dimension in dimensions),
            str(sheet.indicator.unit),
            *([_("Amount"), _("Currency")] if has_money else []),
        ],
        heading,
    )
    for line, figure in enumerate(sheet.figures, start=1):
        labels = [known.get(code, code) for known, code in zip(words, figure.codes, strict=True)]
        amount: list[object] = [None, None]
        if figure.amount_minor is not None and figure.currency is not None:
            money = Money(figure.amount_minor, figure.currency)
            amount = [major_units(money), figure.currency]
        where = [f"{figure.month:%Y-%m}", names[figure.region], *labels]
        write_row(page, line, [*where, figure.value, *(amount if has_money else [])])
