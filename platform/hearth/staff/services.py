"""Invites colleagues, changes what they are here, and closes their accounts."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, literal, or_, select
from sqlalchemy.orm import Session

from hearth.accounts import api_tokens, factors, invitations, names, sessions
from hearth.accounts.events import Happened, note
from hearth.accounts.invitations import AlreadyAcceptedError, EmailTakenError
from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.accounts.services import SignedIn
from hearth.audit import services as audit
from hearth.jobs import Job, wake
from hearth.staff.leaving import end_memberships
from hearth.staff.openings import ending_what_was_opened
from hearth.staff.roles import hand_out, within_reach
from hearth.trail import Fact

__all__ = ["AlreadyAcceptedError", "EmailTakenError"]


class LastAdministratorError(Exception):
    """Nobody could open or close accounts any more."""


class NotYoursToChangeError(Exception):
    """Somebody holds a role that whoever asks could not have given her."""


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
    roles: Sequence[str],
    locale: str,
    actor: SignedIn,
) -> None:
    """Open an account; its owner chooses a password by the link in her mail.

    :raises EmailTakenError: somebody has one with this address.
    :raises NameTakenError: a colleague has this name.
    :raises NotYoursToGiveError: one of the roles is not the actor's to hand out.
    """
    names.refuse_taken(session, name)
    link = invitations.invite(
        session, email=email, name=name, roles=[], locale=locale, invited_by=actor.id
    )
    user = session.get_one(User, link.user_id)
    hand_out(session, user, roles, actor=actor)
    _record(session, "account.changed", user.id, {"roles_after": list(user.roles)})


def invite_again(session: Session, user: User, *, actor: SignedIn) -> None:
    """Send a fresh invitation.

    :raises AlreadyAcceptedError: the person has chosen a password.
    :raises NotYoursToChangeError: she holds a role that is not the actor's to hand out.
    """
    _refuse_above(session, user, actor)
    invitations.invite_again(session, user=user, invited_by=actor.id)


def start_second_factor_anew(session: Session, user: User, *, actor: SignedIn) -> None:
    """Take a lost second factor off an account; the link for a new one goes to its owner alone.

    :raises NotYoursToChangeError: she holds a role that is not the actor's to hand out.
    :raises ResetLatelyError: the password came by mail less than a day ago.
    """
    _refuse_above(session, user, actor)
    factors.start_anew(session, user_id=user.id, actor_id=actor.id)
    invitations.send_enrolment(session, user_id=user.id)


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
    """Change what somebody is here; new roles and a closed account end her sessions at once.

    A closed account ends what opened families to her, too, and opening it gives none of that back;
    roles that read no files end what was opened to her by name, and any other roles what she
    served.

    :raises LastAdministratorError: no open account with that role would be left.
    :raises NameTakenError: a colleague has this name.
    :raises NotYoursToChangeError: she holds a role that is not the actor's to hand out.
    :raises NotYoursToGiveError: a role that changes is not the actor's to give or to take.
    """
    _refuse_above(session, user, actor)
    session.execute(select(User.id).order_by(User.id).with_for_update())
    stays_administrator = works_here and Role.ADMINISTRATOR.value in roles
    if not stays_administrator and _is_last_administrator(session, user):
        raise LastAdministratorError
    before = _state(user)
    with ending_what_was_opened(session, ended_by=actor.id):
        hand_out(session, user, roles, actor=actor)
    if set(before["roles"]) != set(user.roles):
        _note_and_end(session, user, Happened.ROLES_CHANGED, actor.id)
    if works_here != (user.disabled_at is None):
        _note_and_end(session, user, Happened.OPENED if works_here else Happened.CLOSED, actor.id)
        # On opening as well: an account may have been closed before this was done.
        end_memberships(session, user.id, ended_by=actor.id)
    names.rename(session, user, name)
    user.locale = locale
    user.disabled_at = None if works_here else (user.disabled_at or datetime.now(UTC))
    if not works_here:
        api_tokens.revoke_all(session, user_id=user.id, actor_id=actor.id)
    session.flush()
    wake(session, Job.TELL_OF_LOST_FILES)
    after = _state(user)
    changed = sorted(field for field in after if after[field] != before[field])
    facts: dict[str, Fact] = {"fields": changed, "works_here": works_here}
    if "roles" in changed:
        facts |= {"roles_before": list(before["roles"]), "roles_after": user.roles}
    _record(session, "account.changed", user.id, facts)


def _refuse_above(session: Session, user: User, actor: SignedIn) -> None:
    if user.id not in within_reach(session, actor, [user]):
        raise NotYoursToChangeError


def _state(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "roles": list(user.roles),
        "locale": user.locale,
        "disabled": user.disabled_at is not None,
    }


def _record(session: Session, action: str, user_id: uuid.UUID, facts: Mapping[str, Fact]) -> None:
    audit.record(session, action=action, subject_type="account", subject_id=user_id, facts=facts)


def _note_and_end(session: Session, user: User, kind: Happened, actor_id: uuid.UUID) -> None:
    note(session, kind, user.id, actor_id=actor_id)
    sessions.end_all(session, user_id=user.id)


def _is_last_administrator(session: Session, user: User) -> bool:
    administrators = session.scalars(
        select(User.id).where(
            literal(Role.ADMINISTRATOR.value) == func.any(User.roles),
            User.disabled_at.is_(None),
            or_(User.waits_since.is_(None), User.approved_at.is_not(None)),
        )
    ).all()
    return list(administrators) == [user.id]
