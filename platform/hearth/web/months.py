"""Which whole months a page of figures shows: what may be asked, and how the answer is named."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, post_load, validate, validates_schema

from hearth.web.fields import Choice
from hearth.web.formatting import format_month
from hearth.web.forms import Form
from hearth.web.messages import NOT_OFFERED

A_MONTH = validate.Regexp(r"[12]\d{3}-(0[1-9]|1[0-2])\Z", error=NOT_OFFERED)


@dataclass(frozen=True, slots=True)
class MonthRange:
    """From one month to another, both included; nothing means the usual range."""

    since: datetime.date | None = None
    until: datetime.date | None = None


class RangeSchema(Schema):
    """Two months; the form gives both fields the months there are as their only answers."""

    since = Choice(metadata={"label": _l("First month")}, validate=A_MONTH)
    until = Choice(metadata={"label": _l("Last month")}, validate=A_MONTH)

    @validates_schema
    def in_order(self, data: dict[str, Any], **_options: Any) -> None:
        """Refuse a range that ends before it begins."""
        if data.get("since") and data.get("until") and data["since"] > data["until"]:
            raise ValidationError(
                {"until": [str(_l("Choose a month that is not before the first one."))]}
            )

    @post_load
    def make(self, data: dict[str, Any], **_options: Any) -> MonthRange:
        """Return the range as dates."""
        return MonthRange(*(_first_day(data.get(name)) for name in ("since", "until")))


def asked_range(schema: RangeSchema, offered: Sequence[datetime.date]) -> tuple[Form, MonthRange]:
    """Read the range from the address; what cannot be read is a fault in the form, and no range."""
    choices = [(_code(month), format_month(month)) for month in reversed(offered)]
    asked = request.args if {"since", "until"} & request.args.keys() else None
    form = Form(schema, data=asked, choices={"since": choices, "until": choices})
    return form, form.loaded if form.validate() else MonthRange()


def show_range(form: Form, months: Sequence[datetime.date]) -> None:
    """Let the form say which months are shown."""
    if months:
        form.initial = {"since": _code(months[0]), "until": _code(months[-1])}


def range_in_words(months: Sequence[datetime.date]) -> str:
    """Name a range of months."""
    if len(months) == 1:
        return format_month(months[0])
    said: str = _(
        "%(first)s to %(last)s", first=format_month(months[0]), last=format_month(months[-1])
    )
    return said


def _code(month: datetime.date) -> str:
    return f"{month:%Y-%m}"


def _first_day(month: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(f"{month}-01") if month else None
