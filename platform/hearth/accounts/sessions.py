"""Sessions: begun, made anew, confirmed, listed and ended; the cookie holds the token alone."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import BindParameter, ColumnElement, case, func, select, update
from sqlalchemy.orm import Session

from hearth.accounts import marks
from hearth.accounts.models import UserSession, directory

IDLE = timedelta(hours=1)
IDLE_ON_A_SHARED_COMPUTER = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)
# How long a proof of who somebody is counts for what must not be done by whoever sits down next.
FRESH = timedelta(minutes=5)
MARK = "session-marks"


class Assurance(StrEnum):
    """How somebody proved who she is."""

    PASSWORD = "password"  # noqa: S105 - a kind of proof.
    SECOND_FACTOR = "second-factor"


def start_session(
    session: Session,
    *,
    user_id: uuid.UUID,
    host: str,
    assurance: Assurance = Assurance.PASSWORD,
    may_enrol: bool = False,
    shared_computer: bool = False,
    device: str = "",
) -> str:
    """Begin a session on one host and return its token, which is stored nowhere."""
    token = marks.new_token(MARK, host)
    row = directory(session).session(
        token_hash=token_hash(token),
        user_id=user_id,
        host=host,
        assurance=assurance.value,
        may_enrol=may_enrol,
        shared_computer=shared_computer,
        device=device,
    )
    session.add(row)
    session.flush()
    return token


def raise_assurance(session: Session, *, token: str) -> str:
    """Note that the second factor was shown; returns the session's new token (the old one ends).

    Only a session that was half in has proved anew who it is: a code alone proves too little.
    """
    table = directory(session).session
    known = table.token_hash == token_hash(token)
    fresh = marks.new_token(MARK, session.scalar(select(table.host).where(known)) or "")
    rises = table.assurance == Assurance.PASSWORD.value
    session.execute(
        update(table)
        .where(known)
        .values(
            token_hash=token_hash(fresh),
            assurance=Assurance.SECOND_FACTOR.value,
            confirmed_at=case((rises, datetime.now(UTC)), else_=table.confirmed_at),
            may_enrol=False,
        )
    )
    return fresh


def confirm(session: Session, *, session_id: uuid.UUID) -> None:
    """Note that the person has just proved again who she is."""
    table = directory(session).session
    session.execute(
        update(table).where(table.id == session_id).values(confirmed_at=datetime.now(UTC))
    )


def live_sessions(session: Session, *, user_id: uuid.UUID) -> Sequence[UserSession]:
    """Where somebody is signed in now, the last used first."""
    table = directory(session).session
    return session.scalars(
        select(table)
        .where(table.user_id == user_id, *is_live(table, datetime.now(UTC)))
        .order_by(table.seen_at.desc(), table.id)
    ).all()


def end_session(session: Session, *, user_id: uuid.UUID, session_id: uuid.UUID) -> bool:
    """End one of a person's own sessions; False when she has no such session."""
    table = directory(session).session
    ended = session.execute(
        update(table)
        .where(table.id == session_id, table.user_id == user_id, table.ended_at.is_(None))
        .values(ended_at=func.now())
        .returning(table.id)
    ).first()
    return ended is not None


def end_all(session: Session, *, user_id: uuid.UUID, but: uuid.UUID | None = None) -> None:
    """End a person's sessions, all or all but one; their cookies are worth nothing from now on."""
    table = directory(session).session
    others = () if but is None else (table.id != but,)
    session.execute(
        update(table)
        .where(table.user_id == user_id, table.ended_at.is_(None), *others)
        .values(ended_at=func.now())
    )


def sign_out(session: Session, *, token: str) -> uuid.UUID | None:
    """End a session by its token; returns whose it was."""
    table = directory(session).session
    return session.scalar(
        update(table)
        .where(table.token_hash == token_hash(token), table.ended_at.is_(None))
        .values(ended_at=func.now())
        .returning(table.user_id)
    )


def token_hash(token: str) -> bytes:
    """What is kept of a token; it is random, so a plain hash hides it."""
    return hashlib.sha256(token.encode()).digest()


def is_live(
    table: type[UserSession], now: datetime | BindParameter[datetime]
) -> tuple[ColumnElement[bool], ...]:
    """What holds for a session that has neither ended nor been left alone for too long."""
    return (
        table.ended_at.is_(None),
        table.started_at > now - ABSOLUTE,
        table.seen_at
        > case((table.shared_computer, now - IDLE_ON_A_SHARED_COMPUTER), else_=now - IDLE),
    )


def was_given_out(token: str, host: str) -> bool:
    """Whether the service made this token for this host within the longest time a session lasts.

    Told without the database, for limits; ``recognise`` alone opens anything.
    """
    return marks.was_given_out(token, MARK, host, within=ABSOLUTE)
