"""The gateway opens payment pages and reads what became of them."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hearth.giving.gateway import (
    CheckoutRequest,
    GatewayRefused,
    GatewayUnavailable,
    PaymentState,
)
from hearth.giving.sandbox.server import SandboxServer
from hearth.giving.stripe_gateway import StripeGateway

Eventually = Callable[[Callable[[], object]], None]


def test_the_same_key_opens_one_page(gateway: StripeGateway, gift: CheckoutRequest) -> None:
    first = gateway.create_checkout(gift, idempotency_key="gift-1")

    second = gateway.create_checkout(gift, idempotency_key="gift-1")
    other = gateway.create_checkout(gift, idempotency_key="gift-2")

    assert second == first
    assert other.id != first.id


def test_the_same_key_with_another_amount_is_refused(
    gateway: StripeGateway, gift: CheckoutRequest
) -> None:
    gateway.create_checkout(gift, idempotency_key="gift-1")

    with pytest.raises(GatewayRefused) as refusal:
        gateway.create_checkout(replace(gift, amount_minor=1600), idempotency_key="gift-1")

    assert refusal.value.code == "idempotency_error"


def test_a_key_is_forgotten_after_a_day(
    gateway: StripeGateway, gift: CheckoutRequest, client: Any
) -> None:
    first = gateway.create_checkout(gift, idempotency_key="gift-1")
    client.switch("clock", advance=86_401)

    second = gateway.create_checkout(gift, idempotency_key="gift-1")

    assert second.id != first.id


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount_minor": 49}, "amount_too_small"),
        ({"amount_minor": 0}, "amount_too_small"),
        ({"amount_minor": -500}, "parameter_invalid_integer"),
        ({"amount_minor": 10**12}, "amount_too_large"),
        ({"currency": "XXX"}, "parameter_invalid"),
        ({"donor_email": "nobody"}, "email_invalid"),
        ({"locale": "klingon"}, "parameter_invalid"),
        ({"success_url": "javascript:alert(1)"}, "url_invalid"),
    ],
)
def test_what_stripe_would_refuse_is_refused(
    gateway: StripeGateway, gift: CheckoutRequest, change: dict[str, Any], code: str
) -> None:
    request = replace(gift, **change)

    with pytest.raises(GatewayRefused) as refusal:
        gateway.create_checkout(request, idempotency_key="gift-1")

    assert refusal.value.code == code


def test_a_refusal_never_quotes_the_donor(gateway: StripeGateway, gift: CheckoutRequest) -> None:
    request = replace(gift, donor_email="secret-name")

    with pytest.raises(GatewayRefused) as refusal:
        gateway.create_checkout(request, idempotency_key="gift-1")

    assert str(refusal.value) == "email_invalid (customer_email)"
    assert refusal.value.__suppress_context__


def test_the_sdk_logs_nothing_about_a_donor(
    gateway: StripeGateway, gift: CheckoutRequest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    gateway.create_checkout(gift, idempotency_key="gift-1")

    assert gift.donor_email not in caplog.text
    assert "donor" not in caplog.text


def test_a_gift_by_card_succeeds_at_once_and_its_fee_follows(
    gateway: StripeGateway, gift: CheckoutRequest, client: Any
) -> None:
    client.switch("settings", fee_after_seconds=3600)
    session = gateway.create_checkout(gift, idempotency_key="gift-1")
    client.switch(f"sessions/{session.id}/pay", method="card")

    payment = gateway.payment_by_session(session.id)

    assert payment.state is PaymentState.SUCCEEDED
    assert (payment.amount_minor, payment.currency) == (1500, "EUR")
    assert (payment.fee_minor, payment.net_minor) == (None, None)
    assert payment.organisation == "org_spb"
    assert payment.gift_id == gift.gift_id
    assert payment.method == "card"


def test_a_late_fee_arrives(
    gateway: StripeGateway, gift: CheckoutRequest, client: Any, eventually: Eventually
) -> None:
    client.switch("settings", fee_after_seconds=3600)
    session = gateway.create_checkout(gift, idempotency_key="gift-1")
    client.switch(f"sessions/{session.id}/pay", method="card")

    client.switch("clock", advance=3601)

    eventually(lambda: gateway.payment_by_session(session.id).fee_minor is not None)
    payment = gateway.payment_by_session(session.id)
    assert (payment.fee_minor, payment.net_minor) == (48, 1452)
    assert (payment.settled_minor, payment.settled_currency) == (1500, "EUR")
    assert payment.balance_transaction_id is not None


def test_session_intent_and_charge_lead_to_the_same_payment(
    gateway: StripeGateway, gift: CheckoutRequest, client: Any
) -> None:
    session = gateway.create_checkout(gift, idempotency_key="gift-1")
    client.switch(f"sessions/{session.id}/pay", method="ideal")

    payment = gateway.payment_by_session(session.id)
    assert payment.payment_intent_id is not None
    assert payment.charge_id is not None
    by_intent = gateway.payment_by_intent(payment.payment_intent_id)
    by_charge = gateway.payment_by_charge(payment.charge_id)

    assert by_intent == by_charge
    assert by_intent.charge_id == payment.charge_id
    assert by_intent.method == "ideal"


def test_a_declined_card_leaves_room_for_another_try(
    gateway: StripeGateway, gift: CheckoutRequest, client: Any
) -> None:
    session = gateway.create_checkout(gift, idempotency_key="gift-1")
    client.switch(f"sessions/{session.id}/pay", method="card_declined")

    declined = gateway.payment_by_session(session.id)
    assert declined.payment_intent_id is not None
    from_intent = gateway.payment_by_intent(declined.payment_intent_id)
    client.switch(f"sessions/{session.id}/pay", method="card")
    paid = gateway.payment_by_session(session.id)

    assert declined.state is PaymentState.ACTION_REQUIRED
    assert declined.failure_code == "card_declined"
    assert from_intent.state is PaymentState.ACTION_REQUIRED
    assert paid.state is PaymentState.SUCCEEDED
    assert paid.payment_intent_id == declined.payment_intent_id


@pytest.mark.parametrize(
    ("succeed", "outcome"), [(True, PaymentState.SUCCEEDED), (False, PaymentState.FAILED)]
)
def test_a_debit_is_processing_until_the_bank_has_spoken(
    gateway: StripeGateway,
    gift: CheckoutRequest,
    client: Any,
    succeed: bool,
    outcome: PaymentState,
) -> None:
    session = gateway.create_checkout(gift, idempotency_key="gift-1")
    client.switch(f"sessions/{session.id}/pay", method="sepa_debit")
    waiting = gateway.payment_by_session(session.id)

    client.switch(f"payments/{waiting.payment_intent_id}/settle", succeed=succeed)

    assert waiting.state is PaymentState.PROCESSING
    assert waiting.payment_intent_id is not None
    assert gateway.payment_by_session(session.id).state is outcome
    assert gateway.payment_by_intent(waiting.payment_intent_id).state is outcome


def test_an_open_page_can_be_expired_once(gateway: StripeGateway, gift: CheckoutRequest) -> None:
    session = gateway.create_checkout(gift, idempotency_key="gift-1")

    expired = gateway.expire_checkout(session.id)
    with pytest.raises(GatewayRefused):
        gateway.expire_checkout(session.id)

    assert expired.url is None
    assert gateway.payment_by_session(session.id).state is PaymentState.FAILED


def test_a_page_expires_when_its_time_is_over(
    gateway: StripeGateway, gift: CheckoutRequest, client: Any, eventually: Eventually
) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=31)
    session = gateway.create_checkout(replace(gift, expires_at=soon), idempotency_key="gift-1")

    client.switch("clock", advance=32 * 60)

    eventually(lambda: gateway.payment_by_session(session.id).state is PaymentState.FAILED)


def test_an_unknown_session_is_refused(gateway: StripeGateway) -> None:
    unknown = "cs_test_nothing"

    with pytest.raises(GatewayRefused) as refusal:
        gateway.payment_by_session(unknown)

    assert refusal.value.code == "resource_missing"


def test_one_stumble_of_stripe_is_not_noticed(
    gateway: StripeGateway, gift: CheckoutRequest, client: Any
) -> None:
    client.switch("settings", fail_next_requests=1)

    session = gateway.create_checkout(gift, idempotency_key="gift-1")

    assert session.url is not None


def test_a_longer_failure_is_told_apart_from_a_refusal(
    gateway: StripeGateway, gift: CheckoutRequest, client: Any
) -> None:
    client.switch("settings", fail_next_requests=2)

    with pytest.raises(GatewayUnavailable):
        gateway.create_checkout(gift, idempotency_key="gift-1")

    assert client.get("/_sandbox/state").json()["objects"]["checkout.session"] == 0


def test_nobody_at_the_other_end_is_unavailable(gift: CheckoutRequest) -> None:
    alone = StripeGateway(api_key="sk_test_sandbox", api_base="http://127.0.0.1:9")

    with pytest.raises(GatewayUnavailable):
        alone.create_checkout(gift, idempotency_key="gift-1")


def test_a_wrong_key_is_unavailable_so_that_no_gift_is_given_up(
    sandbox: SandboxServer, gift: CheckoutRequest
) -> None:
    stranger = StripeGateway(api_key="sk_test_other", api_base=sandbox.url)

    with pytest.raises(GatewayUnavailable, match="AuthenticationError, status 401"):
        stranger.create_checkout(gift, idempotency_key="gift-1")


def test_a_key_without_a_mode_is_refused_at_the_start() -> None:
    key = "pk_test_publishable"

    with pytest.raises(ValueError, match="begins with"):
        StripeGateway(api_key=key)
