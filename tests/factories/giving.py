"""Funds, gifts and what a provider says of them, for tests."""

import itertools
import uuid
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from hearth.giving import funds, services
from hearth.giving.gateway import GIFT, PaymentSnapshot, PaymentState
from hearth.giving.models import Fund, FundKind, Payment
from hearth.giving.services import GiftRequest
from hearth.money import Money

_numbers = itertools.count(1)


def make_fund(session: Session, **changes: Any) -> Fund:
    """An open fund with texts in Dutch, Russian and English."""
    wanted: dict[str, Any] = {
        "code": f"fund-{next(_numbers)}",
        "kind": FundKind.ACCOMPANIMENT,
        "titles": {"en": "One week", "nl": "Een week", "ru": "Одна неделя"},
        "purposes": {"en": "For one family"},
        "goal": 100_000,
        "currency": "EUR",
        "opened_on": date(2020, 1, 1),
    }
    return funds.add(session, **{**wanted, **changes})


def gift_request(fund: Fund, **changes: Any) -> GiftRequest:
    """EUR 15 from a Dutch donor."""
    wanted: dict[str, Any] = {
        "fund_id": fund.id,
        "amount": Money(1500, "EUR"),
        "email": "anneke@example.org",
        "name": "Anneke Voorbeeld",
        "locale": "nl",
    }
    return GiftRequest(**{**wanted, **changes})


def start_gift(session: Session, fund: Fund | None = None, **changes: Any) -> Payment:
    """A gift that was begun, with its payment."""
    request = gift_request(fund or make_fund(session), **changes)
    return services.start_gift(session, request=request, request_key=str(uuid.uuid4()))


def snapshot_of(payment: Payment, state: PaymentState, **changes: Any) -> PaymentSnapshot:
    """What the provider would say of a payment; the fee is not known unless it is given."""
    said: dict[str, Any] = {
        "state": state,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "session_id": f"cs_{payment.id.hex}",
        "payment_intent_id": f"pi_{payment.id.hex}",
        "charge_id": f"ch_{payment.id.hex}",
        "method": "ideal",
        "metadata": {GIFT: str(payment.gift_id)},
    }
    if "fee_minor" in changes:
        said |= {
            "balance_transaction_id": f"txn_{payment.id.hex}",
            "settled_currency": payment.currency,
            "net_minor": payment.amount_minor - changes["fee_minor"],
        }
    return PaymentSnapshot(**{**said, **changes})
