"""Funds, donors, gifts, and the payments and refunds that move their money."""

import datetime
import uuid
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.closings import Emptied, NotADoor
from hearth.data_classes import FieldClass
from hearth.data_records import Basis, DataGroup, DataRecord, Purpose, SubjectKind, SubjectPath
from hearth.giving.gateway import DisputeState, PaymentState, RefundState
from hearth.money import Money
from tenants.models import TenantModel, new_id

# What it costs to accompany one family for a week.
WEEK_MINOR = 1500
WEEK_CURRENCY = "EUR"
_CURRENCY = "currency ~ '^[A-Z]{3}$'"


class Channel(StrEnum):
    """How a gift came."""

    ONLINE = "online"
    EARLIER = "earlier"


class FundKind(StrEnum):
    """What a fund is for, in the few words that all organisations share."""

    GENERAL = "general"
    ACCOMPANIMENT = "accompaniment"
    SHELTER = "shelter"
    MATERIAL_AID = "material_aid"


class GiftState(StrEnum):
    """What can be said of a gift, read off its payments."""

    STARTED = "started"
    ON_ITS_WAY = "on_its_way"
    RECEIVED = "received"
    FAILED = "failed"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


class Flag(StrEnum):
    """Why a person has to look at a payment; what is doubtful about it is not booked."""

    OTHER_AMOUNT = "other_amount"
    OTHER_CURRENCY = "other_currency"
    PAID_AFTER_FAILURE = "paid_after_failure"
    SETTLED_IN_OTHER_CURRENCY = "settled_in_other_currency"


class Fund(TenantModel):
    """A purpose for which people give, in the words of each of its languages."""

    __tablename__ = "funds"
    __closes__ = (
        NotADoor(columns=("closed_on",), because="a fund that is open lets nobody read anything"),
    )
    __table_args__ = (
        CheckConstraint("code ~ '^[a-z][a-z0-9-]{0,39}$'", name="code"),
        CheckConstraint(
            "kind IN ('general', 'accompaniment', 'shelter', 'material_aid')", name="kind"
        ),
        CheckConstraint("goal_minor > 0", name="goal_minor"),
        CheckConstraint(_CURRENCY, name="currency"),
        CheckConstraint("closed_on >= opened_on", name="closed_on"),
    )

    __record__ = DataRecord(
        group=DataGroup.OPERATION,
        purpose=Purpose.GIVING,
        basis=Basis.NOT_PERSONAL,
        classes={
            "code": FieldClass.TECHNICAL,
            "kind": FieldClass.MONEY,
            "titles": FieldClass.TECHNICAL,
            "purposes": FieldClass.TECHNICAL,
            "goal_minor": FieldClass.MONEY,
            "currency": FieldClass.MONEY,
            "position": FieldClass.TECHNICAL,
        },
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    titles: Mapped[dict[str, str]]
    purposes: Mapped[dict[str, str]]
    goal_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    position: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    opened_on: Mapped[datetime.date]
    closed_on: Mapped[datetime.date | None]

    @property
    def goal(self) -> Money | None:
        """What the fund hopes for."""
        return None if self.goal_minor is None else Money(self.goal_minor, self.currency)

    def title(self, locale: str) -> str:
        """Its name for a reader; English, else any other, where his language is missing."""
        return _words(self.titles, locale)

    def purpose(self, locale: str) -> str:
        """What it is for, for a reader."""
        return _words(self.purposes, locale)

    def is_open(self, on: datetime.date) -> bool:
        """Whether people can give to it on a day; the closing day is the last one."""
        return self.opened_on <= on and (self.closed_on is None or on <= self.closed_on)


class Donor(TenantModel):
    """Somebody who gives, known by an e-mail address; the name is whatever they care to tell."""

    __tablename__ = "donors"
    __closes__ = (Emptied(kind="donors who want no more news", column="news_wanted_at"),)

    __record__ = DataRecord(
        group=DataGroup.DONORS,
        purpose=Purpose.GIVING,
        basis=Basis.CONTRACT,
        classes={
            "email": FieldClass.CONTACT,
            "email_key": FieldClass.CONTACT,
            "name": FieldClass.IDENTITY,
            "locale": FieldClass.TECHNICAL,
            "news_wanted_at": FieldClass.CONTACT,
        },
        subject=(SubjectPath(SubjectKind.DONOR, "id"),),
        blanks={"email_key": "erased:{id}"},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str | None] = mapped_column(String(500))
    locale: Mapped[str] = mapped_column(String(5))
    news_wanted_at: Mapped[datetime.datetime | None]
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())


class Gift(TenantModel):
    """What somebody gives for one fund, from the decision to the money.

    ``token`` opens the page that the donor returns to; ``locale`` and ``donor_name`` are those of
    this gift, because a household may share one address.
    """

    __tablename__ = "gifts"
    __closes__ = (
        NotADoor(columns=("anonymous", "received_at"), because="a gift tells of no family"),
    )
    __table_args__ = (
        CheckConstraint("channel IN ('online', 'earlier')", name="channel"),
        CheckConstraint(
            "state IN ('started', 'on_its_way', 'received', 'failed', 'refunded', 'disputed')",
            name="state",
        ),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        CheckConstraint(_CURRENCY, name="currency"),
        Index("ix_gifts_state_given_at", "state", "given_at"),
    )

    __record__ = DataRecord(
        group=DataGroup.BOOKS,
        purpose=Purpose.BOOKKEEPING,
        basis=Basis.LEGAL_DUTY,
        classes={
            "reference": FieldClass.MONEY,
            "token": FieldClass.TECHNICAL,
            "amount_minor": FieldClass.MONEY,
            "currency": FieldClass.MONEY,
            "channel": FieldClass.MONEY,
            "state": FieldClass.MONEY,
            "locale": FieldClass.TECHNICAL,
            "donor_name": FieldClass.IDENTITY,
            "anonymous": FieldClass.MONEY,
        },
        subject=(SubjectPath(SubjectKind.DONOR, "donor_id"),),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    token: Mapped[uuid.UUID] = mapped_column(unique=True, default=uuid.uuid4)
    donor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("donors.id"), index=True)
    fund_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("funds.id"), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    channel: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(12), default=GiftState.STARTED)
    locale: Mapped[str] = mapped_column(String(5))
    donor_name: Mapped[str | None] = mapped_column(String(500))
    anonymous: Mapped[bool] = mapped_column(default=False, server_default="false")
    given_at: Mapped[datetime.datetime] = mapped_column(index=True)
    received_at: Mapped[datetime.datetime | None] = mapped_column(index=True)

    donor: Mapped[Donor | None] = relationship()
    fund: Mapped[Fund] = relationship()
    payments: Mapped[list["Payment"]] = relationship(
        back_populates="gift", order_by="Payment.created_at"
    )

    @property
    def money(self) -> Money:
        """What was promised."""
        return Money(self.amount_minor, self.currency)


class Payment(TenantModel):
    """One attempt to bring a gift's money, with everything the provider calls it.

    ``idempotency_key`` is stored before the provider is called; ``request_key`` comes from the
    form, so that one sent twice leads to one payment. Fee and net are unknown until told.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint(
            "state IN ('created', 'action_required', 'processing', 'succeeded', 'failed',"
            " 'refunded', 'disputed')",
            name="state",
        ),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        CheckConstraint(_CURRENCY, name="currency"),
        CheckConstraint("fee_minor >= 0", name="fee_minor"),
        CheckConstraint("refunded_minor BETWEEN 0 AND amount_minor", name="refunded_minor"),
        CheckConstraint(
            "dispute_state IN ('inquiry', 'open', 'won', 'lost')", name="dispute_state"
        ),
    )

    __record__ = DataRecord(
        group=DataGroup.BOOKS,
        purpose=Purpose.BOOKKEEPING,
        basis=Basis.LEGAL_DUTY,
        classes={
            "provider": FieldClass.MONEY,
            "state": FieldClass.MONEY,
            "amount_minor": FieldClass.MONEY,
            "currency": FieldClass.MONEY,
            "idempotency_key": FieldClass.TECHNICAL,
            "request_key": FieldClass.TECHNICAL,
            "checkout_session_id": FieldClass.TECHNICAL,
            "checkout_url": FieldClass.TECHNICAL,
            "payment_intent_id": FieldClass.TECHNICAL,
            "charge_id": FieldClass.TECHNICAL,
            "balance_transaction_id": FieldClass.TECHNICAL,
            "method": FieldClass.MONEY,
            "fee_minor": FieldClass.MONEY,
            "net_minor": FieldClass.MONEY,
            "refunded_minor": FieldClass.MONEY,
            "dispute_state": FieldClass.MONEY,
            "failure_code": FieldClass.MONEY,
            "flag": FieldClass.MONEY,
        },
        subject=(SubjectPath(SubjectKind.DONOR, "gift_id", "donor_id"),),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    gift_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("gifts.id"), index=True)
    provider: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20), default=PaymentState.CREATED, index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    idempotency_key: Mapped[str] = mapped_column(String(100), unique=True)
    request_key: Mapped[str | None] = mapped_column(String(100), unique=True)
    checkout_session_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    checkout_url: Mapped[str | None]
    payment_intent_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    charge_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    balance_transaction_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    method: Mapped[str | None] = mapped_column(String(40))
    fee_minor: Mapped[int | None] = mapped_column(BigInteger)
    net_minor: Mapped[int | None] = mapped_column(BigInteger)
    refunded_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    dispute_state: Mapped[str | None] = mapped_column(String(10))
    failure_code: Mapped[str | None] = mapped_column(String(100))
    flag: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())

    gift: Mapped[Gift] = relationship(back_populates="payments")
    events: Mapped[list["PaymentEvent"]] = relationship(order_by="PaymentEvent.id")
    refunds: Mapped[list["Refund"]] = relationship(
        back_populates="payment", order_by="Refund.created_at"
    )

    @property
    def money(self) -> Money:
        """What the donor pays."""
        return Money(self.amount_minor, self.currency)

    @property
    def refundable(self) -> Money:
        """What can still be given back, refunds that are under way left out."""
        pending = sum(
            refund.amount_minor for refund in self.refunds if refund.state == RefundState.PENDING
        )
        return Money(self.amount_minor - self.refunded_minor - pending, self.currency)

    @property
    def has_succeeded(self) -> bool:
        """Whether its money has come, whatever became of it since."""
        return self.state in (
            PaymentState.SUCCEEDED,
            PaymentState.REFUNDED,
            PaymentState.DISPUTED,
        )

    @property
    def gift_state(self) -> GiftState:
        """What this payment says of its gift.

        Refunds are read off what was booked, because a refund can fail after it was announced.
        """
        if not self.has_succeeded:
            return _BEFORE_SUCCESS[PaymentState(self.state)]
        if self.dispute_state == DisputeState.LOST or self.refunded_minor >= self.amount_minor:
            return GiftState.REFUNDED
        disputed = self.dispute_state in (None, DisputeState.OPEN)
        if self.state == PaymentState.DISPUTED and disputed:
            return GiftState.DISPUTED
        return GiftState.RECEIVED


class PaymentEvent(TenantModel):
    """One step of a payment's history, or news that a person has to look at."""

    __tablename__ = "payment_events"
    __table_args__ = (CheckConstraint("outcome IN ('followed', 'flagged')", name="outcome"),)

    __record__ = DataRecord(
        group=DataGroup.BOOKS,
        purpose=Purpose.BOOKKEEPING,
        basis=Basis.LEGAL_DUTY,
        classes={
            "state": FieldClass.MONEY,
            "outcome": FieldClass.TECHNICAL,
            "reason": FieldClass.TECHNICAL,
        },
        subject=(SubjectPath(SubjectKind.DONOR, "payment_id", "gift_id", "donor_id"),),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    payment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("payments.id"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(100))
    recorded_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())


class Refund(TenantModel):
    """Money given back: asked for by a member of staff, or made in the provider's own pages."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'succeeded', 'failed')", name="state"),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
    )

    __record__ = DataRecord(
        group=DataGroup.BOOKS,
        purpose=Purpose.BOOKKEEPING,
        basis=Basis.LEGAL_DUTY,
        classes={
            "amount_minor": FieldClass.MONEY,
            "currency": FieldClass.MONEY,
            "state": FieldClass.MONEY,
            "provider_id": FieldClass.TECHNICAL,
            "request_key": FieldClass.TECHNICAL,
            "reason": FieldClass.FREE_TEXT,
        },
        subject=(SubjectPath(SubjectKind.DONOR, "payment_id", "gift_id", "donor_id"),),
        others=frozenset({"reason"}),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    payment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("payments.id"), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[str] = mapped_column(String(10), default=RefundState.PENDING)
    provider_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    request_key: Mapped[str | None] = mapped_column(String(100), unique=True)
    requested_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())

    payment: Mapped[Payment] = relationship(back_populates="refunds")

    @property
    def money(self) -> Money:
        """What goes back."""
        return Money(self.amount_minor, self.currency)

    @property
    def is_unanswered(self) -> bool:
        """Whether the provider has said nothing about it, so that it may be sent once more."""
        return self.state == RefundState.PENDING and self.provider_id is None


_BEFORE_SUCCESS = {
    PaymentState.CREATED: GiftState.STARTED,
    PaymentState.ACTION_REQUIRED: GiftState.STARTED,
    PaymentState.PROCESSING: GiftState.ON_ITS_WAY,
    PaymentState.FAILED: GiftState.FAILED,
}


def _words(texts: dict[str, str], locale: str) -> str:
    return texts.get(locale) or texts.get("en") or next(iter(texts.values()), "")
