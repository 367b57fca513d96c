"""Takes gifts, opens their payment page and follows what becomes of them."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hearth.clock import day_of, organisation_of, today
from hearth.giving.gateway import (
    CheckoutRequest,
    CheckoutSession,
    PaymentGateway,
    PaymentSnapshot,
    PaymentState,
    RefundSnapshot,
    WebhookEvent,
)
from hearth.giving.models import Channel, Donor, Fund, Gift, GiftState, Payment
from hearth.giving.settlement import apply_snapshot
from hearth.ledger import services as ledger
from hearth.ledger.models import Account
from hearth.money import Money
from tenants.models import new_id

STRIPE: Final = "stripe"
SMALLEST_GIFT: Final = 100
LARGEST_GIFT: Final = 5_000_000
# Without letters and digits that are taken for one another when read over the telephone.
_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class GiftRefusedError(ValueError):
    """The gift cannot be taken as it was asked for; ``reason`` says why, in a word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class GiftRequest:
    """What somebody wants to give, and to whom the thanks go."""

    fund_id: uuid.UUID
    amount: Money
    email: str
    name: str | None
    locale: str
    news_wanted: bool = False
    anonymous: bool = False


@dataclass(frozen=True, kw_only=True)
class CheckoutPages:
    """Where the payment page leads afterwards, and what it says one pays for."""

    success_url: str
    cancel_url: str
    description: str


def start_gift(session: Session, *, request: GiftRequest, request_key: str) -> Payment:
    """Write a gift and its payment down, before anybody outside hears of them.

    The same ``request_key`` finds the same payment again, also when two requests come at once.

    :raises GiftRefusedError: amount, currency or fund are not ones we take.
    """
    asked_before = select(Payment).where(Payment.request_key == request_key)
    found = session.scalar(asked_before)
    if found is not None:
        return found
    fund = session.get(Fund, request.fund_id)
    _refuse_wrong_gift(request, fund, today(session))
    try:
        with session.begin_nested():
            return _written_down(session, request, request_key)
    except IntegrityError:
        # The same request came twice at once, and the other one was first.
        found = session.scalar(asked_before)
        if found is None:
            raise
        return found


def _written_down(session: Session, request: GiftRequest, request_key: str) -> Payment:
    gift = Gift(
        reference=new_reference(),
        donor_id=_donor(session, request),
        fund_id=request.fund_id,
        amount_minor=request.amount.amount_minor,
        currency=request.amount.currency,
        channel=Channel.ONLINE,
        locale=request.locale,
        donor_name=request.name,
        anonymous=request.anonymous,
        given_at=datetime.now(UTC),
    )
    payment = Payment(
        id=new_id(),
        gift=gift,
        provider=STRIPE,
        amount_minor=gift.amount_minor,
        currency=gift.currency,
        request_key=request_key,
        idempotency_key=f"checkout-{uuid.uuid4()}",
    )
    session.add(payment)
    session.flush()
    return payment


def checkout_request(
    session: Session, *, payment: Payment, pages: CheckoutPages
) -> CheckoutRequest:
    """What the provider is asked for; the payment's stored key goes with every such call."""
    donor = session.get_one(Donor, payment.gift.donor_id)
    return CheckoutRequest(
        organisation=organisation_of(session).schema_name,
        gift_id=payment.gift_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        description=pages.description,
        donor_email=donor.email,
        locale=payment.gift.locale,
        success_url=pages.success_url,
        cancel_url=pages.cancel_url,
    )


def keep_checkout(session: Session, *, payment: Payment, checkout: CheckoutSession) -> str | None:
    """Note the payment page that was opened; another request or an event may have been quicker."""
    session.refresh(payment, with_for_update=True)
    payment.checkout_session_id = payment.checkout_session_id or checkout.id
    payment.checkout_url = payment.checkout_url or checkout.url
    return payment.checkout_url


def handle_event(session: Session, gateway: PaymentGateway, event: WebhookEvent) -> Payment | None:
    """Fetch what an event speaks of as it is now, and follow it; None when it is not ours.

    :raises GatewayError: the provider did not answer; the event is to be handled later.
    """
    snapshot = gateway.payment_for(event)
    if snapshot is None:
        return None
    return apply_snapshot(
        session,
        snapshot=snapshot,
        refunds=_refunds_of(gateway, snapshot, told_of_one=event.object_type == "refund"),
        dispute=(
            gateway.dispute_by_id(event.object_id) if event.object_type == "dispute" else None
        ),
    )


def refetch_payment(
    session: Session, *, gateway: PaymentGateway, payment_id: uuid.UUID
) -> Payment | None:
    """Ask the provider how a payment stands, for the case that its events were lost.

    :raises GatewayError: the provider did not answer.
    """
    payment = session.get_one(Payment, payment_id)
    if payment.payment_intent_id is not None:
        snapshot = gateway.payment_by_intent(payment.payment_intent_id)
    elif payment.checkout_session_id is not None:
        snapshot = gateway.payment_by_session(payment.checkout_session_id)
    else:
        return None
    refunds = _refunds_of(gateway, snapshot, told_of_one=False)
    return apply_snapshot(session, snapshot=snapshot, refunds=refunds)


def unsettled_payments(session: Session, *, older_than: timedelta) -> list[uuid.UUID]:
    """Payments that should have come to an end by now, or whose fee should be known."""
    undecided = Payment.state.in_(
        (PaymentState.CREATED, PaymentState.ACTION_REQUIRED, PaymentState.PROCESSING)
    ) & Payment.checkout_session_id.is_not(None)
    without_fee = (Payment.state == PaymentState.SUCCEEDED) & Payment.fee_minor.is_(None)
    return list(
        session.scalars(
            select(Payment.id)
            .where(
                Payment.provider == STRIPE,
                Payment.created_at < datetime.now(UTC) - older_than,
                undecided | without_fee,
            )
            .order_by(Payment.created_at)
        )
    )


def record_earlier_gift(
    session: Session,
    *,
    donor: Donor | None,
    fund: Fund,
    amount: Money,
    received_at: datetime,
    locale: str,
) -> Gift:
    """Bring in a gift from the time before: booked, but nobody is written to."""
    gift = Gift(
        id=new_id(),
        reference=new_reference(),
        donor=donor,
        donor_name=donor.name if donor else None,
        fund=fund,
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        channel=Channel.EARLIER,
        state=GiftState.RECEIVED,
        locale=locale,
        given_at=received_at,
        received_at=received_at,
    )
    session.add(gift)
    session.flush()
    ledger.post(
        session,
        effect_key=f"earlier:{gift.id}",
        kind="gift",
        occurred_on=day_of(session, received_at),
        entries=[
            ledger.debit(Account.EARLIER_GIFTS, amount),
            ledger.credit(Account.GIFTS, amount, fund.id),
        ],
        subject_id=gift.id,
    )
    return gift


def new_reference() -> str:
    """A short name for a gift that can be read out: eight signs of thirty-one, 8 · 10¹¹ of them."""
    signs = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{signs[:4]}-{signs[4:]}"


def _refuse_wrong_gift(request: GiftRequest, fund: Fund | None, on: date) -> None:
    if fund is None or not fund.is_open(on):
        raise GiftRefusedError("fund")
    if request.amount.currency != fund.currency:
        raise GiftRefusedError("currency")
    if not SMALLEST_GIFT <= request.amount.amount_minor <= LARGEST_GIFT:
        raise GiftRefusedError("amount")


def _donor(session: Session, request: GiftRequest) -> uuid.UUID:
    """Find the donor of an address or add one.

    Nobody has proved yet that the address is theirs, so nothing about a known donor is changed.
    """
    key = request.email.casefold()
    added = session.scalar(
        insert(Donor)
        .values(
            id=new_id(),
            email=request.email,
            email_key=key,
            name=request.name,
            locale=request.locale,
            news_wanted_at=datetime.now(UTC) if request.news_wanted else None,
        )
        .on_conflict_do_nothing(index_elements=["email_key"])
        .returning(Donor.id)
    )
    return added or session.scalars(select(Donor.id).where(Donor.email_key == key)).one()


def _refunds_of(
    gateway: PaymentGateway, snapshot: PaymentSnapshot, *, told_of_one: bool
) -> tuple[RefundSnapshot, ...]:
    if snapshot.payment_intent_id is None:
        return ()
    if told_of_one or snapshot.refunded_minor or snapshot.state is PaymentState.REFUNDED:
        return gateway.refunds_of(snapshot.payment_intent_id)
    return ()
