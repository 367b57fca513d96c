"""A family that nobody accompanies waits with its team, whose leader sees it and hands it over."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hearth.accounts.events import Happened, note
from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy_models import Team, TeamMember
from hearth.families import services
from hearth.families.access import is_visible, ways_in
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
from tests.factories.people import (
    as_role,
    as_user,
    colleague,
    grant,
    narrowed,
    restriction,
    team,
)
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


def _supervisor(session: Session) -> uuid.UUID:
    """One who leads a team that has nothing to do with it."""
    other = colleague(session, Role.SUPERVISOR).id
    team(session, other)
    return other


def _told(session: Session) -> dict[uuid.UUID, int]:
    payloads = session.scalars(select(OutboxMessage.payload)).all()
    mails = [one for one in payloads if one["template"] == NOBODY_ACCOMPANIES]
    return {uuid.UUID(one["user"]): one["number"] for one in mails}


def test_it_is_seen_by_those_who_lead_its_team_and_by_no_colleague(
    session: Session, family: Household, gone: User, sign_in: SignIn, enter: Enter
) -> None:
    mate = colleague(session, Role.SOCIAL_WORKER)
    team(session, gone.id, staff_id(session, Role.SUPERVISOR), mate.id)
    supervisor, worker, other = (
        sign_in(Role.SUPERVISOR),
        enter(mate.id),
        enter(_supervisor(session)),
    )
    path = f"/families/{family.id}"

    _leaves(session, gone)

    assert [one.get(path).status_code for one in (supervisor, worker, other)] == [200, 404, 404]
    assert family.case_number in supervisor.get("/families/?view=nobody").text
    assert "view=nobody" not in worker.get("/families/").text


def test_one_whose_key_worker_was_of_no_team_waits_with_the_director(
    session: Session, family: Household, gone: User, sign_in: SignIn, enter: Enter
) -> None:
    other = _supervisor(session)

    _leaves(session, gone)

    path = f"/families/{family.id}"
    visitors = (sign_in(Role.DIRECTOR), sign_in(Role.SUPERVISOR), enter(other))
    assert [one.get(path).status_code for one in visitors] == [200, 404, 404]


@pytest.mark.parametrize(
    ("since", "until", "seen"), [(9, 1, False), (9, 0, True), (0, 0, True), (-1, -2, False)]
)
def test_the_team_counts_to_which_she_belonged_on_the_day_on_which_she_stopped(
    since: int, until: int, seen: bool, session: Session, family: Household, gone: User
) -> None:
    other, now = _supervisor(session), datetime.now(UTC)
    membership = session.scalars(select(TeamMember).where(TeamMember.user_id == other)).one()
    of_hers = TeamMember(team_id=membership.team_id, user_id=gone.id, set_by=other)
    of_hers.from_at = now - timedelta(days=since)
    of_hers.until_at, of_hers.ended_by = now - timedelta(days=until), other
    session.add(of_hers)
    family.key_workers[0].until_on = TODAY
    session.flush()

    found = is_visible(session, family.id, user=as_user(session, other), permission=P.FAMILIES_READ)

    assert found is seen


def test_a_team_that_she_came_to_with_her_account_opened_anew_never_had_it(
    session: Session, family: Household, gone: User
) -> None:
    before, after = _supervisor(session), _supervisor(session)
    first, second = (
        session.scalars(select(Team).join(TeamMember).where(TeamMember.user_id == one)).one()
        for one in (before, after)
    )
    joined = datetime.now(UTC) - timedelta(seconds=9)
    by = staff_id(session, Role.ADMINISTRATOR)
    session.add(TeamMember(team=first, user_id=gone.id, set_by=by, from_at=joined))
    _leaves(session, gone)
    note(session, Happened.OPENED, gone.id, actor_id=by)
    gone.disabled_at = None
    anew = datetime.now(UTC) + timedelta(seconds=9)
    session.add(TeamMember(team=second, user_id=gone.id, set_by=by, from_at=anew))
    session.flush()

    found = [
        is_visible(session, family.id, user=as_user(session, one), permission=P.FAMILIES_READ)
        for one in (before, after)
    ]

    assert found == [True, False]


def test_the_last_who_accompanied_it_says_which_team_had_it(
    session: Session, family: Household, gone: User
) -> None:
    before, after = _supervisor(session), _supervisor(session)
    first, second = (
        session.scalars(select(Team).join(TeamMember).where(TeamMember.user_id == one)).one()
        for one in (before, after)
    )
    by, last = staff_id(session, Role.ADMINISTRATOR), colleague(session, Role.SOCIAL_WORKER)
    session.add(TeamMember(team=first, user_id=gone.id, set_by=by))
    session.add(TeamMember(team=second, user_id=last.id, set_by=by))
    services.assign_key_worker(session, family, user_id=last.id, from_on=TODAY, today=TODAY)
    _leaves(session, gone)
    _leaves(session, last)

    found = [
        is_visible(session, family.id, user=as_user(session, one), permission=P.FAMILIES_READ)
        for one in (before, after)
    ]

    assert found == [False, True]


def test_whoever_closes_accounts_and_leads_a_team_opens_no_family_by_it(
    session: Session, family: Household, gone: User, enter: Enter
) -> None:
    both = colleague(session, Role.ADMINISTRATOR, Role.SUPERVISOR)
    team(session, both.id)
    team(session, gone.id)
    visitor, answers = enter(both.id), {"name": gone.name, "roles": gone.roles, "locale": "en"}

    closed = visitor.submit(f"/colleagues/{gone.id}", answers)

    session.expire_all()
    assert (closed.status_code, gone.disabled_at is None) == (303, False)
    assert family.current_key_worker is None
    assert visitor.get(f"/families/{family.id}").status_code == 404


def test_a_closed_account_of_an_earlier_release_leaves_its_families_to_no_team(
    session: Session, family: Household, gone: User
) -> None:
    team(session, gone.id, staff_id(session, Role.SUPERVISOR))
    session.execute(update(TeamMember).values(until_at=func.now()))
    gone.disabled_at = datetime.now(UTC)
    session.flush()

    both = [as_role(session, one) for one in (Role.SUPERVISOR, Role.DIRECTOR)]
    found = ways_in(session, family.id, both, Permission.FAMILIES_READ)

    assert found == {staff_id(session, Role.DIRECTOR): {Way.ORGANISATION}}


def test_a_role_that_leads_and_reads_nothing_lends_its_families_to_none_that_reads(
    session: Session, family: Household, gone: User, enter: Enter
) -> None:
    leads = narrowed(session, Role.SUPERVISOR, *(one.value for one in READS_NOTHING))
    both = colleague(session, leads, Role.SOCIAL_WORKER)
    team(session, gone.id, both.id)
    _leaves(session, gone)

    answers = [enter(one).get(f"/families/{family.id}") for one in (both.id, staff_id(session))]

    assert [one.status_code for one in answers] == [404, 404]


def test_whoever_leads_a_team_reads_by_that_role_what_it_reads_and_no_more(
    session: Session, family: Household, gone: User, enter: Enter
) -> None:
    leads = narrowed(session, Role.SUPERVISOR, "field:identity")
    both = colleague(session, leads, Role.SOCIAL_WORKER)
    team(session, gone.id, both.id)
    _leaves(session, gone)

    visitor = enter(both.id)

    page = visitor.get(f"/families/{family.id}")
    assert page.status_code == 200
    assert "Testova" not in page.text
    assert "Testova" not in visitor.get("/families/?view=nobody").text


def test_a_closed_case_waits_with_its_team_and_asks_for_nobody(
    session: Session, family: Household, gone: User, sign_in: SignIn
) -> None:
    team(session, gone.id, staff_id(session, Role.SUPERVISOR))
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

    supervisor = sign_in(Role.SUPERVISOR)

    assert supervisor.get(f"/families/{family.id}").status_code == 200
    assert family.case_number not in supervisor.get("/families/?view=nobody").text
    assert tell_of_families_without_anybody(session) == 0


def test_whoever_leads_a_team_hands_it_over_and_sees_it_no_longer(
    session: Session, family: Household, gone: User, sign_in: SignIn
) -> None:
    team(session, gone.id, staff_id(session, Role.SUPERVISOR))
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
    team(session, gone.id, staff_id(session, Role.SUPERVISOR))
    restriction(session, family)
    _leaves(session, gone)

    tell_of_families_without_anybody(session)

    assert sign_in(Role.SUPERVISOR).get(f"/families/{family.id}").status_code == 404
    assert _told(session) == {}


def test_those_whose_it_is_are_told_once_a_day(
    session: Session, family: Household, gone: User
) -> None:
    team(session, gone.id, staff_id(session, Role.SUPERVISOR))
    grant(session, family, _supervisor(session), ends_at=datetime.now(UTC) + timedelta(hours=1))
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
