"""Events reach the webhook as Stripe's would: signed, again after a failure, and never in order."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hearth.giving.gateway import CheckoutRequest, PaymentState
from hearth.giving.sandbox.machine import Machine
from hearth.giving.sandbox.server import SandboxServer
from hearth.giving.stripe_gateway import StripeGateway

Eventually = Callable[[Callable[[], object]], None]
BY_CARD = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
    "charge.updated",
]


def test_a_card_payment_tells_its_story_in_order(
    client: Any, receiver: Any, eventually: Eventually
) -> None:
    client.switch("payments", method="card")

    eventually(lambda: len(receiver.letters) == 5)

    objects = [json.loads(raw)["data"]["object"] for raw, _header in receiver.letters]
    assert receiver.types == BY_CARD
    assert objects[1]["balance_transaction"] is None
    assert objects[3]["payment_status"] == "paid"
    assert objects[4]["balance_transaction"] is not None
    assert not any(name.startswith("_") for one in objects for name in one)


@pytest.mark.parametrize(
    ("succeed", "ending"),
    [
        (
            True,
            [
                "charge.succeeded",
                "payment_intent.succeeded",
                "checkout.session.async_payment_succeeded",
                "charge.updated",
            ],
        ),
        (
            False,
            [
                "charge.failed",
                "payment_intent.payment_failed",
                "checkout.session.async_payment_failed",
            ],
        ),
    ],
)
def test_a_debit_completes_unpaid_and_ends_later(
    client: Any, receiver: Any, eventually: Eventually, succeed: bool, ending: list[str]
) -> None:
    session = client.switch("payments", method="sepa_debit")
    eventually(lambda: len(receiver.letters) == 4)

    client.switch(f"payments/{session['payment_intent']}/settle", succeed=succeed)

    eventually(lambda: len(receiver.letters) == 4 + len(ending))
    assert session["payment_status"] == "unpaid"
    assert receiver.types == [
        "payment_intent.created",
        "charge.pending",
        "payment_intent.processing",
        "checkout.session.completed",
        *ending,
    ]


def test_a_debit_settles_by_itself_when_its_time_has_come(
    client: Any, receiver: Any, eventually: Eventually
) -> None:
    client.switch("settings", sepa_after_seconds=5 * 86_400, sepa_succeeds=False)
    client.switch("payments", method="sepa_debit")

    client.switch("clock", advance=6 * 86_400)

    eventually(lambda: "checkout.session.async_payment_failed" in receiver.types)


def test_refunds_and_disputes_are_told(client: Any, receiver: Any, eventually: Eventually) -> None:
    intent = client.switch("payments")["payment_intent"]
    client.switch(f"payments/{intent}/refund", amount=500)
    dispute = client.switch(f"payments/{intent}/dispute")

    client.switch(f"disputes/{dispute['id']}/close", won=True)

    expected = {
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    }
    eventually(lambda: expected <= set(receiver.types))


def test_every_event_can_come_twice(client: Any, receiver: Any, eventually: Eventually) -> None:
    client.switch("settings", duplicate=1)

    client.switch("payments")

    eventually(lambda: len(receiver.letters) == 10)
    ids = Counter(json.loads(raw)["id"] for raw, _header in receiver.letters)
    assert set(ids.values()) == {2}


def test_events_can_come_in_reverse(client: Any, receiver: Any, eventually: Eventually) -> None:
    client.switch("settings", reorder_seconds=100_000, fee_after_seconds=100_000_000)
    client.switch("payments")

    client.switch("clock", advance=100_000)

    eventually(lambda: len(receiver.letters) == 4)
    assert receiver.types == BY_CARD[3::-1]


def test_a_lost_event_is_found_in_the_list_and_can_be_sent_again(
    client: Any, receiver: Any, eventually: Eventually, sandbox: SandboxServer
) -> None:
    client.switch("settings", drop=1)
    client.switch("payments")
    eventually(lambda: sandbox.machine.counts()["deliveries"].get("dropped") == 5)
    client.switch("settings", drop=0)

    lost = client.get(
        "/v1/events?delivery_success=false&types[0]=checkout.session.completed",
        {"Authorization": "Bearer sk_test_sandbox"},
    ).json()["data"]
    client.switch(f"events/{lost[0]['id']}/redeliver")

    eventually(lambda: receiver.types == ["checkout.session.completed"])
    assert len(lost) == 1


def test_chance_drops_the_same_share_every_time(client: Any, sandbox: SandboxServer) -> None:
    client.switch("settings", seed=7)
    switches = sandbox.machine.switches

    first = [switches.chance("drop", number, 0.3) for number in range(1000)]
    second = [switches.chance("drop", number, 0.3) for number in range(1000)]

    assert first == second
    assert 250 < sum(first) < 350


def test_a_delayed_event_waits(client: Any, receiver: Any, eventually: Eventually) -> None:
    client.switch("settings", delay_seconds=3600)
    client.switch("payments")
    eventually(lambda: client.get("/_sandbox/state").json()["tasks"] == 1)
    early = list(receiver.types)

    client.switch("clock", advance=3601)

    eventually(lambda: len(receiver.letters) >= 4)
    assert early == []


def test_a_refused_event_comes_again(client: Any, receiver: Any, eventually: Eventually) -> None:
    receiver.refusals = 3

    client.switch("payments")

    eventually(lambda: sorted(receiver.types) == sorted(BY_CARD))
    # An attempt is counted when its answer has come back, a moment after it was heard.
    eventually(lambda: client.get("/_sandbox/state").json()["attempts"] >= 8)
    assert client.get("/_sandbox/state").json()["attempts"] == 8


def test_a_restart_keeps_objects_keys_and_undelivered_events(
    state_file: Path, gift: CheckoutRequest, eventually: Eventually
) -> None:
    nobody = "http://127.0.0.1:9/webhooks/stripe"
    before = Machine(state_file)
    before.switches.set({"webhook_url": nobody, "sepa_after_seconds": None})
    with SandboxServer(before) as server:
        gateway = StripeGateway(api_key="sk_test_sandbox", api_base=server.url)
        session = gateway.create_checkout(gift, idempotency_key="gift-1")
        before.checkout.pay(session.id, "sepa_debit")
        eventually(lambda: before.counts()["attempts"] >= 4)

    after = Machine(state_file)
    with SandboxServer(after) as server:
        gateway = StripeGateway(api_key="sk_test_sandbox", api_base=server.url)
        again = gateway.create_checkout(gift, idempotency_key="gift-1")
        payment = gateway.payment_by_session(session.id)
        counts = after.counts()

    assert again.id == session.id
    assert payment.state is PaymentState.PROCESSING
    assert sum(counts["deliveries"].values()) == 4
    assert "delivered" not in counts["deliveries"]
    assert after.switches.now.webhook_url == nobody
