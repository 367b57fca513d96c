"""What giving asks of a payment provider, in words that no provider owns."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

ORGANISATION: Final = "organisation"
GIFT: Final = "gift"


class PaymentState(StrEnum):
    """How far a payment has come; it only ever moves to a higher rank.

    A declined card leaves the donor free to try again, so it is ``ACTION_REQUIRED``; ``FAILED``
    means that no money will come from this payment any more.
    """

    CREATED = "created"
    ACTION_REQUIRED = "action_required"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDED = "refunded"
    DISPUTED = "disputed"

    @property
    def rank(self) -> int:
        """Its place in the order; events that arrive late never lower it."""
        return _RANKS[self]

    def may_become(self, later: "PaymentState") -> bool:
        """Tell whether a payment in this state may move to the later one."""
        if self is PaymentState.FAILED:
            return False
        return later.rank > self.rank


_RANKS: Final[Mapping[PaymentState, int]] = {
    PaymentState.CREATED: 0,
    PaymentState.ACTION_REQUIRED: 1,
    PaymentState.PROCESSING: 2,
    PaymentState.SUCCEEDED: 3,
    PaymentState.FAILED: 3,
    PaymentState.REFUNDED: 4,
    PaymentState.DISPUTED: 5,
}


class RefundState(StrEnum):
    """How far a refund has come."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class DisputeState(StrEnum):
    """How far a dispute has come; an inquiry moves no money."""

    INQUIRY = "inquiry"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True)
class CheckoutRequest:
    """One gift to be paid on the provider's own page.

    ``organisation`` is the opaque schema name: it comes back with every event and routes it.
    ``success_url`` may contain ``{CHECKOUT_SESSION_ID}``, which the provider fills in.
    """

    organisation: str
    gift_id: UUID
    amount_minor: int
    currency: str
    description: str
    donor_email: str
    locale: str
    success_url: str
    cancel_url: str
    expires_at: datetime | None = None


@dataclass(frozen=True)
class CheckoutSession:
    """A payment page that is waiting for a donor; ``url`` is none once it is paid or expired."""

    id: str
    url: str | None
    expires_at: datetime


@dataclass(frozen=True)
class PaymentSnapshot:
    """A payment as the provider knows it at this moment.

    ``amount_minor`` and ``currency`` are what the donor paid; the ``settled`` figures, fee and net
    are what reaches the account, in its own currency. They arrive later than the success itself,
    so none means "not known yet", never zero.
    """

    state: PaymentState
    amount_minor: int
    currency: str
    session_id: str | None = None
    payment_intent_id: str | None = None
    charge_id: str | None = None
    balance_transaction_id: str | None = None
    settled_minor: int | None = None
    settled_currency: str | None = None
    fee_minor: int | None = None
    net_minor: int | None = None
    refunded_minor: int = 0
    method: str | None = None
    failure_code: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def organisation(self) -> str | None:
        """The schema name that was given at checkout."""
        return self.metadata.get(ORGANISATION)

    @property
    def gift_id(self) -> UUID | None:
        """The gift this payment is for, when it came from one of our own checkouts."""
        value = self.metadata.get(GIFT)
        return UUID(value) if value else None


@dataclass(frozen=True)
class RefundRequest:
    """Money to be given back; without an amount, everything that is left."""

    organisation: str
    payment_intent_id: str
    amount_minor: int | None = None


@dataclass(frozen=True)
class RefundSnapshot:
    """A refund as the provider knows it; those made in its dashboard carry no metadata of ours."""

    id: str
    state: RefundState
    amount_minor: int
    currency: str
    payment_intent_id: str | None
    charge_id: str | None
    balance_transaction_id: str | None = None
    failure_code: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DisputeSnapshot:
    """A donor's bank asking for the money back."""

    id: str
    state: DisputeState
    amount_minor: int
    currency: str
    payment_intent_id: str | None
    charge_id: str | None
    fee_minor: int = 0


@dataclass(frozen=True)
class WebhookEvent:
    """The envelope of an event: ids only, so that it may lie in the shared inbox.

    ``organisation`` is none when the object carries no metadata of ours, as with a refund made in
    the provider's dashboard; ``PaymentGateway.payment_for`` then tells whose payment it concerns.
    """

    id: str
    type: str
    object_type: str
    object_id: str
    livemode: bool
    created: datetime
    account: str | None = None
    organisation: str | None = None
    payment_intent_id: str | None = None


class GatewayError(Exception):
    """Whatever goes wrong at the provider; the text never holds a donor's data."""


class GatewayUnavailable(GatewayError):  # noqa: N818 - named for what happened.
    """No usable answer: the call may or may not have worked, repeat it with the same key."""


class GatewayRefused(GatewayError):  # noqa: N818 - named for what happened.
    """The provider understood and said no; repeating the same call will not help."""

    def __init__(self, code: str, *, parameter: str | None = None) -> None:
        super().__init__(code if parameter is None else f"{code} ({parameter})")
        self.code = code
        self.parameter = parameter


class InvalidSignature(GatewayError):  # noqa: N818 - named for what happened.
    """A webhook that the provider did not sign, signed long ago or meant for another mode."""


class PaymentGateway(Protocol):
    """A provider that takes payments on a page of its own.

    Every method may be called from several threads. ``idempotency_key`` is stored by the caller
    before the call and repeated unchanged after a failure; any method that talks to the provider
    may raise ``GatewayUnavailable`` or ``GatewayRefused``.
    """

    def create_checkout(self, request: CheckoutRequest, *, idempotency_key: str) -> CheckoutSession:
        """Open a payment page."""
        ...

    def expire_checkout(self, session_id: str) -> CheckoutSession:
        """Close an open payment page; refused when it is already paid or closed."""
        ...

    def payment_by_session(self, session_id: str) -> PaymentSnapshot:
        """Fetch the payment of a checkout session."""
        ...

    def payment_by_intent(self, payment_intent_id: str) -> PaymentSnapshot:
        """Fetch a payment by its payment intent."""
        ...

    def payment_by_charge(self, charge_id: str) -> PaymentSnapshot:
        """Fetch a payment by its charge."""
        ...

    def payment_for(self, event: WebhookEvent) -> PaymentSnapshot | None:
        """Fetch the payment an event speaks of; none when it speaks of something else."""
        ...

    def refund(self, request: RefundRequest, *, idempotency_key: str) -> RefundSnapshot:
        """Give money back; the key comes from the refund's own row, never from its amount."""
        ...

    def refund_by_id(self, refund_id: str) -> RefundSnapshot:
        """Fetch one refund."""
        ...

    def refunds_of(self, payment_intent_id: str) -> tuple[RefundSnapshot, ...]:
        """Fetch every refund of a payment, oldest first, whoever made it."""
        ...

    def dispute_by_id(self, dispute_id: str) -> DisputeSnapshot:
        """Fetch one dispute."""
        ...

    def verify_webhook(self, raw: bytes, signature: str) -> WebhookEvent:
        """Check the signature over the raw body and open the envelope.

        Raises ``InvalidSignature``; talks to nobody.
        """
        ...

    def events_since(
        self, since: datetime, *, after: str | None = None, types: Collection[str] = ()
    ) -> Iterator[WebhookEvent]:
        """Yield past events, oldest first: those after the event ``after``, else from ``since``."""
        ...
