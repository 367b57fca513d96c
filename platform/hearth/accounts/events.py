"""What happened with an account, kept for its owner to see; rows are only ever added."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from hearth.accounts.access_models import AccountEvent
from hearth.accounts.models import Directory, directory
from hearth.trail import record

SHOWN = 20


class Happened(StrEnum):
    """Kinds of events."""

    INVITED = "invited"
    INVITATION_ACCEPTED = "invitation-accepted"
    SIGNED_IN = "signed-in"
    SIGN_IN_FAILED = "sign-in-failed"
    CODE_REFUSED = "code-refused"
    SIGNED_OUT = "signed-out"
    RECOVERY_CODE_USED = "recovery-code-used"
    CONFIRMED = "confirmed"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - a kind of event.
    PASSWORD_RESET = "password-reset"  # noqa: S105
    APP_ADDED = "app-added"
    APP_REMOVED = "app-removed"
    PASSKEY_ADDED = "passkey-added"
    PASSKEY_REMOVED = "passkey-removed"
    RECOVERY_CODES_MADE = "recovery-codes-made"
    SECOND_FACTOR_STARTED_ANEW = "second-factor-started-anew"
    SESSION_ENDED = "session-ended"
    SESSIONS_ENDED = "sessions-ended"
    TOKEN_MADE = "token-made"  # noqa: S105
    TOKEN_REVOKED = "token-revoked"  # noqa: S105
    ROLES_CHANGED = "roles-changed"
    CLOSED = "closed"
    OPENED = "opened"
    APPROVED = "approved"


def note(
    session: Session,
    kind: Happened,
    user_id: uuid.UUID,
    *,
    actor_id: uuid.UUID | None = None,
    device: str = "",
) -> None:
    """Write down that something happened; ``actor_id`` names whoever did it to somebody else."""
    event = directory(session).event
    session.add(event(user_id=user_id, kind=kind.value, actor_id=actor_id, device=device))
    record(
        session,
        action=f"account.{kind.value}",
        subject_type="account",
        subject_id=user_id,
        actor_id=actor_id or user_id,
    )


def happened_since(
    session: Session, kind: Happened, user_id: uuid.UUID, *, since: datetime
) -> bool:
    """Whether something has happened with an account since a moment."""
    event = directory(session).event
    found = session.scalar(
        select(event.id)
        .where(event.user_id == user_id, event.kind == kind.value, event.happened_at > since)
        .limit(1)
    )
    return found is not None


def was_reset(tables: Directory) -> ColumnElement[bool]:
    """Whether a user of the query ever chose a password by a letter."""
    event = tables.event
    return exists().where(
        event.user_id == tables.user.id, event.kind == Happened.PASSWORD_RESET.value
    )


def recent(session: Session, *, user_id: uuid.UUID) -> Sequence[AccountEvent]:
    """The last things that happened with an account, the newest first."""
    event = directory(session).event
    return session.scalars(
        select(event)
        .where(event.user_id == user_id)
        .order_by(event.happened_at.desc(), event.id.desc())
        .limit(SHOWN)
    ).all()
