"""The database keeps the books straight even against plain SQL."""

import uuid

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from config.settings import Settings
from tenants.registry import OrgRef
from tests.hearth.ledger.test_services import book


def head(session: Session) -> uuid.UUID:
    transaction_id = uuid.uuid4()
    session.execute(
        text(
            "INSERT INTO ledger_transactions (id, effect_key, kind, occurred_on)"
            " VALUES (:id, :key, 'gift', '2026-03-01')"
        ),
        {"id": transaction_id, "key": str(transaction_id)},
    )
    return transaction_id


def line(session: Session, transaction_id: uuid.UUID, number: int, minor: int, code: str) -> None:
    session.execute(
        text(
            "INSERT INTO ledger_entries (transaction_id, line, account_code, amount_minor,"
            " currency) VALUES (:id, :line, 'gifts', :minor, :currency)"
        ),
        {"id": transaction_id, "line": number, "minor": minor, "currency": code},
    )


def refusal(session: Session) -> str:
    with pytest.raises(DBAPIError) as refused, session.begin_nested():
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    assert isinstance(refused.value.orig, psycopg.Error)
    return str(refused.value.orig.diag.constraint_name)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [(100, "EUR")],
        [(100, "EUR"), (-99, "EUR")],
        [(100, "EUR"), (-100, "RUB")],
        [(100, "EUR"), (-100, "EUR"), (5, "RUB")],
    ],
    ids=["no line", "one line", "a cent missing", "two currencies", "a third currency"],
)
def test_an_unbalanced_transaction_cannot_be_committed(
    session: Session, lines: list[tuple[int, str]]
) -> None:
    transaction_id = head(session)
    for number, (minor, currency) in enumerate(lines, start=1):
        line(session, transaction_id, number, minor, currency)

    constraint = refusal(session)

    assert constraint == "ck_ledger_transactions_balanced"


def test_a_balanced_transaction_is_accepted(session: Session) -> None:
    transaction_id = head(session)
    line(session, transaction_id, 1, 100, "EUR")
    line(session, transaction_id, 2, -100, "EUR")

    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))

    count = session.scalar(
        text("SELECT count(*) FROM ledger_entries WHERE transaction_id = :id"),
        {"id": transaction_id},
    )
    assert count == 2


def test_a_booked_transaction_gets_no_further_lines(session: Session) -> None:
    transaction_id = uuid.uuid4()
    session.execute(
        text(
            "INSERT INTO ledger_transactions (id, effect_key, kind, occurred_on, recorded_at)"
            " VALUES (:id, 'old', 'gift', '2026-03-01', now() - interval '1 second')"
        ),
        {"id": transaction_id},
    )
    line(session, transaction_id, 1, 100, "EUR")
    line(session, transaction_id, 2, -100, "EUR")

    constraint = refusal(session)

    assert constraint == "ck_ledger_transactions_closed"


@pytest.mark.parametrize(
    ("minor", "currency"), [(0, "EUR"), (5, "eur"), (5, "€")], ids=["nothing", "small", "sign"]
)
def test_a_line_is_an_amount_of_a_currency(session: Session, minor: int, currency: str) -> None:
    transaction_id = head(session)

    with pytest.raises(DBAPIError, match="ck_ledger_entries"), session.begin_nested():
        line(session, transaction_id, 1, minor, currency)


@pytest.mark.parametrize("table", ["ledger_accounts", "ledger_transactions", "ledger_entries"])
@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE {table} SET {column} = {column}",
        "DELETE FROM {table}",
        "TRUNCATE {table} CASCADE",
        "ALTER TABLE {table} DISABLE TRIGGER ALL",
        "DROP TABLE {table} CASCADE",
    ],
)
def test_the_organisation_cannot_change_its_books(
    session: Session, table: str, attack: str
) -> None:
    book(session)
    column = {"ledger_accounts": "kind", "ledger_transactions": "kind"}.get(table, "currency")

    with pytest.raises(DBAPIError) as refused, session.begin_nested():
        session.execute(text(attack.format(table=table, column=column)))

    assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)


@pytest.mark.parametrize("table", ["ledger_transactions", "ledger_entries"])
@pytest.mark.parametrize("attack", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_even_the_owner_does_not_change_the_books_by_mistake(
    settings: Settings, spb: OrgRef, table: str, attack: str
) -> None:
    statement = attack.format(f"{spb.schema_name}.{table}")

    with (
        psycopg.connect(str(settings.owner_database_url)) as owner,
        pytest.raises(psycopg.errors.RestrictViolation),
    ):
        owner.execute(statement.encode())
