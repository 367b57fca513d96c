"""Writes a part of the log as a workbook."""

from collections.abc import Sequence

from flask_babel import gettext as _

from hearth.records.presentation import action_in_words, facts_in_words
from hearth.records.services import Line
from hearth.web.formatting import format_datetime
from hearth.web.workbooks import Workbook, write_row


def workbook(lines: Sequence[Line]) -> bytes:
    """Return the events as an XLSX file, with the hashes by which they can be checked."""
    book = Workbook()
    page = book.page(_("Records"))
    page.freeze_panes(1, 0)
    page.set_column(0, 7, 24)
    headings = [_("Number"), _("When"), _("Colleague"), _("What was done"), _("Case")]
    write_row(page, 0, [*headings, _("Facts"), _("Hash")], book.heading)
    for at, line in enumerate(lines, start=1):
        told = [line.number, format_datetime(line.at), line.actor, action_in_words(line)]
        write_row(page, at, [*told, line.case_number, facts_in_words(line), line.hash.hex()])
    return book.finish()
