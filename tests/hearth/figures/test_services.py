from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hearth.families.models import Household
from hearth.families.services import close_case
from hearth.families.vocabulary import ClosingReason
from hearth.figures.services import Line, Report, months_on_offer, read_report
from hearth.giving.services import record_earlier_gift
from hearth.indicators import Indicator, Period, calendar
from hearth.money import Money
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.giving import make_fund
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house, make_stay

MOSCOW = "Europe/Moscow"
# The Ides of March: a year of whole months lies behind, and two weeks of the running one.
THE_DAY = date(2025, 3, 15)
YEAR = calendar(date(2024, 3, 1), date(2025, 2, 1))
MARCH, APRIL, MAY, JUNE = range(4)
FEBRUARY, RUNNING = 11, 12


def family(session: Session, opened_on: date, *served_on: date) -> Household:
    household = open_family(session, opened_on=opened_on)
    for day in served_on:
        record_service(session, household, delivered_on=day)
    return household


def give(session: Session, minor: int, currency: str, moment: datetime) -> None:
    record_earlier_gift(
        session,
        donor=None,
        fund=make_fund(session, currency=currency),
        amount=Money(minor, currency),
        received_at=moment,
        locale="en",
    )


def stay(session: Session, household: Household, first: date, last: date) -> None:
    house = make_house(session, f"House of {first}")
    make_stay(
        session,
        household=household,
        places=house.places,
        admitted_on=first,
        planned_until=last,
        today=THE_DAY,
    )


@pytest.fixture
def two_years(session: Session) -> None:
    """Four families, two stays, five gifts: small enough to be counted by hand."""
    old = family(session, date(2023, 2, 1), date(2023, 5, 5))
    family(
        session,
        date(2024, 1, 10),
        *(date(2024, 2, 29), date(2024, 3, 1), date(2024, 4, 2)),
        *(date(2025, 3, 14), THE_DAY),
    )
    second = family(session, date(2024, 4, 20), date(2024, 4, 20), date(2025, 2, 28))
    newest = family(session, date(2025, 3, 3))
    close_case(
        session,
        old,
        closed_on=date(2024, 6, 30),
        reason=ClosingReason.GOALS_MET,
        note=None,
        closed_by=staff_id(session),
        today=TODAY,
    )
    stay(session, second, date(2024, 5, 30), date(2024, 6, 2))
    stay(session, newest, date(2025, 3, 10), date(2025, 3, 25))
    give(session, 500, "EUR", datetime(2023, 7, 7, tzinfo=UTC))
    # Midnight in Moscow comes three hours before midnight UTC.
    give(session, 1500, "EUR", datetime(2024, 3, 31, 20, 59, tzinfo=UTC))
    give(session, 2500, "EUR", datetime(2024, 3, 31, 21, 0, tzinfo=UTC))
    give(session, 1000, "SEK", datetime(2025, 2, 10, tzinfo=UTC))
    give(session, 700, "EUR", datetime(2025, 3, 14, 12, tzinfo=UTC))
    give(session, 900, "EUR", datetime(2025, 3, 15, 9, tzinfo=UTC))


def report_on(session: Session, today: date = THE_DAY, **asked: Any) -> Report:
    asked |= {"timezone": MOSCOW, "today": today}
    offered = months_on_offer(session, timezone=MOSCOW, today=today)
    return read_report(session, offered=offered, **asked)


def line(report: Report, indicator: str) -> Line:
    [found] = [line for line in report.lines if line.indicator.id == indicator]
    return found


def monthly(line: Line) -> dict[int, int]:
    """The months in which there is anything, by their place in the range."""
    return {at: count.value for at, count in enumerate(line.by_month) if count.value}


@pytest.mark.usefixtures("two_years")
def test_a_family_counts_once_in_a_month_and_once_in_the_whole_time(session: Session) -> None:
    served = line(report_on(session), "families_served")

    assert monthly(served) == {MARCH: 1, APRIL: 2, MAY: 1, JUNE: 1, FEBRUARY: 1, RUNNING: 2}
    assert served.over_all.value == 2
    assert served.before is not None
    assert served.before.value == 2


@pytest.mark.usefixtures("two_years")
def test_nights_are_counted_to_the_last_that_is_over(session: Session) -> None:
    nights = line(report_on(session), "bed_nights")

    assert monthly(nights) == {MAY: 4, JUNE: 2, RUNNING: 10}
    assert nights.over_all.value == 6


@pytest.mark.usefixtures("two_years")
def test_open_cases_are_those_at_the_end_of_each_month(session: Session) -> None:
    open_cases = line(report_on(session), "open_cases")

    counted = [count.value for count in open_cases.by_month]
    assert counted == [2, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3]
    assert open_cases.over_all.value == 2
    assert open_cases.before is not None
    assert open_cases.before.value == 2


@pytest.mark.usefixtures("two_years")
def test_cases_and_services_are_counted_in_their_month(session: Session) -> None:
    report = report_on(session)

    opened, services = line(report, "cases_opened"), line(report, "services_delivered")

    assert monthly(opened) == {APRIL: 1, RUNNING: 1}
    assert monthly(services) == {MARCH: 1, APRIL: 2, FEBRUARY: 1, RUNNING: 1}
    assert [opened.over_all.value, services.over_all.value] == [1, 4]
    assert [entry.before.value for entry in (opened, services) if entry.before] == [1, 2]


@pytest.mark.usefixtures("two_years")
def test_gifts_have_their_number_and_an_amount_for_each_currency(session: Session) -> None:
    gifts = line(report_on(session), "gifts_received")

    assert monthly(gifts) == {MARCH: 1, APRIL: 1, FEBRUARY: 1, RUNNING: 1}
    assert [gifts.by_month[at].amounts for at in (MARCH, APRIL, FEBRUARY, RUNNING)] == [
        {"EUR": 1500},
        {"EUR": 2500},
        {"SEK": 1000},
        {"EUR": 700},
    ]
    assert gifts.over_all.amounts == {"EUR": 4000, "SEK": 1000}
    assert gifts.before is not None
    assert gifts.before.amounts == {"EUR": 500}


@pytest.mark.usefixtures("two_years")
def test_what_may_be_added_up_adds_up(session: Session) -> None:
    report = report_on(session)

    flows = [entry for entry in report.lines if entry.indicator.additive]

    sums = [sum(count.value for count in entry.by_month[:RUNNING]) for entry in flows]
    assert len(flows) == 4
    assert sums == [entry.over_all.value for entry in flows]


@pytest.mark.usefixtures("two_years")
def test_at_first_there_are_twelve_months_that_are_over_and_the_running_one(
    session: Session,
) -> None:
    report = report_on(session)

    assert report.months == (*YEAR, date(2025, 3, 1))
    assert report.running == Period.days(date(2025, 3, 1), THE_DAY, MOSCOW)
    assert report.over_all == Period.days(date(2024, 3, 1), date(2025, 3, 1), MOSCOW)
    assert report.before == Period.days(date(2023, 3, 1), date(2024, 3, 1), MOSCOW)


@pytest.mark.usefixtures("two_years")
def test_on_the_first_of_a_month_nothing_of_it_can_be_counted(session: Session) -> None:
    report = report_on(session, date(2025, 3, 1))

    assert report.months == YEAR
    assert report.running is None


@pytest.mark.usefixtures("two_years")
@pytest.mark.parametrize(
    ("asked", "months"),
    [
        (
            {"since": date(2024, 5, 1), "until": date(2024, 7, 1)},
            calendar(date(2024, 5, 1), date(2024, 7, 1)),
        ),
        ({"since": date(2023, 2, 1)}, calendar(date(2023, 2, 1), date(2024, 1, 1))),
        ({"until": date(2024, 5, 1)}, calendar(date(2023, 6, 1), date(2024, 5, 1))),
    ],
)
def test_other_months_can_be_chosen(
    session: Session, asked: dict[str, date], months: Sequence[date]
) -> None:
    report = report_on(session, **asked)

    assert report.months == months


@pytest.mark.usefixtures("two_years")
def test_the_time_before_is_as_long(session: Session) -> None:
    report = report_on(session, since=date(2024, 5, 1), until=date(2024, 6, 1))

    assert report.before == Period.days(date(2024, 3, 1), date(2024, 5, 1), MOSCOW)
    assert line(report, "services_delivered").before is not None


@pytest.mark.usefixtures("two_years")
def test_nothing_is_compared_with_a_time_before_the_figures_began(session: Session) -> None:
    report = report_on(session, since=date(2023, 4, 1), until=date(2023, 6, 1))

    assert report.before is None
    assert [entry.before for entry in report.lines] == [None] * 6


@pytest.mark.usefixtures("two_years")
def test_a_part_of_a_month_is_compared_with_nothing(session: Session) -> None:
    report = report_on(session, since=date(2025, 3, 1))

    assert report.over_all == report.running
    assert report.before is None
    assert line(report, "services_delivered").over_all.value == 1


def test_a_new_organisation_has_no_months(session: Session) -> None:
    months = months_on_offer(session, timezone=MOSCOW, today=THE_DAY)

    assert months == ()


def test_months_begin_the_day_after_the_first_family(session: Session) -> None:
    family(session, date(2025, 3, 1))

    on_the_day = months_on_offer(session, timezone=MOSCOW, today=date(2025, 3, 1))
    a_day_later = months_on_offer(session, timezone=MOSCOW, today=date(2025, 3, 2))

    assert on_the_day == ()
    assert a_day_later == (date(2025, 3, 1),)


@pytest.mark.usefixtures("two_years")
def test_every_figure_has_a_meaning_of_its_own(session: Session) -> None:
    shown: list[Indicator] = [entry.indicator for entry in report_on(session).lines]

    assert len({indicator.id for indicator in shown}) == len(shown) <= 6
    assert all(str(indicator.definition) for indicator in shown)
