"""Signing in and out, and recognising a session; failures are counted per account and address."""

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hearth.accounts.models import directory
from hearth.accounts.permissions import (
    ROLE_LABELS,
    Permission,
    Role,
    known_roles,
    permissions_of,
)
from tenants.context import takes_changes

HASHER = PasswordHasher()
# Verified when nobody has the address, so that the answer takes as long as for a true one.
NOBODY = HASHER.hash(secrets.token_urlsafe(16))
IDLE = timedelta(hours=1)
ABSOLUTE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)
FAILURE_WINDOW = timedelta(minutes=15)
# Counted per account *and* address: somebody else's guesses never lock the owner out.
FAILURES_PER_ACCOUNT_AND_ADDRESS = 5
FAILURES_PER_ADDRESS = 50


class SignInRefusedError(Exception):
    """The address and password do not belong together, or the account is closed."""


class TooManyFailuresError(Exception):
    """Too many failed sign-ins from here; a later try is welcome."""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Who is asking, detached from the database."""

    id: uuid.UUID
    name: str
    locale: str
    roles: tuple[Role, ...]
    permissions: frozenset[Permission]

    @property
    def role_labels(self) -> list[str]:
        """What this person is here, in the page's language."""
        return [str(ROLE_LABELS[role]) for role in self.roles]

    def may(self, permission: Permission) -> bool:
        """Whether one of this person's roles holds the permission."""
        return permission in self.permissions


def create_user(
    session: Session, *, email: str, name: str, password: str, roles: list[Role], locale: str
) -> uuid.UUID:
    """Add a member of staff to the organisation, or to the federation, whose session this is."""
    user = directory(session).user(
        email=email.strip().lower(),
        name=name,
        password_hash=HASHER.hash(password),
        roles=[role.value for role in roles],
        locale=locale,
    )
    session.add(user)
    session.flush()
    return user.id


def sign_in(
    session: Session, *, email: str, password: str, address: str, host: str, pepper: bytes
) -> str:
    """Check a password and start a session; returns the token for the cookie.

    :raises TooManyFailuresError: five failures for this account from this address, or fifty from
        this address, within fifteen minutes.
    :raises SignInRefusedError: and the failure is added to the session for the caller to commit.
    """
    tables = directory(session)
    account_hash = _keyed(pepper, email.strip().lower())
    address_hash = _keyed(pepper, address)
    _refuse_guessing(session, account_hash, address_hash)
    user = session.scalar(select(tables.user).where(tables.user.email == email.strip().lower()))
    known = user is not None and user.disabled_at is None
    if not _verified(user.password_hash if user and known else NOBODY, password) or not user:
        session.add(tables.failure(account_hash=account_hash, address_hash=address_hash))
        raise SignInRefusedError
    if HASHER.check_needs_rehash(user.password_hash):
        user.password_hash = HASHER.hash(password)
    return start_session(session, user_id=user.id, host=host)


def start_session(session: Session, *, user_id: uuid.UUID, host: str) -> str:
    """Begin a session on one host and return its token, which is stored nowhere."""
    token = secrets.token_urlsafe(32)
    session.add(
        directory(session).session(token_hash=_token_hash(token), user_id=user_id, host=host)
    )
    session.flush()
    return token


def recognise(session: Session, *, token: str, host: str) -> SignedIn | None:
    """Whose live session on this host a token is, in one query."""
    tables = directory(session)
    now = datetime.now(UTC)
    row = session.execute(
        select(tables.user, tables.session.seen_at)
        .join(tables.session, tables.session.user_id == tables.user.id)
        .where(
            tables.session.token_hash == _token_hash(token),
            tables.session.host == host,
            tables.session.ended_at.is_(None),
            tables.session.seen_at > now - IDLE,
            tables.session.started_at > now - ABSOLUTE,
            tables.user.disabled_at.is_(None),
        )
    ).first()
    if row is None:
        return None
    user, seen_at = row
    if now - seen_at > TOUCH_EVERY and takes_changes(session):
        session.execute(
            update(tables.session)
            .where(tables.session.token_hash == _token_hash(token))
            .values(seen_at=now)
        )
    return SignedIn(
        id=user.id,
        name=user.name,
        locale=user.locale,
        roles=known_roles(user.roles),
        permissions=permissions_of(user.roles),
    )


def sign_out(session: Session, *, token: str) -> None:
    """End a session; its cookie is worth nothing from now on."""
    tables = directory(session)
    session.execute(
        update(tables.session)
        .where(tables.session.token_hash == _token_hash(token))
        .values(ended_at=func.now())
    )


def names_of(session: Session, user_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of members of staff, for pages that say who did something."""
    tables = directory(session)
    rows = session.execute(
        select(tables.user.id, tables.user.name).where(tables.user.id.in_(user_ids))
    )
    return {row.id: row.name for row in rows}


def tidy(session: Session) -> None:
    """Remove failures, ended sessions and form keys that have served their time."""
    tables = directory(session)
    now = datetime.now(UTC)
    session.execute(delete(tables.failure).where(tables.failure.failed_at < now - FAILURE_WINDOW))
    session.execute(
        delete(tables.session).where(tables.session.started_at < now - timedelta(days=30))
    )
    session.execute(
        delete(tables.submission).where(tables.submission.submitted_at < now - timedelta(days=30))
    )


def _refuse_guessing(session: Session, account_hash: bytes, address_hash: bytes) -> None:
    failure = directory(session).failure
    same_account = failure.account_hash == account_hash
    from_here, for_account = session.execute(
        select(func.count(), func.count().filter(same_account)).where(
            failure.address_hash == address_hash,
            failure.failed_at > datetime.now(UTC) - FAILURE_WINDOW,
        )
    ).one()
    if for_account >= FAILURES_PER_ACCOUNT_AND_ADDRESS or from_here >= FAILURES_PER_ADDRESS:
        raise TooManyFailuresError


def _verified(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except VerifyMismatchError:
        return False


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _keyed(pepper: bytes, value: str) -> bytes:
    return hmac.new(pepper, value.encode(), hashlib.sha256).digest()
