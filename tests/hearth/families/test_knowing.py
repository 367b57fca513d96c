"""A family's file tells of its people what was said there, and not where another one has them."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.families import membership
from hearth.families.membership import PersonDetails, as_recorded
from hearth.families.models import Household, HouseholdMember, PersonCorrection
from hearth.families.vocabulary import LeavingReason, MemberRole
from tests.factories.families import TODAY, mother, open_family
from tests.factories.people import colleague, grant, restriction
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
LATER = ("Newova", "999-99-99", "Lime street", "Bella Newworker")


@pytest.fixture
def anna(session: Session) -> User:
    return colleague(session, Role.SOCIAL_WORKER, name="Anna Oldworker")


@pytest.fixture
def bella(session: Session) -> User:
    return colleague(session, Role.SOCIAL_WORKER, name="Bella Newworker")


@pytest.fixture
def first(session: Session, anna: User) -> Household:
    dasha = mother(given_name="Dasha", family_name="Oldova", phone="+7 911 000-00-01")
    return open_family(session, members=[dasha], key_worker_id=anna.id)


@pytest.fixture
def second(session: Session, first: Household, bella: User) -> Household:
    """Where she is now as well, restricted; there she was given other words."""
    made = open_family(session, key_worker_id=bella.id)
    membership.join(
        session,
        made,
        first.members[0].person,
        role=MemberRole.MOTHER,
        joined_on=TODAY - timedelta(days=40),
        recorded_by=bella.id,
        today=TODAY,
    )
    restriction(session, made)
    return made


def _leaves(session: Session, member: HouseholdMember, by: User) -> None:
    membership.leave(
        session,
        member,
        left_on=TODAY - timedelta(days=50),
        reason=LeavingReason.MOVED_OUT,
        recorded_by=by.id,
        today=TODAY,
    )


def _is_corrected(session: Session, second: Household, by: User) -> None:
    dasha = next(one.person for one in second.members if one.person.given_name == "Dasha")
    said = replace(
        PersonDetails.of(dasha),
        family_name="Newova",
        phone="+7 921 999-99-99",
        contact_note="at the hidden house on Lime street",
    )
    membership.correct_person(
        session, dasha, said, corrected_by=by.id, today=TODAY, household_id=second.id
    )
    session.expire_all()


@pytest.mark.parametrize("page", ["", "/members/{member}/history", "/consents", "/members/new"])
def test_the_family_somebody_left_tells_what_stood_when_she_left_it(
    page: str,
    session: Session,
    first: Household,
    second: Household,
    anna: User,
    bella: User,
    enter: Enter,
) -> None:
    _leaves(session, first.members[0], anna)
    _is_corrected(session, second, bella)
    path = f"/families/{first.id}"

    answer = enter(anna.id).get(path + page.format(member=first.members[0].id))

    assert answer.status_code == 200
    assert not [one for one in LATER if one in answer.text]
    assert "Dasha Oldova" in enter(anna.id).get(path).text


@pytest.mark.parametrize("sought", ["Newova", "+7 921 999-99-99", "89219999999"])
def test_the_family_somebody_left_is_not_found_by_what_was_said_later(
    sought: str,
    session: Session,
    first: Household,
    second: Household,
    anna: User,
    bella: User,
    enter: Enter,
) -> None:
    _leaves(session, first.members[0], anna)
    _is_corrected(session, second, bella)

    answer = enter(anna.id).submit("/families/", {"text": sought})

    assert answer.status_code == 200
    assert first.case_number not in answer.text


@pytest.mark.parametrize("has_left", [True, False])
def test_nobody_corrects_somebody_whom_a_family_has_that_she_does_not_see(
    has_left: bool,
    session: Session,
    first: Household,
    second: Household,
    anna: User,
    bella: User,
    enter: Enter,
) -> None:
    if has_left:
        _leaves(session, first.members[0], anna)
    _is_corrected(session, second, bella)

    answer = enter(anna.id).get(f"/families/{first.id}/members/{first.members[0].id}/correct")

    assert answer.status_code == 404
    assert not [one for one in LATER if one in answer.text]


def test_of_somebody_in_two_families_whoever_sees_one_reads_the_name_and_no_telephone(
    session: Session,
    first: Household,
    second: Household,
    anna: User,
    bella: User,
    enter: Enter,
) -> None:
    _is_corrected(session, second, bella)
    visitor = enter(anna.id)

    page = visitor.get(f"/families/{first.id}")
    history = visitor.get(f"/families/{first.id}/members/{first.members[0].id}/history")
    found = visitor.submit("/families/", {"text": "+7 921 999-99-99"})

    assert "Dasha Newova" in page.text
    assert not [one for one in LATER[1:] if one in page.text + history.text]
    assert first.case_number not in found.text


def test_the_family_that_has_her_now_reads_what_is_said_there_and_no_words_of_the_other(
    session: Session,
    first: Household,
    second: Household,
    anna: User,
    bella: User,
    enter: Enter,
) -> None:
    member = first.members[0]
    before = {"given_name": "Dasha", "family_name": "Oldova", "phone": "+7 921 999-99-99"}
    moment = datetime.now(UTC) - timedelta(days=60)
    session.add(
        PersonCorrection(
            person_id=member.person_id, corrected_by=anna.id, corrected_at=moment, before=before
        )
    )
    _leaves(session, member, anna)
    _is_corrected(session, second, bella)
    grant(session, second, bella.id)
    here = next(one for one in second.members if one.person_id == member.person_id)
    path = f"/families/{second.id}"

    visitor = enter(bella.id)

    assert "999-99-99" in visitor.get(path).text
    assert anna.name not in visitor.get(f"{path}/members/{here.id}/history").text
    assert visitor.get(f"{path}/members/{here.id}/correct").status_code == 200


def test_no_list_is_ordered_by_a_name_that_somebody_was_given_after_she_left(
    session: Session,
    first: Household,
    second: Household,
    anna: User,
    bella: User,
    enter: Enter,
) -> None:
    between = mother(given_name="Mila", family_name="Zimina")
    other = open_family(session, members=[between], key_worker_id=anna.id)
    _leaves(session, first.members[0], anna)
    _is_corrected(session, second, bella)

    page = enter(anna.id).get("/families/?sort=name&order=ascending").text

    # A family without anybody whose name is known stands last, whatever she is called elsewhere.
    assert page.index(other.case_number) < page.index(first.case_number)


def _has_left_again(session: Session, second: Household, by: User) -> None:
    """She belongs to the second family no longer, since three days ago."""
    membership.leave(
        session,
        next(one for one in second.members if one.person.given_name == "Dasha"),
        left_on=TODAY - timedelta(days=3),
        reason=LeavingReason.MOVED_OUT,
        recorded_by=by.id,
        today=TODAY,
    )
    session.expire_all()


def _was_corrected(session: Session, second: Household, by: User) -> None:
    """What the second family said of her while she belonged to it."""
    dasha = next(one.person for one in second.members if one.person.given_name == "Dasha")
    before = as_recorded(dasha)
    dasha.phone, dasha.contact_note = "+7 921 999-99-99", "at the hidden house on Lime street"
    moment = datetime.now(UTC) - timedelta(days=10)
    session.add(
        PersonCorrection(person_id=dasha.id, corrected_by=by.id, corrected_at=moment, before=before)
    )
    session.flush()


@pytest.mark.parametrize("has_come_back", [False, True])
def test_what_a_hidden_family_said_stays_with_it_when_she_has_left_it(
    has_come_back: bool,
    session: Session,
    first: Household,
    second: Household,
    anna: User,
    bella: User,
    enter: Enter,
) -> None:
    member = first.members[0]
    if has_come_back:
        _leaves(session, member, anna)
    _was_corrected(session, second, bella)
    _has_left_again(session, second, bella)
    if has_come_back:
        role, by = MemberRole.MOTHER, anna.id
        member = membership.join(
            session, first, member.person, role=role, joined_on=TODAY, recorded_by=by, today=TODAY
        )
        session.expire_all()
    visitor, path = enter(anna.id), f"/families/{first.id}"

    pages = [
        visitor.get(path + page)
        for page in ("", f"/members/{member.id}/history", f"/members/{member.id}/correct")
    ]
    found = visitor.submit("/families/", {"text": "+7 921 999-99-99"}, page="/families/")

    assert [one.status_code for one in pages] == [200, 200, 200]
    assert not [one for one in LATER[1:] for page in pages if one in page.text]
    assert first.case_number not in found.text


def _form(**answers: str) -> dict[str, str]:
    return {
        "role": "mother",
        "given_name": "Dasha",
        "family_name": "Newova",
        "sex": "female",
        "joined_on": (TODAY - timedelta(days=100)).isoformat(),
        "safe_to_call": "unknown",
        **answers,
    }


def test_what_is_said_again_after_that_stands_in_the_file_and_is_found(
    session: Session,
    first: Household,
    second: Household,
    anna: User,
    bella: User,
    enter: Enter,
) -> None:
    _was_corrected(session, second, bella)
    _has_left_again(session, second, bella)
    visitor, path = enter(anna.id), f"/families/{first.id}"
    correct = f"{path}/members/{first.members[0].id}/correct"

    answer = visitor.submit(correct, _form(phone="+7 911 222-22-22", safe_to_call="yes"))

    page = visitor.get(path).text
    history = visitor.get(f"{path}/members/{first.members[0].id}/history").text
    found = visitor.submit("/families/", {"text": "+7 911 222-22-22"}, page="/families/")
    assert answer.status_code == 303
    assert "222-22-22" in page
    assert first.case_number in found.text
    assert not [one for one in LATER[1:] if one in page + history]


def test_what_a_form_does_not_show_is_not_lost_by_it(
    session: Session,
    first: Household,
    second: Household,
    anna: User,
    bella: User,
    enter: Enter,
) -> None:
    _was_corrected(session, second, bella)
    _has_left_again(session, second, bella)
    correct = f"/families/{first.id}/members/{first.members[0].id}/correct"

    answer = enter(anna.id).submit(correct, _form(family_name="Third"))

    session.expire_all()
    person = first.members[0].person
    assert answer.status_code == 303
    assert (person.family_name, person.phone) == ("Third", "+7 921 999-99-99")
    assert person.contact_note == "at the hidden house on Lime street"


def test_what_was_said_before_a_hidden_family_had_her_shows_when_it_said_nothing(
    session: Session,
    first: Household,
    second: Household,
    anna: User,
    bella: User,
    enter: Enter,
) -> None:
    _has_left_again(session, second, bella)

    page = enter(anna.id).get(f"/families/{first.id}").text

    assert "000-00-01" in page
