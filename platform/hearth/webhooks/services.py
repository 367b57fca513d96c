"""Keeps a verified event's ids until its organisation has handled it."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from hearth.giving.gateway import WebhookEvent
from hearth.jobs import Job, wake

# Plain SQL, because every donor's payment passes here and the unit of work has nothing to add.
KEEP = text(
    "INSERT INTO shared.inbox (provider, event_id, event_type, object_type, object_id,"
    " payment_intent_id, schema_name)"
    " VALUES (:provider, :event_id, :event_type, :object_type, :object_id, :payment_intent_id,"
    " :schema_name) ON CONFLICT DO NOTHING"
)


def keep_event(shared: Session, *, provider: str, event: WebhookEvent) -> None:
    """Store an event once and wake whoever hands it over; a repeated event changes nothing."""
    shared.connection().execute(
        KEEP,
        {
            "provider": provider,
            "event_id": event.id,
            "event_type": event.type,
            "object_type": event.object_type,
            "object_id": event.object_id,
            "payment_intent_id": event.payment_intent_id,
            "schema_name": event.organisation,
        },
    )
    wake(shared, Job.DRAIN_INBOX)
