"""What the forms about one's own account may hold."""

from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields, validate

from hearth.accounts.passwords import SHORTEST
from hearth.accounts.schemas import password_field
from hearth.web.fields import Choice, PlainText
from hearth.web.languages import NATIVE_NAMES


class DetailsSchema(Schema):
    """Name and language."""

    name = PlainText(
        max_length=200,
        required=True,
        metadata={
            "label": _l("Name"),
            "hint": _l("As colleagues know you."),
            "autocomplete": "name",
        },
    )
    locale = Choice(
        list(NATIVE_NAMES.items()),
        required=True,
        metadata={"label": _l("Language"), "choices": list(NATIVE_NAMES.items())},
    )


class PasswordSchema(Schema):
    """Changing one's own password."""

    old_password = password_field(_l("The password you have now"))
    new_password = password_field(
        _l("New password"),
        hint=_l(
            "At least %(count)s characters. A few words that only you would put together are good.",
            count=SHORTEST,
        ),
        known=False,
    )
    end_keys = fields.Boolean(
        load_default=False,
        metadata={"label": _l("End my keys for programs, too"), "widget": "checkbox"},
    )


class AppSchema(Schema):
    """Setting up an app: its secret travels sealed, and the app shows a code in return."""

    sealed = fields.String(
        required=True, validate=validate.Length(1, 400), metadata={"widget": "hidden"}
    )
    code = PlainText(
        max_length=20,
        required=True,
        metadata={
            "label": _l("Code"),
            "hint": _l("The six figures that the app shows now."),
            "autocomplete": "one-time-code",
            "spellcheck": False,
        },
    )


class PasskeySchema(Schema):
    """Making a passkey: how its owner calls it, and what the device answered."""

    name = PlainText(
        max_length=60,
        load_default="",
        metadata={"label": _l("What you call it"), "hint": _l("Such as: my telephone, blue key.")},
    )
    passkey = fields.String(load_default="", metadata={"widget": "hidden"})


def _days() -> list[tuple[str, Any]]:
    return [("30", _l("30 days")), ("90", _l("90 days")), ("365", _l("One year"))]


class TokenSchema(Schema):
    """Making a key for a program; which permissions there are to give, the view says."""

    name = PlainText(
        max_length=60,
        required=True,
        metadata={"label": _l("What it is for"), "hint": _l("Such as: our website.")},
    )
    scopes = fields.List(
        fields.String(),
        required=True,
        validate=validate.Length(min=1),
        metadata={"label": _l("What it may read"), "widget": "checkboxes"},
    )
    days = Choice(_days, required=True, metadata={"label": _l("How long it works")})
