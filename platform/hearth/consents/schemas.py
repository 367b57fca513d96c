"""What the forms about consents may hold."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields, validates_schema

from hearth.consents.models import ConsentPurpose, Giver, Medium
from hearth.consents.words import GIVERS, MEDIA, PURPOSES
from hearth.data_classes import FieldClass
from hearth.data_register.words import CLASSES
from hearth.subject_rights.schemas import reason_field
from hearth.web.fields import Choice, LocalDate, PlainText, UuidChoice
from hearth.web.languages import NATIVE_NAMES

SHARED = [
    FieldClass.IDENTITY,
    FieldClass.CONTACT,
    FieldClass.LOCATION,
    FieldClass.HEALTH,
    FieldClass.LEGAL,
    FieldClass.CASEWORK,
]
ASSENT = {"yes": True, "no": False, "not_asked": None}


class ConsentSchema(Schema):
    """A yes, as it was given."""

    person_id = UuidChoice(required=True, metadata={"label": _l("About whom"), "widget": "radios"})
    purpose = fields.Enum(
        ConsentPurpose,
        by_value=True,
        required=True,
        metadata={"label": _l("What for"), "choices": PURPOSES.items(), "widget": "radios"},
    )
    categories = fields.List(
        Choice([(one.value, CLASSES[one]) for one in SHARED]),
        load_default=list,
        metadata={
            "label": _l("Which data"),
            "choices": [(one.value, CLASSES[one]) for one in SHARED],
            "widget": "checkboxes",
        },
    )
    recipients = PlainText(
        max_length=500,
        load_default="",
        metadata={"label": _l("Who may receive them"), "hint": _l("Empty: only we ourselves.")},
    )
    giver = fields.Enum(
        Giver,
        by_value=True,
        required=True,
        metadata={"label": _l("Who said yes"), "choices": GIVERS.items(), "widget": "radios"},
    )
    giver_name = PlainText(
        max_length=300,
        load_default=None,
        metadata={"label": _l("Name of the guardian"), "spellcheck": False},
    )
    assent = fields.String(
        load_default="not_asked",
        metadata={
            "label": _l("And the child itself"),
            "choices": [
                ("yes", _l("It said yes")),
                ("no", _l("It said no")),
                ("not_asked", _l("It was not asked")),
            ],
            "widget": "radios",
            "optional": False,
        },
    )
    medium = fields.Enum(
        Medium,
        by_value=True,
        required=True,
        metadata={"label": _l("In what form"), "choices": MEDIA.items(), "widget": "radios"},
    )
    language = Choice(
        list(NATIVE_NAMES.items()),
        required=True,
        metadata={
            "label": _l("Language of the text"),
            "choices": list(NATIVE_NAMES.items()),
            "widget": "select",
        },
    )
    valid_from = LocalDate(required=True, not_future=True, metadata={"label": _l("From")})
    valid_until = LocalDate(
        required=True,
        metadata={"label": _l("Until"), "hint": _l("No yes is for ever; a year is usual.")},
    )

    @validates_schema
    def in_order(self, data: dict[str, Any], **_more: Any) -> None:
        """It ends after it begins, and a guardian has a name."""
        begins, ends = data.get("valid_from"), data.get("valid_until")
        if begins and ends and ends <= begins:
            raise ValidationError({"valid_until": [_("The end lies before the beginning.")]})
        if data.get("giver") is Giver.GUARDIAN and not data.get("giver_name"):
            raise ValidationError({"giver_name": [_("Write down who the guardian is.")]})


class WithdrawSchema(Schema):
    """Taking a yes back needs no reason."""

    note = reason_field(_l("Note"), required=False)


class StopSchema(Schema):
    """What was stopped."""

    note = reason_field(_l("What was stopped, and who was told"))
