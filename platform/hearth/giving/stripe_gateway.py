"""Stripe behind the gateway's words: the only module that speaks its SDK."""

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, cast

import stripe
from stripe.params import EventListParams, RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from hearth.giving.gateway import (
    GIFT,
    ORGANISATION,
    CheckoutRequest,
    CheckoutSession,
    DisputeSnapshot,
    GatewayRefused,
    GatewayUnavailable,
    InvalidSignature,
    PaymentSnapshot,
    RefundRequest,
    RefundSnapshot,
    WebhookEvent,
)
from hearth.giving.stripe_shapes import (
    dispute_snapshot,
    payment_snapshot,
    refund_snapshot,
    webhook_event,
)

API_VERSION: Final = "2026-10-28.endive"
TOLERANCE_SECONDS: Final = 300
CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 7.0
# Everything that can move money or close a checkout; Stripe filters by at most twenty names.
EVENT_TYPES: Final = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "charge.succeeded",
    "charge.updated",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
)
_CHARGE: Final = "latest_charge.balance_transaction"
_PAGE: Final = 100

# At INFO and below the SDK writes request addresses, error texts and whole bodies, and those hold
# donors' addresses; the telemetry would describe this host to Stripe.
logging.getLogger("stripe").setLevel(logging.WARNING)
stripe.log = None
stripe.enable_telemetry = False


class StripeGateway:
    """``PaymentGateway`` over Stripe Checkout; safe to share between threads."""

    def __init__(
        self,
        *,
        api_key: str,
        webhook_secrets: Collection[str] = (),
        api_base: str | None = None,
    ) -> None:
        if stripe.api_version != API_VERSION:
            raise RuntimeError(f"The SDK speaks {stripe.api_version}, we pinned {API_VERSION}.")
        self._livemode = _is_live(api_key)
        self._secrets = tuple(webhook_secrets)
        self._client = stripe.StripeClient(
            api_key,
            stripe_version=API_VERSION,
            base_addresses={"api": api_base.rstrip("/")} if api_base else None,
            http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
            max_network_retries=1,
        )

    def create_checkout(self, request: CheckoutRequest, *, idempotency_key: str) -> CheckoutSession:
        """Open a hosted Checkout page in payment mode."""
        with _translated():
            session = self._client.v1.checkout.sessions.create(
                _checkout_params(request), {"idempotency_key": idempotency_key}
            )
        return _checkout_session(session)

    def expire_checkout(self, session_id: str) -> CheckoutSession:
        """Close an open page."""
        with _translated():
            session = self._client.v1.checkout.sessions.expire(session_id)
        return _checkout_session(session)

    def payment_by_session(self, session_id: str) -> PaymentSnapshot:
        """Fetch the session with its payment intent, charge and balance transaction."""
        with _translated():
            session = self._client.v1.checkout.sessions.retrieve(
                session_id, {"expand": [f"payment_intent.{_CHARGE}"]}
            )
        return payment_snapshot(_plain(session).get("payment_intent"), _plain(session))

    def payment_by_intent(self, payment_intent_id: str) -> PaymentSnapshot:
        """Fetch the payment intent, and its session where only that tells a retry from an end."""
        with _translated():
            intent = _plain(
                self._client.v1.payment_intents.retrieve(payment_intent_id, {"expand": [_CHARGE]})
            )
            session = None
            if intent["status"] == "requires_payment_method":
                found = self._client.v1.checkout.sessions.list(
                    {"payment_intent": payment_intent_id, "limit": 1}
                )
                session = _plain(found.data[0]) if found.data else None
        return payment_snapshot(intent, session)

    def payment_by_charge(self, charge_id: str) -> PaymentSnapshot:
        """Fetch the charge's payment intent."""
        with _translated():
            charge = _plain(self._client.v1.charges.retrieve(charge_id))
        intent_id = charge.get("payment_intent")
        if not intent_id:
            raise GatewayRefused("charge_without_payment_intent")
        return self.payment_by_intent(intent_id)

    def payment_for(self, event: WebhookEvent) -> PaymentSnapshot | None:
        """Fetch the payment an event speaks of; none when it speaks of something else."""
        if event.object_type == "checkout.session":
            return self.payment_by_session(event.object_id)
        if event.payment_intent_id:
            return self.payment_by_intent(event.payment_intent_id)
        if event.object_type == "charge":
            return self.payment_by_charge(event.object_id)
        return None

    def refund(self, request: RefundRequest, *, idempotency_key: str) -> RefundSnapshot:
        """Refund a payment, wholly or in part; one of another organisation is refused."""
        params: RefundCreateParams = {
            "payment_intent": request.payment_intent_id,
            "metadata": {ORGANISATION: request.organisation},
        }
        if request.amount_minor is not None:
            params["amount"] = request.amount_minor
        with _translated():
            intent = _plain(self._client.v1.payment_intents.retrieve(request.payment_intent_id))
            if (intent.get("metadata") or {}).get(ORGANISATION) != request.organisation:
                raise GatewayRefused("payment_of_another_organisation")
            refund = self._client.v1.refunds.create(params, {"idempotency_key": idempotency_key})
        return refund_snapshot(_plain(refund))

    def refund_by_id(self, refund_id: str) -> RefundSnapshot:
        """Fetch one refund."""
        with _translated():
            refund = self._client.v1.refunds.retrieve(refund_id)
        return refund_snapshot(_plain(refund))

    def refunds_of(self, payment_intent_id: str) -> tuple[RefundSnapshot, ...]:
        """Fetch a payment's refunds, oldest first; Stripe lists the newest first."""
        with _translated():
            found = self._client.v1.refunds.list(
                {"payment_intent": payment_intent_id, "limit": _PAGE}
            )
            newest_first = [refund_snapshot(_plain(one)) for one in found.auto_paging_iter()]
        return tuple(reversed(newest_first))

    def dispute_by_id(self, dispute_id: str) -> DisputeSnapshot:
        """Fetch one dispute."""
        with _translated():
            dispute = self._client.v1.disputes.retrieve(dispute_id)
        return dispute_snapshot(_plain(dispute))

    def verify_webhook(self, raw: bytes, signature: str) -> WebhookEvent:
        """Check the signature with each secret, then read the envelope as plain JSON.

        Building the SDK's objects here would cost more than everything else in the request.
        """
        if not any(_signed(raw, signature, secret) for secret in self._secrets):
            raise InvalidSignature("No secret of ours signed this webhook in time.")
        try:
            event = webhook_event(json.loads(raw))
        except (KeyError, TypeError, ValueError):
            raise InvalidSignature("The signed body is not a snapshot event.") from None
        if event.livemode is not self._livemode:
            raise InvalidSignature("The event belongs to the other mode.")
        return event

    def events_since(
        self, since: datetime, *, after: str | None = None, types: Collection[str] = ()
    ) -> Iterator[WebhookEvent]:
        """Yield past events, oldest first; Stripe keeps them for thirty days.

        Only a cursor makes Stripe list forwards, so without one the pages are turned round here.
        """
        params: EventListParams = {"types": list(types or EVENT_TYPES), "limit": _PAGE}
        if after is not None:
            params["ending_before"] = after
        else:
            params["created"] = {"gte": int(since.timestamp())}
        with _translated():
            listed = self._client.v1.events.list(params).auto_paging_iter()
            events = (webhook_event(_plain(one)) for one in listed)
            yield from events if after is not None else reversed(list(events))


def _checkout_params(request: CheckoutRequest) -> SessionCreateParams:
    metadata = {ORGANISATION: request.organisation, GIFT: str(request.gift_id)}
    params: SessionCreateParams = {
        "mode": "payment",
        "submit_type": "donate",
        "customer_email": request.donor_email,
        "locale": request.locale,
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": request.currency.lower(),
                    "unit_amount": request.amount_minor,
                    "product_data": {"name": request.description},
                },
            }
        ],
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": request.description},
    }
    if request.expires_at is not None:
        params["expires_at"] = int(request.expires_at.timestamp())
    return params


def _checkout_session(session: stripe.checkout.Session) -> CheckoutSession:
    return CheckoutSession(
        id=session.id,
        url=session.url,
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
    )


def _plain(thing: stripe.StripeObject) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", thing.to_dict())


def _is_live(api_key: str) -> bool:
    kind = api_key.split("_")[1:2]
    if not api_key.startswith(("sk_", "rk_")) or kind not in (["live"], ["test"]):
        raise ValueError("A Stripe key begins with sk_test_, sk_live_, rk_test_ or rk_live_.")
    return kind == ["live"]


def _signed(raw: bytes, signature: str, secret: str) -> bool:
    try:
        return bool(
            stripe.WebhookSignature.verify_header(raw, signature, secret, TOLERANCE_SECONDS)
        )
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the SDK's errors into ours, without their texts: those may quote what a donor typed."""
    try:
        yield
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        raise GatewayRefused(error.code or "invalid_request", parameter=error.param) from None
    except stripe.IdempotencyError:
        raise GatewayRefused("idempotency_error") from None
    except stripe.StripeError as error:
        # A refused key belongs here too: the gift waits until an operator has put it right.
        name = type(error).__name__
        raise GatewayUnavailable(f"{name}, status {error.http_status}") from None
