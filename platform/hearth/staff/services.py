"""Invites colleagues, changes what they are here, and closes their accounts."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from hearth.accounts import api_tokens, factors, invitations, sessions
from hearth.accounts.events import Happened, note
from hearth.accounts.invitations import AlreadyAcceptedError, EmailTakenError
from hearth.accounts.models import User
from hearth.accounts.permissions import FEDERATION_ROLES, Role

__all__ = ["AlreadyAcceptedError", "EmailTakenError"]
GRANTABLE = tuple(role for role in Role if role not in FEDERATION_ROLES)


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


def invite_colleague(
    session: Session,
    *,
    email: str,
    name: str,
    roles: Sequence[Role],
    locale: str,
    invited_by: uuid.UUID,
) -> None:
    """Open an account; its owner chooses a password by the link in her mail.

    :raises EmailTakenError: somebody has one with this address.
    """
    invitations.invite(
        session, email=email, name=name, roles=roles, locale=locale, invited_by=invited_by
    )


def invite_again(session: Session, user: User, *, invited_by: uuid.UUID) -> None:
    """Send a fresh invitation.

    :raises AlreadyAcceptedError: the person has chosen a password.
    """
    invitations.invite_again(session, user=user, invited_by=invited_by)


def start_second_factor_anew(session: Session, user: User, *, actor_id: uuid.UUID) -> None:
    """Take a lost second factor off an account; the link for a new one goes to its owner alone."""
    factors.start_anew(session, user_id=user.id, actor_id=actor_id)
    invitations.send_enrolment(session, user_id=user.id)


def change_colleague(
    session: Session,
    user: User,
    *,
    name: str,
    roles: Sequence[Role],
    locale: str,
    works_here: bool,
    changed_by: uuid.UUID,
) -> None:
    """Change what somebody is here; new roles and a closed account end her sessions at once.

    :raises LastAdministratorError: no open account with that role would be left.
    """
    session.execute(select(User.id).order_by(User.id).with_for_update())
    stays_administrator = works_here and Role.ADMINISTRATOR in roles
    if not stays_administrator and _is_last_administrator(session, user):
        raise LastAdministratorError
    wanted = [role.value for role in roles]
    if set(user.roles) != set(wanted):
        _note_and_end(session, user, Happened.ROLES_CHANGED, changed_by)
    if works_here != (user.disabled_at is None):
        _note_and_end(session, user, Happened.OPENED if works_here else Happened.CLOSED, changed_by)
    user.name, user.roles, user.locale = name, wanted, locale
    user.disabled_at = None if works_here else (user.disabled_at or datetime.now(UTC))
    if not works_here:
        api_tokens.revoke_all(session, user_id=user.id)
    session.flush()


def _note_and_end(session: Session, user: User, kind: Happened, actor_id: uuid.UUID) -> None:
    note(session, kind, user.id, actor_id=actor_id)
    sessions.end_all(session, user_id=user.id)


def _is_last_administrator(session: Session, user: User) -> bool:
    administrators = session.scalars(
        select(User.id).where(
            literal(Role.ADMINISTRATOR.value) == func.any(User.roles), User.disabled_at.is_(None)
        )
    ).all()
    return list(administrators) == [user.id]
