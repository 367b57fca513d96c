"""Tells what was decided about a stay, newest first, as the events of a dated line."""

import uuid
from collections.abc import Mapping
from datetime import date
from itertools import groupby
from typing import Any

from flask_babel import gettext as _

from hearth.families.seen import SeenPerson
from hearth.shelter.models import ChangeKind, StayChange
from hearth.shelter.seen import SeenStay
from hearth.shelter.words import CHANGE_KINDS
from hearth.web.formatting import format_date

Event = dict[str, Any]
_DRAWINGS = {ChangeKind.ADMITTED: "bed", ChangeKind.MOVED: "bed", ChangeKind.ENDED: "door"}


def story_of(
    stay: SeenStay,
    *,
    persons: Mapping[uuid.UUID, SeenPerson],
    places: Mapping[uuid.UUID, str],
    staff: Mapping[uuid.UUID, str],
    notes: bool,
) -> list[Event]:
    """The decisions about a stay; a family that was admitted together is one event.

    ``places`` names those that the reader may know of. Whoever came from another one was admitted
    for her, and whoever went to another one has left.
    """
    together = groupby(_shown(stay, places), key=_moment)
    events = [
        _event(list(changes), persons, places, staff, notes=notes) for _key, changes in together
    ]
    return events[::-1]


def _shown(stay: SeenStay, places: Mapping[uuid.UUID, str]) -> list[StayChange]:
    changes = stay.stay.changes
    if stay.houses is None:
        return changes
    # What was agreed about the whole stay after the family left tells that it sleeps elsewhere.
    lasted = [one for one in changes if stay.is_here_at(one)]
    return [
        one
        for one in lasted
        if one.person_id is None or _knows(one.place_after_id, places) or _leaves(one, places)
    ]


def _knows(place_id: uuid.UUID | None, places: Mapping[uuid.UUID, str]) -> bool:
    return place_id is None or place_id in places


def _leaves(change: StayChange, places: Mapping[uuid.UUID, str]) -> bool:
    """Whether somebody goes from a place that the reader knows of to one that she does not."""
    before = change.place_before_id
    return not _knows(change.place_after_id, places) and before is not None and before in places


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
    if _leaves(change, places):
        return str(_("%(name)s: left the house", name=name))
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
