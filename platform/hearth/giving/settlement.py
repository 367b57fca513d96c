"""Follows what a provider says of a payment: forward only, each effect once."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.clock import day_of, organisation_of, today
from hearth.giving.disputes import book_dispute
from hearth.giving.gateway import (
    DisputeSnapshot,
    PaymentSnapshot,
    PaymentState,
    RefundSnapshot,
)
from hearth.giving.models import Flag, Gift, GiftState, Payment, PaymentEvent
from hearth.giving.refunds import book_refunds
from hearth.ledger import services as ledger
from hearth.ledger.models import Account
from hearth.money import Money
from hearth.outbox import services as outbox

log = logging.getLogger(__name__)

THANK_YOU: Final = "giving.thank_you"
INSTRUCTION: Final = "giving.instruction"
MAILS: Final = (INSTRUCTION, THANK_YOU)
# The best that any of a gift's payments says is what is true of the gift.
_BEST_FIRST: Final = (
    GiftState.RECEIVED,
    GiftState.DISPUTED,
    GiftState.REFUNDED,
    GiftState.ON_ITS_WAY,
    GiftState.STARTED,
    GiftState.FAILED,
)


def apply_snapshot(
    session: Session,
    *,
    snapshot: PaymentSnapshot,
    refunds: Sequence[RefundSnapshot] = (),
    dispute: DisputeSnapshot | None = None,
) -> Payment | None:
    """Bring our payment up to a snapshot; safe to repeat, in any order and by several workers.

    Returns None when the snapshot is of no payment of ours. One account at the provider takes the
    gifts of all organisations: what another one's checkout began is not ours, whatever id we hold.
    """
    if snapshot.organisation not in {None, organisation_of(session).schema_name}:
        log.error("payment_of_another_house", extra={"state": snapshot.state.value})
        return None
    payment = _lock(session, snapshot)
    if payment is None:
        log.warning("payment_unknown", extra={"state": snapshot.state.value})
        return None
    if _is_flagged(session, payment, snapshot):
        return payment
    _remember(payment, snapshot)
    _advance(session, payment, snapshot)
    if payment.has_succeeded:
        _book_gift(session, payment)
        _book_fee(session, payment, snapshot)
        book_refunds(session, payment=payment, refunds=refunds, on=today(session))
        if dispute is not None:
            book_dispute(session, payment=payment, dispute=dispute, on=today(session))
    payment.gift.state = _state_of(payment.gift)
    _write_to_donor(session, payment)
    session.flush()
    return payment


def mail_key(template: str, payment: Payment) -> str:
    """The key under which a mail about a payment lies in the outbox, once."""
    return f"{template}:{payment.id}"


def _lock(session: Session, snapshot: PaymentSnapshot) -> Payment | None:
    """Find the payment by what the provider calls it, else by the gift it was made for."""
    wanted = []
    if snapshot.payment_intent_id:
        wanted.append(Payment.payment_intent_id == snapshot.payment_intent_id)
    if snapshot.session_id:
        wanted.append(Payment.checkout_session_id == snapshot.session_id)
    if snapshot.gift_id:
        wanted.append((Payment.gift_id == snapshot.gift_id) & Payment.payment_intent_id.is_(None))
    for condition in wanted:
        payment = session.scalars(
            select(Payment)
            .where(condition)
            .order_by(Payment.created_at)
            .limit(1)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).first()
        if payment is not None:
            return payment
    return None


def _is_flagged(session: Session, payment: Payment, snapshot: PaymentSnapshot) -> bool:
    """Whether a person has to look before anything is booked."""
    flag = None
    if snapshot.currency != payment.currency:
        flag = Flag.OTHER_CURRENCY
    elif snapshot.amount_minor != payment.amount_minor:
        flag = Flag.OTHER_AMOUNT
    elif payment.state == PaymentState.FAILED and _brings_money(snapshot.state):
        flag = Flag.PAID_AFTER_FAILURE
    if flag is not None and payment.flag != flag:
        payment.flag = flag
        _note(session, payment, snapshot.state, "flagged", flag)
        log.error("payment_flagged", extra={"payment": str(payment.id), "flag": flag.value})
        session.flush()
    return flag is not None


def _brings_money(state: PaymentState) -> bool:
    return state in (PaymentState.SUCCEEDED, PaymentState.REFUNDED, PaymentState.DISPUTED)


def _remember(payment: Payment, snapshot: PaymentSnapshot) -> None:
    payment.checkout_session_id = payment.checkout_session_id or snapshot.session_id
    payment.payment_intent_id = payment.payment_intent_id or snapshot.payment_intent_id
    if not payment.has_succeeded:
        # A declined card leaves a charge behind; the last one is the one that pays.
        payment.charge_id = snapshot.charge_id or payment.charge_id
        payment.method = snapshot.method or payment.method
        payment.failure_code = snapshot.failure_code or payment.failure_code


def _advance(session: Session, payment: Payment, snapshot: PaymentSnapshot) -> None:
    before = PaymentState(payment.state)
    if before.may_become(snapshot.state):
        payment.state = snapshot.state
        _note(session, payment, snapshot.state, "followed", None)
    elif before is not snapshot.state:
        log.info(
            "late_news_ignored",
            extra={
                "payment": str(payment.id),
                "before": before.value,
                "state": snapshot.state.value,
            },
        )


def _note(
    session: Session, payment: Payment, state: PaymentState, outcome: str, reason: str | None
) -> None:
    session.add(PaymentEvent(payment_id=payment.id, state=state, outcome=outcome, reason=reason))


def _book_gift(session: Session, payment: Payment) -> None:
    gift = payment.gift
    if gift.received_at is None:
        gift.received_at = datetime.now(UTC)
    ledger.post(
        session,
        effect_key=f"payment:{payment.id}:received",
        kind="gift",
        occurred_on=day_of(session, gift.received_at),
        entries=[
            ledger.debit(Account.STRIPE_CLEARING, payment.money),
            ledger.credit(Account.GIFTS, payment.money, gift.fund_id),
        ],
        subject_id=gift.id,
    )


def _book_fee(session: Session, payment: Payment, snapshot: PaymentSnapshot) -> None:
    """Book what the provider kept, once it is known; it may be told days after the success."""
    if snapshot.fee_minor is None or payment.fee_minor is not None:
        return
    if snapshot.settled_currency != payment.currency:
        if payment.flag is None:
            payment.flag = Flag.SETTLED_IN_OTHER_CURRENCY
            _note(session, payment, snapshot.state, "flagged", payment.flag)
        return
    payment.fee_minor = snapshot.fee_minor
    payment.net_minor = snapshot.net_minor
    payment.balance_transaction_id = snapshot.balance_transaction_id
    if snapshot.fee_minor == 0:
        return
    fee = Money(snapshot.fee_minor, payment.currency)
    ledger.post(
        session,
        effect_key=f"payment:{payment.id}:fee",
        kind="fee",
        occurred_on=today(session),
        entries=[
            ledger.debit(Account.PAYMENT_FEES, fee, payment.gift.fund_id),
            ledger.credit(Account.STRIPE_CLEARING, fee),
        ],
        subject_id=payment.gift_id,
    )


def _state_of(gift: Gift) -> GiftState:
    said = {payment.gift_state for payment in gift.payments}
    return next(state for state in _BEST_FIRST if state in said)


def _write_to_donor(session: Session, payment: Payment) -> None:
    """Put the mail of this state into the outbox; the key keeps it from being sent twice."""
    if payment.gift.donor_id is None:
        return
    if payment.gift.state == GiftState.RECEIVED and payment.has_succeeded:
        template = THANK_YOU
    elif payment.state == PaymentState.PROCESSING:
        template = INSTRUCTION
    else:
        return
    outbox.put(
        session,
        key=mail_key(template, payment),
        kind="mail",
        payload={"template": template, "gift": str(payment.gift_id), "payment": str(payment.id)},
    )
