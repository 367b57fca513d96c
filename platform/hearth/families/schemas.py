"""What may come in from the forms about a family's people."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields, post_load

from hearth.families.fields import (
    birth_field,
    contact_note_field,
    name_field,
    not_born_yet_field,
    phone_field,
    preferred_language_field,
    read_birth,
    read_safety,
    safe_to_call_field,
    write_safety,
)
from hearth.families.membership import PersonDetails
from hearth.families.vocabulary import LeavingReason, MemberRole, Sex
from hearth.families.words import LEAVING_REASONS, MEMBER_ROLES, SEXES
from hearth.web.fields import LocalDate, PlainText, UuidChoice
from hearth.web.forms import Form


class SearchSchema(Schema):
    """What somebody looks for in a list."""

    text = PlainText(
        max_length=200,
        load_default="",
        metadata={"label": _l("Name or case number"), "widget": "search", "spellcheck": False},
    )


class PersonSchema(Schema):
    """Who somebody is and how she may be reached."""

    given_name = name_field(_l("First name"))
    patronymic = name_field(_l("Patronymic"))
    family_name = name_field(_l("Family name"))
    born = birth_field()
    not_born_yet = not_born_yet_field()
    sex = fields.Enum(
        Sex,
        by_value=True,
        load_default=Sex.UNKNOWN,
        metadata={
            "label": _l("Sex"),
            "choices": SEXES.items(),
            "widget": "radios",
            "optional": False,
        },
    )
    preferred_language = preferred_language_field(_l("Language she or he speaks best"))
    phone = phone_field(_l("Telephone"))
    safe_to_call = safe_to_call_field()
    contact_note = contact_note_field(_l("How to reach this person safely"))

    def details(self, data: Mapping[str, Any]) -> PersonDetails:
        """The person these answers describe."""
        birth = read_birth(data["born"], expected=data["not_born_yet"], field="born")
        if not (data["given_name"] or data["family_name"] or birth.is_expected):
            raise ValidationError({"given_name": [_("Enter a name, or what people call her.")]})
        return PersonDetails(
            given_name=data["given_name"],
            family_name=data["family_name"],
            patronymic=data["patronymic"],
            birth=birth,
            sex=data["sex"],
            preferred_language=data["preferred_language"],
            phone=data["phone"],
            safe_to_call=read_safety(data["safe_to_call"]),
            contact_note=data["contact_note"],
        )


@dataclass(frozen=True)
class MemberAnswers:
    """A person and her or his time in the household."""

    person: PersonDetails
    role: MemberRole
    joined_on: date
    left_on: date | None = None
    leaving_reason: LeavingReason | None = None


class MemberSchema(PersonSchema):
    """Somebody who joins the household."""

    role = fields.Enum(
        MemberRole,
        by_value=True,
        required=True,
        metadata={
            "label": _l("Who is this in the family?"),
            "choices": MEMBER_ROLES.items(),
            "widget": "radios",
        },
    )
    joined_on = LocalDate(
        required=True, not_future=True, metadata={"label": _l("Belongs to the family since")}
    )

    class Meta:
        """Who and since when comes first."""

        fields: tuple[str, ...] = (
            "role",
            "given_name",
            "patronymic",
            "family_name",
            "born",
            "not_born_yet",
            "sex",
            "joined_on",
            "preferred_language",
            "phone",
            "safe_to_call",
            "contact_note",
        )

    @post_load
    def answers(self, data: dict[str, Any], **_kwargs: Any) -> MemberAnswers:
        """The member these answers describe."""
        return MemberAnswers(
            person=self.details(data),
            role=data["role"],
            joined_on=data["joined_on"],
            left_on=data.get("left_on"),
            leaving_reason=data.get("leaving_reason"),
        )


class FormerMemberSchema(MemberSchema):
    """Somebody who belonged to the household and has left."""

    left_on = LocalDate(required=True, not_future=True, metadata={"label": _l("Left on")})
    leaving_reason = fields.Enum(
        LeavingReason,
        by_value=True,
        required=True,
        metadata={"label": _l("Why"), "choices": LEAVING_REASONS.items()},
    )

    class Meta:
        """The end of the membership follows its beginning."""

        fields = (
            *MemberSchema.Meta.fields[:8],
            "left_on",
            "leaving_reason",
            *MemberSchema.Meta.fields[8:],
        )


class LeaveSchema(Schema):
    """Somebody leaves the household."""

    left_on = LocalDate(required=True, not_future=True, metadata={"label": _l("Left on")})
    reason = fields.Enum(
        LeavingReason,
        by_value=True,
        required=True,
        metadata={"label": _l("Why"), "choices": LEAVING_REASONS.items(), "widget": "radios"},
    )


@dataclass(frozen=True)
class KeyWorkerAnswers:
    """Who accompanies the family from when on."""

    user_id: uuid.UUID
    from_on: date


class KeyWorkerSchema(Schema):
    """Somebody else accompanies the family."""

    user_id = UuidChoice(required=True, metadata={"label": _l("Who accompanies the family")})
    from_on = LocalDate(required=True, not_future=True, metadata={"label": _l("From which day")})

    @post_load
    def answers(self, data: dict[str, Any], **_kwargs: Any) -> KeyWorkerAnswers:
        """The new key worker."""
        return KeyWorkerAnswers(**data)


def person_answers(details: PersonDetails) -> dict[str, Any]:
    """What a form about a person shows at first."""
    return {
        **vars(details),
        "born": details.birth,
        "not_born_yet": details.birth.is_expected,
        "safe_to_call": write_safety(details.safe_to_call),
    }


def say_date_problem(form: Form, field: str, sentence: str) -> None:
    """Put a sentence about a day at the field that asked for it, or above the form."""
    form.add_error(field if field in form else None, sentence)
