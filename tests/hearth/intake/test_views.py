from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.families.models import Household
from hearth.families.names import read_full_name
from hearth.families.vocabulary import MemberRole, Need
from hearth.intake.models import Referral
from hearth.intake.vocabulary import DecisionReason, ReferralState, Urgency
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.intake import take_referral
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]


def told(**changes: Any) -> dict[str, Any]:
    return {
        "urgency": "immediate",
        "mother_name": "Test-Mother",
        "safe_to_call": "no",
        "children_count": "2",
        "needs": ["housing", "legal"],
        "source": "police",
        "channel": "phone",
    } | changes


def family(**changes: Any) -> dict[str, Any]:
    return {
        "rows": "2",
        "role": "mother",
        "given_name": "Test-Mother",
        "family_name": "Testova",
        "born": "1999",
        "safe_to_call": "yes",
        "phone": "+7 900 000-00-00",
        "child_1_given_name": "Test-Child-1",
        "child_1_born": "03.2024",
        "child_2_given_name": "",
        "opened_on": TODAY.isoformat(),
        "needs": ["housing"],
        "primary_need": "housing",
    } | changes


def pages(referral: Referral) -> list[str]:
    return [f"/referrals/{referral.id}{rest}" for rest in ("", "/open", "/decline")]


def test_a_referral_is_taken_down(session: Session, sign_in: SignIn) -> None:
    answer = sign_in("duty-operator").submit("/referrals/new", told())

    taken = session.scalars(select(Referral)).one()
    assert answer.status_code == 303
    assert answer.location == f"/referrals/{taken.id}"
    assert taken.urgency is Urgency.IMMEDIATE
    assert taken.safe_to_call is False
    assert taken.needs == ["housing", "legal"]


@pytest.mark.parametrize(
    "changes",
    [
        {"mother_name": ""},
        {"mother_name": "x" * 501},
        {"urgency": ""},
        {"urgency": "tomorrow"},
        {"source": "oracle"},
        {"children_count": "-1"},
        {"children_count": "many"},
        {"needs": ["housing", "gold"]},
    ],
)
def test_what_cannot_be_is_not_taken_down(
    session: Session, sign_in: SignIn, changes: dict[str, Any]
) -> None:
    answer = sign_in("social-worker").submit("/referrals/new", told(**changes))

    assert answer.status_code == 422
    assert "needs another look" in answer.text or "need another look" in answer.text
    assert session.scalar(select(func.count()).select_from(Referral)) == 0


def test_what_was_typed_is_kept_when_something_is_wrong(sign_in: SignIn) -> None:
    answer = sign_in("social-worker").submit(
        "/referrals/new", told(source="", situation="She waits at the station")
    )

    assert answer.status_code == 422
    assert "She waits at the station" in answer.text


def test_the_most_urgent_referral_stands_first(session: Session, sign_in: SignIn) -> None:
    take_referral(session, mother_name="Test-Danger", urgency=Urgency.IMMEDIATE)
    take_referral(session, mother_name="Test-Later", urgency=Urgency.ORDINARY)

    page = sign_in("social-worker").get("/referrals/").text

    assert page.index("Test-Danger") < page.index("Test-Later")


def test_the_list_is_searched(session: Session, sign_in: SignIn) -> None:
    take_referral(session, mother_name="Ёлкина Test")
    take_referral(session, mother_name="Somebody Else", referrer_body="Police")

    page = sign_in("social-worker").submit("/referrals/", {"text": "елкина"}).text

    assert "Ёлкина Test" in page
    assert "Somebody Else" not in page


def test_every_page_about_a_referral_opens(session: Session, sign_in: SignIn) -> None:
    referral = take_referral(session)
    visitor = sign_in("social-worker")

    answers = [visitor.get(path).status_code for path in pages(referral)]

    assert answers == [200, 200, 200]


def test_who_may_not_see_referrals_sees_none(session: Session, sign_in: SignIn) -> None:
    referral = take_referral(session)
    visitor = sign_in("fundraiser")

    answers = [visitor.get(path).status_code for path in ["/referrals/", *pages(referral)]]

    assert set(answers) == {403}


def test_the_duty_operator_takes_referrals_but_opens_no_family(
    session: Session, sign_in: SignIn
) -> None:
    referral = take_referral(session)

    page = sign_in("duty-operator").get(f"/referrals/{referral.id}/open")

    assert page.status_code == 403


def test_another_organisations_referral_is_not_found(
    pskov_session: Session, sign_in: SignIn
) -> None:
    theirs = take_referral(pskov_session)
    visitor = sign_in("social-worker", site="spb")

    answers = [visitor.get(path).status_code for path in pages(theirs)]

    assert set(answers) == {404}


@pytest.mark.parametrize("path", ["/referrals/{}", "/referrals/{}/open", "/referrals/{}/decline"])
def test_a_missing_or_impossible_referral_is_not_found(sign_in: SignIn, path: str) -> None:
    visitor = sign_in("social-worker")

    answers = [visitor.get(path.format(key)).status_code for key in (uuid4(), "17", "%00")]

    assert set(answers) == {404}


def test_a_wrong_method_is_refused(session: Session, sign_in: SignIn) -> None:
    referral = take_referral(session)

    answer = sign_in("social-worker").put(f"/referrals/{referral.id}")

    assert answer.status_code == 405


def test_a_family_is_opened_from_a_referral(session: Session, sign_in: SignIn) -> None:
    referral = take_referral(session)

    answer = sign_in("social-worker").submit(f"/referrals/{referral.id}/open", family())

    session.expire_all()
    household = session.scalars(select(Household)).one()
    mother, child = household.current_members
    assert answer.status_code == 303
    assert answer.location == f"/families/{household.id}"
    assert referral.household_id == household.id
    assert mother.person.full_name == "Test-Mother Testova"
    assert mother.person.safe_to_call is True
    assert (child.role, child.person.family_name) == (MemberRole.CHILD, "Testova")
    assert household.episodes[0].primary_need is Need.HOUSING
    assert household.current_key_worker is not None
    assert household.current_key_worker.id == staff_id(session)


def test_the_form_has_a_row_for_every_child_that_was_told(
    session: Session, sign_in: SignIn
) -> None:
    referral = take_referral(session, children_count=3, mother_contact="+7 900 000-00-00")

    page = sign_in("social-worker").get(f"/referrals/{referral.id}/open").text

    assert "child_3_given_name" in page
    assert "child_4_given_name" not in page
    assert 'value="+7 900 000-00-00"' in page


def test_another_child_is_added_and_everything_typed_is_kept(
    session: Session, sign_in: SignIn
) -> None:
    referral = take_referral(session)

    answer = sign_in("social-worker").submit(
        f"/referrals/{referral.id}/open", family(add_child="1", given_name="Test-Kept")
    )

    assert answer.status_code == 200
    assert "child_3_given_name" in answer.text
    assert 'value="Test-Kept"' in answer.text
    assert 'value="Test-Child-1"' in answer.text
    assert session.scalar(select(func.count()).select_from(Household)) == 0


@pytest.mark.parametrize("rows", ["-1", "9999999", "x", "٣", ""])
def test_a_strange_number_of_rows_does_no_harm(
    session: Session, sign_in: SignIn, rows: str
) -> None:
    referral = take_referral(session)

    answer = sign_in("social-worker").submit(
        f"/referrals/{referral.id}/open", family(rows=rows, add_child="1")
    )

    assert answer.status_code == 200
    assert "child_16_given_name" not in answer.text


def test_an_expected_child_needs_no_name(session: Session, sign_in: SignIn) -> None:
    referral = take_referral(session)
    due = (TODAY + timedelta(days=60)).strftime("%d.%m.%Y")

    answer = sign_in("social-worker").submit(
        f"/referrals/{referral.id}/open",
        family(child_2_born=due, child_2_not_born_yet="true"),
    )

    session.expire_all()
    household = session.scalars(select(Household)).one()
    assert answer.status_code == 303
    assert household.current_members[2].person.birth.is_expected


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"child_2_born": "01.01.2199", "child_2_given_name": "Test"}, "child_2_born"),
        ({"child_2_born": "01.01.2020"}, "child_2_given_name"),
        ({"given_name": ""}, "given_name"),
        ({"opened_on": "2199-01-01"}, "opened_on"),
    ],
)
def test_a_family_that_cannot_be_is_not_opened(
    session: Session, sign_in: SignIn, changes: dict[str, str], field: str
) -> None:
    referral = take_referral(session)

    answer = sign_in("social-worker").submit(f"/referrals/{referral.id}/open", family(**changes))

    session.expire_all()
    assert answer.status_code == 422
    assert f'href="#f-{field}"' in answer.text
    assert referral.is_waiting
    assert session.scalar(select(func.count()).select_from(Household)) == 0


def test_a_form_sent_twice_opens_one_family(session: Session, sign_in: SignIn) -> None:
    referral = take_referral(session)
    visitor = sign_in("social-worker")
    path = f"/referrals/{referral.id}/open"
    answers = family(form_token=visitor.token_on(path))

    first, second = visitor.post(path, data=answers), visitor.post(path, data=answers)

    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert session.scalar(select(func.count()).select_from(Household)) == 1


def test_two_forms_about_one_referral_open_one_family(session: Session, sign_in: SignIn) -> None:
    referral = take_referral(session)
    visitor = sign_in("social-worker")
    path = f"/referrals/{referral.id}/open"
    tokens = [visitor.token_on(path), visitor.token_on(path)]

    answers = [visitor.post(path, data=family(form_token=token)) for token in tokens]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[1].location == f"/referrals/{referral.id}"
    assert session.scalar(select(func.count()).select_from(Household)) == 1


def test_a_family_we_know_is_offered_and_not_opened_twice(
    session: Session, sign_in: SignIn
) -> None:
    household = open_family(session)
    referral = take_referral(session, mother_name="testova test-mother")
    visitor = sign_in("social-worker")
    page = f"/referrals/{referral.id}"

    offered = household.case_number in visitor.get(page).text
    answer = visitor.submit(f"{page}/known/{household.id}", page=page)

    session.expire_all()
    assert offered
    assert answer.location == f"/families/{household.id}"
    assert referral.household_id == household.id


def test_a_name_without_a_letter_offers_no_family(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    referral = take_referral(session, mother_name="\u0301")

    page = sign_in("social-worker").get(f"/referrals/{referral.id}")

    assert page.status_code == 200
    assert household.case_number not in page.text


def test_a_referral_is_declined_with_a_reason(session: Session, sign_in: SignIn) -> None:
    referral = take_referral(session)

    answer = sign_in("duty-operator").submit(
        f"/referrals/{referral.id}/decline", {"state": "declined", "reason": "no_place"}
    )

    session.expire_all()
    assert answer.status_code == 303
    assert referral.state is ReferralState.DECLINED
    assert referral.decision_reason is DecisionReason.NO_PLACE


@pytest.mark.parametrize(
    "answers",
    [
        {"state": "declined"},
        {"state": "accepted", "reason": "no_place"},
        {"state": "referred_on", "reason": "no_place"},
    ],
)
def test_a_decision_without_its_reason_is_none(
    session: Session, sign_in: SignIn, answers: dict[str, str]
) -> None:
    referral = take_referral(session)

    answer = sign_in("social-worker").submit(f"/referrals/{referral.id}/decline", answers)

    session.expire_all()
    assert answer.status_code == 422
    assert referral.is_waiting


@pytest.mark.parametrize(
    ("told", "given_name", "patronymic", "family_name"),
    [
        ("Надежда", "Надежда", "", ""),
        ("Надежда Примерова", "Надежда", "", "Примерова"),
        ("Надежда Ивановна Примерова", "Надежда", "Ивановна", "Примерова"),
        ("Примерова Надежда Ивановна", "Надежда", "Ивановна", "Примерова"),
        ("Надежда Ильинична", "Надежда", "Ильинична", ""),
        ("Надежда Абрамович", "Надежда", "", "Абрамович"),
        ("Nadezhda Ivanovna Primerova", "Nadezhda", "Ivanovna", "Primerova"),
        ("Anna van Berg", "Anna", "", "van Berg"),
        ("  Anna   Maria van den  Berg ", "Anna", "", "Maria van den Berg"),
    ],
)
def test_the_form_puts_one_word_of_the_name_that_was_told_into_the_first_name(
    told: str, given_name: str, patronymic: str, family_name: str
) -> None:
    name = read_full_name(told)

    assert (name.given_name, name.patronymic, name.family_name) == (
        given_name,
        patronymic,
        family_name,
    )


def test_the_form_that_opens_a_family_has_the_name_in_its_parts(
    session: Session, sign_in: SignIn
) -> None:
    referral = take_referral(session, mother_name="Надежда Ивановна Примерова")

    page = sign_in("social-worker").get(f"/referrals/{referral.id}/open").text

    assert 'value="Надежда"' in page
    assert 'value="Ивановна"' in page
    assert 'value="Примерова"' in page
