"""Accounts, transactions and entries; the database refuses whatever does not balance."""

import datetime
import uuid
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, SmallInteger, String, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.closings import NotADoor
from hearth.data_classes import FieldClass
from hearth.data_records import Basis, DataGroup, DataRecord, Purpose
from hearth.money import Money
from tenants.models import TenantModel, new_id


class AccountKind(StrEnum):
    """On which side of the books an account stands."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


class Account(StrEnum):
    """The accounts that come with the service; the migration writes them into each chart."""

    STRIPE_CLEARING = "stripe_clearing"
    DISPUTED_GIFTS = "disputed_gifts"
    EARLIER_GIFTS = "earlier_gifts"
    GIFTS = "gifts"
    PAYMENT_FEES = "payment_fees"


class LedgerAccount(TenantModel):
    """One account of the organisation's chart."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        CheckConstraint("kind IN ('asset', 'liability', 'income', 'expense')", name="kind"),
    )

    __record__ = DataRecord(
        group=DataGroup.OPERATION,
        purpose=Purpose.BOOKKEEPING,
        basis=Basis.NOT_PERSONAL,
        classes={
            "code": FieldClass.TECHNICAL,
            "kind": FieldClass.MONEY,
        },
    )

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))


class LedgerTransaction(TenantModel):
    """One fact of money; ``occurred_on`` is the organisation's day, ``recorded_at`` ours.

    ``subject_id`` says what it is about, such as a gift; the ledger itself does not look there.
    """

    __tablename__ = "ledger_transactions"
    __closes__ = (
        NotADoor(
            columns=(
                "effect_key",
                "kind",
                "occurred_on",
                "recorded_at",
                "subject_id",
                "reverses_id",
            ),
            because="a reversal tells of money, and what it reverses stands as it was",
        ),
    )

    __record__ = DataRecord(
        group=DataGroup.BOOKS,
        purpose=Purpose.BOOKKEEPING,
        basis=Basis.LEGAL_DUTY,
        classes={
            "effect_key": FieldClass.TECHNICAL,
            "kind": FieldClass.MONEY,
            "subject_id": FieldClass.TECHNICAL,
        },
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    effect_key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    occurred_on: Mapped[datetime.date] = mapped_column(index=True)
    recorded_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())
    subject_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    reverses_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("ledger_transactions.id"), unique=True
    )

    entries: Mapped[list["LedgerEntry"]] = relationship(
        order_by="LedgerEntry.line", back_populates="transaction"
    )


class LedgerEntry(TenantModel):
    """One line of a transaction: a debit when positive, a credit when negative."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount_minor"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    )

    __record__ = DataRecord(
        group=DataGroup.BOOKS,
        purpose=Purpose.BOOKKEEPING,
        basis=Basis.LEGAL_DUTY,
        classes={
            "line": FieldClass.TECHNICAL,
            "account_code": FieldClass.MONEY,
            "amount_minor": FieldClass.MONEY,
            "currency": FieldClass.MONEY,
        },
    )

    transaction_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("ledger_transactions.id"), primary_key=True
    )
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    account_code: Mapped[str] = mapped_column(
        String(40), ForeignKey("ledger_accounts.code"), index=True
    )
    fund_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("funds.id"), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))

    transaction: Mapped[LedgerTransaction] = relationship(back_populates="entries")

    @property
    def money(self) -> Money:
        """The signed amount."""
        return Money(self.amount_minor, self.currency)
