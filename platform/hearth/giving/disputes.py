"""Books disputes: the money leaves when one opens and comes back when it is won."""

from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from hearth.giving.gateway import DisputeSnapshot, DisputeState
from hearth.giving.models import Flag, Payment
from hearth.ledger import services as ledger
from hearth.ledger.models import Account
from hearth.money import Money

_DISPUTE_RANKS: Final = {
    None: 0,
    DisputeState.INQUIRY: 1,
    DisputeState.OPEN: 2,
    DisputeState.WON: 3,
    DisputeState.LOST: 3,
}


def book_dispute(session: Session, *, payment: Payment, dispute: DisputeSnapshot, on: date) -> None:
    """Follow a dispute; the payment's row is locked by the caller."""
    known = DisputeState(payment.dispute_state) if payment.dispute_state else None
    if _DISPUTE_RANKS[dispute.state] <= _DISPUTE_RANKS[known]:
        return
    payment.dispute_state = dispute.state
    if dispute.currency != payment.currency:
        payment.flag = payment.flag or Flag.OTHER_CURRENCY
        return
    money = Money(dispute.amount_minor, dispute.currency)
    withdrawn = ledger.booked(session, effect_key=f"dispute:{dispute.id}:withdrawn") is not None
    if dispute.state in (DisputeState.OPEN, DisputeState.LOST) and not withdrawn:
        _post_dispute(
            session,
            payment,
            dispute,
            "withdrawn",
            on,
            ledger.debit(Account.DISPUTED_GIFTS, money),
            ledger.credit(Account.STRIPE_CLEARING, money),
        )
    if dispute.state is DisputeState.LOST:
        _post_dispute(
            session,
            payment,
            dispute,
            "lost",
            on,
            ledger.debit(Account.GIFTS, money, payment.gift.fund_id),
            ledger.credit(Account.DISPUTED_GIFTS, money),
        )
    elif dispute.state is DisputeState.WON and withdrawn:
        _post_dispute(
            session,
            payment,
            dispute,
            "won",
            on,
            ledger.debit(Account.STRIPE_CLEARING, money),
            ledger.credit(Account.DISPUTED_GIFTS, money),
        )
    _book_dispute_fee(session, payment, dispute, on)


def _post_dispute(
    session: Session,
    payment: Payment,
    dispute: DisputeSnapshot,
    step: str,
    on: date,
    *entries: ledger.Entry,
) -> None:
    ledger.post(
        session,
        effect_key=f"dispute:{dispute.id}:{step}",
        kind=f"dispute_{step}",
        occurred_on=on,
        entries=entries,
        subject_id=payment.gift_id,
    )


def _book_dispute_fee(
    session: Session, payment: Payment, dispute: DisputeSnapshot, on: date
) -> None:
    """Book what the dispute cost once it is closed; before that the figure still changes."""
    if dispute.state not in (DisputeState.WON, DisputeState.LOST) or dispute.fee_minor <= 0:
        return
    fee = Money(dispute.fee_minor, dispute.currency)
    _post_dispute(
        session,
        payment,
        dispute,
        "fee",
        on,
        ledger.debit(Account.PAYMENT_FEES, fee, payment.gift.fund_id),
        ledger.credit(Account.STRIPE_CLEARING, fee),
    )
