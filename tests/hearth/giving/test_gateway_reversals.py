"""The gateway gives money back and reads disputes."""

from collections.abc import Callable
from typing import Any

import pytest

from hearth.giving.gateway import (
    CheckoutRequest,
    DisputeState,
    GatewayRefused,
    PaymentState,
    RefundRequest,
    RefundState,
)
from hearth.giving.stripe_gateway import StripeGateway

Eventually = Callable[[Callable[[], object]], None]


@pytest.fixture
def paid(gateway: StripeGateway, gift: CheckoutRequest, client: Any) -> str:
    """The payment intent of a gift paid by card."""
    session = gateway.create_checkout(gift, idempotency_key="gift-1")
    client.switch(f"sessions/{session.id}/pay", method="card")
    intent = gateway.payment_by_session(session.id).payment_intent_id
    assert intent is not None
    return intent


def test_two_equal_partial_refunds_with_keys_of_their_own_are_two(
    gateway: StripeGateway, paid: str
) -> None:
    part = RefundRequest("org_spb", paid, 500)

    first = gateway.refund(part, idempotency_key="refund-1")
    second = gateway.refund(part, idempotency_key="refund-2")
    again = gateway.refund(part, idempotency_key="refund-2")

    assert first.id != second.id
    assert again == second
    assert [one.id for one in gateway.refunds_of(paid)] == [first.id, second.id]
    payment = gateway.payment_by_intent(paid)
    assert (payment.state, payment.refunded_minor) == (PaymentState.SUCCEEDED, 1000)


@pytest.mark.parametrize("organisation", ["org_pskov", ""])
def test_a_payment_of_another_organisation_is_not_given_back(
    gateway: StripeGateway, paid: str, organisation: str
) -> None:
    with pytest.raises(GatewayRefused, match="another_organisation"):
        gateway.refund(RefundRequest(organisation, paid), idempotency_key="refund-1")

    assert gateway.refunds_of(paid) == ()


def test_a_whole_refund_ends_the_payment(
    gateway: StripeGateway, paid: str, eventually: Eventually
) -> None:
    gateway.refund(RefundRequest("org_spb", paid, 500), idempotency_key="refund-1")

    rest = gateway.refund(RefundRequest("org_spb", paid), idempotency_key="refund-2")

    assert (rest.amount_minor, rest.state) == (1000, RefundState.SUCCEEDED)
    assert rest.metadata == {"organisation": "org_spb"}
    assert gateway.payment_by_intent(paid).state is PaymentState.REFUNDED
    eventually(lambda: gateway.refund_by_id(rest.id).balance_transaction_id)


@pytest.mark.parametrize("amount", [1501, 0, -1])
def test_an_impossible_refund_is_refused(gateway: StripeGateway, paid: str, amount: int) -> None:
    request = RefundRequest("org_spb", paid, amount)

    with pytest.raises(GatewayRefused) as refusal:
        gateway.refund(request, idempotency_key="refund-1")

    assert refusal.value.parameter == "amount"
    assert gateway.refunds_of(paid) == ()


def test_nothing_is_left_to_refund_after_a_whole_refund(gateway: StripeGateway, paid: str) -> None:
    gateway.refund(RefundRequest("org_spb", paid), idempotency_key="refund-1")

    with pytest.raises(GatewayRefused) as refusal:
        gateway.refund(RefundRequest("org_spb", paid), idempotency_key="refund-2")

    assert refusal.value.code == "charge_already_refunded"


def test_a_refund_made_in_the_dashboard_is_found_without_our_metadata(
    gateway: StripeGateway, paid: str, client: Any
) -> None:
    client.switch(f"payments/{paid}/refund", amount=700)

    refunds = gateway.refunds_of(paid)

    assert [(one.amount_minor, dict(one.metadata)) for one in refunds] == [(700, {})]


@pytest.mark.parametrize(("won", "outcome"), [(True, DisputeState.WON), (False, DisputeState.LOST)])
def test_a_dispute_is_open_then_decided_and_its_fee_stays(
    gateway: StripeGateway, paid: str, client: Any, won: bool, outcome: DisputeState
) -> None:
    dispute_id = client.switch(f"payments/{paid}/dispute")["id"]
    before = gateway.dispute_by_id(dispute_id)

    client.switch(f"disputes/{dispute_id}/close", won=won)

    after = gateway.dispute_by_id(dispute_id)
    assert (before.state, before.amount_minor, before.fee_minor) == (DisputeState.OPEN, 1500, 2000)
    assert before.payment_intent_id == paid
    assert (after.state, after.fee_minor) == (outcome, 2000)
    assert gateway.payment_by_intent(paid).state is PaymentState.DISPUTED
