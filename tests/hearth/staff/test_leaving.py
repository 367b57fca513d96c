"""What opened families to somebody ends with her account, and comes back with nobody's click."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.accounts.policy_models import HouseWorker, TeamMember
from hearth.audit.models import AuditEvent
from hearth.case_access.keepers import files_without_keeper
from hearth.case_access.services import active_grants, ended_grants
from tests.factories.families import open_family, staff_id
from tests.factories.people import as_user, colleague, grant, restriction, team, works_in
from tests.factories.shelter import make_house
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
ENDINGS = ("access.revoked", "house.work-ended", "team.left")


@pytest.fixture
def vera(session: Session) -> User:
    return colleague(session, Role.SOCIAL_WORKER, name="Vera Example")


def _save(administrator: Visitor, user: User, *, works_here: bool) -> int:
    answers = {
        "name": user.name,
        "roles": [user.roles[0]],
        "locale": "en",
        "works_here": "true" if works_here else "false",
    }
    return administrator.submit(f"/colleagues/{user.id}", answers).status_code


def test_a_closed_account_ends_what_opened_families_and_opening_it_gives_none_back(
    session: Session, vera: User, sign_in: SignIn
) -> None:
    household = open_family(session)
    given = grant(session, household, vera.id)
    until = grant(session, household, vera.id, ends_at=datetime.now(UTC) + timedelta(days=1))
    team(session, vera.id, staff_id(session))
    works_in(session, vera.id, make_house(session, staffed=False))
    administrator = sign_in(Role.ADMINISTRATOR)

    closed = _save(administrator, vera, works_here=False)
    opened = _save(administrator, vera, works_here=True)

    session.expire_all()
    known, me = as_user(session, vera.id), staff_id(session, Role.ADMINISTRATOR)
    assert (closed, opened) == (303, 303)
    assert (known.teams, known.houses) == (frozenset(), frozenset())
    assert active_grants(session, household.id) == []
    assert given.revoked_by == until.revoked_by == me
    assert len(ended_grants(session, household.id)) == 2
    ended: list[TeamMember | HouseWorker] = [
        session.scalars(select(TeamMember).where(TeamMember.user_id == vera.id)).one(),
        session.scalars(select(HouseWorker).where(HouseWorker.user_id == vera.id)).one(),
    ]
    assert {one.ended_by for one in ended} == {me}
    assert None not in {one.until_at for one in ended}
    session.commit()
    done = select(AuditEvent.action).where(AuditEvent.action.in_(ENDINGS))
    assert sorted(session.scalars(done)) == sorted([*ENDINGS, "access.revoked"])


def test_an_account_closed_in_an_earlier_release_is_opened_without_them(
    session: Session, vera: User, sign_in: SignIn
) -> None:
    household = open_family(session)
    grant(session, household, vera.id)
    vera.disabled_at = datetime.now(UTC)
    session.flush()

    _save(sign_in(Role.ADMINISTRATOR), vera, works_here=True)

    session.expire_all()
    assert session.get_one(User, vera.id).disabled_at is None
    assert active_grants(session, household.id) == []


def test_what_others_hold_is_left_alone(session: Session, vera: User, sign_in: SignIn) -> None:
    household, other = open_family(session), staff_id(session, Role.SPECIALIST)
    grant(session, household, other)
    shared = team(session, vera.id, other)

    _save(sign_in(Role.ADMINISTRATOR), vera, works_here=False)

    session.expire_all()
    assert [one.user_id for one in active_grants(session, household.id)] == [other]
    assert [one.user_id for one in shared.members if one.until_at is None] == [other]


def test_the_last_keeper_of_a_restricted_case_leaves_it_to_whoever_names_another(
    session: Session, sign_in: SignIn
) -> None:
    keeper = colleague(session, Role.SUPERVISOR, name="Vera Example")
    household = open_family(session)
    restriction(session, household)
    grant(session, household, keeper.id)

    _save(sign_in(Role.ADMINISTRATOR), keeper, works_here=False)

    session.expire_all()
    officer = as_user(session, staff_id(session, Role.PRIVACY_OFFICER))
    assert active_grants(session, household.id) == []
    lost = files_without_keeper(session, user=officer)
    assert [one.household.id for one in lost] == [household.id]
