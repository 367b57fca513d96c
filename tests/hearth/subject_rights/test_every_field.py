"""No field that tells of somebody is forgotten by an erasure, whichever slice it belongs to."""

import pytest

from hearth.data_records import DataGroup, SubjectKind
from hearth.data_register.registry import DataField, DataTable, organisation_tables
from hearth.subject_rights import erasing

# Codes of a closed list, and a number of a place: they name nobody once the names are gone.
NAMES_NOBODY = {
    ("household_restrictions", "kind"),
    ("service_deliveries", "kind"),
    ("stay_places", "place_id"),
}
ABOUT_PEOPLE = [
    (table, field)
    for table in organisation_tables()
    for field in table.fields
    if table.record.group not in (DataGroup.RIGHTS, DataGroup.OPERATION)
    and set(SubjectKind) & {path.kind for path in table.record.subject}
    and field.data_class in erasing.TELLING
]


@pytest.mark.parametrize(
    ("table", "field"), ABOUT_PEOPLE, ids=lambda one: getattr(one, "name", str(one))
)
def test_a_field_that_tells_of_somebody_can_be_blanked(table: DataTable, field: DataField) -> None:
    blanked = field in erasing.telling_fields(table)

    assert blanked or (table.name, field.name) in NAMES_NOBODY


def test_the_exceptions_are_still_there() -> None:
    known = {(table.name, field.name) for table, field in ABOUT_PEOPLE}

    assert known >= NAMES_NOBODY
