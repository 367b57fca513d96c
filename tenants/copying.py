"""Carries a schema's rows from place to place, and tells whether they arrived as they were."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]
# Says which schema it stands in, so it is made anew in each and never carried.
MARKER = "organisation_marker"
# A row's text must be the same wherever and with whatever settings it is asked for.
SAME_TEXT = """
SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres';
SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1;
SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0
"""


@dataclass(frozen=True)
class Fingerprint:
    """What one table holds: how many rows, and a sum over the SHA-256 of each of them."""

    rows: int
    checksum: str


class CopyError(RuntimeError):
    """What arrived is not what was sent; the message names the tables."""


@contextmanager
def snapshot(connection: Connection) -> Iterator[Connection]:
    """A transaction that sees one moment of the database, however long it lasts."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute(SAME_TEXT)
        yield connection


def tables_of(connection: Connection, schema: str) -> list[str]:
    """The tables whose rows are carried, by name."""
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'"
        " AND relname <> %s ORDER BY relname",
        (_quoted(connection, schema), MARKER),
    ).fetchall()
    return [name for (name,) in rows]


def columns_of(connection: Connection, schema: str, table: str) -> list[str]:
    """A table's columns in their order, without those that the database computes itself."""
    rows = connection.execute(
        "SELECT attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = %s::regnamespace AND c.relname = %s"
        " AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        (_quoted(connection, schema), table),
    ).fetchall()
    return [name for (name,) in rows]


def fingerprints(connection: Connection, schema: str) -> dict[str, Fingerprint]:
    """What every table holds, by name; inside a ``snapshot``."""
    found = {}
    for table in tables_of(connection, schema):
        row = connection.execute(
            sql.SQL(FINGERPRINT).format(table=sql.Identifier(schema, table))
        ).fetchone()
        rows, first, second = row or (0, 0, 0)
        found[table] = Fingerprint(rows, f"{int(first):x}-{int(second):x}")
    return found


# Two sums over sixty bits each of every row's digest: the order of rows does not matter.
FINGERPRINT = """
SELECT count(*), coalesce(sum(('x' || substr(digest, 1, 15))::bit(60)::bigint), 0),
       coalesce(sum(('x' || substr(digest, 16, 15))::bit(60)::bigint), 0)
FROM (SELECT encode(sha256(convert_to(whole_row::text, 'UTF8')), 'hex') AS digest
      FROM ONLY {table} AS whole_row) AS digests
"""


def differences(sent: dict[str, Fingerprint], arrived: dict[str, Fingerprint]) -> list[str]:
    """The tables that differ, each with what was sent and what arrived."""
    return [
        f"{table}: {_told(sent.get(table))} sent, {_told(arrived.get(table))} arrived"
        for table in sorted(sent.keys() | arrived.keys())
        if sent.get(table) != arrived.get(table)
    ]


def copy_tables(source: Connection, target: Connection, schema: str) -> None:
    """Send every table's rows from one database's schema to the same schema of another."""
    with loosened(target, schema):
        for table in tables_of(source, schema):
            columns = columns_of(source, schema, table)
            with (
                source.cursor().copy(copy_out(schema, table, columns, binary=True)) as sending,
                target.cursor().copy(copy_in(schema, table, columns, binary=True)) as receiving,
            ):
                for block in sending:
                    receiving.write(block)
        set_sequences(target, schema, sequences_of(source, schema))


def copy_out(
    schema: str, table: str, columns: Sequence[str], *, binary: bool = False
) -> sql.Composed:
    """The statement that sends a table's rows."""
    return sql.SQL("COPY {table} ({columns}) TO STDOUT (FORMAT {form})").format(
        table=sql.Identifier(schema, table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        form=sql.SQL("binary" if binary else "text"),
    )


def copy_in(
    schema: str, table: str, columns: Sequence[str], *, binary: bool = False
) -> sql.Composed:
    """The statement that takes a table's rows in."""
    return sql.SQL("COPY {table} ({columns}) FROM STDIN (FORMAT {form})").format(
        table=sql.Identifier(schema, table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        form=sql.SQL("binary" if binary else "text"),
    )


def sequences_of(connection: Connection, schema: str) -> dict[str, int]:
    """The last value that each sequence of a schema gave out; one that gave none is left out."""
    rows = connection.execute(
        "SELECT relname, pg_sequence_last_value(oid) FROM pg_class"
        " WHERE relnamespace = %s::regnamespace AND relkind = 'S'",
        (_quoted(connection, schema),),
    ).fetchall()
    return {name: value for name, value in rows if value is not None}


def set_sequences(connection: Connection, schema: str, last: dict[str, int]) -> None:
    """Let each sequence go on where it stood."""
    for name, value in last.items():
        sequence = sql.Identifier(schema, name).as_string(connection)
        connection.execute("SELECT setval(%s::regclass, %s)", (sequence, value))


@contextmanager
def loosened(connection: Connection, schema: str) -> Iterator[None]:
    """Empty a schema and let rows arrive in any order and exactly as they were; in a transaction.

    References between tables are dropped and, at the end, made again, which checks every row.
    Triggers rest meanwhile: what they guard was true of the rows when they were first written.
    """
    path = sql.SQL("SET LOCAL search_path = {}, extensions").format(sql.Identifier(schema))
    connection.execute(path)
    names = (_quoted(connection, schema),)
    references = connection.execute(REFERENCES, names).fetchall()
    triggers = connection.execute(TRIGGERS, names).fetchall()
    for table, name, _definition in references:
        _alter(connection, table, sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(name)))
    for table, name, _state in triggers:
        _alter(connection, table, sql.SQL("DISABLE TRIGGER {}").format(sql.Identifier(name)))
    # Some tables begin with rows of their own, which come again with all the others.
    tables = [sql.Identifier(schema, table) for table in tables_of(connection, schema)]
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(tables)))
    yield
    for table, name, definition in references:
        added = sql.SQL("ADD CONSTRAINT {} " + definition).format(sql.Identifier(name))
        _alter(connection, table, added)
    for table, name, state in triggers:
        _alter(connection, table, sql.SQL(WAKING[state]).format(sql.Identifier(name)))


REFERENCES = """
SELECT t.relname, c.conname, pg_get_constraintdef(c.oid)
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE c.connamespace = %s::regnamespace AND c.contype = 'f' ORDER BY 1, 2
"""
TRIGGERS = """
SELECT t.relname, g.tgname, g.tgenabled::text
FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
WHERE t.relnamespace = %s::regnamespace AND NOT g.tgisinternal ORDER BY 1, 2
"""
WAKING = {
    "O": "ENABLE TRIGGER {}",
    "A": "ENABLE ALWAYS TRIGGER {}",
    "R": "ENABLE REPLICA TRIGGER {}",
    "D": "DISABLE TRIGGER {}",
}


def _alter(connection: Connection, table: str, change: sql.Composed) -> None:
    connection.execute(
        sql.SQL("ALTER TABLE {table} {change}").format(table=sql.Identifier(table), change=change)
    )


def _quoted(connection: Connection, schema: str) -> str:
    return sql.Identifier(schema).as_string(connection)


def _told(found: Fingerprint | None) -> str:
    return f"{found.rows} rows ({found.checksum[:8]})" if found else "no table"
