"""Stripe's JSON read into the gateway's snapshots."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from hearth.giving.gateway import (
    ORGANISATION,
    DisputeSnapshot,
    DisputeState,
    PaymentSnapshot,
    PaymentState,
    RefundSnapshot,
    RefundState,
    WebhookEvent,
)

Json = Mapping[str, Any]

_INTENT_STATES: Final = {
    "canceled": PaymentState.FAILED,
    "processing": PaymentState.PROCESSING,
    "requires_action": PaymentState.ACTION_REQUIRED,
    "requires_capture": PaymentState.PROCESSING,
    "requires_confirmation": PaymentState.CREATED,
    "succeeded": PaymentState.SUCCEEDED,
}
_REFUND_STATES: Final = {
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
_DISPUTE_STATES: Final = {"won": DisputeState.WON, "lost": DisputeState.LOST}


def payment_snapshot(intent: Json | None, session: Json | None = None) -> PaymentSnapshot:
    """Read a payment from its intent, its session or both; one of them must be there."""
    session = session or {}
    if intent is None:
        return PaymentSnapshot(
            state=PaymentState.FAILED if _over(session) else PaymentState.CREATED,
            amount_minor=session["amount_total"],
            currency=session["currency"].upper(),
            session_id=session["id"],
            metadata=dict(session.get("metadata") or {}),
        )
    charge: Json = intent.get("latest_charge") or {}
    state = _state(intent, charge, session)
    balance: Json = charge.get("balance_transaction") or {}
    return PaymentSnapshot(
        state=state,
        amount_minor=intent.get("amount_received") or intent["amount"],
        currency=intent["currency"].upper(),
        session_id=session.get("id"),
        payment_intent_id=intent["id"],
        charge_id=charge.get("id"),
        balance_transaction_id=balance.get("id"),
        settled_minor=balance.get("amount"),
        settled_currency=balance["currency"].upper() if balance else None,
        fee_minor=balance.get("fee"),
        net_minor=balance.get("net"),
        refunded_minor=charge.get("amount_refunded") or 0,
        method=(charge.get("payment_method_details") or {}).get("type"),
        failure_code=(intent.get("last_payment_error") or {}).get("code"),
        metadata=dict(intent.get("metadata") or {}),
    )


def refund_snapshot(refund: Json) -> RefundSnapshot:
    """Read a refund."""
    return RefundSnapshot(
        id=refund["id"],
        state=_REFUND_STATES.get(refund.get("status") or "", RefundState.PENDING),
        amount_minor=refund["amount"],
        currency=refund["currency"].upper(),
        payment_intent_id=_id(refund.get("payment_intent")),
        charge_id=_id(refund.get("charge")),
        balance_transaction_id=_id(refund.get("balance_transaction")),
        failure_code=refund.get("failure_reason"),
        metadata=dict(refund.get("metadata") or {}),
    )


def dispute_snapshot(dispute: Json) -> DisputeSnapshot:
    """Read a dispute; its fee is what its balance transactions took, less what they gave back."""
    status: str = dispute["status"]
    inquiry = status.startswith("warning_") or status == "prevented"
    return DisputeSnapshot(
        id=dispute["id"],
        state=DisputeState.INQUIRY if inquiry else _DISPUTE_STATES.get(status, DisputeState.OPEN),
        amount_minor=dispute["amount"],
        currency=dispute["currency"].upper(),
        payment_intent_id=_id(dispute.get("payment_intent")),
        charge_id=_id(dispute.get("charge")),
        fee_minor=sum(one["fee"] for one in dispute.get("balance_transactions") or ()),
    )


def webhook_event(event: Json) -> WebhookEvent:
    """Read an event's envelope; whatever else it carries is dropped here."""
    subject: Json = event["data"]["object"]
    object_type: str = subject["object"]
    intent = subject["id"] if object_type == "payment_intent" else subject.get("payment_intent")
    organisation = (subject.get("metadata") or {}).get(ORGANISATION)
    return WebhookEvent(
        id=event["id"],
        type=event["type"],
        object_type=object_type,
        object_id=subject["id"],
        livemode=event["livemode"],
        created=datetime.fromtimestamp(event["created"], UTC),
        account=event.get("account"),
        organisation=organisation,
        payment_intent_id=_id(intent),
    )


def _state(intent: Json, charge: Json, session: Json) -> PaymentState:
    if intent["status"] == "requires_payment_method":
        # After a declined card the page stays open for another try; once the page is completed or
        # expired, this status is how Stripe says that the debit bounced.
        if _over(session) or session.get("status") == "complete":
            return PaymentState.FAILED
        return PaymentState.ACTION_REQUIRED if _tried(intent) else PaymentState.CREATED
    state = _INTENT_STATES[intent["status"]]
    if state is PaymentState.SUCCEEDED and charge.get("disputed"):
        return PaymentState.DISPUTED
    if state is PaymentState.SUCCEEDED and charge.get("refunded"):
        return PaymentState.REFUNDED
    return state


def _over(session: Json) -> bool:
    return session.get("status") == "expired"


def _tried(intent: Json) -> bool:
    return intent.get("last_payment_error") is not None


def _id(reference: str | Json | None) -> str | None:
    return reference if isinstance(reference, str) or reference is None else reference["id"]
