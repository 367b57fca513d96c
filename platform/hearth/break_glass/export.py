"""Writes the month's report as a workbook."""

from flask_babel import gettext as _

from hearth.break_glass.report import MonthReport
from hearth.break_glass.words import REASONS
from hearth.web.formatting import format_month
from hearth.web.workbooks import Workbook, write_row


def workbook(report: MonthReport) -> bytes:
    """Return the report as an XLSX file."""
    book = Workbook()
    page = book.page(_("Emergency looks"))
    page.set_column(0, 0, 60)
    lines: list[tuple[str, int | str]] = [
        (_("Month"), format_month(report.month)),
        (_("Emergency looks"), report.total),
        (_("Reviewed in time"), report.reviewed_in_time),
        (_("Reviewed late"), report.reviewed_late),
        (_("Waiting for a review"), report.waiting),
        (_("Not justified"), report.not_justified),
    ]
    lines += [(str(REASONS[reason]), number) for reason, number in report.by_reason.items()]
    lines += [(name, number) for name, number in report.by_user]
    write_row(page, 0, [_("What is counted"), _("Number")], book.heading)
    for at, line in enumerate(lines, start=1):
        write_row(page, at, line)
    return book.finish()
