"""Tells what was decided about a stay, newest first, as the events of a dated line."""

import uuid
from collections.abc import Mapping
from datetime import date
from itertools import groupby
from typing import Any

from flask_babel import gettext as _

from hearth.families.seen import SeenPerson
from hearth.shelter.models import ChangeKind, Stay, StayChange
from hearth.shelter.words import CHANGE_KINDS
from hearth.web.formatting import format_date

Event = dict[str, Any]
_DRAWINGS = {ChangeKind.ADMITTED: "bed", ChangeKind.MOVED: "bed", ChangeKind.ENDED: "door"}


def story_of(
    stay: Stay,
    *,
    persons: Mapping[uuid.UUID, SeenPerson],
    places: Mapping[uuid.UUID, str],
    staff: Mapping[uuid.UUID, str],
    notes: bool,
) -> list[Event]:
    """The decisions about a stay; a family that was admitted together is one event."""
    together = groupby(stay.changes, key=_moment)
    events = [
        _event(list(changes), persons, places, staff, notes=notes) for _key, changes in together
    ]
    return events[::-1]


def _moment(change: StayChange) -> tuple[object, ...]:
    return (change.recorded_at, change.kind, change.effective_on, change.after_on)


def _event(
    changes: list[StayChange],
    persons: Mapping[uuid.UUID, SeenPerson],
    places: Mapping[uuid.UUID, str],
    staff: Mapping[uuid.UUID, str],
    *,
    notes: bool,
) -> Event:
    first = changes[0]
    lines = [_who_sleeps_where(change, persons, places) for change in changes if change.person_id]
    lines += [_days(first.before_on, first.after_on), (first.note or "") if notes else ""]
    return {
        "on": first.effective_on,
        "title": CHANGE_KINDS[first.kind],
        "text": " · ".join(line for line in lines if line),
        "who": staff.get(first.recorded_by, ""),
        "drawing": _DRAWINGS.get(first.kind, "calendar"),
    }


def _who_sleeps_where(
    change: StayChange, persons: Mapping[uuid.UUID, SeenPerson], places: Mapping[uuid.UUID, str]
) -> str:
    person = persons.get(change.person_id) if change.person_id else None
    name = (person.full_name if person else "") or _("a member without a name")
    place = places.get(change.place_after_id) if change.place_after_id else None
    return str(_("%(name)s: %(place)s", name=name, place=place or _("in somebody’s bed")))


def _days(before: date | None, after: date | None) -> str:
    if before is None or before == after:
        return ""
    return str(
        _(
            "Until %(after)s instead of %(before)s",
            after=format_date(after),
            before=format_date(before),
        )
    )
