from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import PersonRead
from hearth.audit.services import readers_of
from hearth.families import services
from hearth.families.births import Birth, BirthInFutureError, BirthPrecision
from hearth.families.errors import (
    CaseClosedError,
    CaseOpenError,
    DateProblem,
    FamilyDatesError,
    NobodyThereError,
)
from hearth.families.models import CaseEpisode, Household, KeyWorker, Person
from hearth.families.vocabulary import ClosingReason, Need
from tests.factories.families import TODAY, child, mother, open_family, staff_id


def test_a_case_has_a_number_of_its_year_that_counts_on(session: Session) -> None:
    first, second = open_family(session), open_family(session)

    year, number = first.case_number.split("-")

    assert year == str((TODAY - timedelta(days=100)).year)
    assert second.case_number == f"{year}-{int(number) + 1:04d}"


def test_two_organisations_count_apart(session: Session, pskov_session: Session) -> None:
    ours = open_family(session)
    open_family(session)

    theirs = open_family(pskov_session)

    assert theirs.case_number == ours.case_number
    assert pskov_session.scalar(select(func.count()).select_from(Household)) == 1


def test_mother_and_children_are_one_family_and_the_mother_is_named_first(
    session: Session,
) -> None:
    household = open_family(session, members=[child(1), child(2), mother()])

    named = [member.person.given_name for member in household.current_members]

    assert named == ["Test-Mother", "Test-Child-1", "Test-Child-2"]


def test_a_family_without_anybody_is_not_opened(session: Session) -> None:
    with pytest.raises(NobodyThereError):
        open_family(session, members=[])


def test_the_primary_need_is_among_the_needs(session: Session) -> None:
    household = open_family(session, needs=[Need.LEGAL], primary_need=Need.MEDICAL)

    episode = household.episodes[0]

    assert {need.need for need in episode.needs} == {Need.LEGAL, Need.MEDICAL}
    assert episode.primary_need is Need.MEDICAL


def test_nobody_is_born_tomorrow(session: Session) -> None:
    tomorrow = Birth(TODAY + timedelta(days=1), BirthPrecision.DAY)

    with pytest.raises(BirthInFutureError):
        open_family(session, members=[mother(), child(birth=tomorrow)])


def test_the_database_itself_refuses_a_birth_in_the_future(session: Session) -> None:
    person = Person(
        given_name="Test",
        born_on=TODAY + timedelta(days=9),
        birth_precision=BirthPrecision.DAY,
    )

    with pytest.raises(IntegrityError, match="not_born_tomorrow"), session.begin_nested():
        session.add(person)


def test_a_child_may_be_expected(session: Session) -> None:
    due = Birth(TODAY + timedelta(days=90), BirthPrecision.EXPECTED)

    household = open_family(
        session, members=[mother(), child(given_name="", family_name="", birth=due)]
    )

    assert household.current_members[1].person.birth == due


@pytest.mark.parametrize("name", ["👩‍👧" * 60, "ع" * 500, "Ж" * 500, "a\u0301" * 250])
def test_a_name_of_any_script_is_kept_and_found(session: Session, name: str) -> None:
    household = open_family(session, members=[mother(given_name=name)])

    session.expire_all()

    assert len(household.current_members[0].person.given_name) <= 500


def test_a_closed_case_keeps_its_history_and_its_key_worker(session: Session) -> None:
    household = open_family(session)

    services.close_case(
        session,
        household,
        closed_on=TODAY,
        reason=ClosingReason.GOALS_MET,
        note=None,
        closed_by=staff_id(session),
        today=TODAY,
    )

    assert not household.is_open
    assert household.episodes[0].closing_reason is ClosingReason.GOALS_MET
    assert household.current_key_worker is not None
    assert len(household.current_members) == 2


def test_a_case_is_closed_once(session: Session) -> None:
    household = open_family(session)
    closing: dict[str, Any] = {
        "closed_on": TODAY,
        "reason": ClosingReason.OWN_WISH,
        "note": None,
        "closed_by": staff_id(session),
        "today": TODAY,
    }
    services.close_case(session, household, **closing)

    with pytest.raises(CaseClosedError):
        services.close_case(session, household, **closing)


def test_an_open_case_is_not_opened_again(session: Session) -> None:
    household = open_family(session)

    with pytest.raises(CaseOpenError):
        services.reopen_case(
            session,
            household,
            opened_on=TODAY,
            needs=[],
            primary_need=None,
            opened_by=staff_id(session),
            today=TODAY,
        )


def test_a_case_is_not_reopened_before_it_was_closed(session: Session) -> None:
    household = open_family(session)
    services.close_case(
        session,
        household,
        closed_on=TODAY,
        reason=ClosingReason.OWN_WISH,
        note=None,
        closed_by=staff_id(session),
        today=TODAY,
    )

    with pytest.raises(FamilyDatesError) as refused:
        services.reopen_case(
            session,
            household,
            opened_on=TODAY - timedelta(days=1),
            needs=[],
            primary_need=None,
            opened_by=staff_id(session),
            today=TODAY,
        )

    assert refused.value.problem is DateProblem.BEFORE_CLOSING


def test_the_database_itself_refuses_two_episodes_at_one_time(session: Session) -> None:
    household = open_family(session)
    second = CaseEpisode(household_id=household.id, opened_on=TODAY, opened_by=staff_id(session))

    with pytest.raises(IntegrityError, match="one_at_a_time"), session.begin_nested():
        session.add(second)


def test_a_family_is_handed_over_from_a_day_on(session: Session) -> None:
    household = open_family(session)
    colleague = staff_id(session, Role.DIRECTOR)

    services.assign_key_worker(session, household, user_id=colleague, from_on=TODAY, today=TODAY)

    workers = session.scalars(
        select(KeyWorker).where(KeyWorker.household_id == household.id).order_by(KeyWorker.from_on)
    ).all()
    assert [worker.until_on for worker in workers] == [TODAY, None]
    assert workers[1].user_id == colleague


def test_a_look_into_a_file_can_be_neither_changed_nor_erased(session: Session) -> None:
    household = open_family(session)
    services.record_read(session, household_id=household.id, user_id=staff_id(session))
    other = staff_id(session, Role.DIRECTOR)

    with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
        session.execute(update(PersonRead).values(user_id=other))
    with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
        session.execute(delete(PersonRead))
    with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
        session.execute(text("TRUNCATE person_reads"))

    assert [reader.times for reader in readers_of(session, household.id)] == [1]
