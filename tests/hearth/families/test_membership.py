from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.families import membership
from hearth.families.errors import (
    AlreadyLeftError,
    AlreadyMemberError,
    DateProblem,
    FamilyDatesError,
)
from hearth.families.listing import FamilyQuery, find_families
from hearth.families.membership import PersonDetails
from hearth.families.models import HouseholdMember, PersonCorrection
from hearth.families.vocabulary import LeavingReason, MemberRole
from tests.factories.families import TODAY, born, mother, open_family, staff_id
from tests.factories.people import as_role

YESTERDAY = TODAY - timedelta(days=1)


def leave(session: Session, member: HouseholdMember, left_on: date) -> None:
    membership.leave(
        session,
        member,
        left_on=left_on,
        reason=LeavingReason.MOVED_OUT,
        recorded_by=staff_id(session),
        today=TODAY,
    )


def join_again(session: Session, member: HouseholdMember, joined_on: date) -> HouseholdMember:
    return membership.join(
        session,
        member.household,
        member.person,
        role=member.role,
        joined_on=joined_on,
        recorded_by=staff_id(session),
        today=TODAY,
    )


def test_who_has_left_is_remembered_with_day_and_reason(session: Session) -> None:
    household = open_family(session)
    child = household.current_members[1]

    leave(session, child, YESTERDAY)

    assert child not in household.current_members
    assert (child.left_on, child.leaving_reason) == (YESTERDAY, LeavingReason.MOVED_OUT)


def test_nobody_leaves_twice(session: Session) -> None:
    child = open_family(session).current_members[1]
    leave(session, child, YESTERDAY)

    with pytest.raises(AlreadyLeftError):
        leave(session, child, TODAY)


def test_nobody_leaves_before_she_came(session: Session) -> None:
    child = open_family(session).current_members[1]

    with pytest.raises(FamilyDatesError) as refused:
        leave(session, child, child.joined_on - timedelta(days=1))

    assert refused.value.problem is DateProblem.BEFORE_JOINING


def test_a_child_that_comes_back_has_two_times_in_the_family(session: Session) -> None:
    household = open_family(session)
    child = household.current_members[1]
    leave(session, child, YESTERDAY)

    again = join_again(session, child, TODAY)

    assert again in household.current_members
    assert child.left_on == YESTERDAY


def test_nobody_belongs_to_a_family_twice_at_one_time(session: Session) -> None:
    child = open_family(session).current_members[1]

    with pytest.raises(AlreadyMemberError):
        join_again(session, child, TODAY)


def test_one_person_may_belong_to_two_families(session: Session) -> None:
    ours, theirs = open_family(session), open_family(session)
    grandmother = ours.current_members[0].person

    member = membership.join(
        session,
        theirs,
        grandmother,
        role=MemberRole.OTHER,
        joined_on=TODAY,
        recorded_by=staff_id(session),
        today=TODAY,
    )

    assert member in theirs.current_members


def test_a_correction_keeps_what_stood_before(session: Session) -> None:
    household = open_family(session)
    wrong = household.current_members[1]

    right = membership.correct_membership(
        session,
        wrong,
        role=MemberRole.OTHER,
        joined_on=wrong.joined_on + timedelta(days=3),
        left_on=None,
        leaving_reason=None,
        recorded_by=staff_id(session),
        today=TODAY,
    )

    assert right.supersedes_id == wrong.id
    assert wrong.role is MemberRole.CHILD
    assert not wrong.is_valid
    assert right in household.current_members
    assert wrong not in household.current_members


def test_an_entry_that_was_corrected_is_not_corrected_again(session: Session) -> None:
    wrong = open_family(session).current_members[1]
    correction: dict[str, Any] = {
        "role": MemberRole.OTHER,
        "joined_on": wrong.joined_on,
        "left_on": None,
        "leaving_reason": None,
        "recorded_by": staff_id(session),
        "today": TODAY,
    }
    membership.correct_membership(session, wrong, **correction)

    with pytest.raises(AlreadyLeftError):
        membership.correct_membership(session, wrong, **correction)


def test_details_that_were_corrected_are_kept(session: Session) -> None:
    person = open_family(session, members=[mother(phone="+7 900 000-00-00")]).members[0].person
    details = PersonDetails(given_name="Test-Renamed", birth=born(7000))
    page: dict[str, Any] = {"user": as_role(session), "limit": 9, "offset": 0}

    membership.correct_person(session, person, details, corrected_by=staff_id(session), today=TODAY)

    kept = session.scalars(select(PersonCorrection)).one()
    assert person.full_name == "Test-Renamed"
    assert find_families(session, FamilyQuery(text="renamed"), **page)[1] == 1
    assert find_families(session, FamilyQuery(text="mother"), **page)[1] == 0
    assert kept.before["given_name"] == "Test-Mother"
    assert kept.before["phone"] == "+7 900 000-00-00"


@pytest.mark.parametrize(
    "changes", [{"phone": "+7 900 000-00-99"}, {"contact_note": "Ask for Nina"}, {"phone": None}]
)
def test_a_new_way_to_reach_her_is_not_known_to_be_safe(
    session: Session, changes: dict[str, Any]
) -> None:
    known = mother(phone="+7 900 000-00-00", safe_to_call=True)
    person = open_family(session, members=[known]).members[0].person
    details = replace(PersonDetails.of(person), **changes)

    membership.correct_person(session, person, details, corrected_by=staff_id(session), today=TODAY)

    assert person.safe_to_call is None


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        (True, {"given_name": "Test-Renamed"}, True),
        (True, {"phone": "+7  900 000-00-00"}, True),
        (None, {"phone": "+7 900 000-00-99", "safe_to_call": True}, True),
        (True, {"phone": "+7 900 000-00-99", "safe_to_call": False}, False),
        (False, {"phone": "+7 900 000-00-99"}, False),
    ],
)
def test_whether_a_call_is_safe_stays_where_it_was_told_of_this_way(
    session: Session, *, before: bool | None, changes: dict[str, Any], after: bool
) -> None:
    known = mother(phone="+7 900 000-00-00", safe_to_call=before)
    person = open_family(session, members=[known]).members[0].person
    details = replace(PersonDetails.of(person), **changes)

    membership.correct_person(session, person, details, corrected_by=staff_id(session), today=TODAY)

    assert person.safe_to_call is after


def test_a_correction_that_changes_nothing_is_none(session: Session) -> None:
    person = open_family(session).members[0].person

    membership.correct_person(
        session,
        person,
        PersonDetails.of(person),
        corrected_by=staff_id(session),
        today=TODAY,
    )

    assert session.scalars(select(PersonCorrection)).all() == []


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=6))
def test_whatever_comes_and_goes_no_two_times_overlap(
    session: Session, wanted: list[tuple[int, int]]
) -> None:
    household = open_family(session)
    child = household.current_members[1]
    leave(session, child, child.joined_on)

    times: list[tuple[date, date]] = []
    for days_ago, length in wanted:
        joined_on = TODAY - timedelta(days=days_ago)
        left_on = min(joined_on + timedelta(days=length), TODAY)
        # Whoever joins is there without an end; a time that ended on its first day is empty.
        is_there = any(joined_on < end and start < end for start, end in times)
        try:
            member = join_again(session, child, joined_on)
        except AlreadyMemberError:
            assert is_there
            continue
        assert not is_there
        leave(session, member, left_on)
        times.append((joined_on, left_on))

    filled = sorted((start, end) for start, end in times if start < end)
    assert all(end <= start for (_start, end), (start, _end) in pairwise(filled))
