"""Whatever ends a right says so of itself, so that no restored backup gives it back."""

import re
from typing import Any

import pytest
from sqlalchemy import ARRAY, Boolean, Column, Date, DateTime

from hearth.closings import NotADoor, Replaced, closings_of, columns_named
from hearth.data_register.registry import DataTable, organisation_tables

# The beginnings of what a column is called in which a row ends.
ENDS = re.compile(
    r"(answered|cancelled|closed|decided|disabled|done|effect|ended|ends|expires|given_up|keep|left|lifted|open_to"
    r"|removed|revoked|superseded|taken|until|used|valid_until|withdrawn)(_at|_on|_until)?$"
)
TABLES = organisation_tables()


def _leads_to(column: Column[Any]) -> set[Column[Any]]:
    return {key.column for key in column.foreign_keys}


def _may_close(column: Column[Any]) -> bool:
    """Whether what stands in a column can become less, or come to stand there, whatever its name.

    That is a day or moment that may be empty, a yes or no, and a list.
    """
    if column.primary_key:
        return False
    is_filled_later = isinstance(column.type, Date | DateTime) and bool(column.nullable)
    return is_filled_later or isinstance(column.type, Boolean | ARRAY)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_says_of_each_end_whether_it_outlives_a_restored_backup(table: DataTable) -> None:
    closings = closings_of(table.model)

    ends = {one.name for one in table.table.columns if ENDS.match(one.name) or _may_close(one)}

    if not any(isinstance(one, Replaced) for one in closings):
        assert ends - columns_named(closings) == set()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_with_corrections_says_of_each_column_whether_one_of_them_may_close(
    table: DataTable,
) -> None:
    columns = set(table.table.columns)

    # Each row has at most one that took its place.
    corrects = {one for one in columns if one.unique and _leads_to(one) & columns}

    # A correction is a new row, so that whatever it changed is gone with it.
    if corrects:
        said = columns_named(closings_of(table.model))
        assert {one.name for one in columns if not one.primary_key} - said == set()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_what_is_named_is_there_and_what_closes_nothing_has_a_reason(table: DataTable) -> None:
    closings = closings_of(table.model)

    reasons = [one.because for one in closings if isinstance(one, NotADoor)]

    assert columns_named(closings) <= set(table.table.columns.keys())
    assert all(len(reason.split()) > 3 for reason in reasons)
