"""What the forms about access to one family's file may hold."""

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields, validate

from hearth.case_access.words import KINDS
from hearth.families.access_models import RestrictionKind
from hearth.web.fields import LocalDate, PlainText, UuidChoice

SHORTEST_REASON = 10


def _reason(hint: object) -> PlainText:
    return PlainText(
        max_length=500,
        required=True,
        validate=validate.Length(
            min=SHORTEST_REASON, error=_l("Write a few words, so that others understand it later.")
        ),
        metadata={"label": _l("Why"), "hint": hint},
    )


class GrantSchema(Schema):
    """A colleague who may open one family's file."""

    user_id = UuidChoice(required=True, metadata={"label": _l("Who may open this file")})
    reason = _reason(_l("Such as: legal help with the lease. Write nothing about the family."))
    until = LocalDate(
        load_default=None,
        not_past=True,
        metadata={
            "label": _l("Until which day"),
            "hint": _l("This day is the last. Leave it empty to open the file until you end it."),
        },
    )


class KeeperSchema(Schema):
    """A colleague who goes on with a restricted file that has nobody left."""

    user_id = UuidChoice(required=True, metadata={"label": _l("Who goes on with this family")})
    reason = _reason(_l("Such as: agreed with the director. Write nothing about the family."))


class RestrictSchema(Schema):
    """A file that opens by name alone."""

    kind = fields.Enum(
        RestrictionKind,
        by_value=True,
        required=True,
        metadata={"label": _l("What is the matter"), "choices": KINDS.items(), "widget": "radios"},
    )
    keeper_ids = fields.List(
        UuidChoice(),
        required=True,
        validate=validate.Length(min=1, error=_l("Choose at least one colleague.")),
        metadata={
            "label": _l("Who goes on with this family"),
            "hint": _l(
                "Everybody else loses the file at once, you too. Choose somebody who can lift this"
                " again: another supervisor or the director."
            ),
            "widget": "checkboxes",
        },
    )
    reason = _reason(_l("It stands beside each of these colleagues' names."))
