"""Puts effects into the outbox once, delivers them, and hands provider events over."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.jobs import Job, wake
from hearth.outbox.mail import TEMPLATES, send
from hearth.outbox.models import HandledEvent, OutboxMessage, SharedEvent, outbox_of

MAX_ATTEMPTS = 12
# In a wake-up this stands where an organisation's slug does; its host is the federation's own.
FEDERATION = "federation"


@dataclass(frozen=True)
class Backlog:
    """How much waits in an outbox: how many, since when, and how many were given up."""

    waiting: int
    oldest_at: datetime | None
    given_up: int


def put(session: Session, *, key: str, kind: str, payload: dict[str, Any]) -> bool:
    """Put an effect into the outbox; False when one with this key is there already.

    The payload holds ids and a locale, never an address or a name.
    """
    outbox = outbox_of(session)
    row = session.execute(
        insert(outbox)
        .values(key=key, kind=kind, payload=payload)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(outbox.id)
    ).first()
    if row is not None:
        organisation = session.info["organisation"]
        wake(session, Job.DELIVER_OUTBOX, organisation.slug if organisation else FEDERATION)
    return row is not None


def deliver_next(session: Session, settings: Settings) -> bool:
    """Deliver the oldest due message; False when none is due.

    A crash between the relay's yes and the commit sends the mail again under the same Message-ID:
    a rare second receipt is better than none.
    """
    outbox = outbox_of(session)
    message = session.scalar(
        select(outbox)
        .where(
            outbox.done_at.is_(None),
            outbox.given_up_at.is_(None),
            outbox.available_at <= func.now(),
        )
        .order_by(outbox.available_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if message is None:
        return False
    message.attempts += 1
    try:
        with session.begin_nested():
            mail = TEMPLATES[message.payload["template"]](session, message.payload)
        if mail is not None:
            send(settings, mail, message_id=str(message.id))
        message.done_at = datetime.now(UTC)
    except Exception as error:
        # Whatever is wrong with one mail, it must not hold up the ones behind it.
        _try_later(message, type(error).__name__)
    return True


def backlog(session: Session) -> Backlog:
    """What waits in the outbox of whoever's session this is."""
    outbox = outbox_of(session)
    waiting = outbox.done_at.is_(None) & outbox.given_up_at.is_(None)
    row = session.execute(
        select(
            func.count().filter(waiting),
            func.min(outbox.created_at).filter(waiting),
            func.count(outbox.given_up_at),
        )
    ).one()
    return Backlog(row[0], row[1], row[2])


def handled_now(session: Session, *, provider: str, event_id: str) -> bool:
    """Note that this organisation handles an event; False when it has done so before."""
    row = session.execute(
        insert(HandledEvent)
        .values(provider=provider, event_id=event_id)
        .on_conflict_do_nothing()
        .returning(HandledEvent.event_id)
    ).first()
    return row is not None


def claim_events(shared: Session, *, together: Collection[str]) -> list[SharedEvent]:
    """The oldest event that waits to be handed over, locked for this transaction.

    With it come those that wait for the same payment, where both speak of a kind of object in
    ``together``: asking the provider once answers them all.
    """
    waiting = (
        select(SharedEvent)
        .where(SharedEvent.done_at.is_(None), SharedEvent.available_at <= func.now())
        .order_by(SharedEvent.available_at)
        .with_for_update(skip_locked=True)
    )
    oldest = shared.scalar(waiting.limit(1))
    if oldest is None:
        return []
    if oldest.payment_intent_id is None or oldest.object_type not in together:
        return [oldest]
    same_payment = waiting.where(
        SharedEvent.provider == oldest.provider,
        SharedEvent.payment_intent_id == oldest.payment_intent_id,
        SharedEvent.object_type.in_(together),
    )
    return list(shared.scalars(same_payment))


def finish_event(event: SharedEvent, outcome: str) -> None:
    """Mark an event as handed over."""
    event.done_at = datetime.now(UTC)
    event.outcome = outcome


def postpone_event(event: SharedEvent, outcome: str) -> None:
    """Leave an event for a later try; it is never given up, because it may be money."""
    event.attempts += 1
    event.outcome = outcome
    event.available_at = datetime.now(UTC) + _pause(event.attempts)


def _try_later(message: OutboxMessage, reason: str) -> None:
    message.last_error = reason
    if message.attempts >= MAX_ATTEMPTS:
        message.given_up_at = datetime.now(UTC)
    message.available_at = datetime.now(UTC) + _pause(message.attempts)


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=min(2**attempts, 3600))
