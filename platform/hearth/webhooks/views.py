"""The providers' door."""

from flask import Blueprint, current_app, request

from hearth.accounts.guard import public
from hearth.giving.gateway import InvalidSignature
from hearth.webhooks import services

blueprint = Blueprint("webhooks", __name__)


@blueprint.post("/webhooks/stripe")
@public(forms=False)
def stripe() -> tuple[str, int]:
    """Keep a signed event; an unsigned, forged or old one is refused and leaves no trace."""
    try:
        event = current_app.extensions["payment_gateway"].verify_webhook(
            request.get_data(cache=False), request.headers.get("Stripe-Signature", "")
        )
    except InvalidSignature:
        return "", 400
    services.keep_event(provider="stripe", event=event)
    return "", 200
