"""Federation staff read what was done in all regions, from protected figures alone."""

import io
import re
from collections.abc import Callable

import openpyxl
import pytest
from playwright.sync_api import Locator, expect

from tests.support.browsing import Visit
from tests.support.stack import Stack, eventually

pytestmark = pytest.mark.browser
FIGURES = ("Families served", "Bed nights", "Gifts received")


@pytest.mark.parametrize("width", [1280, 360])
def test_federation_staff_see_and_take_home_what_was_done_by_region_and_month(
    stack: Stack, visit: Callable[..., Visit], width: int
) -> None:
    eventually(stack.has_published, seconds=90)

    reader = visit(width)
    reader.sign_in("federation", "federation-staff")
    expect(reader.page).to_have_url(stack.url("federation", "/numbers/"))
    reader.look("federation-01-numbers")

    # Each figure is a drawing for each region with words for those who do not see it, and a table.
    for name in FIGURES:
        for region in ("Pskov", "St Petersburg"):
            words = re.compile(f"{name}: {region}")
            expect(_section(reader, name).get_by_role("img", name=words).first).to_be_visible()
        _section(reader, name).locator("details.chart-table > summary").click()
        expect(_section(reader, name).get_by_role("columnheader", name="Pskov")).to_be_visible()
    reader.look("federation-02-with-tables")
    shown = {
        name: _numbers(_section(reader, name).locator(".chart-table table")) for name in FIGURES
    }
    assert all(len(rows) == 12 for rows in shown.values())
    assert all(any(any(row) for row in rows) for rows in shown.values())

    # The workbook holds the very same numbers.
    with reader.page.expect_download() as download:
        reader.page.get_by_role("link", name="XLSX").click()
    taken = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes()))
    for number, name in enumerate(FIGURES, start=1):
        rows = taken[f"{number} {name}"].iter_rows(min_row=2, min_col=2, values_only=True)
        assert [list(row) for row in rows] == shown[name]

    # Other months can be asked for, in the address alone.
    if reader.width < 640:
        reader.page.locator("details.filters > summary").click()
    months = reader.field("since").locator("option").evaluate_all("all => all.map(o => o.value)")
    newest = [month for month in months if month][:2]
    reader.choose(since=newest[1], until=newest[0])
    reader.page.locator(".filter-actions button").click()
    reader.page.wait_for_url(re.compile("since="))
    assert len(_numbers(_section(reader, FIGURES[0]).locator(".chart-table table"))) == 2
    reader.look("federation-03-two-months")

    reader.page.locator("main .lead a").click()
    expect(reader.page.locator("#protection")).to_be_visible()
    reader.look("federation-04-definitions")


def _section(reader: Visit, name: str) -> Locator:
    return reader.page.locator(f'section[aria-label="{name}"]')


def _numbers(table: Locator) -> list[list[int | None]]:
    """The table's figures, row by row; a dash is nothing."""
    rows = table.locator("tbody tr").all()
    return [[_number(cell) for cell in row.locator("td").all_text_contents()] for row in rows]


def _number(cell: str) -> int | None:
    figures = re.sub(r"\D", "", cell)
    return int(figures) if figures else None
