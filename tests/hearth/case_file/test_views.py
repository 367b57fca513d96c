from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hearth.accounts.permissions import Role
from hearth.accounts.policy_models import RoleRule
from hearth.audit.models import PersonRead
from hearth.case_file.timeline import SHORT
from hearth.families.models import CaseEpisode, Household
from hearth.intake.vocabulary import ReferralState
from tests.factories.break_glass import make_look
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import colleague
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house, make_stay
from tests.support.visitors import TOKEN, Visitor

SignIn = Callable[..., Visitor]


def ever_the_same(page: TestResponse) -> str:
    """A page without its one-time keys and its own address."""
    return TOKEN.sub("", page.text).replace(page.request.path, "")


def test_the_file_shows_everything_that_happened(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    record_service(session, household, note="Brought warm clothes")

    page = sign_in("social-worker").get(f"/families/{household.id}")

    assert page.status_code == 200
    assert "Brought warm clothes" in page.text
    assert "Test-Mother Testova" in page.text
    assert f"Family {household.case_number}" in page.text


def test_a_stay_lands_in_the_file_of_those_who_may_see_the_houses(
    session: Session, sign_in: SignIn
) -> None:
    household = open_family(session)
    house = make_house(session, "Test-Lamp House")
    make_stay(session, household=household, places=house.places, admitted_on=TODAY, today=TODAY)

    worker = sign_in("social-worker").get(f"/families/{household.id}").text
    specialist = sign_in("specialist").get(f"/families/{household.id}").text

    assert "Admitted to Test-Lamp House" in worker
    assert "Test-Lamp House" not in specialist


def test_a_case_is_not_closed_while_the_family_lives_with_us(
    session: Session, sign_in: SignIn
) -> None:
    household = open_family(session)
    house = make_house(session)
    make_stay(session, household=household, places=house.places, admitted_on=TODAY, today=TODAY)

    answer = sign_in("social-worker").submit(
        f"/families/{household.id}/close",
        {"closed_on": TODAY.isoformat(), "reason": "goals_met"},
    )

    session.expire_all()
    assert answer.status_code == 422
    assert "End its stay first" in answer.text
    assert household.is_open


def test_who_reads_no_places_does_not_learn_by_closing_that_the_family_lives_with_us(
    session: Session, sign_in: SignIn
) -> None:
    household, by = open_family(session), staff_id(session, Role.ADMINISTRATOR)
    house = make_house(session)
    make_stay(session, household=household, places=house.places, admitted_on=TODAY, today=TODAY)
    rule = {"item": "field:location", "rule": "withheld", "set_by": by}
    session.add(RoleRule(role=Role.SOCIAL_WORKER.value, **rule))
    session.flush()

    answer = sign_in("social-worker").submit(
        f"/families/{household.id}/close",
        {"closed_on": TODAY.isoformat(), "reason": "goals_met"},
    )

    session.expire_all()
    assert answer.status_code == 422
    assert "cannot be closed yet" in answer.text
    assert "house" not in answer.text.split("<main", 1)[1]
    assert household.is_open


def test_a_long_line_is_shortened_and_can_be_shown_whole(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    for days in range(SHORT + 5):
        record_service(session, household, delivered_on=TODAY - timedelta(days=days))
    visitor = sign_in("social-worker")

    short = visitor.get(f"/families/{household.id}").text
    whole = visitor.get(f"/families/{household.id}?timeline=whole").text

    assert short.count("<h3>") < whole.count("<h3>")
    assert "The case was opened" not in short
    assert "The case was opened" in whole


def test_the_title_names_nobody(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)

    page = sign_in("social-worker").get(f"/families/{household.id}").text

    title = page.partition("<title>")[2].partition("</title>")[0]
    assert household.case_number in title
    assert "Test-Mother" not in title


def test_every_look_at_a_file_is_noted(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    visitor = sign_in("director")

    visitor.get(f"/families/{household.id}")
    visitor.get(f"/families/{household.id}")

    noted = select(func.count()).where(PersonRead.household_id == household.id)
    assert session.scalar(noted) == 2


def test_a_referral_is_shown_to_those_who_may_read_referrals(
    session: Session, sign_in: SignIn
) -> None:
    household = open_family(session)
    referral = take_referral(session)
    referral.state = ReferralState.ACCEPTED
    referral.episode_id = household.episodes[0].id
    referral.decided_at, referral.decided_by = func.now(), referral.received_by
    session.flush()

    worker = sign_in("social-worker").get(f"/families/{household.id}").text
    specialist = sign_in("specialist").get(f"/families/{household.id}").text

    assert "Test Hospital No. 0" in worker
    assert "Test Hospital No. 0" not in specialist


@pytest.mark.parametrize("role", ["house-staff", "fundraiser", "bookkeeper", "administrator"])
def test_who_may_not_read_families_sees_no_file(
    session: Session, sign_in: SignIn, role: str
) -> None:
    household = open_family(session)

    page = sign_in(role).get(f"/families/{household.id}")

    assert page.status_code == 403
    assert "Test-Mother" not in page.text


def test_a_missing_file_and_another_organisations_are_the_same_page(
    pskov_session: Session, sign_in: SignIn
) -> None:
    theirs = open_family(pskov_session)
    visitor = sign_in("social-worker", site="spb")

    foreign = visitor.get(f"/families/{theirs.id}")
    missing = visitor.get(f"/families/{uuid4()}")

    assert foreign.status_code == missing.status_code == 404
    assert ever_the_same(foreign) == ever_the_same(missing)


def test_an_id_that_is_none_leads_nowhere(sign_in: SignIn) -> None:
    visitor = sign_in("social-worker")

    page = visitor.get("/families/1%27%20OR%201=1")

    assert page.status_code == 404


def test_a_file_is_not_posted_to(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)

    page = sign_in("social-worker").post(f"/families/{household.id}")

    assert page.status_code == 405


def test_a_case_is_closed_with_a_reason(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    path = f"/families/{household.id}/close"

    answer = sign_in("social-worker").submit(
        path, {"closed_on": TODAY.isoformat(), "reason": "goals_met", "note": "A warm goodbye"}
    )

    session.expire_all()
    assert answer.status_code == 303
    assert household.episodes[0].closed_on == TODAY
    assert household.episodes[0].closing_note == "A warm goodbye"


def test_a_case_is_not_closed_without_a_reason(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    path = f"/families/{household.id}/close"

    answer = sign_in("social-worker").submit(path, {"closed_on": TODAY.isoformat()})

    session.expire_all()
    assert answer.status_code == 422
    assert household.is_open


def test_a_case_is_not_closed_before_it_was_opened(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    path = f"/families/{household.id}/close"
    too_early = household.episodes[0].opened_on - timedelta(days=1)

    answer = sign_in("social-worker").submit(
        path, {"closed_on": too_early.isoformat(), "reason": "goals_met"}
    )

    assert answer.status_code == 422
    assert "opened after this day" in answer.text


def test_a_family_that_comes_back_begins_another_episode(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    visitor = sign_in("social-worker")
    visitor.submit(
        f"/families/{household.id}/close",
        {"closed_on": TODAY.isoformat(), "reason": "moved_away"},
    )

    answer = visitor.submit(
        f"/families/{household.id}/reopen",
        {"opened_on": TODAY.isoformat(), "needs": ["legal"], "primary_need": "legal"},
    )

    session.expire_all()
    episodes = session.scalars(
        select(CaseEpisode).where(CaseEpisode.household_id == household.id)
    ).all()
    assert answer.status_code == 303
    assert sorted(episode.closed_on is None for episode in episodes) == [False, True]
    again = session.get(Household, household.id)
    assert again is not None
    assert again.is_open


def test_the_director_reads_but_does_not_close(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)

    page = sign_in("director").get(f"/families/{household.id}/close")

    assert page.status_code == 403


@pytest.mark.parametrize(("days_ago", "leads_there"), [(100, False), (5, True)])
def test_what_one_wrote_leads_to_its_correction_while_that_is_open(
    days_ago: int, leads_there: bool, session: Session, sign_in: SignIn
) -> None:
    specialist = staff_id(session, Role.SPECIALIST)
    known = {"delivered_on": TODAY - timedelta(days=days_ago), "note": "Talked with her"}
    household = open_family(
        session,
        opened_on=TODAY - timedelta(days=200),
        key_worker_id=colleague(session, Role.SOCIAL_WORKER).id,
    )
    service = record_service(session, household, provided_by=specialist, **known)
    if not leads_there:
        # She reads it in an emergency look, and no more than that.
        make_look(session, household)

    page = sign_in("specialist").get(f"/families/{household.id}").text

    assert "Talked with her" in page
    assert (f"/services/{service.id}/correct" in page) is leads_there
