"""Who looked at a referral that never became a family, or before it did."""

import io
import uuid
from collections.abc import Callable

import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import Scope
from hearth.audit.models import PersonRead
from hearth.intake import services as intake
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import colleague, grant, narrowed, restriction
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]


def rows(page: str) -> str:
    return page.partition("<tbody")[2]


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.PRIVACY_OFFICER])
def test_who_looked_at_a_referral_has_a_page(role: Role, session: Session, sign_in: SignIn) -> None:
    referral, other = take_referral(session), take_referral(session)
    worker = sign_in(Role.DUTY_OPERATOR)
    worker.get(f"/referrals/{referral.id}")
    path = f"/records/referrals/{referral.id}"

    reader = sign_in(role)
    page, paper = reader.get(path), reader.get(f"{path}?print=yes")
    untouched = reader.get(f"/records/referrals/{other.id}")

    assert page.status_code == 200
    assert "Test duty-operator" in rows(page.text)
    assert "Test duty-operator" in rows(paper.text)
    assert "Test-Mother" not in page.text
    assert "Test duty-operator" not in rows(untouched.text)


def test_lists_that_showed_it_are_found_too(session: Session, sign_in: SignIn) -> None:
    referral = take_referral(session)
    sign_in(Role.SOCIAL_WORKER).get("/referrals/")
    officer, path = sign_in(Role.PRIVACY_OFFICER), f"/records/referrals/{referral.id}"

    alone, with_lists = officer.get(path), officer.get(f"{path}?lists=true")

    assert "Test social-worker" not in rows(alone.text)
    assert "Test social-worker" in rows(with_lists.text)


def test_the_referral_itself_says_who_looked_to_those_who_see_looks_at_files(
    session: Session, sign_in: SignIn
) -> None:
    referral = take_referral(session)
    path = f"/referrals/{referral.id}"
    sign_in(Role.DUTY_OPERATOR).get(path)

    pages = {role: sign_in(role).get(path).text for role in (Role.DIRECTOR, Role.SUPERVISOR)}
    workers = sign_in(Role.SOCIAL_WORKER).get(path).text

    assert all("Test duty-operator" in page for page in pages.values())
    assert f"/records/referrals/{referral.id}" in pages[Role.DIRECTOR]
    assert f"/records/referrals/{referral.id}" not in pages[Role.SUPERVISOR]
    assert "Who looked" not in workers


def test_a_restricted_family_takes_the_looks_at_its_referral_along(
    session: Session, sign_in: SignIn
) -> None:
    referral, family = take_referral(session), open_family(session)
    intake.accept_for_known_family(
        session, referral, family, decided_by=staff_id(session), today=TODAY
    )
    restriction(session, family)
    path = f"/records/referrals/{referral.id}"
    director, officer = sign_in(Role.DIRECTOR), sign_in(Role.PRIVACY_OFFICER)

    closed = [director.get(path).status_code, officer.get(path).status_code]
    grant(session, family, staff_id(session, Role.DIRECTOR))
    opened = director.get(path)

    assert closed == [404, 200]
    assert opened.status_code == 200
    assert f"/records/families/{family.id}" in opened.text


@pytest.mark.parametrize("scope", [Scope.OWN, Scope.TEAM, Scope.HOUSE, None])
def test_whoever_does_not_find_a_referral_is_not_told_who_looked_at_it(
    session: Session, enter: Callable[[uuid.UUID], Visitor], scope: Scope | None
) -> None:
    reads = Permission.REFERRALS_READ
    withheld, scopes = ([], {reads: scope}) if scope else ([reads.value], {})
    board = colleague(session, narrowed(session, Role.DIRECTOR, *withheld, scopes=scopes)).id
    referral = take_referral(session)

    answer = enter(board).get(f"/records/referrals/{referral.id}")

    assert answer.status_code == 404


@pytest.mark.parametrize("role", [Role.SOCIAL_WORKER, Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_others_do_not_open_it(role: Role, session: Session, sign_in: SignIn) -> None:
    referral = take_referral(session)

    answer = sign_in(role).get(f"/records/referrals/{referral.id}")

    assert answer.status_code == 403


def test_a_referral_that_does_not_exist_is_not_found(session: Session, sign_in: SignIn) -> None:
    family = open_family(session)

    answer = sign_in(Role.PRIVACY_OFFICER).get(f"/records/referrals/{family.id}")

    assert answer.status_code == 404


TAKEN = "A referral was taken down"


def test_the_line_of_a_call_follows_the_family_that_it_became(
    session: Session, sign_in: SignIn
) -> None:
    waiting, known = take_referral(session), take_referral(session)
    family = open_family(session)
    intake.accept_for_known_family(
        session, known, family, decided_by=staff_id(session), today=TODAY
    )
    restriction(session, family)
    session.commit()
    by_number = f"?case_number={family.case_number}&action=referral.taken"
    searches = ("", "?action=referral.taken", f"?user_id={staff_id(session)}", by_number)
    director, officer = sign_in(Role.DIRECTOR), sign_in(Role.PRIVACY_OFFICER)

    hers, whole = (
        {query: rows(one.get(f"/records/{query}").text) for query in searches}
        for one in (director, officer)
    )

    for page in list(hers.values())[:3]:
        assert page.count(TAKEN) == 1
        assert f"/records/referrals/{waiting.id}" in page
        assert f"/records/referrals/{known.id}" not in page
    assert TAKEN not in hers[by_number]
    assert [page.count(TAKEN) for page in whole.values()] == [2, 2, 2, 1]
    assert family.case_number in whole[by_number]


def test_the_workbook_tells_no_more_of_such_a_call(session: Session, sign_in: SignIn) -> None:
    known, family = take_referral(session), open_family(session)
    intake.accept_for_known_family(
        session, known, family, decided_by=staff_id(session), today=TODAY
    )
    restriction(session, family)
    session.commit()

    taken = sign_in(Role.DIRECTOR).get("/records/records.xlsx")

    sheet = openpyxl.load_workbook(io.BytesIO(taken.data)).worksheets[0]
    told = list(sheet.iter_rows(min_row=2, values_only=True))
    assert {line[3] for line in told} == {"Something happened in a file that opens to others"}
    assert not any(line[2] or line[4] or line[5] for line in told)


def test_whoever_reads_who_looked_at_a_referral_looks_at_it_too(
    session: Session, sign_in: SignIn
) -> None:
    waiting, known, family = take_referral(session), take_referral(session), open_family(session)
    intake.accept_for_known_family(
        session, known, family, decided_by=staff_id(session), today=TODAY
    )
    officer = sign_in(Role.PRIVACY_OFFICER)

    for one in (waiting, known):
        officer.get(f"/records/referrals/{one.id}")

    looks = session.scalars(select(PersonRead).order_by(PersonRead.read_at)).all()
    assert [(one.subject_id, one.household_id) for one in looks] == [
        (waiting.id, None),
        (None, family.id),
    ]
