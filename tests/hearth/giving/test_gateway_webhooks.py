"""The gateway believes a webhook only when Stripe signed it, lately and for this mode."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe

from hearth.giving.gateway import CheckoutRequest, InvalidSignature, PaymentState
from hearth.giving.stripe_gateway import StripeGateway

Eventually = Callable[[Callable[[], object]], None]
SECRET = "whsec_sandbox"


def signed(event: Any, *, secret: str = SECRET, age: int = 0) -> tuple[bytes, str]:
    body = json.dumps(event)
    header = stripe.WebhookSignature.generate_signature_header(body, secret, int(time.time()) - age)
    return body.encode(), header


def an_event(*, livemode: bool = False) -> dict[str, Any]:
    subject = {
        "id": "pi_1",
        "object": "payment_intent",
        "metadata": {"organisation": "org_spb", "gift": "1"},
        "receipt_email": "donor@example.org",
    }
    return {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": 1_790_000_000,
        "livemode": livemode,
        "data": {"object": subject},
    }


@pytest.fixture
def listener() -> StripeGateway:
    return StripeGateway(api_key="sk_test_sandbox", webhook_secrets=("whsec_new", SECRET))


@pytest.mark.parametrize("secret", [SECRET, "whsec_new"])
def test_either_secret_is_accepted_while_they_are_changed(
    listener: StripeGateway, secret: str
) -> None:
    raw, header = signed(an_event(), secret=secret)

    event = listener.verify_webhook(raw, header)

    assert (event.id, event.type) == ("evt_1", "payment_intent.succeeded")
    assert (event.object_type, event.object_id) == ("payment_intent", "pi_1")
    assert event.payment_intent_id == "pi_1"
    assert event.organisation == "org_spb"
    assert "donor@example.org" not in repr(event)


@pytest.mark.parametrize(
    ("raw", "header"),
    [
        signed(an_event(), secret="whsec_stolen"),
        signed(an_event(), age=301),
        signed(an_event(livemode=True)),
        (signed(an_event())[0] + b" ", signed(an_event())[1]),
        (signed(an_event())[0], ""),
        (signed(an_event())[0], "t=now,v1=nonsense"),
        (b"\xff\xfe", signed(an_event())[1]),
        signed({"id": "evt_1", "object": "v2.core.event", "type": "v1.charge.succeeded"}),
        signed([]),
        signed("text"),
    ],
    ids=[
        "wrong secret",
        "too old",
        "live event in test mode",
        "changed body",
        "no signature",
        "broken signature",
        "not text",
        "thin event",
        "list",
        "string",
    ],
)
def test_anything_else_is_refused(listener: StripeGateway, raw: bytes, header: str) -> None:
    letter = raw

    with pytest.raises(InvalidSignature) as refusal:
        listener.verify_webhook(letter, header)

    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


def test_a_live_key_takes_live_events_only() -> None:
    live = StripeGateway(api_key="rk_live_reader", webhook_secrets=(SECRET,))

    event = live.verify_webhook(*signed(an_event(livemode=True)))

    assert event.livemode
    with pytest.raises(InvalidSignature):
        live.verify_webhook(*signed(an_event()))


def test_no_secret_accepts_nothing() -> None:
    deaf = StripeGateway(api_key="sk_test_sandbox")

    with pytest.raises(InvalidSignature):
        deaf.verify_webhook(*signed(an_event()))


def test_what_the_sandbox_sends_is_accepted_by_us_and_by_the_sdk(
    gateway: StripeGateway, client: Any, receiver: Any, eventually: Eventually
) -> None:
    client.switch("payments", metadata={"organisation": "org_spb"})
    eventually(lambda: "checkout.session.completed" in receiver.types)

    # A further notice may arrive while these are read.
    letters = list(receiver.letters)
    events = [gateway.verify_webhook(raw, header) for raw, header in letters]
    built = [stripe.Webhook.construct_event(raw, header, SECRET) for raw, header in letters]

    assert [event.id for event in events] == [event.id for event in built]
    assert {event.organisation for event in events} == {"org_spb"}


def test_every_money_event_leads_to_the_payment(
    gateway: StripeGateway, gift: CheckoutRequest, client: Any
) -> None:
    session = gateway.create_checkout(gift, idempotency_key="gift-1")
    client.switch(f"sessions/{session.id}/pay", method="card")
    intent = gateway.payment_by_session(session.id).payment_intent_id
    client.switch(f"payments/{intent}/refund", amount=100)
    client.switch(f"payments/{intent}/dispute")

    events = list(gateway.events_since(datetime.now(UTC) - timedelta(hours=1)))
    payments = [gateway.payment_for(event) for event in events]

    assert {event.object_type for event in events} == {
        "checkout.session",
        "payment_intent",
        "charge",
        "refund",
        "dispute",
    }
    assert {one.payment_intent_id for one in payments if one} == {intent}
    assert {one.state for one in payments if one} == {PaymentState.DISPUTED}
    assert None not in payments


def test_missed_events_come_back_in_the_order_they_happened(
    gateway: StripeGateway, client: Any
) -> None:
    for _ in range(40):
        client.switch("payments")

    everything = list(gateway.events_since(datetime.now(UTC) - timedelta(hours=1)))
    middle = everything[len(everything) // 2]
    rest = list(gateway.events_since(middle.created, after=middle.id))

    assert len(everything) > 100
    assert everything[0].type == "charge.succeeded"
    assert [event.created for event in everything] == sorted(e.created for e in everything)
    assert (
        rest[: len(everything) // 2 - 1]
        == everything[len(everything) // 2 + 1 :][: len(everything) // 2 - 1]
    )


def test_only_the_wanted_types_come_back(gateway: StripeGateway, client: Any) -> None:
    client.switch("payments")
    client.switch("payments")

    events = list(
        gateway.events_since(
            datetime.now(UTC) - timedelta(hours=1), types=["checkout.session.completed"]
        )
    )

    assert [event.type for event in events] == ["checkout.session.completed"] * 2
