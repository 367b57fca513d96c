"""Figures to take along: XLSX files in which text stays text and numbers stay numbers."""

import io
import re
from collections.abc import Sequence
from typing import Any

import xlsxwriter
from flask import Response
from xlsxwriter.worksheet import Worksheet

# A name that begins with "=" must not become a formula in somebody's office.
AS_TYPED = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
NAME = re.compile(r"[a-z0-9-]+\.xlsx")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Workbook:
    """A file in the making."""

    def __init__(self) -> None:
        self._target = io.BytesIO()
        self._book = xlsxwriter.Workbook(self._target, AS_TYPED)
        self.heading = self._book.add_format({"bold": True, "bottom": 1})
        self.wrapped = self._book.add_format({"text_wrap": True, "valign": "top"})

    def page(self, name: str, number: int | None = None) -> Worksheet:
        """Add a sheet; the number keeps apart two whose long names begin alike."""
        return self._book.add_worksheet(_sheet_name(name, number))

    def finish(self) -> bytes:
        """Return the file."""
        self._book.close()
        return self._target.getvalue()


def write_row(page: Worksheet, line: int, values: Sequence[Any], style: Any = None) -> None:
    """Write texts and numbers side by side; None leaves its cell empty."""
    for column, value in enumerate(values):
        if isinstance(value, str):
            page.write_string(line, column, value, style)
        elif value is not None:
            page.write_number(line, column, value, style)


def attachment(data: bytes, filename: str) -> Response:
    """Hand a finished file out under a name of ours.

    :raises ValueError: the name is not one of plain letters, digits and dashes.
    """
    if not NAME.fullmatch(filename):
        raise ValueError("a workbook's name is ours and plain")
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return Response(data, mimetype=XLSX, headers=headers)


def _sheet_name(name: str, number: int | None) -> str:
    """A name as Excel allows it: at most 31 characters, none of them a bracket or a slash."""
    plain = "".join(" " if letter in "[]:*?/\\'" else letter for letter in name)
    ending = "" if number is None else f" ({number})"
    return plain[: 31 - len(ending)].strip() + ending
