"""The objects of the API as the pinned version shows them, new and with nothing done to them."""

from typing import Any, Final

from hearth.giving.sandbox.events import new_id
from hearth.giving.sandbox.store import Json

# What Stripe charges in the euro area for the methods the sandbox plays: a share in hundredths of
# a per cent, and cents.
FEES: Final = {"card": (150, 25), "ideal": (0, 29), "sepa_debit": (0, 35)}
DISPUTE_FEE: Final = 2000
# The smallest amount per currency, in minor units; others are not played here.
SMALLEST: Final = {
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "nok": 300,
    "pln": 200,
    "sek": 300,
    "usd": 50,
}
LARGEST: Final = 99_999_999
_DAY: Final = 86_400


def methods_for(currency: str) -> list[str]:
    """Name the methods a donor can choose; two of them exist for the euro only."""
    return ["card", "ideal", "sepa_debit"] if currency == "eur" else ["card"]


def fee_for(method: str, amount: int) -> int:
    """Work out the fee, half a cent upwards."""
    share, fixed = FEES[method]
    return (amount * share + 5_000) // 10_000 + fixed


def session(params: Json, *, now: int, base_url: str) -> Json:
    """Shape an open checkout session."""
    session_id = new_id("cs_test", 58)
    price = params["line_items"][0]["price_data"]
    total = sum(item["quantity"] * _unit_amount(item) for item in params["line_items"])
    email = params.get("customer_email")
    return {
        "id": session_id,
        "object": "checkout.session",
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": now,
        "currency": price["currency"],
        "custom_fields": [],
        "custom_text": {},
        "customer": params.get("customer"),
        "customer_details": None,
        "customer_email": email,
        "expires_at": params.get("expires_at", now + _DAY),
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata") or {},
        "mode": params["mode"],
        "payment_intent": None,
        "payment_method_types": params.get("allowed_payment_method_types")
        or methods_for(price["currency"]),
        "payment_status": "unpaid",
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "success_url": params.get("success_url"),
        "ui_mode": "hosted_page",
        "url": f"{base_url}/c/pay/{session_id}",
        "_lines": [
            {
                "name": item["price_data"]["product_data"]["name"],
                "quantity": item["quantity"],
                "amount": item["quantity"] * _unit_amount(item),
            }
            for item in params["line_items"]
        ],
        "_intent": params.get("payment_intent_data") or {},
    }


def intent(checkout: Json, *, now: int) -> Json:
    """Shape the payment intent that the first attempt to pay brings about."""
    given = checkout["_intent"]
    intent_id = new_id("pi")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": checkout["amount_total"],
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{new_id('x', 12)[2:]}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": checkout["currency"],
        "customer": checkout["customer"],
        "description": given.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": given.get("metadata") or {},
        "next_action": None,
        "payment_method": None,
        "payment_method_types": checkout["payment_method_types"],
        "receipt_email": given.get("receipt_email"),
        "status": "requires_payment_method",
        "transfer_group": given.get("transfer_group"),
        "_session": checkout["id"],
    }


def charge(payment: Json, method: str, *, status: str, email: str | None, now: int) -> Json:
    """Shape one attempt to take the money."""
    return {
        "id": new_id("ch" if method == "card" else "py"),
        "object": "charge",
        "amount": payment["amount"],
        "amount_captured": payment["amount"] if status == "succeeded" else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": {
            "address": None,
            "email": email,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "captured": status == "succeeded",
        "created": now,
        "currency": payment["currency"],
        "customer": payment["customer"],
        "description": payment["description"],
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": payment["metadata"],
        "paid": status == "succeeded",
        "payment_intent": payment["id"],
        "payment_method": new_id("pm"),
        "payment_method_details": _method_details(method),
        "refunded": False,
        "status": status,
        "transfer_group": payment["transfer_group"],
    }


def balance_transaction(
    source: Json, kind: str, amount: int, *, fee: int, category: str, now: int
) -> Json:
    """Shape a line of the account's balance; a refund or a lost dispute is a negative amount."""
    details = [
        {
            "amount": fee,
            "application": None,
            "currency": source["currency"],
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now + 2 * _DAY,
        "balance_type": "payments",
        "created": now,
        "currency": source["currency"],
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details if fee else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source["id"],
        "status": "pending",
        "type": kind,
        "_payout": None,
    }


def refund(paid: Json, amount: int, *, status: str, params: Json, now: int) -> Json:
    """Shape money that goes back."""
    return {
        "id": new_id("re" if paid["id"].startswith("ch_") else "pyr"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": paid["id"],
        "created": now,
        "currency": paid["currency"],
        "metadata": params.get("metadata") or {},
        "payment_intent": paid["payment_intent"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "status": status,
    }


def dispute(paid: Json, *, reason: str, now: int) -> Json:
    """Shape a bank's demand for the money back."""
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": paid["amount"] - paid["amount_refunded"],
        "balance_transactions": [],
        "charge": paid["id"],
        "created": now,
        "currency": paid["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {"due_by": now + 7 * _DAY, "has_evidence": False},
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": paid["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }


def payout(currency: str, amount: int, *, now: int) -> Json:
    """Shape a transfer of the balance to the bank account."""
    return {
        "id": new_id("po"),
        "object": "payout",
        "amount": amount,
        "arrival_date": now + _DAY,
        "automatic": True,
        "balance_transaction": None,
        "created": now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "completed",
        "source_type": "card",
        "statement_descriptor": None,
        "status": "paid",
        "type": "bank_account",
    }


def customer(params: Json, *, now: int) -> Json:
    """Shape a customer."""
    return {
        "id": new_id("cus", 14),
        "object": "customer",
        "created": now,
        "description": params.get("description"),
        "email": params.get("email"),
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "name": params.get("name"),
        "phone": params.get("phone"),
        "preferred_locales": params.get("preferred_locales") or [],
    }


def _unit_amount(item: Json) -> int:
    amount: int = item["price_data"]["unit_amount"]
    return amount


def _method_details(method: str) -> Json:
    details: dict[str, Json] = {
        "card": {"brand": "visa", "country": "NL", "exp_month": 12, "exp_year": 2034,
                 "funding": "debit", "last4": "4242"},
        "ideal": {"bank": "triodos_bank", "bic": "TRIONL2U", "iban_last4": "5264"},
        "sepa_debit": {"bank_code": "TRIO", "country": "NL", "last4": "5264"},
    }  # fmt: skip
    shown: dict[str, Any] = {"type": method, method: details[method]}
    return shown
