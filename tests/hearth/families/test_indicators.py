from datetime import date, timedelta

from sqlalchemy.orm import Session

from hearth.families import services
from hearth.families.indicators import CASES_OPENED, OPEN_CASES, primary_needs
from hearth.families.vocabulary import ClosingReason, Need
from hearth.indicators import UNKNOWN, Period
from tests.factories.families import TODAY, open_family, staff_id

MONTH = Period.month(2024, 2, "Europe/Moscow")


def test_cases_are_counted_in_the_month_in_which_they_were_opened(session: Session) -> None:
    for day in (date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 29), date(2024, 3, 1)):
        open_family(session, opened_on=day, primary_need=Need.HOUSING)
    open_family(session, opened_on=date(2024, 2, 5), needs=[], primary_need=None)

    counted = CASES_OPENED.count(session, MONTH)

    assert counted == {("housing",): 2, (UNKNOWN,): 1}
    assert set(counted) <= set(CASES_OPENED.cells)


def test_a_file_opened_by_mistake_is_no_case(session: Session) -> None:
    household = open_family(session, opened_on=date(2024, 2, 5))
    services.close_case(
        session,
        household,
        closed_on=date(2024, 2, 6),
        reason=ClosingReason.OPENED_BY_MISTAKE,
        note=None,
        closed_by=staff_id(session),
        today=TODAY,
    )

    assert CASES_OPENED.count(session, MONTH) == {}
    assert OPEN_CASES.count(session, MONTH) == {}


def test_a_case_is_open_at_the_end_of_a_month_unless_it_was_closed_by_then(
    session: Session,
) -> None:
    for opened_on, closed_on in (
        (date(2023, 5, 5), None),
        (date(2024, 2, 29), date(2024, 3, 1)),
        (date(2024, 2, 1), date(2024, 2, 29)),
        (date(2024, 3, 1), None),
    ):
        household = open_family(session, opened_on=opened_on, primary_need=Need.LEGAL)
        if closed_on:
            services.close_case(
                session,
                household,
                closed_on=closed_on,
                reason=ClosingReason.GOALS_MET,
                note=None,
                closed_by=staff_id(session),
                today=TODAY,
            )

    counted = OPEN_CASES.count(session, MONTH)

    assert counted == {("legal",): 2}


def test_a_family_that_came_back_has_the_need_of_its_last_episode(session: Session) -> None:
    household = open_family(session, primary_need=Need.HOUSING)
    services.close_case(
        session,
        household,
        closed_on=TODAY - timedelta(days=50),
        reason=ClosingReason.OWN_WISH,
        note=None,
        closed_by=staff_id(session),
        today=TODAY,
    )
    services.reopen_case(
        session,
        household,
        opened_on=TODAY - timedelta(days=10),
        needs=[],
        primary_need=Need.LEGAL,
        opened_by=staff_id(session),
        today=TODAY,
    )

    before = primary_needs(session, on=TODAY - timedelta(days=30))
    now = primary_needs(session, on=TODAY)

    assert before == {household.id: Need.HOUSING}
    assert now == {household.id: Need.LEGAL}
