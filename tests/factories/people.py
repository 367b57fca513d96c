"""Colleagues for tests: who asks, further members of staff, teams and grants."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hearth.accounts import services as accounts
from hearth.accounts import sessions
from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import WITHHELD, Scope
from hearth.accounts.policy_models import HouseWorker, OwnRole, RoleRule, Team, TeamMember
from hearth.accounts.services import SignedIn
from hearth.accounts.sessions import Assurance
from hearth.families.access_models import (
    CaseGrant,
    GrantKind,
    HouseholdRestriction,
    RestrictionKind,
)
from hearth.families.models import Household
from hearth.shelter.models import House
from hearth.staff.services import change_colleague
from tests.factories.families import staff_id

HOST = "nowhere.hearth.test"


def as_user(session: Session, user_id: uuid.UUID) -> SignedIn:
    """Somebody as a request of hers would know her."""
    token = sessions.start_session(
        session, user_id=user_id, host=HOST, assurance=Assurance.SECOND_FACTOR
    )
    known = accounts.recognise(session, token=token, host=HOST)
    assert known is not None
    return known


def as_role(session: Session, role: Role = Role.SOCIAL_WORKER) -> SignedIn:
    """The one person who has this role and no other."""
    return as_user(session, staff_id(session, role))


def colleague(session: Session, *roles: Role | str, name: str = "Test Colleague") -> User:
    """A further member of staff, whom ``as_role`` does not find: the first role is doubled."""
    codes = [str(role) for role in roles]
    user = User(
        email=f"{uuid.uuid4().hex}@example.org",
        name=name,
        password_hash="of no password",
        roles=[*codes, codes[0]],
        locale="en",
    )
    session.add(user)
    session.flush()
    return user


def give_roles(session: Session, user: User, *roles: Role | str, by: uuid.UUID) -> None:
    """Let somebody have these roles and no others from now on, as an administrator does it."""
    change_colleague(
        session,
        user,
        name=user.name,
        roles=[str(one) for one in roles],
        locale=user.locale,
        works_here=True,
        actor=as_user(session, by),
    )


def narrowed(
    session: Session, base: Role, *withheld: str, scopes: Mapping[Permission, Scope] | None = None
) -> str:
    """A role of the organisation's own from which these items are taken; its code.

    Permissions with one of these ``scopes`` are narrowed to it.
    """
    by = staff_id(session, Role.ADMINISTRATOR)
    own = OwnRole(name=uuid.uuid4().hex, base=base.value, created_by=by)
    session.add(own)
    session.flush()
    rules = dict.fromkeys(withheld, WITHHELD) | {
        one.value: scope.value for one, scope in (scopes or {}).items()
    }
    session.add_all(
        RoleRule(role=own.code, item=item, rule=rule, set_by=by) for item, rule in rules.items()
    )
    session.flush()
    return own.code


def member_of_staff(
    session: Session, role: Role = Role.SOCIAL_WORKER, *, name: str = "Anna"
) -> User:
    """The one person who has this role, in an organisation that began without anybody."""
    user = User(
        email=f"{uuid.uuid4().hex}@example.org",
        name=name,
        password_hash="of no password",
        roles=[role.value],
        locale="en",
    )
    session.add(user)
    session.flush()
    return user


def team(session: Session, *user_ids: uuid.UUID, name: str = "") -> Team:
    """A team with these members."""
    by = staff_id(session, Role.ADMINISTRATOR)
    made = Team(name=name or uuid.uuid4().hex, created_by=by)
    made.members = [TeamMember(user_id=user_id, set_by=by) for user_id in user_ids]
    session.add(made)
    session.flush()
    return made


def works_in(session: Session, user_id: uuid.UUID, house: House) -> HouseWorker:
    """Let somebody work in a house."""
    by = staff_id(session, Role.ADMINISTRATOR)
    worker = HouseWorker(house_id=house.id, user_id=user_id, set_by=by)
    session.add(worker)
    session.flush()
    return worker


def grant(session: Session, household: Household, user_id: uuid.UUID, **changes: Any) -> CaseGrant:
    """Open one family to somebody."""
    giver = staff_id(session, Role.DIRECTOR)
    if giver == user_id:
        giver = staff_id(session, Role.SUPERVISOR)
    known: dict[str, Any] = {
        "household_id": household.id,
        "user_id": user_id,
        "kind": GrantKind.GRANT,
        "reason": "for a test",
        "granted_by": giver,
        "starts_at": datetime.now(UTC) - timedelta(hours=1),
    }
    made = CaseGrant(**known | changes)
    session.add(made)
    session.flush()
    return made


def restriction(
    session: Session,
    household: Household,
    kind: RestrictionKind = RestrictionKind.STAFF_RELATIVE,
) -> HouseholdRestriction:
    """Let a family's file open by name alone."""
    made = HouseholdRestriction(
        household_id=household.id, kind=kind, set_by=staff_id(session, Role.DIRECTOR)
    )
    session.add(made)
    session.flush()
    return made
