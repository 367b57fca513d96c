"""What may come in from the forms that close and reopen a case."""

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields

from hearth.families.fields import needs_field, primary_need_field
from hearth.families.vocabulary import ClosingReason
from hearth.families.words import CLOSING_REASONS
from hearth.web.fields import LocalDate, PlainText


class CloseSchema(Schema):
    """Why and when a case ends."""

    closed_on = LocalDate(required=True, not_future=True, metadata={"label": _l("Closed on")})
    reason = fields.Enum(
        ClosingReason,
        by_value=True,
        required=True,
        metadata={"label": _l("Why"), "choices": CLOSING_REASONS.items(), "widget": "radios"},
    )
    note = PlainText(
        max_length=1000,
        multiline=True,
        load_default=None,
        metadata={"label": _l("Note"), "rows": 3},
    )


class ReopenSchema(Schema):
    """When and what for a family is accompanied again."""

    opened_on = LocalDate(
        required=True, not_future=True, metadata={"label": _l("Accompanied again since")}
    )
    needs = needs_field(_l("What the family asks for now"))
    primary_need = primary_need_field()
