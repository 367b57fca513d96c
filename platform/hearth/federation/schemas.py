"""What may be asked of the figures: whole months from a closed list, nothing finer."""

import datetime
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, post_load, validate, validates_schema

from hearth.web.fields import Choice
from hearth.web.messages import NOT_OFFERED

A_MONTH = validate.Regexp(r"[12]\d{3}-(0[1-9]|1[0-2])\Z", error=NOT_OFFERED)


@dataclass(frozen=True, slots=True)
class MonthRange:
    """From one month to another, both included; nothing means the usual range."""

    since: datetime.date | None = None
    until: datetime.date | None = None


class RangeSchema(Schema):
    """Two months; the view gives both fields the published ones as their only answers."""

    since = Choice(metadata={"label": _l("From")}, validate=A_MONTH)
    until = Choice(metadata={"label": _l("Until")}, validate=A_MONTH)

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


def _first_day(month: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(f"{month}-01") if month else None
