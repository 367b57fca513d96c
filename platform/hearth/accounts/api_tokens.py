"""Keys for programs: a subset of their owner's permissions, for a while, shown once."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hearth.accounts import marks
from hearth.accounts.access_models import ApiToken
from hearth.accounts.events import Happened, note
from hearth.accounts.models import User, directory
from hearth.accounts.permissions import Permission
from hearth.accounts.sessions import token_hash

# Recognisable for people and for programs that look for lost keys.
PREFIX = "hearth_"
MARK = "keys-for-programs"
PER_MINUTE = 60
LONGEST_DAYS = 365
# What a program may read at all: figures about many, never the file of a family.
FOR_PROGRAMS = (Permission.NUMBERS_READ, Permission.FEDERATION_NUMBERS)


class ScopeRefusedError(Exception):
    """A key may do no more than its owner, and not everything she may."""


class TooManyRequestsError(Exception):
    """The key has asked too often within a minute."""


@dataclass(frozen=True)
class TokenUse:
    """A key that was shown: its owner and what it may do."""

    user: User
    token_id: uuid.UUID
    scopes: frozenset[str]


@dataclass(frozen=True)
class ListedToken:
    """A key as its owner sees it in her list."""

    token: ApiToken
    used_at: datetime | None

    @property
    def is_live(self) -> bool:
        """Whether it still opens anything."""
        return self.token.revoked_at is None and self.token.expires_at > datetime.now(UTC)


def make_token(
    session: Session,
    *,
    user_id: uuid.UUID,
    name: str,
    scopes: Collection[Permission],
    own: Collection[Permission],
    days: int,
    host: str,
) -> str:
    """Make a key and return it; it is stored nowhere.

    :raises ScopeRefusedError: its owner may use no programs, or it would do more than she or any
        program may.
    """
    if Permission.TOKENS_USE not in own:
        raise ScopeRefusedError
    if not scopes or not set(scopes) <= set(own) & set(FOR_PROGRAMS):
        raise ScopeRefusedError
    token = PREFIX + marks.new_token(MARK, host)
    session.add(
        directory(session).api_token(
            user_id=user_id,
            name=name,
            token_hash=token_hash(token),
            scopes=sorted(scope.value for scope in scopes),
            expires_at=datetime.now(UTC) + timedelta(days=min(days, LONGEST_DAYS)),
        )
    )
    note(session, Happened.TOKEN_MADE, user_id)
    return token


def was_given_out(key: str, host: str) -> bool:
    """Whether the service made this key on this host; told without the database, for limits."""
    within = timedelta(days=LONGEST_DAYS)
    return marks.was_given_out(key.removeprefix(PREFIX), MARK, host, within=within)


def tokens_of(session: Session, *, user_id: uuid.UUID) -> Sequence[ListedToken]:
    """A person's keys, the newest first, with when each was last used."""
    tables = directory(session)
    last = (
        select(func.max(tables.api_token_use.used_at))
        .where(tables.api_token_use.token_id == tables.api_token.id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(tables.api_token, last)
        .where(tables.api_token.user_id == user_id)
        .order_by(tables.api_token.made_at.desc(), tables.api_token.id)
    )
    return [ListedToken(token, used_at) for token, used_at in rows]


def revoke_token(session: Session, *, user_id: uuid.UUID, token_id: uuid.UUID) -> bool:
    """Make a key worthless; False when the person has no such key."""
    table = directory(session).api_token
    revoked = session.execute(
        update(table)
        .where(table.id == token_id, table.user_id == user_id)
        .values(revoked_at=func.coalesce(table.revoked_at, func.now()))
        .returning(table.id)
    ).first()
    if revoked is not None:
        note(session, Happened.TOKEN_REVOKED, user_id)
    return revoked is not None


def living(session: Session, *, user_id: uuid.UUID) -> int:
    """How many of a person's keys open something."""
    return sum(one.is_live for one in tokens_of(session, user_id=user_id))


def revoke_all(session: Session, *, user_id: uuid.UUID, actor_id: uuid.UUID | None = None) -> None:
    """Make every key of a person worthless; each that opened something is noted as revoked."""
    table, now = directory(session).api_token, datetime.now(UTC)
    revoked = session.scalars(
        update(table)
        .where(table.user_id == user_id, table.revoked_at.is_(None), table.expires_at > now)
        .values(revoked_at=now)
        .returning(table.id)
    )
    for _key in revoked.all():
        note(session, Happened.TOKEN_REVOKED, user_id, actor_id=actor_id)


def use_token(session: Session, *, token: str, route: str) -> TokenUse | None:
    """Recognise a key and write its use down; None for one that opens nothing.

    :raises TooManyRequestsError: more than sixty requests within a minute.
    """
    tables = directory(session)
    now = datetime.now(UTC)
    row = session.execute(
        select(tables.user, tables.api_token)
        .join(tables.api_token, tables.api_token.user_id == tables.user.id)
        .where(
            tables.api_token.token_hash == token_hash(token),
            tables.api_token.revoked_at.is_(None),
            tables.api_token.expires_at > now,
            tables.user.disabled_at.is_(None),
        )
        .with_for_update(of=tables.api_token)
    ).first()
    if row is None:
        return None
    user, known = row
    lately = select(func.count()).where(
        tables.api_token_use.token_id == known.id,
        tables.api_token_use.used_at > now - timedelta(minutes=1),
    )
    if (session.scalar(lately) or 0) >= PER_MINUTE:
        raise TooManyRequestsError
    session.add(tables.api_token_use(token_id=known.id, route=route[:100]))
    return TokenUse(user, known.id, frozenset(known.scopes))
