"""A new account whose roles open something waits until a second person says whose it is.

Whoever opens accounts could open one for herself, under another name and a second mailbox. So
those who answer for everybody's data hear of each account that gets such a role, and its roles
count for nothing until somebody has approved it who gave it none of them and might have given
them all. Where nobody else could, a day has to pass in which those who heard of it may object.
"""

import uuid
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from hearth.accounts import sessions
from hearth.accounts.events import Happened, note
from hearth.accounts.mails import COLLEAGUE_ENTRUSTED, notify
from hearth.accounts.models import ORGANISATION, User, directory
from hearth.accounts.permissions import Permission, Role, known_roles, needs_second_factor
from hearth.accounts.policy import ROLE_PERMISSIONS
from hearth.accounts.policy_models import OwnRole, RoleAssignment
from hearth.accounts.standing import in_roles, staff

# Who hears that somebody got such a role: those who answer for everybody's data.
WATCHING = (Role.DIRECTOR, Role.PRIVACY_OFFICER)
A_DAY = timedelta(hours=24)


class NotYoursToApproveError(Exception):
    """She gave the account one of its roles, could not have given them all, or is its owner."""


def entrust(session: Session, user: User, *, before: Collection[str], actor_id: uuid.UUID) -> None:
    """Tell of roles that were given to somebody, and let an account wait that had none like them.

    A role counts as what it begins as: what was taken away from it may be given back tomorrow.
    """
    if not _weighty(session, user.roles):
        user.waits_since = None
        return
    if not _weighty(session, set(user.roles) - set(before)):
        return
    if user.approved_at is None and (user.is_waiting or not _weighty(session, before)):
        user.waits_since = datetime.now(UTC)
    session.flush()
    told = in_roles(session, WATCHING)
    if user.is_waiting:
        told |= approvers(session, user)
    for colleague in sorted(told - {user.id, actor_id}):
        facts = {"account": str(user.id), "by": str(actor_id)}
        notify(session, COLLEAGUE_ENTRUSTED, user_id=colleague, **facts)


def approvers(session: Session, user: User) -> set[uuid.UUID]:
    """Who may approve an account: all who might have given it its roles, and gave it none."""
    bases = set(_bases(session, user.roles))
    gave = session.scalars(
        select(RoleAssignment.given_by).where(
            RoleAssignment.user_id == user.id, RoleAssignment.until_at.is_(None)
        )
    )
    able = {
        one.id
        for one in staff(session)
        if bases <= one.place.standing.grants and one.scopes_of(Permission.USERS_MANAGE)
    }
    return able - set(gave) - {user.id}


def approve(session: Session, user: User, *, actor_id: uuid.UUID) -> None:
    """Let an account's roles count; its owner signs in anew to find them open.

    :raises NotYoursToApproveError: it is not for her to say.
    """
    session.refresh(user, with_for_update=True)
    if actor_id not in approvers(session, user):
        raise NotYoursToApproveError
    if user.is_waiting:
        _approve(session, user, actor_id)
        sessions.end_all(session, user_id=user.id)


def let_a_day_count(session: Session, user: User) -> None:
    """Approve an account that nobody else could approve, when a day has passed since the mails."""
    if directory(session) is not ORGANISATION or not user.is_waiting:
        return
    session.refresh(user, with_for_update=True)
    since = user.waits_since
    is_over = since is not None and datetime.now(UTC) - since >= A_DAY
    if user.is_waiting and is_over and not approvers(session, user):
        _approve(session, user, None)


def _approve(session: Session, user: User, actor_id: uuid.UUID | None) -> None:
    user.approved_at, user.approved_by = datetime.now(UTC), actor_id
    session.flush()
    note(session, Happened.APPROVED, user.id, actor_id=actor_id)


def _weighty(session: Session, codes: Iterable[str]) -> bool:
    """Whether one of these roles opens more than what tells of nobody."""
    return any(needs_second_factor(ROLE_PERMISSIONS[base]) for base in _bases(session, codes))


def _bases(session: Session, codes: Iterable[str]) -> tuple[Role, ...]:
    """What these roles begin as."""
    held = list(codes)
    own = session.scalars(select(OwnRole).where(cast(OwnRole.id, String).in_(held)))
    bases = {one.code: one.base for one in own}
    return known_roles(bases.get(code, code) for code in held)
