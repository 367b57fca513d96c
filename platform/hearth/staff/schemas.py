"""What the forms about colleagues may hold."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields, post_load, validate

from hearth.web.fields import Choice, MailAddress, PlainText, UuidChoice
from hearth.web.languages import NATIVE_NAMES


@dataclass(frozen=True, kw_only=True)
class NewColleague:
    """Everything an account begins with."""

    email: str
    name: str
    roles: tuple[str, ...]
    locale: str


@dataclass(frozen=True, kw_only=True)
class ChangedColleague:
    """What may change about an account."""

    name: str
    roles: tuple[str, ...]
    locale: str
    works_here: bool


class _ColleagueSchema(Schema):
    name = PlainText(
        max_length=200,
        required=True,
        metadata={"label": _l("Name"), "hint": _l("As colleagues know this person.")},
    )
    roles = fields.List(
        Choice(),
        required=True,
        validate=validate.Length(min=1, error=_l("Choose at least one role.")),
        metadata={
            "label": _l("Roles"),
            "hint": _l("What somebody is here decides which pages open."),
            "widget": "checkboxes",
        },
    )
    locale = Choice(
        list(NATIVE_NAMES.items()),
        required=True,
        metadata={
            "label": _l("Language"),
            "widget": "select",
            "choices": list(NATIVE_NAMES.items()),
        },
    )


class NewColleagueSchema(_ColleagueSchema):
    """The form that invites somebody; the password is the person's own to choose."""

    class Meta:
        """Who it is comes before what she is here."""

        fields = ("name", "email", "roles", "locale")

    email = MailAddress(
        required=True,
        metadata={
            "label": _l("E-mail address"),
            "hint": _l("The invitation goes there, and this person signs in with it."),
            "widget": "email",
            "autocomplete": "off",
        },
    )

    @post_load
    def command(self, data: dict[str, Any], **_: Any) -> NewColleague:
        """Give the view something typed."""
        return NewColleague(**{**data, "roles": tuple(data["roles"])})


class ChangedColleagueSchema(_ColleagueSchema):
    """The form that changes an account or closes it."""

    works_here = fields.Boolean(
        load_default=False,
        metadata={"label": _l("Works here and may sign in"), "widget": "checkbox"},
    )

    @post_load
    def command(self, data: dict[str, Any], **_: Any) -> ChangedColleague:
        """Give the view something typed."""
        return ChangedColleague(**{**data, "roles": tuple(data["roles"])})


class TeamSchema(Schema):
    """A team that is formed."""

    name = PlainText(
        max_length=100,
        required=True,
        validate=validate.Length(min=2, error=_l("Give the team a name.")),
        metadata={"label": _l("Name"), "hint": _l("Such as: north bank.")},
    )


class TeamMemberSchema(Schema):
    """A colleague who joins a team."""

    user_id = UuidChoice(required=True, metadata={"label": _l("Who joins the team")})
