import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families.models import Household
from hearth.families.vocabulary import MemberRole
from tests.factories.families import TODAY, mother, open_family, staff_id
from tests.factories.people import colleague, grant, restriction, team
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]


@pytest.fixture
def household(session: Session) -> Household:
    return open_family(session)


def member_answers(**changes: Any) -> dict[str, Any]:
    return {
        "role": "child",
        "given_name": "Test-Newborn",
        "born": TODAY.strftime("%d.%m.%Y"),
        "sex": "female",
        "safe_to_call": "unknown",
        "joined_on": TODAY.isoformat(),
    } | changes


def pages(household: Household) -> list[str]:
    member = household.current_members[1].id
    return [
        f"/families/{household.id}/members/new",
        f"/families/{household.id}/members/{member}/correct",
        f"/families/{household.id}/members/{member}/leave",
        f"/families/{household.id}/members/{member}/history",
        f"/families/{household.id}/key-worker",
    ]


def test_the_list_shows_families_and_leads_to_their_files(
    household: Household, sign_in: SignIn
) -> None:
    page = sign_in("social-worker").get("/families/")

    assert page.status_code == 200
    assert f'href="/families/{household.id}"' in page.text


def test_the_list_says_what_to_do_when_it_is_empty(sign_in: SignIn) -> None:
    page = sign_in("social-worker").get("/families/")

    assert "It begins with a referral" in page.text


def test_a_name_is_searched_for(session: Session, household: Household, sign_in: SignIn) -> None:
    other = open_family(session, members=[mother(family_name="Zimina")])

    answer = sign_in("social-worker").submit("/families/", {"text": "zimina"})

    assert answer.status_code == 200
    assert f"/families/{other.id}" in answer.text
    assert f"/families/{household.id}" not in answer.text


def test_a_name_that_is_searched_for_stands_in_no_address(
    household: Household, sign_in: SignIn
) -> None:
    page = sign_in("social-worker").submit("/families/", {"text": "testova"}).text

    addresses = re.findall(r'(?:href|action)="([^"]*)"', page)
    assert f"/families/{household.id}" in addresses
    assert not [address for address in addresses if "testova" in address.casefold()]
    assert 'method="get"' not in page


def test_a_search_that_is_too_long_is_explained(sign_in: SignIn) -> None:
    answer = sign_in("social-worker").submit("/families/", {"text": "x" * 201})

    assert answer.status_code == 422


@pytest.mark.parametrize(
    "query", ["view=stolen", "sort=;drop", "page=0", "page=-3", "page=99999999", "page=%D9%A3"]
)
def test_strange_filters_are_passed_over(household: Household, sign_in: SignIn, query: str) -> None:
    page = sign_in("social-worker").get(f"/families/?{query}")

    assert page.status_code == 200


def test_every_page_about_the_people_opens(household: Household, sign_in: SignIn) -> None:
    visitor = sign_in("social-worker")

    answers = {path: visitor.get(path).status_code for path in pages(household)}

    assert set(answers.values()) == {200}, answers


@pytest.mark.parametrize("role", ["house-staff", "fundraiser", "duty-operator"])
def test_who_may_not_see_families_opens_none_of_them(
    household: Household, sign_in: SignIn, role: str
) -> None:
    visitor = sign_in(role)

    answers = [visitor.get(path).status_code for path in ["/families/", *pages(household)]]

    assert set(answers) == {403}


def test_who_may_only_read_changes_nothing(household: Household, sign_in: SignIn) -> None:
    visitor = sign_in("director")
    history = pages(household)[3]

    answers = [visitor.get(path).status_code for path in pages(household) if path != history]

    assert set(answers) == {403}


def test_a_stranger_is_asked_to_sign_in(
    household: Household, visitor: Callable[..., Visitor]
) -> None:
    answer = visitor().get(f"/families/{household.id}/members/new")

    assert answer.status_code == 302
    assert "/sign-in" in answer.location


def test_another_organisations_people_are_not_found(
    pskov_session: Session, sign_in: SignIn
) -> None:
    theirs = open_family(pskov_session)
    visitor = sign_in("social-worker", site="spb")

    answers = [visitor.get(path).status_code for path in pages(theirs)]

    assert set(answers) == {404}


def test_a_member_of_another_family_is_not_found(
    session: Session, household: Household, sign_in: SignIn
) -> None:
    stranger = open_family(session).current_members[0]

    page = sign_in("social-worker").get(f"/families/{household.id}/members/{stranger.id}/correct")

    assert page.status_code == 404


def test_a_missing_family_is_not_found(sign_in: SignIn) -> None:
    page = sign_in("social-worker").get(f"/families/{uuid4()}/members/new")

    assert page.status_code == 404


def test_a_wrong_method_is_refused(household: Household, sign_in: SignIn) -> None:
    answer = sign_in("social-worker").delete(f"/families/{household.id}/members/new")

    assert answer.status_code == 405


def test_a_newborn_joins_the_family(
    session: Session, household: Household, sign_in: SignIn
) -> None:
    path = f"/families/{household.id}/members/new"

    answer = sign_in("social-worker").submit(path, member_answers())

    session.expire_all()
    assert answer.status_code == 303
    assert household.current_members[-1].person.given_name == "Test-Newborn"
    assert household.current_members[-1].role is MemberRole.CHILD


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"given_name": ""}, "Enter a name"),
        ({"given_name": "x" * 501}, "no more than 500 characters"),
        ({"born": "31.02.2024"}, "Enter a date such as"),
        (
            {"born": (TODAY + timedelta(days=2)).strftime("%d.%m.%Y")},
            "This day is still to come",
        ),
        ({"born": "", "not_born_yet": "true"}, "Enter the expected date"),
        ({"born": "2090", "not_born_yet": "true"}, "within the next ten months"),
        ({"joined_on": (TODAY + timedelta(days=2)).isoformat()}, "still to come"),
        ({"role": "king"}, "Choose one of the answers offered here"),
        ({"phone": "call me"}, "Use figures"),
    ],
)
def test_what_cannot_be_is_explained_and_nothing_is_kept_but_the_answers(
    session: Session,
    household: Household,
    sign_in: SignIn,
    changes: dict[str, str],
    sentence: str,
) -> None:
    path = f"/families/{household.id}/members/new"

    answer = sign_in("social-worker").submit(path, member_answers(**changes))

    session.expire_all()
    assert answer.status_code == 422
    assert sentence in answer.text
    assert len(household.current_members) == 2


@pytest.mark.parametrize("name", ["Ж" * 500, "👩‍👧‍👦 Test", "محمد", "<script>alert(1)</script>"])
def test_a_name_in_any_script_is_taken_and_shown_as_text(
    session: Session, household: Household, sign_in: SignIn, name: str
) -> None:
    visitor = sign_in("social-worker")

    answer = visitor.submit(
        f"/families/{household.id}/members/new", member_answers(given_name=name)
    )
    page = visitor.get(f"/families/{household.id}").text

    session.expire_all()
    assert answer.status_code == 303
    assert household.current_members[-1].person.given_name == name
    assert "<script>alert" not in page


def test_a_correction_keeps_what_stood_before_and_shows_it(
    session: Session, household: Household, sign_in: SignIn
) -> None:
    visitor = sign_in("social-worker")
    member = household.current_members[1]
    path = f"/families/{household.id}/members/{member.id}/correct"

    answer = visitor.submit(
        path, member_answers(given_name="Test-Corrected", role="other", born="2024")
    )

    session.expire_all()
    corrected = next(m for m in household.current_members if m.supersedes_id == member.id)
    history = visitor.get(f"/families/{household.id}/members/{corrected.id}/history").text
    assert answer.status_code == 303
    assert corrected.person.given_name == "Test-Corrected"
    assert "Test-Child-1" in history


def test_a_form_for_a_correction_is_filled_with_what_is_recorded(
    household: Household, sign_in: SignIn
) -> None:
    member = household.current_members[1]

    page = (
        sign_in("social-worker").get(f"/families/{household.id}/members/{member.id}/correct").text
    )

    assert 'value="Test-Child-1"' in page
    assert f'value="{member.person.birth.as_written()}"' in page
    assert f'value="{member.joined_on.isoformat()}"' in page


def test_somebody_leaves_the_family(
    session: Session, household: Household, sign_in: SignIn
) -> None:
    member = household.current_members[1]

    answer = sign_in("social-worker").submit(
        f"/families/{household.id}/members/{member.id}/leave",
        {"left_on": TODAY.isoformat(), "reason": "to_relatives"},
    )

    session.expire_all()
    assert answer.status_code == 303
    assert member.left_on == TODAY
    assert len(household.current_members) == 1


def test_a_family_is_handed_over_to_a_colleague_who_may_write(
    session: Session, household: Household, sign_in: SignIn
) -> None:
    visitor = sign_in("social-worker")
    path = f"/families/{household.id}/key-worker"
    bookkeeper = staff_id(session, Role.BOOKKEEPER)

    refused = visitor.submit(path, {"user_id": str(bookkeeper), "from_on": TODAY.isoformat()})

    session.expire_all()
    assert refused.status_code == 422
    assert household.current_key_worker is not None
    assert household.current_key_worker.id == staff_id(session)


def test_a_new_number_is_safe_to_call_only_once_she_was_asked_about_it(
    session: Session, sign_in: SignIn
) -> None:
    family = open_family(session, members=[mother(phone="+7 900 000-00-00", safe_to_call=True)])
    [member] = family.current_members
    visitor, path = sign_in("social-worker"), f"/families/{family.id}/members/{member.id}/correct"
    right = member_answers(
        role="mother",
        born="",
        joined_on=member.joined_on.isoformat(),
        phone="+7 900 000-00-99",
        safe_to_call="yes",
    )

    answer = visitor.submit(path, right)

    session.expire_all()
    assert member.person.safe_to_call is None
    assert "Ask whether it is safe to call" in visitor.get(answer.location).text
    visitor.submit(path, right)
    session.expire_all()
    assert member.person.safe_to_call is True


@pytest.mark.parametrize(
    ("restricted", "ends"),
    [(False, None), (False, timedelta(hours=1)), (True, timedelta(hours=1))],
)
def test_who_was_let_in_by_name_hands_the_family_to_nobody(
    restricted: bool, ends: timedelta | None, session: Session, sign_in: SignIn
) -> None:
    stranger, mate = (colleague(session, Role.SOCIAL_WORKER) for _ in range(2))
    household = open_family(session, key_worker_id=stranger.id)
    team(session, staff_id(session), mate.id)
    if restricted:
        restriction(session, household)
    grant(session, household, staff_id(session), ends_at=ends and datetime.now(UTC) + ends)
    visitor, path = sign_in("social-worker"), f"/families/{household.id}"

    answers = [
        visitor.submit(
            f"{path}/key-worker",
            {"user_id": str(user_id), "from_on": TODAY.isoformat()},
            page=f"{path}/close",
        ).status_code
        for user_id in (staff_id(session), mate.id)
    ]

    assert answers == [404, 404]
    assert visitor.get(f"{path}/key-worker").status_code == 404
    assert "/key-worker" not in visitor.get(path).text
    session.expire_all()
    assert [one.user_id for one in household.key_workers] == [stranger.id]


def test_a_keeper_hands_a_restricted_family_to_another_keeper_and_to_nobody_else(
    session: Session, sign_in: SignIn
) -> None:
    stranger, mate, keeper = (colleague(session, Role.SOCIAL_WORKER) for _ in range(3))
    household = open_family(session, key_worker_id=stranger.id)
    team(session, staff_id(session), mate.id)
    restriction(session, household)
    for one in (staff_id(session), keeper.id):
        grant(session, household, one)
    grant(session, household, mate.id, ends_at=datetime.now(UTC) + timedelta(hours=1))
    visitor, path = sign_in("social-worker"), f"/families/{household.id}/key-worker"

    answers = [
        visitor.submit(path, {"user_id": str(one.id), "from_on": TODAY.isoformat()}).status_code
        for one in (mate, stranger, keeper)
    ]

    session.expire_all()
    assert answers == [422, 422, 303]
    assert [one.user_id for one in household.key_workers] == [stranger.id, keeper.id]


def test_a_hand_over_there_and_back_leaves_a_guest_nothing(
    session: Session, sign_in: SignIn
) -> None:
    stranger, me = colleague(session, Role.SOCIAL_WORKER), staff_id(session)
    household = open_family(session, key_worker_id=stranger.id)
    given = grant(session, household, me, ends_at=datetime.now(UTC) + timedelta(hours=1))
    visitor, path = sign_in("social-worker"), f"/families/{household.id}"
    called = {
        "kind": "phone_call",
        "mode": "home",
        "delivered_on": TODAY.isoformat(),
        "recipient_ids": [str(household.current_members[0].person_id)],
    }
    to_me = {"user_id": str(me), "from_on": TODAY.isoformat()}

    visitor.submit(f"{path}/key-worker", to_me, page=f"{path}/close")
    recorded = visitor.submit(f"{path}/services/new", called)
    visitor.submit(
        f"{path}/key-worker", {**to_me, "user_id": str(stranger.id)}, page=f"{path}/close"
    )
    given.ends_at = datetime.now(UTC) - timedelta(seconds=1)
    session.flush()

    assert recorded.status_code == 303
    assert visitor.get(path).status_code == 404


def test_who_was_let_into_her_teams_family_still_hands_it_over(
    session: Session, sign_in: SignIn
) -> None:
    mate = colleague(session, Role.SOCIAL_WORKER)
    household = open_family(session, key_worker_id=mate.id)
    team(session, staff_id(session), mate.id)
    grant(session, household, staff_id(session), ends_at=datetime.now(UTC) + timedelta(hours=1))

    answer = sign_in("social-worker").submit(
        f"/families/{household.id}/key-worker",
        {"user_id": str(staff_id(session)), "from_on": TODAY.isoformat()},
    )

    assert answer.status_code == 303
    session.expire_all()
    assert household.key_workers[-1].user_id == staff_id(session)


@pytest.mark.parametrize("works_with_her", [True, False])
def test_a_hand_over_leads_to_the_file_or_to_ones_list_where_it_is_no_longer_open(
    works_with_her: bool, session: Session, sign_in: SignIn
) -> None:
    household, worker = open_family(session), colleague(session, Role.SOCIAL_WORKER)
    if works_with_her:
        team(session, staff_id(session), worker.id)
    choices = {"user_id": str(worker.id), "from_on": TODAY.isoformat()}

    answer = sign_in("social-worker").submit(f"/families/{household.id}/key-worker", choices)

    led = f"/families/{household.id}" if works_with_her else "/families/"
    assert (answer.status_code, answer.location) == (303, led)
