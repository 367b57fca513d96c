"""Whatever ends a right says so of itself, so that no restored backup gives it back."""

import re

import pytest

from hearth.closings import NotADoor, Replaced, closings_of, columns_named
from hearth.data_register.registry import DataTable, organisation_tables

# The beginnings of what a column is called in which a row ends.
ENDS = re.compile(
    r"(answered|cancelled|closed|decided|disabled|done|effect|ended|ends|expires|given_up|keep|left|lifted|open_to"
    r"|removed|revoked|superseded|taken|until|used|valid_until|withdrawn)(_at|_on|_until)?$"
)
TABLES = organisation_tables()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_says_of_each_end_whether_it_outlives_a_restored_backup(table: DataTable) -> None:
    closings = closings_of(table.model)

    ends = {one.name for one in table.table.columns if ENDS.match(one.name)}

    if not any(isinstance(one, Replaced) for one in closings):
        assert ends - columns_named(closings) == set()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_what_is_named_is_there_and_what_closes_nothing_has_a_reason(table: DataTable) -> None:
    closings = closings_of(table.model)

    reasons = [one.because for one in closings if isinstance(one, NotADoor)]

    assert columns_named(closings) <= set(table.table.columns.keys())
    assert all(len(reason.split()) > 3 for reason in reasons)
