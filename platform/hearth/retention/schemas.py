"""What the forms about retention and legal holds may hold."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields, validates_schema

from hearth.retention.models import Answer
from hearth.subject_rights.schemas import StartSchema, reason_field
from hearth.web.fields import LocalDate


class AnswerSchema(Schema):
    """What a human says to a notice."""

    answer = fields.Enum(
        Answer,
        by_value=True,
        required=True,
        metadata={
            "label": _l("Your decision"),
            "choices": [
                (Answer.KEEP, _l("Keep it until a day, with a reason")),
                (
                    Answer.LET_GO,
                    _l("Let it go as soon as its time is over; two people have to say so"),
                ),
            ],
            "widget": "radios",
        },
    )
    keep_until = LocalDate(load_default=None, not_past=True, metadata={"label": _l("Keep until")})
    reason = reason_field(_l("Why"), required=False)

    @validates_schema
    def say_why_and_until(self, data: dict[str, Any], **_more: Any) -> None:
        """Nothing is kept without a reason and an end."""
        if data.get("answer") is not Answer.KEEP:
            return
        for name in ("keep_until", "reason"):
            if not data.get(name):
                raise ValidationError({name: [_("Nothing is kept without a reason and an end.")]})


class HoldSchema(StartSchema):
    """A legal hold on a family or a donor."""

    reason = reason_field(_l("Why nothing may be erased, and who demands it"))
    until_on = LocalDate(
        load_default=None,
        not_past=True,
        metadata={"label": _l("Until"), "hint": _l("Leave it empty if nobody knows yet.")},
    )


class LiftSchema(Schema):
    """Why a hold ends."""

    note = reason_field(_l("Why it ends"))
