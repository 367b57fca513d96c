"""What Stripe refuses although every parameter has the right type."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from hearth.giving.sandbox.errors import ApiError, unusable
from hearth.giving.sandbox.shapes import LARGEST, SMALLEST, methods_for
from hearth.giving.sandbox.store import Json

_HALF_HOUR: Final = 1_800
_DAY: Final = 86_400
# A double that quietly ignored a parameter would prove nothing, so the others are refused.
_PLAYED: Final = frozenset(
    {
        "allowed_payment_method_types",
        "cancel_url",
        "client_reference_id",
        "customer",
        "customer_email",
        "expand",
        "expires_at",
        "line_items",
        "locale",
        "metadata",
        "mode",
        "payment_intent_data",
        "submit_type",
        "success_url",
        "ui_mode",
    }
)
_PLAYED_INTENT: Final = frozenset({"description", "metadata", "receipt_email", "transfer_group"})
_PLAYED_PRICE: Final = frozenset({"currency", "product_data", "unit_amount"})


def check_session(params: Json, *, now: int) -> None:
    """Refuse a checkout session that Stripe would refuse, or that the sandbox cannot play."""
    _refuse_unplayed(params, _PLAYED)
    _refuse_unplayed(params.get("payment_intent_data", {}), _PLAYED_INTENT, "payment_intent_data")
    if params.get("mode") is None:
        raise ApiError("Missing required param: mode.", code="parameter_missing", param="mode")
    if params["mode"] != "payment" or params.get("ui_mode", "hosted_page") != "hosted_page":
        raise unusable("The sandbox plays hosted payments only.", code="sandbox", param="mode")
    for name in ("success_url", "cancel_url"):
        _check_url(params, name)
    if "success_url" not in params:
        raise ApiError(
            "Missing required param: success_url.", code="parameter_missing", param="success_url"
        )
    check_email(params.get("customer_email"), param="customer_email")
    check_metadata(params.get("metadata"), "metadata")
    check_metadata(
        params.get("payment_intent_data", {}).get("metadata"), "payment_intent_data[metadata]"
    )
    expires_at = params.get("expires_at", now + _DAY)
    if not now + _HALF_HOUR - 60 <= expires_at <= now + _DAY + 60:
        raise unusable(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.",
            code="parameter_invalid",
            param="expires_at",
        )
    _check_lines(params)


def check_amount(amount: int, currency: str, *, param: str) -> None:
    """Refuse an amount outside Stripe's limits."""
    if currency not in SMALLEST:
        raise unusable(f"Invalid currency: {currency}.", code="parameter_invalid", param=param)
    if amount < SMALLEST[currency]:
        raise unusable(
            f"Amount must be at least {SMALLEST[currency]} {currency} in minor units.",
            code="amount_too_small",
            param=param,
        )
    if amount > LARGEST:
        raise unusable(
            f"Amount must be no more than {LARGEST}.", code="amount_too_large", param=param
        )


def check_email(email: str | None, *, param: str) -> None:
    """Refuse what is no e-mail address; whether its domain exists is nobody's business here."""
    if email is None:
        return
    try:
        validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise unusable(
            f"Invalid email address: {email}", code="email_invalid", param=param
        ) from None


def check_metadata(metadata: Mapping[str, str] | str | None, param: str) -> None:
    """Refuse metadata beyond Stripe's limits."""
    if not isinstance(metadata, Mapping):
        return
    if len(metadata) > 50:
        raise unusable("Metadata can have at most 50 keys.", code="parameter_invalid", param=param)
    for name, value in metadata.items():
        if len(name) > 40 or len(value) > 500:
            raise unusable(
                "Metadata keys can have 40 characters, values 500.",
                code="parameter_invalid",
                param=f"{param}[{name}]",
            )


def _check_lines(params: Json) -> None:
    lines = params.get("line_items")
    if not lines:
        raise ApiError(
            "Missing required param: line_items.", code="parameter_missing", param="line_items"
        )
    total = 0
    currency = ""
    for index, line in enumerate(lines):
        place = f"line_items[{index}]"
        price = line.get("price_data")
        if price is None or "product_data" not in price or "unit_amount" not in price:
            raise unusable(
                "The sandbox plays lines with price_data, product_data and unit_amount only.",
                code="sandbox",
                param=place,
            )
        _refuse_unplayed(price, _PLAYED_PRICE, f"{place}[price_data]")
        if line.get("quantity", 0) < 1 or price["unit_amount"] < 0:
            raise unusable(
                "This value must be greater than or equal to 1.",
                code="parameter_invalid_integer",
                param=f"{place}[quantity]"
                if line.get("quantity", 0) < 1
                else f"{place}[price_data][unit_amount]",
            )
        if currency not in ("", price["currency"]):
            raise unusable(
                "All lines must have the same currency.", code="parameter_invalid", param=place
            )
        currency = price["currency"]
        total += price["unit_amount"] * line["quantity"]
    check_amount(total, currency, param="line_items[0][price_data][unit_amount]")
    for method in params.get("allowed_payment_method_types") or []:
        if method not in methods_for(currency):
            raise unusable(
                f"The sandbox does not play {method} in {currency}.",
                code="sandbox",
                param="allowed_payment_method_types",
            )


def _check_url(params: Json, name: str) -> None:
    if name not in params:
        return
    parts = urlsplit(params[name])
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise unusable("Not a valid URL", code="url_invalid", param=name)


def _refuse_unplayed(given: Mapping[str, Any], played: frozenset[str], place: str = "") -> None:
    for name in given:
        if name not in played:
            param = f"{place}[{name}]" if place else name
            raise unusable(f"The sandbox does not play {param} yet.", code="sandbox", param=param)
