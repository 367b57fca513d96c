"""Gives money back: asks for refunds, and books each one when the provider says that it is done."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from hearth.audit import services as audit
from hearth.clock import organisation_of
from hearth.giving.gateway import RefundRequest, RefundSnapshot, RefundState
from hearth.giving.models import Flag, GiftState, Payment, Refund
from hearth.ledger import services as ledger
from hearth.ledger.models import Account
from hearth.money import Money


class RefundRefusedError(ValueError):
    """There is not so much left to give back."""


def request_refund(
    session: Session,
    *,
    payment_id: uuid.UUID,
    amount: Money,
    reason: str,
    requested_by: uuid.UUID,
    request_key: str,
) -> Refund:
    """Write down that money is to go back; the row's id is the provider's idempotency key.

    :raises RefundRefusedError: not so much is left, or a refund could be paid twice.
    """
    payment = session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)
    for refund in payment.refunds:
        if refund.request_key == request_key:
            return refund
    _refuse_too_much(payment, amount, payment.refundable)
    refund = Refund(
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        requested_by=requested_by,
        reason=reason,
        request_key=request_key,
    )
    payment.refunds.append(refund)
    session.flush()
    _record(session, refund, requested_by)
    return refund


def request_again(session: Session, *, refund_id: uuid.UUID, requested_by: uuid.UUID) -> Refund:
    """Write down that a refund is sent once more, which the provider has not answered.

    The provider forgets a key after a day: what it has named, booked or refused is another refund
    when it is sent again.

    :raises RefundRefusedError: the provider knows this refund, or not so much is left beside it.
    """
    refund = session.get_one(Refund, refund_id)
    payment = _locked(session, refund)
    if not refund.is_unanswered:
        raise RefundRefusedError("the provider has answered")
    _refuse_too_much(payment, refund.money, payment.refundable + refund.money)
    _record(session, refund, requested_by)
    return refund


def refund_order(session: Session, *, refund: Refund) -> RefundRequest:
    """What the provider is asked for; the refund's own id is the key of the call."""
    return RefundRequest(
        organisation=organisation_of(session).schema_name,
        payment_intent_id=refund.payment.payment_intent_id or "",
        amount_minor=refund.amount_minor,
    )


def keep_answer(session: Session, *, refund_id: uuid.UUID, answer: RefundSnapshot) -> None:
    """Note the provider's name for a refund, unless its event has already brought it."""
    refund = session.get_one(Refund, refund_id)
    payment = _locked(session, refund)
    if refund.provider_id is None and all(
        known.provider_id != answer.id for known in payment.refunds
    ):
        refund.provider_id = answer.id


def give_up(session: Session, *, refund_id: uuid.UUID) -> None:
    """Note that the provider refused a refund, so that it no longer counts as under way."""
    refund = session.get_one(Refund, refund_id)
    _locked(session, refund)
    if refund.is_unanswered:
        refund.state = RefundState.FAILED


def book_refunds(
    session: Session, *, payment: Payment, refunds: Sequence[RefundSnapshot], on: date
) -> None:
    """Follow each refund of a payment; the payment's row is locked by the caller."""
    for snapshot in refunds:
        if snapshot.currency != payment.currency:
            payment.flag = payment.flag or Flag.OTHER_CURRENCY
            continue
        _follow_refund(session, payment, snapshot, on)
    payment.refunded_minor = sum(
        refund.amount_minor for refund in payment.refunds if refund.state == RefundState.SUCCEEDED
    )


def _locked(session: Session, refund: Refund) -> Payment:
    """The refund's payment, whose row is held; both are read as they are by now."""
    payment = session.get_one(
        Payment, refund.payment_id, with_for_update=True, populate_existing=True
    )
    session.refresh(refund)
    return payment


def _refuse_too_much(payment: Payment, amount: Money, left: Money) -> None:
    if (
        payment.gift_state is not GiftState.RECEIVED
        or amount.currency != left.currency
        or not 0 < amount.amount_minor <= left.amount_minor
    ):
        raise RefundRefusedError("this cannot be given back")


def _record(session: Session, refund: Refund, requested_by: uuid.UUID) -> None:
    audit.record(
        session,
        action="refund.requested",
        subject_type="refund",
        subject_id=refund.id,
        actor_id=requested_by,
        facts={"amount_minor": refund.amount_minor, "currency": refund.currency},
    )


def _follow_refund(session: Session, payment: Payment, snapshot: RefundSnapshot, on: date) -> None:
    refund = _row_of(session, payment, snapshot)
    if refund.state == RefundState.FAILED:
        return
    effect_key = f"refund:{snapshot.id}"
    if snapshot.state is RefundState.SUCCEEDED:
        ledger.post(
            session,
            effect_key=effect_key,
            kind="refund",
            occurred_on=on,
            entries=[
                ledger.debit(
                    Account.GIFTS,
                    Money(snapshot.amount_minor, snapshot.currency),
                    payment.gift.fund_id,
                ),
                ledger.credit(
                    Account.STRIPE_CLEARING, Money(snapshot.amount_minor, snapshot.currency)
                ),
            ],
            subject_id=payment.gift_id,
        )
        refund.state = RefundState.SUCCEEDED
    elif snapshot.state is RefundState.FAILED:
        if (booked := ledger.booked(session, effect_key=effect_key)) is not None:
            ledger.reverse(
                session, transaction=booked, effect_key=f"{effect_key}:failed", occurred_on=on
            )
        refund.state = RefundState.FAILED


def _row_of(session: Session, payment: Payment, snapshot: RefundSnapshot) -> Refund:
    """The refund's row: known by its id, asked for by us, or made elsewhere."""
    for refund in payment.refunds:
        if refund.provider_id == snapshot.id:
            return refund
    for refund in payment.refunds:
        asked_for = refund.provider_id is None and refund.state != RefundState.FAILED
        if asked_for and refund.amount_minor == snapshot.amount_minor:
            refund.provider_id = snapshot.id
            return refund
    refund = Refund(
        amount_minor=snapshot.amount_minor,
        currency=snapshot.currency,
        state=RefundState.PENDING,
        provider_id=snapshot.id,
    )
    payment.refunds.append(refund)
    session.flush()
    return refund
