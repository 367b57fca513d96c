"""Adds colleagues, changes what they are here, and closes their accounts."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.accounts.services import SignedIn, create_user
from hearth.staff.roles import hand_out


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
    session: Session,
    *,
    email: str,
    name: str,
    password: str,
    roles: Sequence[str],
    locale: str,
    actor: SignedIn,
) -> uuid.UUID:
    """Open an account.

    :raises EmailTakenError: somebody has one with this address.
    :raises NotYoursToGiveError: one of the roles is not the actor's to hand out.
    """
    address = email.strip().lower()
    if session.scalar(select(User.id).where(User.email == address)) is not None:
        raise EmailTakenError
    user_id = create_user(
        session, email=address, name=name, password=password, roles=[], locale=locale
    )
    hand_out(session, session.get_one(User, user_id), roles, actor=actor)
    return user_id


def change_colleague(
    session: Session,
    user: User,
    *,
    name: str,
    roles: Sequence[str],
    locale: str,
    works_here: bool,
    actor: SignedIn,
) -> None:
    """Change what somebody is here; a closed account is refused at the next request.

    :raises LastAdministratorError: no open account with that role would be left.
    :raises NotYoursToGiveError: a role that changes is not the actor's to give or to take.
    """
    session.execute(select(User.id).order_by(User.id).with_for_update())
    stays_administrator = works_here and Role.ADMINISTRATOR.value in roles
    if not stays_administrator and _is_last_administrator(session, user):
        raise LastAdministratorError
    hand_out(session, user, roles, actor=actor)
    user.name = name
    user.locale = locale
    user.disabled_at = None if works_here else (user.disabled_at or datetime.now(UTC))
    session.flush()


def _is_last_administrator(session: Session, user: User) -> bool:
    administrators = session.scalars(
        select(User.id).where(
            literal(Role.ADMINISTRATOR.value) == func.any(User.roles), User.disabled_at.is_(None)
        )
    ).all()
    return list(administrators) == [user.id]
