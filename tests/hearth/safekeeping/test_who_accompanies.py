"""Who accompanies a family today accompanies it after a restore, and no other team has it."""

import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.families.models import Household, KeyWorker
from hearth.families.services import assign_key_worker, close_case
from hearth.families.vocabulary import ClosingReason
from hearth.staff.leaving import end_memberships
from tests.factories.families import TODAY, open_family
from tests.factories.people import colleague, team
from tests.hearth.safekeeping.test_closing import Ids, Since, as_the_commands_do, since

__all__ = ["as_the_commands_do", "since"]
WHO = ("anna", "bella", "hers", "another", "director")


def _teams(session: Session, ids: Ids) -> None:
    """Anna and Bella belong to a team each, with somebody who leads it; Anna has the families."""
    for worker, leader in (("anna", "hers"), ("bella", "another")):
        ids[worker] = colleague(session, Role.SOCIAL_WORKER, name=worker).id
        ids[leader] = colleague(session, Role.SUPERVISOR, name=leader).id
        team(session, ids[worker], ids[leader])
    for family in ("handed", "closed"):
        ids[family] = open_family(session, key_worker_id=ids["anna"]).id


def _hand_over(session: Session, ids: Ids, to: uuid.UUID) -> None:
    family = session.get_one(Household, ids["handed"])
    assign_key_worker(session, family, user_id=to, from_on=TODAY, today=TODAY)


def _leave(session: Session, ids: Ids, who: str) -> None:
    session.get_one(User, ids[who]).disabled_at = datetime.now(UTC)
    end_memberships(session, ids[who], ended_by=ids["administrator"])


def _seen(since: Since, family: str) -> set[str]:
    at_work = [one for one in WHO if since.get(User, one).disabled_at is None]
    return {one for one in at_work if since.sees(one, family)}


@pytest.fixture
def teams(since: Since) -> Since:
    since.change(_teams)
    since.back_up_anew()
    return since


def test_a_family_that_was_handed_over_stays_so(
    teams: Since, capsys: pytest.CaptureFixture[str]
) -> None:
    teams.change(lambda session, ids: _hand_over(session, ids, ids["bella"]))
    today = _seen(teams, "handed")

    teams.restore()

    assert _seen(teams, "handed") == today == {"bella", "another", "director"}
    assert "stays closed: 1 times as key worker that followed" in capsys.readouterr().out


def test_one_that_nobody_accompanies_waits_with_the_team_of_the_last_who_did(teams: Since) -> None:
    def pass_on_and_leave(session: Session, ids: Ids) -> None:
        _hand_over(session, ids, ids["bella"])
        _leave(session, ids, "bella")

    teams.change(pass_on_and_leave)
    today = _seen(teams, "handed")

    teams.restore()

    assert _seen(teams, "handed") == today == {"another", "director"}


def test_where_whoever_followed_came_after_the_backup_it_waits_with_the_director(
    teams: Since,
) -> None:
    def hand_to_a_newcomer(session: Session, ids: Ids) -> None:
        ids["newcomer"] = colleague(session, Role.SOCIAL_WORKER, name="Newcomer").id
        team(session, ids["newcomer"], ids["another"])
        _hand_over(session, ids, ids["newcomer"])

    teams.change(hand_to_a_newcomer)

    teams.restore()

    (last,) = teams.rows(KeyWorker, KeyWorker.user_id == teams.ids["newcomer"])
    assert teams.get(User, "newcomer").disabled_at is not None
    assert (last.household_id, last.until_on) == (teams.ids["handed"], None)
    assert _seen(teams, "handed") == {"director"}


def test_a_case_that_is_open_again_opens_to_nobody_by_it(teams: Since) -> None:
    def close_and_leave(session: Session, ids: Ids) -> None:
        family = session.get_one(Household, ids["closed"])
        day, reason = TODAY, ClosingReason.GOALS_MET
        by = ids["anna"]
        close_case(
            session, family, closed_on=day, reason=reason, note=None, closed_by=by, today=day
        )
        _leave(session, ids, "anna")

    teams.change(close_and_leave)
    today = _seen(teams, "closed")

    teams.restore()

    assert _seen(teams, "closed") == today == {"hers", "director"}
