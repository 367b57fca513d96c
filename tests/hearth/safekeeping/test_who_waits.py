"""An account that waits for a second person today waits after a restore, and for the same ones."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.approving import approve, approvers
from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.accounts.policy_models import RoleAssignment
from tenants.context import tenant_session
from tests.factories.families import open_family
from tests.factories.people import colleague, give_roles, team
from tests.hearth.safekeeping.test_closing import Ids, Since, as_the_commands_do, since

__all__ = ["as_the_commands_do", "since"]


def _lead(session: Session, ids: Ids) -> None:
    """Somebody leads a team, without ever having been approved, and a colleague there serves."""
    ids["leader"] = colleague(session, Role.SUPERVISOR, name="Leader").id
    ids["worker"] = colleague(session, Role.SOCIAL_WORKER, name="Worker").id
    ids["other"] = colleague(session, Role.ADMINISTRATOR, name="Other").id
    team(session, ids["leader"], ids["worker"])
    ids["theirs"] = open_family(session, key_worker_id=ids["worker"]).id
    role = Role.SUPERVISOR.value
    session.add(RoleAssignment(user_id=ids["leader"], role=role, given_by=ids["administrator"]))


def _let_have(session: Session, ids: Ids, roles: Sequence[Role], by: str) -> None:
    give_roles(session, session.get_one(User, ids["leader"]), *roles, by=ids[by])


def _take_and_give(session: Session, ids: Ids) -> None:
    _let_have(session, ids, [], "administrator")
    _let_have(session, ids, [Role.SUPERVISOR], "other")


def _approvers(since: Since) -> set[UUID]:
    with tenant_session(since.house.organisation(since.slug)) as session:
        return approvers(session, session.get_one(User, since.ids["leader"]))


@pytest.fixture
def led(since: Since) -> Since:
    since.change(_lead)
    since.back_up_anew()
    return since


def test_roles_that_one_person_gave_anew_count_for_nothing(
    led: Since, capsys: pytest.CaptureFixture[str]
) -> None:
    before = led.sees("leader", "theirs")
    led.change(_take_and_give)
    today = led.sees("leader", "theirs")

    led.restore()

    leader = led.get(User, "leader")
    assert (before, today) == (True, False)
    assert leader.is_waiting
    assert set(leader.roles) == {Role.SUPERVISOR.value}
    assert not led.sees("leader", "theirs")
    assert "stays closed: 1 accounts that wait for a second person" in capsys.readouterr().out


def test_whoever_gave_the_roles_does_not_approve_them_after_a_restore(led: Since) -> None:
    led.change(_take_and_give)
    today = _approvers(led)

    led.restore()

    assert _approvers(led) == today
    assert led.ids["other"] not in today
    assert led.ids["administrator"] in today


def test_a_role_that_did_not_come_back_comes_with_nobody_who_gave_it(led: Since) -> None:
    roles = [Role.SUPERVISOR, Role.BOOKKEEPER]
    led.change(lambda session, ids: _let_have(session, ids, roles, "other"))

    led.restore()

    standing = led.rows(RoleAssignment, RoleAssignment.user_id == led.ids["leader"])
    assert [one.role for one in standing] == [Role.SUPERVISOR.value]
    assert set(led.get(User, "leader").roles) == {Role.SUPERVISOR.value}


def test_a_day_that_somebody_waits_begins_no_earlier_than_it_did(led: Since) -> None:
    def begin_long_ago(session: Session, ids: Ids) -> None:
        _take_and_give(session, ids)
        leader = session.get_one(User, ids["leader"])
        leader.waits_since = datetime.now(UTC) - timedelta(days=2)

    led.change(begin_long_ago)
    led.back_up_anew()
    led.change(_take_and_give)
    today = led.get(User, "leader").waits_since

    led.restore()

    assert led.get(User, "leader").waits_since == today


def test_whoever_was_approved_since_waits_again(led: Since) -> None:
    led.change(_take_and_give)
    led.back_up_anew()
    led.change(
        lambda session, ids: approve(
            session, session.get_one(User, ids["leader"]), actor_id=ids["administrator"]
        )
    )

    led.restore()

    assert led.get(User, "leader").is_waiting
