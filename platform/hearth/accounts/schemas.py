"""What the forms around signing in may hold."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields, post_load, validate

from hearth.accounts.passwords import LONGEST, SHORTEST
from hearth.web.fields import PlainText

SHARED, ALONE = "shared", "own"


@dataclass(frozen=True)
class Credentials:
    """An address and a password as they were typed; ``shared`` is None when nothing was said."""

    email: str
    password: str
    shared: bool | None


def password_field(label: Any = None, *, hint: Any = None, known: bool = True) -> fields.String:
    """A password that somebody has (``known``), or one that is chosen now."""
    return fields.String(
        required=True,
        validate=validate.Length(1, LONGEST),
        metadata={
            "label": label or _l("Password"),
            "hint": hint or "",
            "widget": "password",
            "autocomplete": "current-password" if known else "new-password",
        },
    )


def code_field() -> PlainText:
    """Six figures of an app, or a recovery code."""
    return PlainText(
        max_length=40,
        required=True,
        metadata={
            "label": _l("Code"),
            "hint": _l("The six figures in your app, or one of your recovery codes."),
            "autocomplete": "one-time-code",
            "spellcheck": False,
        },
    )


def _computers() -> list[tuple[str, Any, Any]]:
    return [
        (SHARED, _l("Others use it too"), _l("You are signed out after 15 minutes without use.")),
        (ALONE, _l("Only I use it"), _l("You are signed out after an hour without use.")),
    ]


class SignInSchema(Schema):
    """The sign-in form."""

    email = PlainText(
        required=True,
        max_length=254,
        metadata={"label": _l("E-mail address"), "widget": "email", "autocomplete": "username"},
    )
    password = password_field()
    computer = fields.String(
        load_default=None,
        metadata={
            "label": _l("Whose computer is this?"),
            "widget": "radios",
            "choices": _computers,
        },
    )

    @post_load
    def command(self, data: dict[str, Any], **_: Any) -> Credentials:
        """Give the view something typed."""
        shared = None if data["computer"] is None else data["computer"] == SHARED
        return Credentials(data["email"], data["password"], shared)


class CodeSchema(Schema):
    """The second step of signing in."""

    code = code_field()


class ConfirmSchema(Schema):
    """The proof that it is still the same person."""

    password = password_field()
    code = code_field()


class ForgottenSchema(Schema):
    """Asking for a new password."""

    email = PlainText(
        required=True,
        max_length=254,
        metadata={"label": _l("E-mail address"), "widget": "email", "autocomplete": "username"},
    )


class ChosenPasswordSchema(Schema):
    """Choosing a password by a link in a mail."""

    link = fields.String(
        load_default="", validate=validate.Length(max=100), metadata={"widget": "hidden"}
    )
    password = password_field(
        _l("New password"),
        hint=_l(
            "At least %(count)s characters. A few words that only you would put together are good.",
            count=SHORTEST,
        ),
        known=False,
    )


class LinkSchema(Schema):
    """Beginning a second factor anew: the link from the mail, and the password."""

    link = fields.String(
        load_default="", validate=validate.Length(max=100), metadata={"widget": "hidden"}
    )
    password = password_field()
