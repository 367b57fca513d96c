"""Which browser somebody uses: in words for the owner, and by a cookie for the limits."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hearth.accounts import marks
from hearth.accounts.models import directory

REMEMBERED = timedelta(days=180)
MARK = "known-browsers"
# The first that is found; browsers like to name others too.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("YaBrowser", "Yandex"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def in_words(user_agent: str) -> str:
    """A browser and its system, and nothing finer: "Firefox, Windows"."""
    named = (
        next((name for mark, name in known if mark in user_agent), "")
        for known in (BROWSERS, SYSTEMS)
    )
    return ", ".join(filter(None, named))


def was_given_out(token: str, host: str) -> bool:
    """Whether the service gave this token to a browser on this host; told without the database."""
    return marks.was_given_out(token, MARK, host, within=REMEMBERED)


def remember_device(session: Session, *, user_id: uuid.UUID, token: str | None, host: str) -> str:
    """Note that a person has passed the second factor in a browser; returns its token."""
    if token is not None and not was_given_out(token, host):
        token = None
    if token is not None and is_known(session, user_id=user_id, token=token):
        table = directory(session).known_device
        session.execute(
            update(table)
            .where(table.user_id == user_id, table.token_hash == _hash(token))
            .values(seen_at=datetime.now(UTC))
        )
        return token
    # A browser that several people use keeps one token with a row for each of them.
    ours = token is not None and _is_ours(session, token)
    kept = token if token is not None and ours else marks.new_token(MARK, host)
    session.add(directory(session).known_device(user_id=user_id, token_hash=_hash(kept)))
    return kept


def is_known(session: Session, *, user_id: uuid.UUID, token: str | None) -> bool:
    """Whether this person has passed the second factor in this browser before."""
    if token is None:
        return False
    table = directory(session).known_device
    found = session.scalar(
        select(table.id).where(
            table.user_id == user_id,
            table.token_hash == _hash(token),
            table.seen_at > datetime.now(UTC) - REMEMBERED,
        )
    )
    return found is not None


def _is_ours(session: Session, token: str) -> bool:
    """Whether a token was given out here, to whomever; one that somebody made up counts nothing."""
    table = directory(session).known_device
    given_out = select(table.id).where(
        table.token_hash == _hash(token), table.seen_at > datetime.now(UTC) - REMEMBERED
    )
    return session.scalar(given_out.limit(1)) is not None


def forget_devices(session: Session, *, user_id: uuid.UUID) -> None:
    """Treat every browser of a person as a new one."""
    table = directory(session).known_device
    session.execute(delete(table).where(table.user_id == user_id))


def tidy_devices(session: Session) -> None:
    """Remove browsers that have not been seen for long."""
    table = directory(session).known_device
    session.execute(delete(table).where(table.seen_at < datetime.now(UTC) - REMEMBERED))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
