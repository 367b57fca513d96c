"""Keeps a verified event's ids until its organisation has handled it."""

from hearth.giving.gateway import WebhookEvent
from hearth.jobs import Job, wake_now
from tenants.context import execute_as_platform

# Plain SQL, because every donor's payment passes here and the unit of work has nothing to add.
KEEP = (
    "INSERT INTO shared.inbox (provider, event_id, event_type, object_type, object_id,"
    " payment_intent_id, schema_name)"
    " VALUES (%(provider)s, %(event_id)s, %(event_type)s, %(object_type)s, %(object_id)s,"
    " %(payment_intent_id)s, %(schema_name)s) ON CONFLICT DO NOTHING"
)


def keep_event(*, provider: str, event: WebhookEvent) -> None:
    """Store an event once and wake whoever hands it over; a repeated event changes nothing.

    The event is durable when this returns, so the provider can be told that it has arrived.
    """
    execute_as_platform(
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
    wake_now(Job.DRAIN_INBOX)
