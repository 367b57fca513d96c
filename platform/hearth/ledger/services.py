"""Books facts of money exactly once, and answers what stands where."""

import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, selectinload

from hearth.ledger.models import (
    Account,
    AccountKind,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
)
from hearth.money import Money
from tenants.models import new_id


class UnbalancedTransactionError(ValueError):
    """The entries do not sum to zero in each currency, or there are fewer than two."""


class EffectKeyConflictError(RuntimeError):
    """The same effect was booked before with other figures; somebody has to look."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line to be booked; positive is a debit."""

    account: str
    money: Money
    fund_id: uuid.UUID | None = None


def debit(account: str, money: Money, fund_id: uuid.UUID | None = None) -> Entry:
    """What an account receives."""
    return Entry(account, money, fund_id)


def credit(account: str, money: Money, fund_id: uuid.UUID | None = None) -> Entry:
    """What an account gives."""
    return Entry(account, -money, fund_id)


def post(
    session: Session,
    *,
    effect_key: str,
    kind: str,
    occurred_on: datetime.date,
    entries: Sequence[Entry],
    subject_id: uuid.UUID | None = None,
    reverses_id: uuid.UUID | None = None,
) -> LedgerTransaction:
    """Book a fact, or return it when it is in the books already.

    Two workers may try at once: the second waits for the first and then finds its transaction.

    :raises UnbalancedTransactionError: before anything is written.
    :raises EffectKeyConflictError: the key is taken by a fact with other entries.
    """
    _refuse_unbalanced(entries)
    transaction_id = session.scalar(
        insert(LedgerTransaction)
        .values(
            id=new_id(),
            effect_key=effect_key,
            kind=kind,
            occurred_on=occurred_on,
            subject_id=subject_id,
            reverses_id=reverses_id,
        )
        .on_conflict_do_nothing(index_elements=["effect_key"])
        .returning(LedgerTransaction.id)
    )
    if transaction_id is None:
        return _found(session, effect_key, entries)
    session.execute(
        insert(LedgerEntry),
        [
            {
                "transaction_id": transaction_id,
                "line": line,
                "account_code": str(entry.account),
                "fund_id": entry.fund_id,
                "amount_minor": entry.money.amount_minor,
                "currency": entry.money.currency,
            }
            for line, entry in enumerate(entries, start=1)
        ],
    )
    return session.get_one(LedgerTransaction, transaction_id)


def reverse(
    session: Session,
    *,
    transaction: LedgerTransaction,
    effect_key: str,
    occurred_on: datetime.date,
) -> LedgerTransaction:
    """Take a transaction back whole by its mirror image; each can be reversed once."""
    return post(
        session,
        effect_key=effect_key,
        kind="reversal",
        occurred_on=occurred_on,
        entries=[
            Entry(entry.account_code, -entry.money, entry.fund_id) for entry in transaction.entries
        ],
        subject_id=transaction.subject_id,
        reverses_id=transaction.id,
    )


def booked(session: Session, *, effect_key: str) -> LedgerTransaction | None:
    """The transaction of an effect, if it was booked."""
    return session.scalar(
        select(LedgerTransaction).where(LedgerTransaction.effect_key == effect_key)
    )


def balances(
    session: Session, *, until: datetime.date | None = None
) -> dict[tuple[str, str], Money]:
    """What stands on each account in each currency, at the end of a day or now."""
    query = select(
        LedgerEntry.account_code, LedgerEntry.currency, func.sum(LedgerEntry.amount_minor)
    ).group_by(LedgerEntry.account_code, LedgerEntry.currency)
    if until is not None:
        query = query.join(LedgerEntry.transaction).where(LedgerTransaction.occurred_on <= until)
    return {
        (account, currency): Money(int(minor), currency)
        for account, currency, minor in session.execute(query)
    }


def fund_balance(session: Session, *, fund_id: uuid.UUID, currency: str) -> Money:
    """What a fund still holds: its income less what it was spent on and what that cost."""
    return fund_balances(session, currency=currency).get(fund_id, Money(0, currency))


def fund_balances(session: Session, *, currency: str) -> dict[uuid.UUID, Money]:
    """What each fund still holds in a currency."""
    rows = session.execute(
        select(LedgerEntry.fund_id, func.sum(LedgerEntry.amount_minor))
        .join(LedgerAccount, LedgerAccount.code == LedgerEntry.account_code)
        .where(
            LedgerEntry.currency == currency,
            LedgerAccount.kind.in_((AccountKind.INCOME, AccountKind.EXPENSE)),
        )
        .group_by(LedgerEntry.fund_id)
    )
    return _by_fund(rows, currency)


def fund_income(session: Session, *, currency: str) -> dict[uuid.UUID, Money]:
    """What was given to each fund in a currency, after refunds and before fees."""
    rows = session.execute(
        select(LedgerEntry.fund_id, func.sum(LedgerEntry.amount_minor))
        .where(
            LedgerEntry.account_code == Account.GIFTS,
            LedgerEntry.currency == currency,
        )
        .group_by(LedgerEntry.fund_id)
    )
    return {fund_id: -Money(int(minor), currency) for fund_id, minor in rows if fund_id is not None}


def transactions_about(session: Session, *, subject_id: uuid.UUID) -> Sequence[LedgerTransaction]:
    """Everything that was booked about one thing, in the order in which it was booked."""
    return session.scalars(
        select(LedgerTransaction)
        .where(LedgerTransaction.subject_id == subject_id)
        .options(selectinload(LedgerTransaction.entries))
        .order_by(LedgerTransaction.recorded_at, LedgerTransaction.id)
    ).all()


def journal(
    session: Session, *, from_on: datetime.date, to_on: datetime.date, offset: int, limit: int
) -> tuple[Sequence[LedgerTransaction], int]:
    """The transactions of some days (both included), newest first, and how many there are."""
    days = LedgerTransaction.occurred_on.between(from_on, to_on)
    total = session.scalar(select(func.count()).select_from(LedgerTransaction).where(days)) or 0
    found = session.scalars(
        select(LedgerTransaction)
        .where(days)
        .options(selectinload(LedgerTransaction.entries))
        .order_by(LedgerTransaction.occurred_on.desc(), LedgerTransaction.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    return found, total


def _refuse_unbalanced(entries: Iterable[Entry]) -> None:
    sums: dict[str, int] = defaultdict(int)
    lines = 0
    for entry in entries:
        lines += 1
        if not entry.money:
            raise UnbalancedTransactionError("an entry moves no money")
        sums[entry.money.currency] += entry.money.amount_minor
    if lines < 2 or any(sums.values()):
        raise UnbalancedTransactionError("the entries of each currency must sum to zero")


def _by_fund(rows: Iterable[Row[uuid.UUID | None, int]], currency: str) -> dict[uuid.UUID, Money]:
    return {fund: -Money(int(minor), currency) for fund, minor in rows if fund is not None}


def _found(session: Session, effect_key: str, entries: Sequence[Entry]) -> LedgerTransaction:
    transaction = session.scalars(
        select(LedgerTransaction).where(LedgerTransaction.effect_key == effect_key)
    ).one()
    before = [(one.account_code, one.money, one.fund_id) for one in transaction.entries]
    if before != [(str(one.account), one.money, one.fund_id) for one in entries]:
        raise EffectKeyConflictError("this effect was booked before with other figures")
    return transaction
