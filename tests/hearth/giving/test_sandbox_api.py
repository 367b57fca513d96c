"""The sandbox answers the pinned SDK as Stripe would, and refuses what Stripe would refuse."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, cast

import pytest
import stripe
from stripe.params.checkout import SessionCreateParams

from hearth.giving.sandbox.server import SandboxServer

Eventually = Callable[[Callable[[], object]], None]


def session_params(**changes: Any) -> SessionCreateParams:
    price = {"currency": "eur", "unit_amount": 1500, "product_data": {"name": "Gift"}}
    params = {
        "mode": "payment",
        "success_url": "http://localhost/thanks",
        "line_items": [{"quantity": 1, "price_data": price}],
    }
    return cast("SessionCreateParams", {**params, **changes})


@pytest.fixture
def sdk(sandbox: SandboxServer) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_sandbox", base_addresses={"api": sandbox.url}, max_network_retries=0
    )


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        (
            {"payment_intent_data": {"metadta": {"a": "b"}}},
            "parameter_unknown",
            "payment_intent_data[metadta]",
        ),
        ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
        (
            {"line_items": [{"quantity": 1, "price_data": {"unit_amount": 1500}}]},
            "parameter_missing",
            "line_items[0][price_data][currency]",
        ),
        ({"line_items": [{"quantity": "two"}]}, "parameter_invalid_integer", None),
        ({"line_items": []}, "parameter_missing", "line_items"),
        ({"submit_type": "give"}, "parameter_invalid", "submit_type"),
        ({"metadata": {"x" * 41: "y"}}, "parameter_invalid", None),
        ({"phone_number_collection": {"enabled": True}}, "sandbox", "phone_number_collection"),
        ({"mode": "subscription"}, "sandbox", "mode"),
        ({"expires_at": 1}, "parameter_invalid", "expires_at"),
    ],
)
def test_a_wrong_parameter_is_named(
    sdk: stripe.StripeClient, changes: dict[str, Any], code: str, param: str | None
) -> None:
    params = session_params(**changes)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        sdk.v1.checkout.sessions.create(params)

    assert refusal.value.code == code
    assert param in (None, refusal.value.param)


def test_a_wrong_key_and_another_version_are_refused(sandbox: SandboxServer) -> None:
    stranger = stripe.StripeClient("sk_test_other", base_addresses={"api": sandbox.url})
    old = stripe.StripeClient(
        "sk_test_sandbox", stripe_version="2024-06-20", base_addresses={"api": sandbox.url}
    )

    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.events.list()
    with pytest.raises(stripe.InvalidRequestError):
        old.v1.events.list()

    assert sandbox.machine.counts()["objects"]["event"] == 0


def test_every_object_has_the_fields_its_sdk_class_declares(
    sdk: stripe.StripeClient, client: Any, eventually: Eventually
) -> None:
    intent = client.switch("payments")["payment_intent"]
    eventually(lambda: sdk.v1.balance_transactions.list().data)
    client.switch(f"payments/{intent}/refund", amount=100)
    client.switch(f"payments/{intent}/dispute")
    client.switch("payments")
    eventually(lambda: len(sdk.v1.balance_transactions.list({"type": "charge"}).data) == 2)
    client.switch("payouts")
    sdk.v1.customers.create({"email": "donor@example.org"})

    listed: list[Any] = [
        sdk.v1.checkout.sessions.list(),
        sdk.v1.payment_intents.list(),
        sdk.v1.charges.list(),
        sdk.v1.balance_transactions.list(),
        sdk.v1.refunds.list(),
        sdk.v1.disputes.list(),
        sdk.v1.events.list(),
        sdk.v1.customers.list(),
    ]

    for page in listed:
        one: stripe.StripeObject = page.data[0]
        declared = type(one).__annotations__
        optional = ("Optional", "NoneType", "ClassVar")
        required = {
            name
            for name, kind in declared.items()
            if not any(word in str(kind) for word in optional)
        }
        shown = set(one.to_dict())
        assert shown <= set(declared) | {"id"}, type(one)
        assert required <= shown | {"id"}, type(one)


def test_a_payout_is_the_sum_of_its_lines(
    sdk: stripe.StripeClient, client: Any, eventually: Eventually
) -> None:
    for _ in range(3):
        client.switch("payments", amount=1501)
    eventually(lambda: len(sdk.v1.balance_transactions.list().data) == 3)

    [payout] = client.switch("payouts")["data"]

    lines = sdk.v1.balance_transactions.list({"payout": payout["id"]}).data
    assert len(lines) == 4
    assert sum(line.net for line in lines) == 0
    assert sum(line.net for line in lines if line.type == "charge") == payout["amount"]
    assert client.switch("payouts")["data"] == []


def test_lists_are_cut_by_cursor_both_ways(sdk: stripe.StripeClient, client: Any) -> None:
    for _ in range(5):
        client.switch("payments")
    newest_first = [one.id for one in sdk.v1.charges.list().data]

    older = sdk.v1.charges.list({"starting_after": newest_first[1], "limit": 2})
    newer = sdk.v1.charges.list({"ending_before": newest_first[3], "limit": 2})

    assert [one.id for one in older.data] == newest_first[2:4]
    assert [one.id for one in newer.data] == newest_first[1:3]
    assert older.has_more
    assert newer.has_more


def test_what_cannot_be_expanded_is_refused(sdk: stripe.StripeClient, client: Any) -> None:
    session_id = client.switch("payments")["id"]

    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        sdk.v1.checkout.sessions.retrieve(session_id, {"expand": ["nonsense"]})

    session = sdk.v1.checkout.sessions.retrieve(session_id, {"expand": ["payment_intent"]})
    assert isinstance(session.payment_intent, stripe.PaymentIntent)


def test_an_unknown_switch_or_an_impossible_value_is_refused(client: Any) -> None:
    headers = {"Content-Type": "application/json"}

    unknown = client.ask("POST", "/_sandbox/settings", '{"droop": 1}', headers)
    impossible = client.ask("POST", "/_sandbox/settings", '{"drop": 2}', headers)
    nowhere = client.ask("POST", "/_sandbox/settings", '{"webhook_url": "spb:x"}', headers)

    assert (unknown.status, impossible.status, nowhere.status) == (400, 400, 400)
    assert client.get("/_sandbox/state").json()["settings"]["drop"] == 0


def test_the_sandbox_refuses_to_load_without_leave() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "HEARTH_SANDBOX"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)

    outcome = subprocess.run(
        [sys.executable, "-c", "import hearth.giving.sandbox"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 1
    assert "set HEARTH_SANDBOX=1" in outcome.stderr


def test_the_gateway_and_the_site_do_without_the_sandbox() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "HEARTH_SANDBOX"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)

    outcome = subprocess.run(
        [sys.executable, "-c", "import hearth.giving.stripe_gateway"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stderr
