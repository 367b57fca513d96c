"""What the forms of the incident desk may hold."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from hearth.incidents.models import EntryKind, IncidentKind, Way
from hearth.incidents.searching import CaseState, Part
from hearth.incidents.words import ENTRIES, KINDS, WAYS
from hearth.subject_rights.schemas import reason_field
from hearth.web.fields import LocalDate, PlainText, UuidChoice

# The wall clock as a browser sends it; the organisation's own clock is added on reading.
FORMAT = "%Y-%m-%dT%H:%M"
EARLIEST, LATEST = datetime(2000, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001
PARTS = {
    Part.WHOLE: _l("The whole file"),
    Part.SERVICES: _l("Services and their notes"),
    Part.STAYS: _l("Stays in our houses"),
}
WRITTEN = [kind for kind in EntryKind if kind is not EntryKind.LESSONS]


class Moment(fields.NaiveDateTime):
    """A day and a time on the organisation's clock."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            format=FORMAT,
            validate=validate.Range(EARLIEST, LATEST, error=_l("Enter a day of our time.")),
            **kwargs,
        )


def on_the_clock(moment: datetime | None, clock: ZoneInfo) -> datetime | None:
    """The moment that somebody meant who looked at the clock on the wall."""
    return moment.replace(tzinfo=clock) if moment else None


class OpenSchema(Schema):
    """What happened, and since when we know."""

    kind = fields.Enum(
        IncidentKind,
        by_value=True,
        required=True,
        metadata={"label": _l("What happened"), "choices": KINDS.items(), "widget": "radios"},
    )
    summary = reason_field(_l("In a few words; no names"))
    systems = PlainText(
        max_length=500,
        required=True,
        metadata={
            "label": _l("Where"),
            "hint": _l("Such as a laptop, a folder, the service, a mailbox."),
        },
    )
    aware_at = Moment(
        required=True,
        metadata={
            "label": _l("We became aware of it on"),
            "hint": _l("The clocks of the law run from this moment."),
        },
    )
    high_risk = fields.Boolean(
        load_default=False,
        metadata={
            "label": _l("It may bring somebody into danger: the people have to be told"),
            "widget": "checkbox",
        },
    )


class EntrySchema(Schema):
    """One dated entry."""

    kind = fields.Enum(
        EntryKind,
        by_value=True,
        required=True,
        metadata={
            "label": _l("What kind of entry"),
            "choices": [(kind, ENTRIES[kind]) for kind in WRITTEN],
            "widget": "radios",
        },
    )
    text = reason_field(_l("What"))
    happened_at = Moment(load_default=None, metadata={"label": _l("When")})


class SearchSchema(Schema):
    """What the people who are concerned have in common."""

    state = fields.Enum(
        CaseState,
        by_value=True,
        load_default=CaseState.ANY,
        metadata={
            "label": _l("Which families"),
            "choices": [
                (CaseState.ANY, _l("All")),
                (CaseState.OPEN, _l("Accompanied now")),
                (CaseState.CLOSED, _l("Closed cases")),
            ],
            "widget": "radios",
            "optional": False,
        },
    )
    part = fields.Enum(
        Part,
        by_value=True,
        load_default=Part.WHOLE,
        metadata={
            "label": _l("Which part of the file"),
            "choices": PARTS.items(),
            "widget": "radios",
            "optional": False,
        },
    )
    house_id = UuidChoice(
        load_default=None,
        metadata={"label": _l("Stayed in this house"), "placeholder": _l("Any house")},
    )
    looked_by = UuidChoice(
        load_default=None,
        metadata={"label": _l("Looked at by"), "placeholder": _l("Anybody")},
    )
    since = LocalDate(load_default=None, metadata={"label": _l("From")})
    until = LocalDate(load_default=None, metadata={"label": _l("Until")})

    @validates_schema
    def in_order(self, data: dict[str, Any], **_more: Any) -> None:
        """The period has its beginning before its end."""
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            raise ValidationError({"until": [_("The end lies before the beginning.")]})


class TellSchema(Schema):
    """By which way somebody was told."""

    way = fields.Enum(
        Way,
        by_value=True,
        required=True,
        metadata={"label": _l("How she was told"), "choices": WAYS.items(), "widget": "radios"},
    )
    note = reason_field(_l("Note"), required=False)


class CloseSchema(Schema):
    """How an incident ends."""

    lessons = reason_field(_l("What we learned and changed"))
    why_not_told = reason_field(_l("Why the authority was not told, if it was not"), required=False)
