"""The books balance, whatever is booked, and each fact is booked once."""

import uuid
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hearth.ledger import services as ledger
from hearth.ledger.models import Account, LedgerEntry, LedgerTransaction
from hearth.ledger.services import Entry
from hearth.money import CurrencyMismatchError, Money
from tests.factories.giving import make_fund

DAY = date(2026, 3, 1)
AMOUNTS = st.integers(min_value=1, max_value=10**12)
CURRENCIES = st.sampled_from(["EUR", "RUB", "SEK", "JPY"])


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def book(
    session: Session, minor: int = 1500, *, effect_key: str | None = None
) -> LedgerTransaction:
    return ledger.post(
        session,
        effect_key=effect_key or str(uuid.uuid4()),
        kind="gift",
        occurred_on=DAY,
        entries=[
            ledger.debit(Account.STRIPE_CLEARING, euros(minor)),
            ledger.credit(Account.GIFTS, euros(minor)),
        ],
    )


def check_constraints_now(session: Session) -> None:
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.execute(text("SET CONSTRAINTS ALL DEFERRED"))


@st.composite
def balanced_entries(draw: st.DrawFn) -> list[Entry]:
    """Two to seven entries of one or two currencies, each currency summing to zero."""
    entries: list[Entry] = []
    for currency in draw(st.lists(CURRENCIES, min_size=1, max_size=2, unique=True)):
        parts = draw(st.lists(AMOUNTS, min_size=1, max_size=6))
        accounts = draw(st.lists(st.sampled_from(Account), min_size=7, max_size=7))
        entries += [
            ledger.debit(account, Money(part, currency))
            for part, account in zip(parts, accounts, strict=False)
        ]
        entries.append(ledger.credit(accounts[-1], Money(sum(parts), currency)))
    return entries


def test_what_one_account_gives_another_receives(session: Session) -> None:
    before = ledger.balances(session)

    book(session, 1500)

    after = ledger.balances(session)
    nothing = euros(0)
    assert after[Account.STRIPE_CLEARING, "EUR"] == euros(1500) + before.get(
        (Account.STRIPE_CLEARING, "EUR"), nothing
    )
    assert after[Account.GIFTS, "EUR"] == before.get((Account.GIFTS, "EUR"), nothing) - euros(1500)


@given(entries=balanced_entries())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_money_is_neither_made_nor_lost(session: Session, entries: list[Entry]) -> None:
    transaction = ledger.post(
        session, effect_key=str(uuid.uuid4()), kind="gift", occurred_on=DAY, entries=entries
    )

    ledger.reverse(session, transaction=transaction, effect_key=str(uuid.uuid4()), occurred_on=DAY)

    check_constraints_now(session)
    sums = session.execute(
        select(LedgerEntry.currency, func.sum(LedgerEntry.amount_minor)).group_by(
            LedgerEntry.currency
        )
    )
    assert all(total == 0 for _currency, total in sums)
    per_account = session.execute(
        select(func.sum(LedgerEntry.amount_minor))
        .join(LedgerEntry.transaction)
        .where(
            (LedgerTransaction.id == transaction.id)
            | (LedgerTransaction.reverses_id == transaction.id)
        )
        .group_by(LedgerEntry.account_code, LedgerEntry.currency)
    )
    assert all(total == 0 for (total,) in per_account)


@given(entries=balanced_entries(), cents=AMOUNTS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_cent_too_much_is_refused_before_anything_is_written(
    session: Session, entries: list[Entry], cents: int
) -> None:
    crooked = [*entries, ledger.debit(Account.PAYMENT_FEES, Money(cents, "EUR"))]

    with pytest.raises(ledger.UnbalancedTransactionError):
        ledger.post(session, effect_key="crooked", kind="gift", occurred_on=DAY, entries=crooked)

    assert ledger.booked(session, effect_key="crooked") is None


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [ledger.debit(Account.GIFTS, euros(1))],
        [ledger.debit(Account.GIFTS, euros(0)), ledger.credit(Account.GIFTS, euros(0))],
        [ledger.debit(Account.GIFTS, euros(5)), ledger.credit(Account.GIFTS, Money(5, "RUB"))],
    ],
    ids=["none", "one", "nothing", "two currencies"],
)
def test_what_is_no_transaction_is_refused(session: Session, entries: list[Entry]) -> None:
    with pytest.raises(ledger.UnbalancedTransactionError):
        ledger.post(session, effect_key="odd", kind="gift", occurred_on=DAY, entries=entries)


def test_an_effect_is_booked_once(session: Session) -> None:
    first = book(session, effect_key="payment:1")

    second = book(session, effect_key="payment:1")

    assert second.id == first.id
    assert len(second.entries) == 2


def test_an_effect_with_other_figures_is_noticed(session: Session) -> None:
    book(session, 1500, effect_key="payment:1")

    with pytest.raises(ledger.EffectKeyConflictError):
        book(session, 1600, effect_key="payment:1")


def test_a_transaction_is_reversed_only_once(session: Session) -> None:
    transaction = book(session)
    ledger.reverse(session, transaction=transaction, effect_key="a", occurred_on=DAY)

    twice = pytest.raises(IntegrityError, match="uq_ledger_transactions_reverses_id")
    with twice, session.begin_nested():
        ledger.reverse(session, transaction=transaction, effect_key="b", occurred_on=DAY)


def test_a_fund_holds_its_gifts_less_its_costs(session: Session) -> None:
    fund = make_fund(session)
    ledger.post(
        session,
        effect_key="gift",
        kind="gift",
        occurred_on=DAY,
        entries=[
            ledger.debit(Account.STRIPE_CLEARING, euros(1500)),
            ledger.credit(Account.GIFTS, euros(1500), fund.id),
        ],
    )
    ledger.post(
        session,
        effect_key="fee",
        kind="fee",
        occurred_on=DAY,
        entries=[
            ledger.debit(Account.PAYMENT_FEES, euros(47), fund.id),
            ledger.credit(Account.STRIPE_CLEARING, euros(47)),
        ],
    )

    held = ledger.fund_balance(session, fund_id=fund.id, currency="EUR")

    assert held == euros(1453)
    assert ledger.fund_income(session, currency="EUR")[fund.id] == euros(1500)


def test_balances_can_be_asked_for_a_day(session: Session) -> None:
    book(session, 1500)

    earlier = ledger.balances(session, until=date(2026, 2, 28))
    then = ledger.balances(session, until=DAY)

    nothing = euros(0)
    account = (Account.STRIPE_CLEARING, "EUR")
    assert then[account] == earlier.get(account, nothing) + euros(1500)


def test_two_currencies_do_not_add_up() -> None:
    with pytest.raises(CurrencyMismatchError):
        euros(1) + Money(1, "RUB")
