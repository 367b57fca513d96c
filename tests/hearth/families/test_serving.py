"""What somebody did for a family opens to her no more than her roles came to when she did it."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import WITHHELD, Scope
from hearth.accounts.policy_models import TeamMember
from hearth.families.access import is_visible
from hearth.families.models import Household
from hearth.service_delivery.models import ServiceDelivery
from hearth.staff.roles import narrow, role_in_use
from tests.factories.families import TODAY, mother, open_family, staff_id
from tests.factories.people import as_user, colleague, give_roles, narrowed, team
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


def became(session: Session, user: User, *roles: Role | str) -> None:
    give_roles(session, user, *roles, by=staff_id(session, Role.ADMINISTRATOR))
    session.expire_all()


def narrow_to(session: Session, code: str, **rules: str) -> None:
    role = role_in_use(session, code)
    assert role is not None
    items = {name.replace("_", "."): rule for name, rule in rules.items()}
    narrow(session, role, items, actor=as_user(session, staff_id(session, Role.ADMINISTRATOR)))
    session.expire_all()


def serve(session: Session, user: User, family: Household, enter: Enter) -> None:
    """She does something for the family of a team-mate, and leaves the team."""
    team(session, user.id, staff_id(session))
    assert record(enter(user.id), family) == 303
    leave_teams(session, user)


@pytest.mark.parametrize(
    "after",
    [
        (Role.SUPERVISOR,),
        (Role.SPECIALIST,),
        (Role.SOCIAL_WORKER, Role.DUTY_OPERATOR),
    ],
)
def test_what_she_did_opens_nothing_to_roles_that_she_was_given_later(
    session: Session, family: Household, enter: Enter, after: tuple[Role, ...]
) -> None:
    me = colleague(session, Role.SOCIAL_WORKER)
    serve(session, me, family, enter)
    before = [sees(session, me, family, one) for one in (P.FAMILIES_READ, P.SHELTER_READ)]

    became(session, me, *after)

    me.approved_at = datetime.now(UTC)
    session.flush()
    assert before == [True, True]
    assert not sees(session, me, family, P.FAMILIES_READ)
    assert not sees(session, me, family, P.SHELTER_READ)


def test_what_she_does_by_the_roles_she_was_given_opens_to_them(
    session: Session, family: Household, enter: Enter
) -> None:
    me = colleague(session, Role.SPECIALIST)
    became(session, me, narrowed(session, Role.SOCIAL_WORKER))
    serve(session, me, family, enter)

    hers = select(ServiceDelivery).where(ServiceDelivery.provided_by == me.id)
    for entry in session.scalars(hers):
        entry.recorded_at = entry.recorded_at + timedelta(hours=1)
    session.flush()

    assert sees(session, me, family, P.FAMILIES_READ)
    assert sees(session, me, family, P.SHELTER_READ)


@pytest.mark.parametrize("item", ["shelter.read", "field:location", "field:health"])
def test_what_she_did_opens_nothing_to_a_role_that_is_given_back_what_was_taken_from_it(
    session: Session, family: Household, enter: Enter, item: str
) -> None:
    code = narrowed(session, Role.SOCIAL_WORKER, item)
    me, other = colleague(session, code), colleague(session, Role.SOCIAL_WORKER)
    for one in (me, other):
        serve(session, one, family, enter)

    narrow_to(session, code)

    assert not sees(session, me, family, P.FAMILIES_READ)
    assert sees(session, other, family, P.FAMILIES_READ)


def test_what_she_did_comes_nearer_to_no_role_that_then_reads_less_far(
    session: Session, family: Household, enter: Enter
) -> None:
    code = narrowed(session, Role.SOCIAL_WORKER, scopes={P.SHELTER_READ: Scope.OWN})
    me = colleague(session, code)
    serve(session, me, family, enter)

    narrow_to(session, code, shelter_read="own", families_read="own")

    assert not sees(session, me, family, P.SHELTER_READ)


def test_what_she_did_stays_open_to_a_role_that_reads_less_of_it(
    session: Session, family: Household, enter: Enter
) -> None:
    code = narrowed(session, Role.SOCIAL_WORKER)
    me = colleague(session, code)
    serve(session, me, family, enter)

    narrow_to(session, code, shelter_read=WITHHELD, **{"field:health": WITHHELD})

    assert sees(session, me, family, P.FAMILIES_READ)
    assert not sees(session, me, family, P.SHELTER_READ)
