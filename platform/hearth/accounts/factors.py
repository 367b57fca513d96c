"""The second factor of an account: added, shown, removed, and started anew."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidTag
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hearth.accounts import api_tokens, devices, recovery, sessions, totp
from hearth.accounts.events import Happened, happened_since, note
from hearth.accounts.factor_models import AuthenticatorApp, Passkey
from hearth.accounts.mails import COLLEAGUE_ANEW, WATCHING, notify
from hearth.accounts.models import ORGANISATION, directory
from hearth.accounts.standing import in_roles
from tenants.context import runtime

# How long a password that came by mail opens no way to a second factor that comes by mail too.
APART = timedelta(hours=24)


class WrongCodeError(Exception):
    """The code does not fit, or had its turn before."""


class ResetLatelyError(Exception):
    """Who reads the person's mail may have chosen her password within the last day."""


class LastFactorError(Exception):
    """Whoever may open families' files keeps a second factor."""


def app_of(session: Session, *, user_id: uuid.UUID, lock: bool = False) -> AuthenticatorApp | None:
    """A person's authenticator app."""
    table = directory(session).app
    wanted = select(table).where(table.user_id == user_id, table.removed_at.is_(None))
    return session.scalar(wanted.with_for_update() if lock else wanted)


def passkeys_of(session: Session, *, user_id: uuid.UUID) -> Sequence[Passkey]:
    """A person's passkeys, the oldest first."""
    table = directory(session).passkey
    return session.scalars(
        select(table)
        .where(table.user_id == user_id, table.removed_at.is_(None))
        .order_by(table.added_at, table.id)
    ).all()


def add_app(session: Session, *, user_id: uuid.UUID, secret: str, code: str) -> None:
    """Take an app that shows the right code; one from before is removed.

    :raises WrongCodeError: the app does not show what it should.
    """
    step = totp.step_of(secret, code, at=datetime.now(UTC), after=0)
    if step is None:
        raise WrongCodeError
    _remove_app(session, user_id)
    sealed = totp.seal(secret, secret_key=runtime().settings.secret_key, user_id=user_id)
    session.add(directory(session).app(user_id=user_id, secret_sealed=sealed, last_step=step))
    note_second_factor(session, user_id=user_id)
    note(session, Happened.APP_ADDED, user_id)


def check_code(session: Session, *, user_id: uuid.UUID, code: str) -> bool:
    """Take a code of the app, or else a recovery code, which is used up; True for the latter.

    :raises WrongCodeError: it is neither.
    """
    key = runtime().settings.secret_key
    app = app_of(session, user_id=user_id, lock=True)
    if app is not None:
        secret = _secret_of(app)
        step = secret and totp.step_of(secret, code, at=datetime.now(UTC), after=app.last_step)
        if step:
            app.last_step = step
            session.flush()
            return False
    if recovery.use_code(session, user_id=user_id, code=code, secret_key=key):
        note(session, Happened.RECOVERY_CODE_USED, user_id)
        return True
    raise WrongCodeError


def lost_with_the_key(session: Session) -> list[uuid.UUID]:
    """Who has nothing but an app whose secret was sealed with another key than today's."""
    table = directory(session).app
    apps = session.scalars(select(table).where(table.removed_at.is_(None)).order_by(table.id))
    return [
        app.user_id
        for app in apps
        if _secret_of(app) is None and not passkeys_of(session, user_id=app.user_id)
    ]


def note_second_factor(session: Session, *, user_id: uuid.UUID) -> None:
    """Note on the account that it has a second factor now."""
    table = directory(session).user
    session.execute(
        update(table)
        .where(table.id == user_id)
        .values(
            second_factor_at=func.coalesce(table.second_factor_at, func.now()),
            enrols_by_mail=False,
        )
    )


def remove_app(session: Session, *, user_id: uuid.UUID, must_keep_one: bool) -> None:
    """Take the app off the account.

    :raises LastFactorError: it is the last second factor, and the person needs one.
    """
    _forget_if_last(session, user_id, len(passkeys_of(session, user_id=user_id)), must_keep_one)
    _remove_app(session, user_id)
    note(session, Happened.APP_REMOVED, user_id)


def remove_passkey(
    session: Session, *, user_id: uuid.UUID, passkey_id: uuid.UUID, must_keep_one: bool
) -> bool:
    """Take a passkey off the account; False when the person has no such passkey.

    :raises LastFactorError: it is the last second factor, and the person needs one.
    """
    keys = passkeys_of(session, user_id=user_id)
    passkey = next((key for key in keys if key.id == passkey_id), None)
    if passkey is None:
        return False
    others = len(keys) - 1 + (app_of(session, user_id=user_id) is not None)
    _forget_if_last(session, user_id, others, must_keep_one)
    passkey.removed_at = datetime.now(UTC)
    note(session, Happened.PASSKEY_REMOVED, user_id)
    return True


def start_anew(session: Session, *, user_id: uuid.UUID, actor_id: uuid.UUID | None) -> None:
    """Take every second factor off an account; a new one needs the password *and* the mailbox.

    So whoever may do this to a colleague cannot become her: the link goes to her address alone.
    Whoever reads her mail cannot either, as a password that came by mail waits for a day.

    :raises ResetLatelyError: it has not waited so long.
    """
    refuse_after_reset(session, user_id=user_id)
    tables = directory(session)
    now = datetime.now(UTC)
    for table in (tables.app, tables.passkey):
        session.execute(
            update(table)
            .where(table.user_id == user_id, table.removed_at.is_(None))
            .values(removed_at=now)
        )
    recovery.forget_codes(session, user_id=user_id)
    devices.forget_devices(session, user_id=user_id)
    api_tokens.revoke_all(session, user_id=user_id, actor_id=actor_id)
    sessions.end_all(session, user_id=user_id)
    session.execute(
        update(tables.user)
        .where(tables.user.id == user_id)
        .values(second_factor_at=None, enrols_by_mail=True)
    )
    note(session, Happened.SECOND_FACTOR_STARTED_ANEW, user_id, actor_id=actor_id)
    if tables is ORGANISATION:
        for colleague in sorted(in_roles(session, WATCHING) - {user_id, actor_id}):
            notify(session, COLLEAGUE_ANEW, user_id=colleague)


def refuse_after_reset(session: Session, *, user_id: uuid.UUID) -> None:
    """Keep a password from the mailbox and a link from the mailbox a day apart.

    :raises ResetLatelyError: the password was chosen by a link within the last day.
    """
    since = datetime.now(UTC) - APART
    if happened_since(session, Happened.PASSWORD_RESET, user_id, since=since):
        raise ResetLatelyError


def _secret_of(app: AuthenticatorApp) -> str | None:
    """What the app's codes are made of; None where the service's key is another one by now."""
    key = runtime().settings.secret_key
    try:
        return totp.unseal(app.secret_sealed, secret_key=key, user_id=app.user_id)
    except InvalidTag:
        return None


def _remove_app(session: Session, user_id: uuid.UUID) -> None:
    table = directory(session).app
    session.execute(
        update(table)
        .where(table.user_id == user_id, table.removed_at.is_(None))
        .values(removed_at=datetime.now(UTC))
    )


def _forget_if_last(session: Session, user_id: uuid.UUID, others: int, must_keep: bool) -> None:
    if others:
        return
    if must_keep:
        raise LastFactorError
    recovery.forget_codes(session, user_id=user_id)
    table = directory(session).user
    session.execute(update(table).where(table.id == user_id).values(second_factor_at=None))
