"""From the form to the books: a donor at the sandbox, its events, and what we make of them."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.giving import services
from hearth.giving.gateway import RefundState, WebhookEvent
from hearth.giving.models import Fund, Gift, GiftState, Payment
from hearth.giving.settlement import INSTRUCTION, THANK_YOU
from hearth.giving.stripe_gateway import StripeGateway
from hearth.ledger import services as ledger
from hearth.outbox.models import OutboxMessage
from hearth.web.request import HearthFlask
from tests.factories.giving import make_fund
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def site(app: HearthFlask, gateway: StripeGateway) -> Iterator[HearthFlask]:
    """The application with the sandbox behind it."""
    before = app.extensions["payment_gateway"]
    app.extensions["payment_gateway"] = gateway
    yield app
    app.extensions["payment_gateway"] = before


@pytest.fixture
def fund(session: Session) -> Fund:
    return make_fund(session)


@pytest.fixture
def payment(site: HearthFlask, visitor: MakeVisitor, session: Session, fund: Fund) -> Payment:
    """A payment whose page is open in a donor's browser."""
    visitor().submit(
        "/give?lang=nl",
        {"amount": "1500", "fund_id": str(fund.id), "email": "anneke@example.org"},
    )
    return session.scalars(select(Payment).join(Payment.gift).where(Gift.fund_id == fund.id)).one()


def events(gateway: StripeGateway) -> list[WebhookEvent]:
    return list(gateway.events_since(datetime.now(UTC) - timedelta(days=1)))


def follow(session: Session, gateway: StripeGateway) -> None:
    for event in events(gateway):
        services.handle_event(session, gateway, event)


def mails_about(session: Session, payment: Payment) -> list[str]:
    keys = [f"{THANK_YOU}:{payment.id}", f"{INSTRUCTION}:{payment.id}"]
    found = session.scalars(select(OutboxMessage).where(OutboxMessage.key.in_(keys)))
    return sorted(message.payload["template"] for message in found)


def kinds_booked(session: Session, payment: Payment) -> list[str]:
    booked = ledger.transactions_about(session, subject_id=payment.gift_id)
    return sorted(transaction.kind for transaction in booked)


def test_a_gift_by_ideal_arrives(
    session: Session, gateway: StripeGateway, client: Any, payment: Payment
) -> None:
    client.switch(f"sessions/{payment.checkout_session_id}/pay", method="ideal")

    follow(session, gateway)

    assert payment.gift.state == GiftState.RECEIVED
    assert payment.method == "ideal"
    assert payment.fee_minor
    assert payment.net_minor == 1500 - payment.fee_minor
    assert kinds_booked(session, payment) == ["fee", "gift"]
    assert mails_about(session, payment) == [THANK_YOU]


@pytest.mark.parametrize("seed", range(4))
def test_events_twice_and_in_any_order_make_one_gift(
    session: Session, gateway: StripeGateway, client: Any, payment: Payment, seed: int
) -> None:
    client.switch(f"sessions/{payment.checkout_session_id}/pay", method="card")
    told = events(gateway) * 2
    random.Random(seed).shuffle(told)  # noqa: S311 - a repeatable order, no secret.

    for event in told:
        services.handle_event(session, gateway, event)

    assert kinds_booked(session, payment) == ["fee", "gift"]
    assert mails_about(session, payment) == [THANK_YOU]


def test_a_fee_that_comes_a_day_later_is_booked_then(
    session: Session, gateway: StripeGateway, client: Any, payment: Payment
) -> None:
    client.switch("settings", fee_after_seconds=3600)
    client.switch(f"sessions/{payment.checkout_session_id}/pay", method="card")
    follow(session, gateway)
    before = (payment.gift.state, payment.fee_minor)

    client.switch("clock", advance=3601)
    follow(session, gateway)

    assert before == (GiftState.RECEIVED, None)
    assert payment.fee_minor is not None
    assert kinds_booked(session, payment) == ["fee", "gift"]


@pytest.mark.parametrize(
    ("succeed", "state", "mails"),
    [
        (True, GiftState.RECEIVED, [INSTRUCTION, THANK_YOU]),
        (False, GiftState.FAILED, [INSTRUCTION]),
    ],
)
def test_a_direct_debit_takes_days(
    session: Session,
    gateway: StripeGateway,
    client: Any,
    payment: Payment,
    succeed: bool,
    state: GiftState,
    mails: list[str],
) -> None:
    client.switch(f"sessions/{payment.checkout_session_id}/pay", method="sepa_debit")
    follow(session, gateway)
    during = payment.gift.state

    client.switch(f"payments/{payment.payment_intent_id}/settle", succeed=succeed)
    follow(session, gateway)

    assert during == GiftState.ON_ITS_WAY
    assert payment.gift.state == state
    assert mails_about(session, payment) == mails


def test_a_page_that_nobody_paid_in_time_ends_the_gift(
    session: Session, gateway: StripeGateway, client: Any, payment: Payment
) -> None:
    client.switch("clock", advance=86_401)

    follow(session, gateway)

    assert payment.gift.state == GiftState.FAILED
    assert kinds_booked(session, payment) == []


def test_lost_events_are_made_good_by_asking(
    session: Session, gateway: StripeGateway, client: Any, payment: Payment
) -> None:
    client.switch(f"sessions/{payment.checkout_session_id}/pay", method="card")

    services.refetch_payment(session, gateway=gateway, payment_id=payment.id)

    assert payment.gift.state == GiftState.RECEIVED
    assert mails_about(session, payment) == [THANK_YOU]


def test_a_refund_made_in_the_providers_own_pages_is_booked_too(
    session: Session, gateway: StripeGateway, client: Any, payment: Payment
) -> None:
    client.switch(f"sessions/{payment.checkout_session_id}/pay", method="card")
    follow(session, gateway)
    for _ in range(2):
        client.switch(f"payments/{payment.payment_intent_id}/refund", amount=500)

    follow(session, gateway)
    follow(session, gateway)

    assert [refund.state for refund in payment.refunds] == [RefundState.SUCCEEDED] * 2
    assert payment.refunded_minor == 1000
    assert kinds_booked(session, payment) == ["fee", "gift", "refund", "refund"]


@pytest.mark.parametrize(("won", "state"), [(True, "received"), (False, "refunded")])
def test_a_dispute_runs_its_course(
    session: Session,
    gateway: StripeGateway,
    client: Any,
    payment: Payment,
    won: bool,
    state: str,
) -> None:
    client.switch(f"sessions/{payment.checkout_session_id}/pay", method="card")
    follow(session, gateway)
    dispute = client.switch(f"payments/{payment.payment_intent_id}/dispute")["id"]
    follow(session, gateway)
    during = payment.gift.state

    client.switch(f"disputes/{dispute}/close", won=won)
    follow(session, gateway)

    assert during == GiftState.DISPUTED
    assert payment.gift.state == state
