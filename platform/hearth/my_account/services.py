"""What somebody changes about her own account, and everything that her page shows."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hearth.accounts import api_tokens, events, factors, names, recovery, sessions
from hearth.accounts.access_models import AccountEvent
from hearth.accounts.api_tokens import ListedToken
from hearth.accounts.events import Happened, note
from hearth.accounts.factor_models import AuthenticatorApp, Passkey
from hearth.accounts.invitations import WeakPasswordError
from hearth.accounts.mails import FACTOR_CHANGED, PASSWORD_CHANGED, notify
from hearth.accounts.models import User, UserSession, directory
from hearth.accounts.passwords import hash_password, weakness_of
from hearth.audit import services as audit
from tenants.context import runtime


@dataclass(frozen=True, kw_only=True)
class Account:
    """Everything about one's own account."""

    user: User
    app: AuthenticatorApp | None
    passkeys: Sequence[Passkey]
    codes_left: int
    sessions: Sequence[UserSession]
    tokens: Sequence[ListedToken]
    events: Sequence[AccountEvent]


def account_of(session: Session, user_id: uuid.UUID) -> Account:
    """Gather what the page shows."""
    return Account(
        user=me(session, user_id),
        app=factors.app_of(session, user_id=user_id),
        passkeys=factors.passkeys_of(session, user_id=user_id),
        codes_left=recovery.codes_left(session, user_id=user_id),
        sessions=sessions.live_sessions(session, user_id=user_id),
        tokens=api_tokens.tokens_of(session, user_id=user_id),
        events=events.recent(session, user_id=user_id),
    )


def me(session: Session, user_id: uuid.UUID) -> User:
    """The person herself."""
    return session.get_one(directory(session).user, user_id)


def change_details(session: Session, user_id: uuid.UUID, *, name: str, locale: str) -> None:
    """Change how colleagues know her and which language she reads; both are recorded.

    :raises NameTakenError: a colleague has this name.
    """
    user = me(session, user_id)
    before = {"name": user.name, "locale": user.locale}
    names.rename(session, user, name)
    user.locale = locale
    changed = [field for field, value in before.items() if getattr(user, field) != value]
    if changed:
        audit.record(
            session,
            action="account.changed",
            subject_type="account",
            subject_id=user.id,
            facts={"fields": sorted(changed)},
        )


def change_password(
    session: Session,
    user_id: uuid.UUID,
    *,
    new: str,
    about: Sequence[str],
    but: uuid.UUID | None,
    end_keys: bool = False,
) -> None:
    """Set a new password; every session but this one ends, and the owner is told by mail.

    Her keys for programs go on unless she ends them: what reads by them has no password to type.

    :raises WeakPasswordError: it is too easy to guess.
    """
    user = me(session, user_id)
    weakness = weakness_of(new, about=(user.email, user.name, *about))
    if weakness is not None:
        raise WeakPasswordError(weakness)
    user.password_hash = hash_password(new)
    sessions.end_all(session, user_id=user_id, but=but)
    if end_keys:
        api_tokens.revoke_all(session, user_id=user_id)
    note(session, Happened.PASSWORD_CHANGED, user_id)
    notify(session, PASSWORD_CHANGED, user_id=user_id)


def first_codes(session: Session, user_id: uuid.UUID) -> list[str]:
    """Recovery codes for whoever has just set up her first second factor; else none."""
    if recovery.codes_left(session, user_id=user_id):
        return []
    return new_codes(session, user_id)


def new_codes(session: Session, user_id: uuid.UUID) -> list[str]:
    """Ten new recovery codes; those from before open nothing any more."""
    note(session, Happened.RECOVERY_CODES_MADE, user_id)
    key = runtime().settings.secret_key
    return recovery.make_codes(session, user_id=user_id, secret_key=key)


def tell_of_changed_factor(session: Session, user_id: uuid.UUID) -> None:
    """Let the owner know by mail, so that she notices when it was not she."""
    notify(session, FACTOR_CHANGED, user_id=user_id)


def end_session(session: Session, user_id: uuid.UUID, session_id: uuid.UUID) -> bool:
    """End one of her sessions; False when she has no such session."""
    ended = sessions.end_session(session, user_id=user_id, session_id=session_id)
    if ended:
        note(session, Happened.SESSION_ENDED, user_id)
    return ended


def end_others(session: Session, user_id: uuid.UUID, *, but: uuid.UUID | None) -> None:
    """End all of her sessions but this one."""
    sessions.end_all(session, user_id=user_id, but=but)
    note(session, Happened.SESSIONS_ENDED, user_id)
