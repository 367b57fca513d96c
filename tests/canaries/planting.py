"""Puts a canary into every column of an organisation's tables in which a person could stand."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Column, Enum, LargeBinary, String, Table, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session

from hearth.models import TENANT_METADATA
from hearth.sealing.cipher import seal
from hearth.sealing.fields import Sealed, sealed_fields
from hearth.sealing.keyring import keyring
from hearth.sealing.subjects import subject_of
from tenants.models import TenantModel

CANARY = re.compile(r"kanareika|kanare\\u|921 ?555 ?01|9215550199", re.IGNORECASE)
# Columns of letters or documents in which nobody stands, and without which nothing would run.
# Whoever adds a column plants a canary in it by doing nothing, or says here why not.
NOT_PERSONAL = {
    "organisation_marker.schema_name": "says whose schema it is",
    "users.password_hash": "a hash; replaced, nobody could sign in",
    "users.locale": "a language",
    "users.roles": "codes of roles",
    "user_sessions.host": "a host of ours",
    "form_submissions.location": "an address of ours, held by the test of addresses",
    "inbox.provider": "a code",
    "inbox.event_id": "the provider's id",
    "outbox.key": "an id",
    "outbox.kind": "a code",
    "outbox.payload": "ids, by which the mail's writer finds its reader",
    "outbox.last_error": "a kind of error",
    "stored_files.kind": "a kind of file",
    "account_events.kind": "a code",
    "account_links.kind": "a code",
    "api_token_uses.route": "a route of ours",
    "audit_events.action": "a code; a record that was altered is found by its chain",
    "audit_events.facts": "names of fields, codes and ids; held by a test of every call",
    "audit_events.subject_type": "a code",
    "donors.locale": "a language",
    "funds.titles": "a public text, which names its pages",
    "funds.purposes": "a public text",
    "gifts.locale": "a language",
    "gifts.reference": "a number of ours, by which a donor asks about a gift",
    "households.case_number": "a number of ours, which stands for the family in titles",
    "ledger_transactions.effect_key": "ids",
    "ledger_transactions.kind": "a code",
    "own_roles.base": "a code",
    "payment_events.reason": "a code",
    "payment_events.state": "a code",
    "payments.balance_transaction_id": "the provider's id",
    "payments.charge_id": "the provider's id",
    "payments.checkout_session_id": "the provider's id",
    "payments.checkout_url": "the provider's address, to which a donor is led",
    "payments.failure_code": "a code",
    "payments.flag": "a code",
    "payments.idempotency_key": "an id",
    "payments.method": "a code",
    "payments.payment_intent_id": "the provider's id",
    "payments.provider": "a code",
    "payments.request_key": "an id",
    "people.preferred_language": "a language",
    "person_reads.purpose": "a code",
    "role_assignments.role": "a code",
    "role_rules.item": "a code",
    "role_rules.role": "a code",
    "role_rules.rule": "a code",
    "user_sessions.assurance": "a code",
    "publications.checksum": "a checksum",
    "publications.document": "protected figures",
    "publications.indicator": "a code",
    "publications.period_kind": "a code",
    "publications.signature": "a signature",
    "refunds.currency": "a currency",
    "refunds.provider_id": "the provider's id",
    "refunds.request_key": "an id",
}


def planted_columns() -> Iterator[tuple[Table, Column[object]]]:
    """Every column that takes free text, a list of texts or a document."""
    for table in TENANT_METADATA.sorted_tables:
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            if name not in NOT_PERSONAL and _takes_text(column) and not _is_code(table, column):
                yield table, column


def _takes_text(column: Column[object]) -> bool:
    kind = column.type
    if isinstance(kind, Enum | LargeBinary) or column.foreign_keys or column.primary_key:
        return False
    if isinstance(kind, ARRAY):
        return isinstance(kind.item_type, String)
    return isinstance(kind, String | JSONB)


def _is_code(table: Table, column: Column[object]) -> bool:
    """A column that a constraint holds to a list of words."""
    rules = " ".join(str(getattr(constraint, "sqltext", "")) for constraint in table.constraints)
    return re.search(rf"\b{column.name}\b\"? (IN|= ANY|~)", rules) is not None


def plant(owner: "psycopg.Connection[object]", schema: str) -> dict[str, int]:
    """Write a canary into every row of every such column; returns how many rows each has."""
    planted = {}
    with owner.transaction():
        # Not even an append-only record refuses a canary, and no trigger thinks about it.
        owner.execute("SET LOCAL session_replication_role = replica")
        for table, column in planted_columns():
            planted[f"{table.name}.{column.name}"] = _plant(owner, schema, table, column)
    return planted


def plant_sealed(
    owner: "psycopg.Connection[object]", session: Session, schema: str
) -> dict[str, int]:
    """Seal a canary into every row of every sealed field; returns how many rows each has.

    The organisation's own role may not change its records, so the owner writes what it sealed.
    """
    planted = {}
    for model in _sealed_models():
        rows = list(session.scalars(select(model)))
        for field in sealed_fields(model):
            name = f"{model.__tablename__}.{field.name}"
            planted[name] = len(rows)
            for row in rows:
                _seal_into(owner, session, schema, row, field, f"kanareika {name} {row.id.hex[:8]}")
    return planted


def _sealed_models() -> list[Any]:
    models = (mapper.class_ for mapper in TenantModel.registry.mappers)
    return [model for model in models if sealed_fields(model)]


def _seal_into(
    owner: "psycopg.Connection[object]",
    session: Session,
    schema: str,
    row: Any,
    field: Sealed[Any],
    text: str,
) -> None:
    subject = subject_of(row, field.subject)
    assert subject is not None
    known: Any = getattr(row, field.name)
    value: Any = text
    if isinstance(known, dict):
        value = {**known, "given_name": text, "contact_note": text}
    elif isinstance(known, bytes):
        value = text.encode()
    keys = keyring(session)
    key = keys.for_writing({subject})[subject]
    sealed = seal(key, field.encode(value), field.place(schema, subject, row))
    (first,) = row.__table__.primary_key.columns
    owner.execute(
        sql.SQL("UPDATE {}.{} SET {} = %s WHERE {} = %s").format(
            sql.Identifier(schema),
            sql.Identifier(row.__tablename__),
            sql.Identifier(field.column),
            sql.Identifier(first.name),
        ),
        (bytes(sealed), row.id),
    )


def _plant(
    owner: "psycopg.Connection[object]", schema: str, table: Table, column: Column[object]
) -> int:
    words = f"kanareika {table.name} {column.name} "
    text = sql.SQL("{words} || left(md5(ctid::text), 8)").format(words=sql.Literal(words))
    if column.name.endswith("email"):
        address = "'kanareika.' || left(md5(ctid::text), 8) || '@example.org'"
        text = sql.Composed([sql.SQL(address)])
    if isinstance(column.type, JSONB):
        text = sql.SQL("jsonb_build_object('kanareika', {text})").format(text=text)
    elif isinstance(column.type, ARRAY):
        text = sql.SQL("ARRAY[{text}]").format(text=text)
    elif isinstance(column.type, String) and column.type.length:
        text = sql.SQL("right({text}, {length})").format(
            text=text, length=sql.Literal(column.type.length)
        )
    done = owner.execute(
        sql.SQL("UPDATE {schema}.{table} SET {column} = {text}").format(
            schema=sql.Identifier(schema),
            table=sql.Identifier(table.name),
            column=sql.Identifier(column.name),
            text=text,
        )
    )
    return done.rowcount
