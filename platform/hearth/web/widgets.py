"""Which control a field has, and the answers it offers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from marshmallow import fields, validate

from hearth.web.fields import MoneyAmount, PlainText

CHOICE_WIDGETS = frozenset({"select", "radios", "checkboxes"})
NEVER_KEPT = frozenset({"password", "file"})
# Spaces at the ends of a password belong to the password.
NEVER_STRIPPED = frozenset({"password"})


@dataclass(frozen=True)
class Option:
    """One answer a person can choose."""

    value: str
    label: str
    group: str = ""
    hint: str = ""


def as_text(value: Any) -> str:
    """Return a value as a control sends it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.value if isinstance(value, Enum) else value)


def options_of(offered: Iterable[Any]) -> Iterator[Option]:
    """Yield every answer of a list of (value, label), (value, label, hint) or (group, answers)."""
    for entry in offered:
        if isinstance(entry, Option):
            yield entry
        elif isinstance(entry[1], (list, tuple)):
            for option in options_of(entry[1]):
                yield Option(option.value, option.label, str(entry[0]), option.hint)
        else:
            hint = str(entry[2]) if len(entry) > 2 else ""
            yield Option(as_text(entry[0]), str(entry[1]), hint=hint)


def usual_widget(field: fields.Field[Any]) -> str:
    """Return the control a kind of field has when its metadata names none."""
    if isinstance(field, PlainText) and field.multiline:
        return "textarea"
    if isinstance(field, (fields.Enum, fields.List)) or field.metadata.get("choices") is not None:
        return "checkboxes" if isinstance(field, fields.List) else "select"
    if any(isinstance(validator, validate.OneOf) for validator in field.validators):
        return "select"
    return next((widget for kind, widget in WIDGETS if isinstance(field, kind)), "text")


WIDGETS: tuple[tuple[type, str], ...] = (
    (MoneyAmount, "money"),
    (fields.Date, "date"),
    (fields.DateTime, "datetime-local"),
    (fields.Time, "time"),
    (fields.Email, "email"),
    (fields.Integer, "number"),
    (fields.Decimal, "number"),
    (fields.Boolean, "checkbox"),
)
