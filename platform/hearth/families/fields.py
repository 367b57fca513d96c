"""The answers that several forms about families ask for, each made in one place."""

from collections.abc import Mapping
from typing import Any

from babel import Locale
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import ValidationError, fields, missing, validate

from hearth.families.births import UNKNOWN_BIRTH, Birth, BirthDateError, BirthInFutureError
from hearth.families.names import LONGEST
from hearth.families.vocabulary import Need
from hearth.families.words import NEEDS, SAFE_TO_CALL
from hearth.web.fields import PlainText
from hearth.web.formatting import reader_locale, today

LANGUAGES = ("ru", "uk", "be", "uz", "tg", "ky", "kk", "az", "hy", "ka", "ro", "tt", "en", "fr")
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
        validate=validate.OneOf(list(_SAFETY)),
        metadata={
            "label": _l("Is it safe to call?"),
            "choices": [(answer, SAFE_TO_CALL[safe]) for answer, safe in _SAFETY.items()],
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
            error=_l("Use figures, spaces and + only, such as +7 921 000 00 00."),
        ),
        metadata={"label": label, "widget": "tel", "autocomplete": "off"},
    )


def preferred_language_field(label: LazyString) -> fields.String:
    """The language somebody speaks best."""
    return fields.String(
        load_default=None,
        metadata={
            "label": label,
            "choices": language_choices,
            "widget": "select",
            "placeholder": _l("Not recorded"),
        },
    )


def contact_note_field(label: LazyString) -> PlainText:
    """How somebody can be reached without harm."""
    return PlainText(
        max_length=1000,
        multiline=True,
        load_default=None,
        metadata={
            "label": label,
            "hint": _l("Hours, who may answer, what must never be mentioned."),
            "rows": 3,
        },
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
