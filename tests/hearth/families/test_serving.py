"""What somebody did for a family opens to her no more than her roles came to when she did it."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import Scope
from hearth.accounts.policy_models import TeamMember
from hearth.families.access import is_visible
from hearth.families.models import Household
from tests.factories.families import TODAY, mother, open_family, staff_id
from tests.factories.people import as_user, colleague, narrowed, team
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
P = Permission


@pytest.fixture
def family(session: Session) -> Household:
    """A family that a team-mate accompanies."""
    named = mother(given_name="Zina", family_name="Secretova")
    return open_family(session, members=[named])


def teammate(session: Session, *roles: Role | str) -> User:
    made = colleague(session, *roles)
    team(session, made.id, staff_id(session))
    return made


def record(visitor: Visitor, family: Household) -> int:
    done = {
        "kind": "phone_call",
        "mode": "remote",
        "delivered_on": TODAY.isoformat(),
        "recipient_ids": str(family.members[0].person_id),
        "note": "",
    }
    return visitor.submit(f"/families/{family.id}/services/new", done).status_code


def leave_teams(session: Session, user: User) -> None:
    for member in session.scalars(select(TeamMember).where(TeamMember.user_id == user.id)):
        member.until_at, member.ended_by = datetime.now(UTC), member.set_by
    session.flush()


def sees(session: Session, user: User, family: Household, permission: Permission) -> bool:
    asking = as_user(session, user.id)
    return is_visible(session, family.id, user=asking, permission=permission)


def test_whoever_reads_her_own_families_records_nothing_for_another(
    session: Session, family: Household, enter: Enter
) -> None:
    reads_own = narrowed(
        session,
        Role.SOCIAL_WORKER,
        scopes={P.FAMILIES_READ: Scope.OWN, P.SHELTER_READ: Scope.OWN},
    )
    visitor = enter(teammate(session, reads_own).id)

    form = visitor.get(f"/families/{family.id}/services/new")

    assert form.status_code == 404
    assert visitor.get(f"/families/{family.id}").status_code == 404


@pytest.mark.parametrize("permission", [P.SHELTER_READ, P.REFERRALS_READ])
@pytest.mark.parametrize(("scope", "opens"), [(Scope.OWN, False), (Scope.TEAM, True)])
def test_what_she_did_opens_stays_and_referrals_only_where_they_were_hers_to_read(
    permission: Permission,
    scope: Scope,
    opens: bool,
    session: Session,
    family: Household,
    enter: Enter,
) -> None:
    me = teammate(session, narrowed(session, Role.SOCIAL_WORKER, scopes={permission: scope}))
    record(enter(me.id), family)

    leave_teams(session, me)

    assert sees(session, me, family, P.FAMILIES_READ)
    assert sees(session, me, family, permission) is opens


def test_what_she_did_by_one_role_is_not_read_by_another(
    session: Session, family: Household, enter: Enter
) -> None:
    far = narrowed(session, Role.SOCIAL_WORKER, "field:identity", "field:contact")
    me = teammate(session, far, Role.SPECIALIST)
    visitor = enter(me.id)

    recorded = record(visitor, family)
    file = visitor.get(f"/families/{family.id}").text

    assert recorded == 303
    assert "Zina" in file
    assert "Secretova" not in file


def test_nobody_hands_a_family_to_herself_that_is_not_hers_to_read(
    session: Session, family: Household, enter: Enter
) -> None:
    reads_own = narrowed(session, Role.SOCIAL_WORKER, scopes={P.FAMILIES_READ: Scope.OWN})
    visitor = enter(teammate(session, reads_own).id)

    page = visitor.get(f"/families/{family.id}/key-worker")

    assert page.status_code == 404
