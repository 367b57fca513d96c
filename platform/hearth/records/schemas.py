"""What the records can be searched by."""

from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields, validates_schema

from hearth.audit.words import ACTIONS
from hearth.web.fields import Choice, LocalDate, PlainText, UuidChoice


class _DaysSchema(Schema):
    user_id = UuidChoice(metadata={"label": _l("Colleague")})
    since = LocalDate(metadata={"label": _l("From")})
    until = LocalDate(metadata={"label": _l("Until")})

    @validates_schema
    def in_order(self, data: dict[str, Any], **_options: Any) -> None:
        """Refuse a range that ends before it begins."""
        if data.get("since") and data.get("until") and data["since"] > data["until"]:
            raise ValidationError(
                {"until": [str(_l("Choose a day that is not before the first one."))]}
            )


class LooksSchema(_DaysSchema):
    """Which looks at a family."""

    lists = fields.Boolean(
        load_default=False,
        metadata={"label": _l("Lists that named the family, too"), "widget": "checkbox"},
    )


class EventsSchema(_DaysSchema):
    """Which events of the log."""

    action = Choice(
        lambda: sorted(((code, str(label)) for code, label in ACTIONS.items()), key=lambda c: c[1]),
        metadata={"label": _l("What was done")},
    )
    case_number = PlainText(max_length=20, metadata={"label": _l("Case number")})
