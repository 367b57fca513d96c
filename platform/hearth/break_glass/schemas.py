"""What the forms about emergency looks may hold."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields

from hearth.break_glass.vocabulary import Outcome, Reason
from hearth.break_glass.words import OUTCOMES, REASONS
from hearth.web.fields import PlainText

SHORTEST = 20


def long_enough(text: str) -> None:
    """Refuse an explanation that explains nothing."""
    if len(text.strip()) < SHORTEST:
        raise ValidationError(_("Write at least %(number)s characters.", number=SHORTEST))


class LookSchema(Schema):
    """Which case, and why it cannot wait."""

    case_number = PlainText(
        required=True,
        max_length=20,
        metadata={
            "label": _l("Case number"),
            "hint": _l("The whole number, such as 2026-0042."),
            "autocomplete": "off",
        },
    )
    reason = fields.Enum(
        Reason,
        by_value=True,
        required=True,
        metadata={
            "label": _l("Why can it not wait?"),
            "widget": "radios",
            "choices": REASONS.items(),
        },
    )
    explanation = PlainText(
        required=True,
        max_length=2000,
        multiline=True,
        validate=long_enough,
        metadata={
            "label": _l("What happened"),
            "hint": _l(
                "At least 20 characters, no names and no addresses. Whoever reviews your look may"
                " read this."
            ),
            "rows": 4,
        },
    )


class ReviewSchema(Schema):
    """What somebody else thinks of a look."""

    outcome = fields.Enum(
        Outcome,
        by_value=True,
        required=True,
        metadata={
            "label": _l("Was the look justified?"),
            "widget": "radios",
            "choices": OUTCOMES.items(),
        },
    )
    note = PlainText(
        required=True,
        max_length=2000,
        multiline=True,
        metadata={
            "label": _l("What you found"),
            "hint": _l("No names and no addresses."),
            "rows": 4,
        },
    )
