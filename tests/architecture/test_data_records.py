"""Every column says what it holds, and every purpose and ground is known to every law."""

import pytest

from hearth.data_classes import FieldClass
from hearth.data_records import DataGroup
from hearth.data_register.registry import DataTable, organisation_tables, shared_tables
from hearth.models import SHARED_METADATA, TENANT_METADATA
from hearth.subject_rights.vocabulary import RequestKind
from tenants.legal import PROFILES, profile

TABLES = (*organisation_tables(), *shared_tables())


def test_every_table_is_in_the_register() -> None:
    assert {table.name for table in organisation_tables()} == {
        table.name for table in TENANT_METADATA.sorted_tables
    }
    assert {table.name for table in shared_tables()} == {
        table.name for table in SHARED_METADATA.sorted_tables
    }


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.table.fullname)
def test_every_column_has_a_class_and_no_class_is_for_a_column_that_is_not_there(
    table: DataTable,
) -> None:
    known = {field.name for field in table.fields}

    assert {field.column for field in table.fields} == set(table.table.columns.keys())
    assert set(table.record.classes) <= known
    assert table.record.others <= known
    assert set(table.record.blanks) <= known


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.table.fullname)
def test_whoever_tells_of_somebody_says_how_the_row_leads_there(table: DataTable) -> None:
    telling = {
        FieldClass.IDENTITY,
        FieldClass.CONTACT,
        FieldClass.HEALTH,
        FieldClass.LEGAL,
        FieldClass.SEALED_NOTE,
    }
    tells = any(field.data_class in telling for field in table.fields)

    assert table.record.subject or not tells
    for path in table.record.subject:
        assert path.columns[0] in table.table.columns


@pytest.mark.parametrize("code", PROFILES)
def test_every_law_knows_every_purpose_ground_period_and_request(code: str) -> None:
    law = profile(code)

    assert {table.record.purpose for table in TABLES} <= set(law.purposes)
    assert {table.record.basis for table in TABLES} <= set(law.bases)
    assert set(law.retention) == set(DataGroup)
    assert set(law.answers) == set(RequestKind)


def test_a_country_has_one_law() -> None:
    countries = [country for code in PROFILES for country in profile(code).countries]

    assert len(countries) == len(set(countries))
