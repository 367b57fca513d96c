"""What may come in from the forms about a family's people."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel import Locale
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields, missing, post_load, validate

from hearth.families.births import UNKNOWN_BIRTH, Birth, BirthDateError, BirthInFutureError
from hearth.families.membership import PersonDetails
from hearth.families.names import LONGEST
from hearth.families.vocabulary import LeavingReason, MemberRole, Need, Sex
from hearth.families.words import LEAVING_REASONS, MEMBER_ROLES, NEEDS, SEXES
from hearth.web.fields import LocalDate, PlainText, UuidChoice
from hearth.web.formatting import reader_locale, today
from hearth.web.forms import Form

LANGUAGES = ("ru", "uk", "be", "uz", "tg", "ky", "kk", "az", "hy", "ka", "ro", "tt", "en", "fr")
SAFE_TO_CALL: Mapping[str, LazyString] = {
    "yes": _l("Yes, this number is safe"),
    "no": _l("No, never call"),
    "unknown": _l("Not asked yet – do not call"),
}
_SAFETY = {"yes": True, "no": False, "unknown": None}


class BirthDate(fields.Field[Birth]):
    """A date of birth as exactly as it is known, in one line of text."""

    def _serialize(self, value: Birth | None, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return value.as_written() if value else ""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Birth:
        try:
            return Birth.written(str(value))
        except BirthDateError as error:
            raise ValidationError(
                _("Enter a date such as 14.03.2024. If less is known: 03.2024 or 2024.")
            ) from error


def birth_field(label: LazyString | None = None) -> BirthDate:
    """The field for a date of birth."""
    return BirthDate(
        load_default=UNKNOWN_BIRTH,
        metadata={
            "label": label or _l("Date of birth"),
            "hint": _l(
                "Such as 14.03.2024. If you only know the month or the year: 03.2024, 2024."
            ),
            "spellcheck": False,
        },
    )


def not_born_yet_field() -> fields.Boolean:
    """The box for a child that is on its way."""
    return fields.Boolean(
        load_default=False,
        metadata={"label": _l("Not born yet: this is the expected date"), "widget": "checkbox"},
    )


def name_field(
    label: LazyString, *, required: bool = False, hint: LazyString | None = None
) -> PlainText:
    """The field for a part of a name, in any script."""
    return PlainText(
        max_length=LONGEST,
        required=required,
        load_default=missing if required else "",
        metadata={"label": label, "hint": hint or "", "spellcheck": False, "autocomplete": "off"},
    )


def needs_field(label: LazyString) -> fields.List[Need]:
    """The boxes for what a family asks for."""
    return fields.List(
        fields.Enum(Need, by_value=True),
        load_default=list,
        metadata={"label": label, "choices": NEEDS.items(), "widget": "checkboxes"},
    )


def primary_need_field() -> fields.Enum[Need]:
    """The choice of the one need that brought the family."""
    return fields.Enum(
        Need,
        by_value=True,
        load_default=None,
        metadata={
            "label": _l("What matters most"),
            "hint": _l("The one thing the family came for first of all."),
            "choices": NEEDS.items(),
            "placeholder": _l("Not known yet"),
        },
    )


def safe_to_call_field() -> fields.String:
    """The question that decides whether anybody may call."""
    return fields.String(
        load_default="unknown",
        validate=validate.OneOf(list(SAFE_TO_CALL)),
        metadata={
            "label": _l("Is it safe to call?"),
            "choices": SAFE_TO_CALL.items(),
            "widget": "radios",
            "optional": False,
        },
    )


def phone_field(label: LazyString) -> PlainText:
    """A telephone number as it was told."""
    return PlainText(
        max_length=40,
        load_default=None,
        validate=validate.Regexp(
            r"[0-9+()\-./ ]*\Z",
            error=_("Use figures, spaces and + only, such as +7 921 000 00 00."),
        ),
        metadata={"label": label, "widget": "tel", "autocomplete": "off"},
    )


def read_safety(answer: str) -> bool | None:
    """What the answer about calling means."""
    return _SAFETY[answer]


def write_safety(safe: bool | None) -> str:
    """The answer that stands for what is recorded."""
    return next(answer for answer, meaning in _SAFETY.items() if meaning is safe)


def read_birth(birth: Birth, *, expected: bool, field: str) -> Birth:
    """Bring the date and the box for an unborn child together, and refuse what lies ahead."""
    try:
        born = birth.as_expected() if expected else birth
        born.refuse_future(today())
    except BirthInFutureError as error:
        problem = (
            _("An expected date lies within the next ten months.")
            if expected
            else _("This day is still to come. For a child not born yet, tick the box below.")
        )
        raise ValidationError({field: [problem]}) from error
    except BirthDateError as error:
        raise ValidationError({field: [_("Enter the expected date.")]}) from error
    return born


def language_choices() -> list[tuple[str, str]]:
    """The languages mothers speak with us, in the reader's own words."""
    reader = reader_locale()
    named = [(code, Locale(code).get_display_name(reader) or code) for code in LANGUAGES]
    return [(code, name[:1].upper() + name[1:]) for code, name in named]


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
    preferred_language = fields.String(
        load_default=None,
        metadata={
            "label": _l("Language she or he speaks best"),
            "choices": language_choices,
            "widget": "select",
            "placeholder": _l("Not recorded"),
        },
    )
    phone = phone_field(_l("Telephone"))
    safe_to_call = safe_to_call_field()
    contact_note = PlainText(
        max_length=1000,
        multiline=True,
        load_default=None,
        metadata={
            "label": _l("How to reach this person safely"),
            "hint": _l("Hours, who may answer, what must never be mentioned."),
            "rows": 3,
        },
    )

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
    from_on = LocalDate(required=True, not_future=True, metadata={"label": _l("From")})

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
