"""Hands payment events over to the organisations they belong to."""

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from hearth.giving import services as giving
from hearth.giving.gateway import GatewayError, PaymentGateway, WebhookEvent
from hearth.jobs import DRAIN_SECONDS, Job, begun, wake_now
from hearth.outbox import services as outbox
from hearth.outbox.models import SharedEvent
from hearth.webhooks.services import keep_event
from tenants.context import runtime, shared_session, tenant_session
from tenants.registry import OrgRef, UnknownOrganisationError
from workers.apart import apart, each
from workers.gateway import payment_gateway

log = logging.getLogger(__name__)
PATIENCE = timedelta(hours=1)
# Stripe keeps events for thirty days; two are enough to bridge a failure over a weekend's night.
LOOK_BACK = timedelta(days=2)
SESSION = "checkout.session"
# Events about these lead to the same question: how does this payment stand now.
TOGETHER = frozenset({SESSION, "payment_intent", "charge"})


class SuspendedError(Exception):
    """The event's organisation is suspended; its money is booked when it comes back."""


def drain_inbox() -> None:
    """Hand over every event that waits; each in a transaction of its own."""
    begun(Job.DRAIN_INBOX)
    gateway = payment_gateway()
    until = time.monotonic() + DRAIN_SECONDS
    while _hand_over_next(gateway):
        if time.monotonic() > until:
            wake_now(Job.DRAIN_INBOX)
            return


def fetch_missed_events() -> None:
    """Ask the provider what happened lately and keep what never reached us."""
    begun(Job.FETCH_MISSED_EVENTS)
    for event in payment_gateway().events_since(datetime.now(UTC) - LOOK_BACK):
        keep_event(provider="stripe", event=event)


def settle_payments() -> None:
    """Ask how every payment stands that should have come to an end, or whose fee is not known."""
    begun(Job.SETTLE_PAYMENTS)
    gateway = payment_gateway()
    for organisation in each(runtime().registry.all_working()):
        with apart(Job.SETTLE_PAYMENTS, organisation.slug):
            _settle(organisation, gateway)


def _settle(organisation: OrgRef, gateway: PaymentGateway) -> None:
    with tenant_session(organisation) as session:
        waiting = giving.unsettled_payments(session, older_than=PATIENCE)
    for payment_id in waiting:
        try:
            with tenant_session(organisation) as session:
                giving.refetch_payment(session, gateway=gateway, payment_id=payment_id)
        except GatewayError as error:
            log.warning("payment_not_settled", extra={"reason": type(error).__name__})


def _hand_over_next(gateway: PaymentGateway) -> bool:
    with shared_session() as shared:
        claimed = outbox.claim_events(shared, together=TOGETHER)
        if not claimed:
            return False
        try:
            outcome = _handle(gateway, [_envelope(kept) for kept in claimed])
        except (GatewayError, SuspendedError) as error:
            _postpone(claimed, error)
            log.warning("event_postponed", extra={"event_type": claimed[0].event_type})
        except Exception as error:
            # Whatever is wrong with one payment, it must not hold up the ones behind it; its events
            # stay, because they may be money, and are tried again at longer and longer intervals.
            _postpone(claimed, error)
            extra = {"event_type": claimed[0].event_type, "reason": type(error).__name__}
            log.error("event_failed", extra=extra)
        else:
            for kept in claimed:
                outbox.finish_event(kept, outcome)
    return True


def _postpone(claimed: Sequence[SharedEvent], error: Exception) -> None:
    for kept in claimed:
        outbox.postpone_event(kept, type(error).__name__)


def _handle(gateway: PaymentGateway, events: Sequence[WebhookEvent]) -> str:
    schema = next((event.organisation for event in events if event.organisation), None)
    if schema is None:
        payment = gateway.payment_for(events[0])
        schema = payment.organisation if payment else None
    if runtime().registry.is_suspended(schema or ""):
        raise SuspendedError
    try:
        organisation = runtime().registry.by_schema(schema or "")
    except UnknownOrganisationError:
        return "nobody's"
    with tenant_session(organisation) as session:
        return _handle_once(session, gateway, events)


def _handle_once(session: Session, gateway: PaymentGateway, events: Sequence[WebhookEvent]) -> str:
    new = [
        event
        for event in events
        if outbox.handled_now(session, provider="stripe", event_id=event.id)
    ]
    if not new:
        return "repeated"
    # A session's answer holds everything that the payment's own does, and the page's end as well.
    telling = next((event for event in new if event.object_type == SESSION), new[-1])
    giving.handle_event(session, gateway, telling)
    return "handled"


def _envelope(kept: SharedEvent) -> WebhookEvent:
    return WebhookEvent(
        id=kept.event_id,
        type=kept.event_type,
        object_type=kept.object_type,
        object_id=kept.object_id,
        livemode=False,
        created=kept.received_at,
        organisation=kept.schema_name,
        payment_intent_id=kept.payment_intent_id,
    )
