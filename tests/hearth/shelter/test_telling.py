"""What a page about houses tells of a family's days and ways, and to whom."""

import datetime
import re
import uuid
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import Scope
from hearth.families.models import Household
from hearth.shelter.models import Destination, EndReason, Stay
from hearth.shelter.seen import with_known_days
from tests.factories.families import staff_id
from tests.factories.people import as_role, colleague, narrowed, restriction
from tests.factories.shelter import make_house, make_stay
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
Enter = Callable[[uuid.UUID], Visitor]
TODAY = datetime.datetime.now(ZoneInfo("Europe/Moscow")).date()
UNTIL = TODAY + datetime.timedelta(days=41)
FAR = TODAY + datetime.timedelta(days=900)
LONG = f"{UNTIL.day} {UNTIL:%B %Y}"
TOLD = ("Why the stay ended", "Another organisation gives shelter now", "A rented home")
ENDING = {"reason": "other_help", "destination": "rented_home", "ended_on": TODAY.isoformat()}
YESTERDAY = (TODAY - datetime.timedelta(days=1)).isoformat()


@pytest.fixture
def stay(session: Session) -> Stay:
    """A family in the house in which somebody works."""
    return make_stay(
        session,
        places=make_house(session).places,
        admitted_on=TODAY - datetime.timedelta(days=10),
        planned_until=UNTIL,
        today=TODAY,
    )


def _close(visitor: Visitor, stay: Stay, day: datetime.date = TODAY) -> str:
    sent = {"open_to": day.isoformat()}
    answer = visitor.submit(f"/shelter/places/{stay.stay_places[0].place_id}/close", sent)
    assert answer.status_code == 422
    return answer.text


def _bare(page: str) -> str:
    """A page without its one-time keys and without the day that was asked for."""
    return re.sub(r'value="[^"]*"', "", page)


def test_who_closes_a_place_reads_until_when_somebody_whom_she_sees_is_there(
    stay: Stay, sign_in: SignIn
) -> None:
    answer = _close(sign_in(Role.DIRECTOR), stay)

    assert f"It can be closed from {LONG} at the earliest." in answer


@pytest.mark.parametrize("narrow", [False, True])
def test_who_closes_a_place_reads_no_day_of_a_family_that_is_closed_to_her(
    session: Session, stay: Stay, enter: Enter, narrow: bool
) -> None:
    household = session.get_one(Household, stay.household_id)
    scopes = {Permission.SHELTER_READ: Scope.OWN} if narrow else {}
    director = colleague(session, narrowed(session, Role.DIRECTOR, scopes=scopes))
    if not narrow:
        restriction(session, household)

    answers = {_bare(_close(enter(director.id), stay, day)) for day in (TODAY, UNTIL, FAR)}

    assert len(answers) == 1
    assert LONG not in answers.pop()


def test_a_place_in_which_a_family_slept_that_is_closed_to_her_is_closed_from_today_on(
    session: Session, stay: Stay, sign_in: SignIn
) -> None:
    worker, director = sign_in(Role.SOCIAL_WORKER), sign_in(Role.DIRECTOR)
    worker.submit(f"/shelter/stays/{stay.id}/end", {**ENDING, "ended_on": YESTERDAY})
    restriction(session, session.get_one(Household, stay.household_id))
    path = f"/shelter/places/{stay.stay_places[0].place_id}/close"

    days = (TODAY - datetime.timedelta(days=5), TODAY - datetime.timedelta(days=1), TODAY)
    answers = [director.submit(path, {"open_to": day.isoformat()}) for day in days]

    assert [one.status_code for one in answers] == [422, 422, 303]
    assert _bare(answers[0].text) == _bare(answers[1].text)


def test_a_house_knows_no_day_of_a_family_in_it_that_opens_by_name_alone(
    session: Session, stay: Stay
) -> None:
    staff = as_role(session, Role.HOUSE_STAFF)
    here = {(stay.id, stay.stay_places[0].house_id)}

    before = with_known_days(session, here, user=staff)
    restriction(session, session.get_one(Household, stay.household_id))

    assert before == here
    assert with_known_days(session, here, user=staff) == set()


def test_a_house_reads_neither_why_a_stay_ended_nor_where_a_family_went(
    session: Session, stay: Stay, sign_in: SignIn
) -> None:
    worker, staff = sign_in(Role.SOCIAL_WORKER), sign_in(Role.HOUSE_STAFF)
    path = f"/shelter/stays/{stay.id}"

    worker.submit(f"{path}/end", ENDING)

    hers, theirs = worker.get(path).text, staff.get(path).text
    assert all(words in hers for words in TOLD)
    assert "Day of leaving" in theirs
    assert not any(words in theirs for words in TOLD)
    form = staff.get(f"{path}/end").text
    assert "stay as a colleague wrote them down" in form
    assert 'name="reason"' not in form
    assert 'name="destination"' not in form


def test_who_does_not_see_how_a_stay_ended_corrects_its_day_and_overwrites_nothing(
    session: Session, stay: Stay, sign_in: SignIn
) -> None:
    worker, staff = sign_in(Role.SOCIAL_WORKER), sign_in(Role.HOUSE_STAFF)
    path = f"/shelter/stays/{stay.id}"
    worker.submit(f"{path}/end", ENDING)

    answer = staff.submit(
        f"{path}/end", {"ended_on": YESTERDAY, "reason": "own_wish", "destination": "unknown"}
    )

    session.expire_all()
    assert answer.status_code == 303
    assert stay.ended_on == TODAY - datetime.timedelta(days=1)
    assert (stay.end_reason, stay.destination) == (EndReason.OTHER_HELP, Destination.RENTED_HOME)
    assert not any(words in staff.get(path).text for words in TOLD)


def test_who_wrote_down_the_end_herself_reads_and_corrects_it_until_a_colleague_does(
    session: Session, stay: Stay, sign_in: SignIn
) -> None:
    worker, staff = sign_in(Role.SOCIAL_WORKER), sign_in(Role.HOUSE_STAFF)
    path = f"/shelter/stays/{stay.id}"
    staff.submit(f"{path}/end", {**ENDING, "destination": "own_home"})

    staff.submit(f"{path}/end", ENDING)
    before = staff.get(path).text
    worker.submit(f"{path}/end", {**ENDING, "reason": "own_wish"})

    session.expire_all()
    assert all(words in before for words in TOLD)
    assert "Where the family went" not in staff.get(path).text
    assert stay.end_reason is EndReason.OWN_WISH
    assert staff_id(session, Role.HOUSE_STAFF) in {one.recorded_by for one in stay.changes}
