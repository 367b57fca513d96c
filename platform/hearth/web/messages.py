"""Says in the reader's language, and helpfully, what marshmallow's own validators found wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from marshmallow import fields, validate

from hearth.web.formatting import format_date, format_number

FILL_THIS_IN = _l("Fill this in.")
CHECK_THIS = _l("This does not look right. Please check it.")
NOT_OFFERED = _l("Choose one of the answers offered here.")
ASKED = {
    "select": _l("Choose one of these."),
    "radios": _l("Choose one of these."),
    "checkboxes": _l("Choose at least one of these."),
    "checkbox": _l("Tick this box to go on."),
    "date": _l("Enter a date."),
    "money": _l("Enter an amount."),
    "email": _l("Enter an email address."),
    "tel": _l("Enter a telephone number."),
    "number": _l("Enter a number."),
    "password": _l("Enter a password."),
    "file": _l("Choose a file."),
}
MISREAD = {
    "select": NOT_OFFERED,
    "radios": NOT_OFFERED,
    "checkboxes": NOT_OFFERED,
    "hidden": NOT_OFFERED,
    "date": _l("Enter a date that exists in the calendar."),
    "time": _l("Enter a time of day, such as 14:30."),
    "money": _l("Enter an amount in figures, such as 15."),
    "email": _l("Enter an email address such as name@example.org."),
    "number": _l("Enter a number in figures."),
}


def translate(field: fields.Field[Any], widget: str) -> None:
    """Put our own sentences in place of every message that nobody wrote for this field.

    The field must belong to one schema instance, because the sentences are those of one reader.
    """
    standard = _standard_messages(type(field))
    field.error_messages = {
        key: _sentence(key, widget) if standard.get(key) == text else str(text)
        for key, text in field.error_messages.items()
    }
    counts_choices = isinstance(field, fields.List)
    field.validators = [_worded(validator, counts_choices) for validator in field.validators]
    if isinstance(field, fields.List):
        translate(field.inner, widget)


def _standard_messages(kind: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("marshmallow"):
            found.update(vars(base).get("default_error_messages", {}))
    return found


def _sentence(key: str, widget: str) -> str:
    if key in ("required", "null"):
        return _asked(widget)
    if key in ("invalid", "invalid_uuid", "unknown", "special", "too_large", "invalid_awareness"):
        return _misread(widget)
    return str(CHECK_THIS)


def _asked(widget: str) -> str:
    return str(ASKED.get(widget, FILL_THIS_IN))


def _misread(widget: str) -> str:
    return str(MISREAD.get(widget, CHECK_THIS))


def _worded(validator: Any, counts_choices: bool) -> Any:
    word = _WORDING.get(type(validator))
    if word is None or _has_its_own_words(validator):
        return validator
    worded = copy.copy(validator)
    # marshmallow formats the text once more, so a brace in a translation must not bite.
    worded.error = word(validator, counts_choices).replace("{", "{{").replace("}", "}}")
    return worded


def _has_its_own_words(validator: Any) -> bool:
    own = validator.error
    return own is not None and own != getattr(type(validator), "default_message", None)


def _length(validator: Any, counts_choices: bool) -> str:
    if counts_choices:
        return _choices(validator)
    low, high, exact = validator.min, validator.max, validator.equal
    if exact is not None:
        return str(
            ngettext("Write exactly %(num)s character.", "Write exactly %(num)s characters.", exact)
        )
    if low is not None and high is not None:
        return str(
            _(
                "Write between %(low)s and %(high)s characters.",
                low=format_number(low),
                high=format_number(high),
            )
        )
    if high is not None:
        return str(
            ngettext(
                "Write no more than %(num)s character.",
                "Write no more than %(num)s characters.",
                high,
            )
        )
    return str(
        ngettext(
            "Write at least %(num)s character.", "Write at least %(num)s characters.", low or 1
        )
    )


def _choices(validator: Any) -> str:
    low, high, exact = validator.min, validator.max, validator.equal
    if exact is not None:
        return str(ngettext("Choose exactly %(num)s.", "Choose exactly %(num)s.", exact))
    if high is not None and low is not None:
        return str(
            _(
                "Choose between %(low)s and %(high)s.",
                low=format_number(low),
                high=format_number(high),
            )
        )
    if high is not None:
        return str(ngettext("Choose no more than %(num)s.", "Choose no more than %(num)s.", high))
    return str(ngettext("Choose at least %(num)s.", "Choose at least %(num)s.", low or 1))


def _range(validator: Any, counts_choices: bool) -> str:
    low, high = validator.min, validator.max
    if isinstance(low if low is not None else high, date):
        return _date_range(low, high)
    if low is not None and high is not None:
        return str(
            _(
                "Enter a number from %(low)s to %(high)s.",
                low=format_number(low),
                high=format_number(high),
            )
        )
    if high is not None and validator.max_inclusive:
        return str(_("Enter a number that is %(high)s or less.", high=format_number(high)))
    if high is not None:
        return str(_("Enter a number less than %(high)s.", high=format_number(high)))
    if validator.min_inclusive:
        return str(_("Enter a number that is %(low)s or more.", low=format_number(low)))
    return str(_("Enter a number greater than %(low)s.", low=format_number(low)))


def _date_range(low: date | None, high: date | None) -> str:
    if low is not None and high is not None:
        return str(
            _(
                "Enter a date from %(low)s to %(high)s.",
                low=format_date(low),
                high=format_date(high),
            )
        )
    if high is not None:
        return str(_("Enter a date no later than %(high)s.", high=format_date(high)))
    return str(_("Enter a date no earlier than %(low)s.", low=format_date(low)))


def _email(validator: Any, counts_choices: bool) -> str:
    return _misread("email")


def _choice(validator: Any, counts_choices: bool) -> str:
    return _misread("select")


def _url(validator: Any, counts_choices: bool) -> str:
    return str(_("Enter a web address that begins with https://."))


def _unexplained(validator: Any, counts_choices: bool) -> str:
    return _misread("text")


_WORDING: dict[type, Callable[[Any, bool], str]] = {
    validate.Length: _length,
    validate.Range: _range,
    validate.Email: _email,
    validate.URL: _url,
    validate.OneOf: _choice,
    validate.NoneOf: _choice,
    validate.ContainsOnly: _choice,
    validate.ContainsNoneOf: _choice,
    validate.Equal: _unexplained,
    validate.Regexp: _unexplained,
    validate.Predicate: _unexplained,
}


def flatten(messages: object) -> list[str]:
    """Return every sentence in a marshmallow error structure once, in order."""
    if isinstance(messages, dict):
        nested = [flatten(part) for part in messages.values()]
    elif isinstance(messages, (list, tuple)):
        nested = [flatten(part) for part in messages]
    else:
        return [str(messages)]
    return list(dict.fromkeys(text for part in nested for text in part))
