"""The drain: trouble stays with the payment it belongs to, and one question answers many events."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.giving.gateway import PaymentSnapshot, WebhookEvent
from hearth.outbox.models import SharedEvent
from hearth.webhooks.services import keep_event
from tenants.context import Runtime
from tenants.registry import OrgRef
from workers import money


class Provider:
    """Answers with nothing, breaks over one payment, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def payment_for(self, event: WebhookEvent) -> PaymentSnapshot | None:
        self.asked.append(event.payment_intent_id)
        if event.payment_intent_id == "pi_broken":
            raise ZeroDivisionError
        return None


def test_an_event_that_breaks_its_handling_does_not_hold_up_those_behind_it(
    runtime: Runtime, shared: Session
) -> None:
    keep_event(provider="stripe", event=_event("evt_1", "pi_broken"))
    keep_event(provider="stripe", event=_event("evt_2", "pi_whole"))
    provider: Any = Provider()

    handled = [money._hand_over_next(provider) for _ in range(3)]

    kept = {event.event_id: event for event in shared.scalars(select(SharedEvent))}
    assert handled == [True, True, False]
    assert kept["evt_1"].done_at is None
    assert kept["evt_1"].attempts == 1
    assert kept["evt_2"].done_at is not None


def test_events_of_one_payment_that_wait_together_are_one_question(
    spb: OrgRef, shared: Session
) -> None:
    for number, kind in enumerate(("payment_intent", "charge", "checkout.session")):
        event = _event(f"evt_{number}", "pi_same", kind=kind, organisation=spb.schema_name)
        keep_event(provider="stripe", event=event)
    provider: Any = Provider()

    handled = [money._hand_over_next(provider) for _ in range(2)]

    outcomes = shared.scalars(select(SharedEvent.outcome)).all()
    assert handled == [True, False]
    assert provider.asked == ["pi_same"]
    assert outcomes == ["handled"] * 3


def test_a_refunds_event_is_never_taken_together_with_others(spb: OrgRef, shared: Session) -> None:
    for number, kind in enumerate(("refund", "charge", "refund")):
        event = _event(f"evt_{number}", "pi_same", kind=kind, organisation=spb.schema_name)
        keep_event(provider="stripe", event=event)
    provider: Any = Provider()

    handled = [money._hand_over_next(provider) for _ in range(4)]

    assert handled == [True, True, True, False]


def _event(
    event_id: str, intent: str, *, kind: str = "payment_intent", organisation: str | None = None
) -> WebhookEvent:
    return WebhookEvent(
        id=event_id,
        type=f"{kind}.updated",
        object_type=kind,
        object_id=f"object_of_{event_id}",
        livemode=False,
        created=datetime.now(UTC),
        organisation=organisation,
        payment_intent_id=intent,
    )
