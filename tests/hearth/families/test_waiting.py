"""A family that nobody accompanies waits where those who lead a team see it and hand it over."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.families import services
from hearth.families.access import ways_in
from hearth.families.errors import FamilyDatesError
from hearth.families.models import Household
from hearth.families.reach import Way
from hearth.families.vocabulary import ClosingReason
from hearth.families.waiting import NOBODY_ACCOMPANIES, tell_of_families_without_anybody
from hearth.outbox.mail import TEMPLATES
from hearth.outbox.models import OutboxMessage
from hearth.staff.leaving import end_memberships
from hearth.web.request import HearthFlask
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.people import as_role, colleague, narrowed, restriction
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
Enter = Callable[[uuid.UUID], Visitor]
P = Permission
READS_NOTHING = (P.FAMILIES_READ, P.FAMILIES_WRITE, P.REFERRALS_READ, P.SHELTER_READ)


@pytest.fixture
def gone(session: Session) -> User:
    return colleague(session, Role.SOCIAL_WORKER, name="Vera Example")


@pytest.fixture
def family(session: Session, gone: User) -> Household:
    return open_family(session, key_worker_id=gone.id)


def _leaves(session: Session, gone: User) -> None:
    end_memberships(session, gone.id, ended_by=staff_id(session, Role.ADMINISTRATOR))
    gone.disabled_at = datetime.now(UTC)
    session.flush()
    session.expire_all()


def _told(session: Session) -> dict[uuid.UUID, int]:
    payloads = session.scalars(select(OutboxMessage.payload)).all()
    mails = [one for one in payloads if one["template"] == NOBODY_ACCOMPANIES]
    return {uuid.UUID(one["user"]): one["number"] for one in mails}


def test_it_is_seen_by_those_who_lead_a_team_and_by_no_colleague(
    session: Session, family: Household, gone: User, sign_in: SignIn
) -> None:
    supervisor, worker = sign_in(Role.SUPERVISOR), sign_in(Role.SOCIAL_WORKER)
    path = f"/families/{family.id}"
    before = supervisor.get(path).status_code

    _leaves(session, gone)

    assert before == 404
    assert supervisor.get(path).status_code == 200
    assert family.case_number in supervisor.get("/families/?view=nobody").text
    assert worker.get(path).status_code == 404
    assert "view=nobody" not in worker.get("/families/").text


def test_a_closed_account_of_an_earlier_release_accompanies_nobody_either(
    session: Session, family: Household, gone: User
) -> None:
    gone.disabled_at = datetime.now(UTC)
    session.flush()

    ways = ways_in(
        session, family.id, [as_role(session, Role.SUPERVISOR)], Permission.FAMILIES_READ
    )

    assert ways == {staff_id(session, Role.SUPERVISOR): {Way.NOBODY}}


def test_a_role_that_leads_and_reads_nothing_lends_its_families_to_none_that_reads(
    session: Session, family: Household, gone: User, enter: Enter
) -> None:
    leads = narrowed(session, Role.SUPERVISOR, *(one.value for one in READS_NOTHING))
    both = colleague(session, leads, Role.SOCIAL_WORKER)
    _leaves(session, gone)

    answers = [enter(one).get(f"/families/{family.id}") for one in (both.id, staff_id(session))]

    assert [one.status_code for one in answers] == [404, 404]


def test_whoever_leads_a_team_reads_by_that_role_what_it_reads_and_no_more(
    session: Session, family: Household, gone: User, enter: Enter
) -> None:
    leads = narrowed(session, Role.SUPERVISOR, "field:identity")
    both = colleague(session, leads, Role.SOCIAL_WORKER)
    _leaves(session, gone)

    visitor = enter(both.id)

    page = visitor.get(f"/families/{family.id}")
    assert page.status_code == 200
    assert "Testova" not in page.text
    assert "Testova" not in visitor.get("/families/?view=nobody").text


def test_a_closed_case_waits_for_nobody(
    session: Session, family: Household, gone: User, sign_in: SignIn
) -> None:
    services.close_case(
        session,
        family,
        closed_on=TODAY - timedelta(days=20),
        reason=ClosingReason.MOVED_AWAY,
        note=None,
        closed_by=gone.id,
        today=TODAY,
    )
    _leaves(session, gone)

    answer = sign_in(Role.SUPERVISOR).get(f"/families/{family.id}")

    assert answer.status_code == 404


def test_whoever_leads_a_team_hands_it_over_and_sees_it_no_longer(
    session: Session, family: Household, gone: User, sign_in: SignIn
) -> None:
    _leaves(session, gone)
    supervisor = sign_in(Role.SUPERVISOR)
    answers = {"user_id": str(staff_id(session)), "from_on": TODAY.isoformat()}

    answer = supervisor.submit(f"/families/{family.id}/key-worker", answers)

    session.expire_all()
    now = family.current_key_worker
    assert answer.status_code == 303
    assert now is not None
    assert now.id == staff_id(session)
    assert supervisor.get(f"/families/{family.id}").status_code == 404


def test_nobody_follows_before_whoever_left_had_gone(
    session: Session, family: Household, gone: User
) -> None:
    _leaves(session, gone)
    before = TODAY - timedelta(days=1)

    with pytest.raises(FamilyDatesError) as refused:
        services.assign_key_worker(
            session, family, user_id=staff_id(session), from_on=before, today=TODAY
        )

    assert refused.value.field == "from_on"


def test_a_restricted_one_waits_for_its_keepers_alone(
    session: Session, family: Household, gone: User, sign_in: SignIn
) -> None:
    restriction(session, family)
    _leaves(session, gone)

    tell_of_families_without_anybody(session)

    assert sign_in(Role.SUPERVISOR).get(f"/families/{family.id}").status_code == 404
    assert _told(session) == {}


def test_those_who_see_it_are_told_once_a_day(
    session: Session, family: Household, gone: User
) -> None:
    tell_of_families_without_anybody(session)
    before = _told(session)
    _leaves(session, gone)

    written = [tell_of_families_without_anybody(session) for _ in range(2)]

    assert before == {}
    assert written == [2, 0]
    assert _told(session) == {
        staff_id(session, Role.SUPERVISOR): 1,
        staff_id(session, Role.DIRECTOR): 1,
    }


def test_the_mail_names_nobody(
    session: Session, app: HearthFlask, family: Household, gone: User
) -> None:
    reader = str(staff_id(session, Role.SUPERVISOR))

    with app.app_context():
        mail = TEMPLATES[NOBODY_ACCOMPANIES](session, {"user": reader, "number": 2})

    assert mail is not None
    said = f"{mail.subject} {mail.text} {mail.html}"
    assert "/families/?view=nobody" in mail.text
    for telling in (gone.name, "Test-Mother", family.case_number, str(family.id)):
        assert telling not in said
