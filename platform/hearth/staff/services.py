"""Adds colleagues, changes what they are here, and closes their accounts."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import FEDERATION_ROLES, Role
from hearth.accounts.services import create_user
from hearth.audit import services as audit
from hearth.trail import Fact

GRANTABLE = tuple(role for role in Role if role not in FEDERATION_ROLES)


class EmailTakenError(Exception):
    """A colleague signs in with this address already."""


class LastAdministratorError(Exception):
    """Nobody could open or close accounts any more."""


def colleagues(session: Session) -> Sequence[User]:
    """Everybody with an account, those who work here first, by name."""
    return session.scalars(
        select(User).order_by(User.disabled_at.is_not(None), func.lower(User.name), User.id)
    ).all()


def colleague(session: Session, user_id: uuid.UUID) -> User | None:
    """One colleague."""
    return session.get(User, user_id)


def add_colleague(
    session: Session, *, email: str, name: str, password: str, roles: Sequence[Role], locale: str
) -> uuid.UUID:
    """Open an account.

    :raises EmailTakenError: somebody has one with this address.
    """
    address = email.strip().lower()
    if session.scalar(select(User.id).where(User.email == address)) is not None:
        raise EmailTakenError
    user_id = create_user(
        session, email=address, name=name, password=password, roles=list(roles), locale=locale
    )
    held = [role.value for role in roles]
    _record(session, "account.opened", user_id, {"roles": held})
    return user_id


def change_colleague(
    session: Session, user: User, *, name: str, roles: Sequence[Role], locale: str, works_here: bool
) -> None:
    """Change what somebody is here; a closed account is refused at the next request.

    :raises LastAdministratorError: no open account with that role would be left.
    """
    session.execute(select(User.id).order_by(User.id).with_for_update())
    stays_administrator = works_here and Role.ADMINISTRATOR in roles
    if not stays_administrator and _is_last_administrator(session, user):
        raise LastAdministratorError
    before = _state(user)
    user.name = name
    user.roles = [role.value for role in roles]
    user.locale = locale
    user.disabled_at = None if works_here else (user.disabled_at or datetime.now(UTC))
    session.flush()
    after = _state(user)
    changed = sorted(field for field in after if after[field] != before[field])
    facts: dict[str, Fact] = {"fields": changed, "works_here": works_here}
    if "roles" in changed:
        facts |= {"roles_before": list(before["roles"]), "roles_after": user.roles}
    _record(session, "account.changed", user.id, facts)


def _state(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "roles": list(user.roles),
        "locale": user.locale,
        "disabled": user.disabled_at is not None,
    }


def _record(session: Session, action: str, user_id: uuid.UUID, facts: Mapping[str, Fact]) -> None:
    audit.record(session, action=action, subject_type="account", subject_id=user_id, facts=facts)


def _is_last_administrator(session: Session, user: User) -> bool:
    administrators = session.scalars(
        select(User.id).where(
            literal(Role.ADMINISTRATOR.value) == func.any(User.roles), User.disabled_at.is_(None)
        )
    ).all()
    return list(administrators) == [user.id]
