"""Whom a file tells of no stays or no referrals learns of none by a request, nor by its log."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families.models import Household
from hearth.intake import services as intake
from hearth.subject_rights import disclosure
from hearth.subject_rights.models import SubjectRequest
from hearth.subject_rights.vocabulary import Asker, Decision, Step
from tests.factories.families import TODAY, mother, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import colleague, narrowed
from tests.factories.rights import take_request
from tests.factories.shelter import make_house, make_stay
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
SignIn = Callable[..., Visitor]
Made = Callable[[Session], tuple[Role | str, ...]]


def without(*withheld: str) -> Made:
    """A director from whom these were taken."""
    return lambda session: (narrowed(session, Role.DIRECTOR, *withheld),)


def specialist_and_officer(_session: Session) -> tuple[Role | str, ...]:
    return Role.SPECIALIST, Role.PRIVACY_OFFICER


def plain(session: Session, family: Household) -> None:
    """A family that neither sleeps with us nor came by a call."""


def sleeps_here(session: Session, family: Household) -> None:
    place = make_house(session, name=uuid.uuid4().hex).places[0]
    since = TODAY - timedelta(days=3)
    days = {"admitted_on": since, "today": TODAY}
    make_stay(session, household=family, places=[place], note="She knows the house", **days)


def came_by_a_call(session: Session, family: Household) -> None:
    by, call = staff_id(session), take_referral(session)
    intake.accept_for_known_family(session, call, family, decided_by=by, today=TODAY)


KINDS = (plain, sleeps_here, came_by_a_call)
IN_PART = pytest.mark.parametrize(
    "made",
    [
        specialist_and_officer,
        without("shelter.read"),
        without("referrals.read"),
        without("field:location"),
    ],
)


def told_of(visitor: Visitor, session: Session, request: SubjectRequest) -> list[str]:
    """What the log tells of a request, line by line, without when and which."""
    number = session.get_one(Household, request.household_id).case_number
    page = visitor.get(f"/records/?case_number={number}").text.partition("<tbody")[2]
    lines = [re.sub(r"<[^>]+>|\s+", " ", one) for one in page.split("</tr>")]
    return [one.partition("About:")[2] for one in lines if "See what we hold" in one]


def asked(session: Session, user_id: uuid.UUID, tells: Callable[..., None]) -> SubjectRequest:
    """A request of a mother for her own data; the officer has decided about every entry of it."""
    family = open_family(session, members=[mother()], key_worker_id=user_id)
    tells(session, family)
    request = take_request(session, family, asked_by=Asker.SELF)
    disclosure.prepare(session, request, by=staff_id(session, Role.PRIVACY_OFFICER))
    for one in disclosure.queue(session, request):
        by = staff_id(session, Role.PRIVACY_OFFICER)
        disclosure.decide(session, request, one.entry, decision=Decision.REDACT, by=by)
    session.commit()
    return request


@IN_PART
def test_what_was_asked_for_is_refused_alike_with_and_without_stays_and_referrals(
    session: Session, enter: Enter, made: Made
) -> None:
    user = colleague(session, *made(session))
    requests = [asked(session, user.id, one) for one in KINDS]
    visitor = enter(user.id)

    answers = [visitor.submit(f"/data-protection/requests/{one.id}/file", {}) for one in requests]

    assert {one.status_code for one in answers} == {422}
    for answer in answers:
        assert "does not read every part that such a file may have" in answer.text
        assert "of a kind that your role does not read" not in answer.text
    assert not any(one.has(Step.EXPORTED) for one in requests)


@pytest.mark.parametrize("tells", KINDS)
@pytest.mark.parametrize("role", [Role.PRIVACY_OFFICER, Role.DIRECTOR])
def test_whoever_reads_every_part_of_the_file_hands_it_out(
    session: Session, enter: Enter, role: Role, tells: Callable[..., None]
) -> None:
    user_id = colleague(session, role).id
    request = asked(session, staff_id(session), tells)

    answer = enter(user_id).submit(f"/data-protection/requests/{request.id}/file", {})

    assert answer.status_code == 200
    assert answer.content_type == "application/zip"


@IN_PART
def test_the_log_counts_no_decisions_for_whom_the_file_leaves_out_a_part(
    session: Session, enter: Enter, sign_in: SignIn, made: Made
) -> None:
    user, officer = colleague(session, *made(session)), sign_in(Role.PRIVACY_OFFICER)
    requests = [asked(session, user.id, one) for one in KINDS]
    for one in requests:
        officer.submit(f"/data-protection/requests/{one.id}/file", {})

    hers = [told_of(enter(user.id), session, one) for one in requests]
    whole = [told_of(officer, session, one) for one in requests]

    assert hers[0] == hers[1] == hers[2]
    assert not any("Keep it back" in line or "How many" in line for line in hers[0])
    counts = [sum("Keep it back" in line for line in lines) for lines in whole]
    assert counts[0] < counts[1] < counts[2]
    assert all(any("How many entries" in line for line in lines) for lines in whole)


def test_the_log_tells_decisions_to_whoever_reads_every_part_of_the_file(
    session: Session, sign_in: SignIn
) -> None:
    request = asked(session, staff_id(session), came_by_a_call)

    hers = told_of(sign_in(Role.DIRECTOR), session, request)

    assert any("Keep it back" in line for line in hers)
