import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.giving.services import record_earlier_gift
from hearth.money import Money
from tests.factories.families import TODAY, open_family
from tests.factories.giving import make_fund
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house, make_stay
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
PAGE, FILE = "/figures/", "/figures/our-figures.xlsx"
LABELS = (
    "Families served", "Bed nights", "Open cases", "Cases opened", "Services delivered",
    "Gifts received",
)  # fmt: skip
TABLE = re.compile(r'<table class="data".*?</table>', re.DOTALL)
ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
NUMBER = re.compile(r'<td class="numeric">\s*(.*?)</td>', re.DOTALL)
KEY_FIGURE = re.compile(r'<span class="figure">(.*?)</span>')


@pytest.fixture
def director(sign_in: SignIn) -> Visitor:
    return sign_in(Role.DIRECTOR)


@pytest.fixture
def a_year(session: Session) -> None:
    """A family with a stay and three services, and two gifts, in the months that are over."""
    fill(session, services=3)


def fill(session: Session, *, services: int) -> None:
    household = open_family(session, opened_on=TODAY - timedelta(days=800))
    for number in range(services):
        record_service(session, household, delivered_on=TODAY - timedelta(days=40 * (number + 1)))
    make_stay(
        session,
        household=household,
        places=make_house(session).places,
        admitted_on=TODAY - timedelta(days=100),
        planned_until=TODAY - timedelta(days=60),
        today=TODAY,
    )
    for currency in ("EUR", "SEK"):
        record_earlier_gift(
            session,
            donor=None,
            fund=make_fund(session, currency=currency),
            amount=Money(150_050, currency),
            received_at=datetime.now(UTC) - timedelta(days=70),
            locale="en",
        )


def month(days_ago: int) -> str:
    return f"{TODAY - timedelta(days=days_ago):%Y-%m}"


def plain(text: str) -> float:
    return float(re.sub(r"[^0-9.-]", "", text))


def tables_of(page: str) -> Iterator[list[float]]:
    """Every column of numbers on a page, from its first month to its last."""
    for table in TABLE.findall(page):
        rows = [[plain(cell) for cell in NUMBER.findall(row)] for row in ROW.findall(table)]
        yield from (list(column) for column in zip(*(row for row in rows if row), strict=True))


@pytest.mark.usefixtures("a_year")
@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.VOLUNTEER_COORDINATOR])
def test_who_may_read_numbers_sees_every_figure_with_a_chart_and_a_table(
    sign_in: SignIn, role: Role
) -> None:
    page = sign_in(role).get(PAGE)

    assert page.status_code == 200
    assert all(page.text.count(label) >= 3 for label in LABELS)
    assert page.text.count('<svg class="chart columns"') == len(LABELS)
    assert page.text.count("The numbers as a table") == len(LABELS)
    assert page.text.count('<details class="definition"') == 2 * len(LABELS)


@pytest.mark.usefixtures("a_year")
def test_figures_are_exact_and_say_what_may_not_be_done_with_them(director: Visitor) -> None:
    page = director.get(PAGE).text

    served, nights, _open, _opened, services, gifts = KEY_FIGURE.findall(page)
    assert [served, nights, services, gifts] == ["1", "80", "3", "2"]
    assert "€1,500.50 and SEK" in page
    assert "Each family counts once in the whole time" in page
    assert "Please do not add up months" in page
    assert "compared with" in page


def test_an_organisation_sees_its_own_figures_only(
    session: Session, pskov_session: Session, sign_in: SignIn
) -> None:
    fill(session, services=3)
    fill(pskov_session, services=1)

    ours = KEY_FIGURE.findall(sign_in(Role.DIRECTOR).get(PAGE).text)
    theirs = KEY_FIGURE.findall(sign_in(Role.DIRECTOR, "pskov").get(PAGE).text)

    assert [ours[4], theirs[4]] == ["3", "1"]


def test_a_new_organisation_is_told_when_its_figures_begin(
    pskov_session: Session, director: Visitor
) -> None:
    fill(pskov_session, services=1)

    answers = [director.get(path) for path in (PAGE, FILE, f"{PAGE}?since=2026-01")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert all("There is nothing to count yet" in answer.text for answer in answers)
    assert all("<table" not in answer.text for answer in answers)


@pytest.mark.usefixtures("a_year")
def test_one_month_is_shown_by_itself(director: Visitor) -> None:
    page = director.get(f"{PAGE}?since={month(70)}&until={month(70)}")

    columns = list(tables_of(page.text))
    assert page.status_code == 200
    assert [len(column) for column in columns] == [1] * (len(LABELS) + 2)
    assert columns[-2:] == [[1500.5], [1500.5]]


@pytest.mark.usefixtures("a_year")
def test_a_long_time_is_drawn_as_lines(director: Visitor) -> None:
    page = director.get(f"{PAGE}?since={month(790)}&until={month(40)}")

    assert page.status_code == 200
    assert page.text.count('<polyline class="trace"') == len(LABELS)
    assert "there is nothing before it to compare with" in page.text
    assert min(len(column) for column in tables_of(page.text)) > 20


@pytest.mark.usefixtures("a_year")
@pytest.mark.parametrize("path", [PAGE, FILE])
@pytest.mark.parametrize(
    "asked", ["since=2026-02-14", "until=1999-01", "since=x", "until=%00", "since=2026-13"]
)
def test_a_month_that_is_not_offered_is_explained(director: Visitor, path: str, asked: str) -> None:
    answer = director.get(f"{path}?{asked}")

    assert answer.status_code == 422
    assert "error-summary" in answer.text
    assert "<table" not in answer.text


@pytest.mark.usefixtures("a_year")
def test_a_range_that_ends_before_it_begins_is_explained(director: Visitor) -> None:
    answer = director.get(f"{PAGE}?since={month(40)}&until={month(100)}")

    assert answer.status_code == 422
    assert "Choose a month that is not before the first one." in answer.text


def test_a_range_that_would_keep_everybody_waiting_is_refused(
    session: Session, director: Visitor
) -> None:
    open_family(session, opened_on=TODAY - timedelta(days=3000))

    too_long = director.get(f"{PAGE}?since={month(2900)}&until={month(40)}")
    from_the_first = director.get(f"{PAGE}?since={month(2900)}&until=")

    assert too_long.status_code == 422
    assert "Choose a range of at most 3 years." in too_long.text
    assert from_the_first.status_code == 200


@pytest.mark.usefixtures("a_year")
@pytest.mark.parametrize("months", ["", f"?since={month(100)}&until={month(40)}"])
def test_the_workbook_holds_exactly_the_numbers_of_the_page(director: Visitor, months: str) -> None:
    page = director.get(PAGE + months).text

    answer = director.get(FILE + months)

    about, glance, by_month = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets
    _months, *columns = by_month.iter_cols(min_row=2, values_only=True)
    numbers = [row[2] for row in glance.iter_rows(min_row=2, values_only=True) if row[0] in LABELS]
    assert answer.headers["Content-Type"].endswith("spreadsheetml.sheet")
    assert [list(column) for column in columns] == list(tables_of(page))
    assert numbers == [plain(shown) for shown in KEY_FIGURE.findall(page)]
    assert "Please do not add up months" in str([*about.iter_rows(values_only=True)])


@pytest.mark.parametrize("path", [PAGE, FILE])
@pytest.mark.parametrize(
    "role", [Role.SOCIAL_WORKER, Role.HOUSE_STAFF, Role.FUNDRAISER, Role.ADMINISTRATOR]
)
def test_who_may_not_read_numbers_sees_none(sign_in: SignIn, role: Role, path: str) -> None:
    answer = sign_in(role).get(path)

    assert answer.status_code == 403


@pytest.mark.parametrize("path", [PAGE, FILE])
def test_a_stranger_is_asked_to_sign_in(visitor: SignIn, path: str) -> None:
    answer = visitor().get(path)

    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in?")


@pytest.mark.parametrize("path", [PAGE, FILE])
def test_figures_are_not_posted_to(director: Visitor, path: str) -> None:
    answer = director.post(path)

    assert answer.status_code == 405


@pytest.mark.parametrize("path", [PAGE, FILE])
def test_exact_figures_do_not_exist_on_the_federation_s_site(sign_in: SignIn, path: str) -> None:
    answer = sign_in(Role.FEDERATION_STAFF, "federation").get(path)

    assert answer.status_code == 404
