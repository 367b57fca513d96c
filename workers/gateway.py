"""The worker's own connection to the payment provider."""

from functools import lru_cache

from hearth.giving.gateway import PaymentGateway
from hearth.giving.stripe_gateway import StripeGateway
from tenants.context import runtime


@lru_cache(maxsize=1)
def payment_gateway() -> PaymentGateway:
    """One gateway per process, so that its connections are kept."""
    settings = runtime().settings
    return StripeGateway(
        api_key=settings.stripe_api_key,
        webhook_secrets=settings.stripe_webhook_secrets,
        api_base=settings.stripe_api_base,
    )
