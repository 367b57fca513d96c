import datetime
import io
import re
from collections.abc import Callable

import openpyxl
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from hearth.accounts.models import FederationUser
from hearth.accounts.permissions import Role
from hearth.aggregates.families_served import FAMILIES_SERVED
from hearth.federation.export import workbook
from hearth.federation.services import Board, Figure, Region, Sheet
from hearth.giving.indicators import GIFTS_RECEIVED
from hearth.indicators import calendar
from hearth.shelter.indicators import BED_NIGHTS
from hearth.web.request import HearthFlask
from tenants.registry import OrgRef
from tests.hearth.federation.conftest import Publish
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
MONTHS = calendar(datetime.date(2026, 1, 1), datetime.date(2026, 3, 1))
CELL = re.compile(r'<td[^>]*class="numeric"[^>]*>(.*?)</td>', re.DOTALL)
TAG = re.compile(r"<[^>]*>")


@pytest.fixture
def staff(sign_in: SignIn) -> Visitor:
    return sign_in(Role.FEDERATION_STAFF, "federation")


@pytest.fixture
def first_quarter(spb: OrgRef, pskov: OrgRef, publish: Publish) -> None:
    """Three months of two organisations in which nearly every count is tiny."""
    purpose = GIFTS_RECEIVED.dimensions[0].codes[0]
    for number, month in enumerate(MONTHS):
        for organisation, larger in ((spb, 40), (pskov, 6)):
            publish(
                FAMILIES_SERVED,
                organisation,
                month,
                {("housing",): 1 + number, ("legal",): 2, ("medical",): 4, ("unknown",): larger},
            )
            publish(
                BED_NIGHTS,
                organisation,
                month,
                {(code,): 3 for code in BED_NIGHTS.dimensions[0].codes},
            )
            publish(
                GIFTS_RECEIVED,
                organisation,
                month,
                {(purpose, "EUR"): larger, (purpose, "SEK"): 2},
                {(purpose, "EUR"): [1500] * larger, (purpose, "SEK"): [90000, 100]},
            )


def numbers_on(page: str) -> list[str]:
    return [TAG.sub("", cell).strip() for cell in CELL.findall(page)]


def test_before_anything_is_published_the_page_says_when_to_come_back(staff: Visitor) -> None:
    response = staff.get("/numbers/")

    assert response.status_code == 200
    assert "No month has been published yet" in response.text


@pytest.mark.parametrize(
    "path",
    ["/numbers/", "/numbers/definitions/", "/numbers/hearth-numbers.xlsx", "/api/v1/numbers"],
)
def test_whoever_has_lost_her_role_reads_no_figures_at_once(
    path: str, shared: Session, staff: Visitor
) -> None:
    shared.execute(update(FederationUser).values(roles=[]))

    answer = staff.get(path)

    assert answer.status_code == 403


@pytest.mark.usefixtures("first_quarter")
def test_no_number_on_the_page_is_a_small_count(staff: Visitor) -> None:
    page = staff.get("/numbers/").text

    shown = numbers_on(page)
    assert len(shown) > 20
    assert not {"1", "2", "3", "4"} & set(shown)


@pytest.mark.usefixtures("first_quarter")
def test_the_page_says_how_figures_were_rounded_and_whose_they_are(staff: Visitor) -> None:
    page = staff.get("/numbers/").text

    assert "Rounded to 5" in page
    assert "Each organisation counts a family only once." in page
    assert "Please do not add up months" in page
    assert 'href="/numbers/definitions/"' in page


@pytest.mark.usefixtures("first_quarter")
def test_each_chart_has_a_drawing_with_a_name_and_a_table_of_its_numbers(staff: Visitor) -> None:
    page = staff.get("/numbers/").text

    # Three indicators, and in each of them a drawing for either region.
    assert page.count('<svg class="chart"') == 6
    assert "Families served: Pskov" in page
    assert page.count("The numbers as a table") == 3
    assert "All together" in page


@pytest.mark.usefixtures("first_quarter")
def test_regions_are_named_in_the_reader_s_language(staff: Visitor, pskov: OrgRef) -> None:
    page = staff.get("/numbers/?lang=ru").text

    assert pskov.region("ru") in page


@pytest.mark.usefixtures("first_quarter")
def test_an_amount_that_would_betray_a_donor_is_in_no_sum(staff: Visitor) -> None:
    page = staff.get("/numbers/").text

    assert "€2,070.00" in page
    assert "SEK" not in page


@pytest.mark.usefixtures("first_quarter")
def test_one_month_is_drawn_as_bars(staff: Visitor) -> None:
    response = staff.get("/numbers/?since=2026-02&until=2026-02")

    assert response.status_code == 200
    assert "February 2026" in response.text
    assert "March 2026</th>" not in response.text


@pytest.mark.usefixtures("first_quarter")
def test_a_range_that_ends_before_it_begins_is_explained(staff: Visitor) -> None:
    response = staff.get("/numbers/?since=2026-03&until=2026-01")

    assert response.status_code == 422
    assert "Choose a month that is not before the first one." in response.text


@pytest.mark.usefixtures("first_quarter")
@pytest.mark.parametrize(
    "month", ["2026-02-14", "2031-01", "2026-W05", "x", "2026-13", "%00", "2026-02' OR 1=1"]
)
def test_only_published_whole_months_may_be_asked_for(staff: Visitor, month: str) -> None:
    response = staff.get(f"/numbers/?since={month}")

    assert response.status_code == 422


@pytest.mark.usefixtures("first_quarter")
def test_no_parameter_leaves_out_a_region(staff: Visitor) -> None:
    whole = numbers_on(staff.get("/numbers/").text)

    page = staff.get("/numbers/?region=pskov&exclude=pskov&organisation=pskov").text

    assert numbers_on(page) == whole


@pytest.mark.usefixtures("first_quarter")
def test_definitions_say_what_counts_and_what_protection_cannot_do(staff: Visitor) -> None:
    page = staff.get("/numbers/definitions/").text

    for indicator in (FAMILIES_SERVED, BED_NIGHTS, GIFTS_RECEIVED):
        assert f'id="{indicator.id}"' in page
    assert "70%" in page
    assert "Quarters and years of families are not published yet." in page
    assert "What this cannot do" in page


@pytest.mark.usefixtures("first_quarter")
def test_the_workbook_holds_the_numbers_of_the_page(staff: Visitor) -> None:
    page = staff.get("/numbers/").text

    response = staff.get("/numbers/hearth-numbers.xlsx")

    book = openpyxl.load_workbook(io.BytesIO(response.data))
    by_month = [book.worksheets[position] for position in (1, 3, 5)]
    numbers = [
        f"{cell:,}"
        for sheet in by_month
        for row in sheet.iter_rows(min_row=2, min_col=2, values_only=True)
        for cell in row
        if isinstance(cell, int | float)
    ]
    assert response.headers["Content-Type"].endswith("spreadsheetml.sheet")
    assert numbers == [shown for shown in numbers_on(page) if "€" not in shown]


@pytest.mark.usefixtures("first_quarter")
def test_the_workbook_explains_itself_and_holds_no_small_count(staff: Visitor) -> None:
    response = staff.get("/numbers/hearth-numbers.xlsx?since=2026-01&until=2026-02")

    book = openpyxl.load_workbook(io.BytesIO(response.data))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    first_page = " ".join(str(cell.value) for row in book.worksheets[0].rows for cell in row)
    assert "Rounded to 5" in first_page
    assert not [c for c in cells if isinstance(c.value, int | float) and 0 < c.value < 5]
    assert "2026-03" not in {cell.value for cell in cells}


def test_a_name_that_looks_like_a_formula_stays_text(app: HearthFlask) -> None:
    evil = '=HYPERLINK("https://evil.test","a")'
    month = MONTHS[0]
    figure = Figure("org_x", month, ("unknown",), 7, None, None)
    sheet = Sheet(FAMILIES_SERVED, (month,), (Region("org_x", evil),), (figure,), frozenset({5}))

    with app.test_request_context("/", base_url="https://federation.hearth.test"):
        data = workbook(Board((month,), (month,), (sheet,)))

    book = openpyxl.load_workbook(io.BytesIO(data))
    cells = [cell for page in book.worksheets for row in page.iter_rows() for cell in row]
    assert evil in {cell.value for cell in cells if cell.data_type == "s"}
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]


@pytest.mark.parametrize("path", ["", "definitions/", "hearth-numbers.xlsx"])
def test_a_stranger_is_asked_to_sign_in(visitor: SignIn, path: str) -> None:
    response = visitor("federation").get(f"/numbers/{path}")

    assert response.status_code == 302
    assert "/sign-in" in response.location


@pytest.mark.parametrize("path", ["", "definitions/", "hearth-numbers.xlsx"])
def test_the_pages_do_not_exist_in_an_organisation_s_house(sign_in: SignIn, path: str) -> None:
    response = sign_in(Role.DIRECTOR, "spb").get(f"/numbers/{path}")

    assert response.status_code == 404
