"""Writes a part of the log as a workbook."""

from collections.abc import Sequence

from flask_babel import gettext as _

from hearth.records.lines import Line
from hearth.records.presentation import action_in_words, codes_of, facts_in_words
from hearth.web.formatting import format_datetime, format_number
from hearth.web.workbooks import Workbook, write_row


def workbook(lines: Sequence[Line], total: int) -> bytes:
    """Return the events as an XLSX file, with the hashes by which they can be checked.

    Where there are more in all than it takes, its first line says so.
    """
    book = Workbook()
    page = book.page(_("Records"))
    top = 1 if total > len(lines) else 0
    page.freeze_panes(top + 1, 0)
    page.set_column(0, 8, 24)
    headings = [_("Number"), _("When"), _("Colleague"), _("What was done"), _("Case")]
    if top:
        write_row(page, 0, [_cut(len(lines), total)], book.heading)
    headings += [_("Facts"), _("Hash"), _("Facts as they were recorded")]
    write_row(page, top, headings, book.heading)
    for at, line in enumerate(lines, start=top + 1):
        told = [line.number, format_datetime(line.at), line.actor, action_in_words(line)]
        told += [
            line.case_number,
            facts_in_words(line),
            line.hash.hex() if line.hash else "",
            codes_of(line),
        ]
        write_row(page, at, told)
    return book.finish()


def _hash(line: Line) -> str:
    return line.hash.hex() if line.hash else ""


def _cut(shown: int, total: int) -> str:
    return str(
        _(
            "These are the latest %(shown)s of %(total)s entries; the earlier ones are missing. "
            "Choose a shorter time.",
            shown=format_number(shown),
            total=format_number(total),
        )
    )
