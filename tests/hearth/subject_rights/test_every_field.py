"""No field that tells of somebody is forgotten by an erasure, whichever slice it belongs to."""

import pytest

from hearth.data_records import DataGroup, SubjectKind
from hearth.data_register.registry import DataField, DataTable, organisation_tables
from hearth.sealing.fields import sealed_fields
from hearth.subject_rights import erasing

# Codes of a closed list, and a number of a place: they name nobody once the names are gone.
NAMES_NOBODY = {
    ("household_restrictions", "kind"),
    ("service_deliveries", "kind"),
    ("stay_places", "place_id"),
}
KEY_OF = {
    "person_id": SubjectKind.PERSON,
    "household_id": SubjectKind.HOUSEHOLD,
    "stay.household_id": SubjectKind.HOUSEHOLD,
    "people.id": SubjectKind.PERSON,
    "referrals.id": SubjectKind.REFERRAL,
    "stored_files.subject_id": SubjectKind.HOUSEHOLD,
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


@pytest.mark.parametrize(
    ("table", "field"),
    [(table, field) for table, field in ABOUT_PEOPLE if field.sealed],
    ids=lambda one: getattr(one, "name", str(one)),
)
def test_what_is_sealed_ends_with_somebody_to_whom_its_row_leads(
    table: DataTable, field: DataField
) -> None:
    whose = next(one.subject for one in sealed_fields(table.model) if one.name == field.name)
    kind = KEY_OF.get(whose) or KEY_OF[f"{table.name}.{whose}"]
    ways = {path.kind for path in table.record.subject}

    assert kind in ways
    # A row that knows its person goes with her alone, so her key is the one that has to end.
    assert SubjectKind.PERSON not in ways or kind is SubjectKind.PERSON
