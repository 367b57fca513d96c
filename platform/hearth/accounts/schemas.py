"""What the sign-in form may hold."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields, post_load, validate

from hearth.web.fields import PlainText


@dataclass(frozen=True)
class Credentials:
    """An address and a password as they were typed."""

    email: str
    password: str


class SignInSchema(Schema):
    """The sign-in form."""

    email = PlainText(
        required=True,
        max_length=254,
        metadata={"label": _l("E-mail address"), "widget": "email", "autocomplete": "username"},
    )
    password = fields.String(
        required=True,
        validate=validate.Length(1, 1000),
        metadata={
            "label": _l("Password"),
            "widget": "password",
            "autocomplete": "current-password",
        },
    )

    @post_load
    def command(self, data: dict[str, Any], **_: Any) -> Credentials:
        """Give the view something typed."""
        return Credentials(**data)
