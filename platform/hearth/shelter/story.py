"""Tells what was decided about a stay, newest first, as the events of a dated line."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
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
        _event(list(changes), stay, persons, places, staff, notes=notes)
        for _key, changes in together
    ]
    return events[::-1]


def _shown(stay: SeenStay, places: Mapping[uuid.UUID, str]) -> list[StayChange]:
    """Through a house alone: what was decided while the family was there, and by whom there."""
    changes = stay.stay.changes
    if stay.houses is None:
        return changes
    arrivals = [one.recorded_at for one in changes if one.place_after_id in places]
    return [
        one
        for one in changes
        if _names(one, places)
        or _leaves(one, stay, places)
        or (one.place_after_id is None and stay.is_here_at(one) and _since(one, arrivals))
    ]


def _since(change: StayChange, arrivals: Sequence[datetime]) -> bool:
    """Whether something was decided once the family had been brought to where the reader works."""
    return not arrivals or change.recorded_at >= min(arrivals)


def _names(change: StayChange, places: Mapping[uuid.UUID, str]) -> bool:
    """Whether a decision is about a place that the reader knows of."""
    return change.place_after_id in places or change.place_before_id in places


def _leaves(change: StayChange, stay: SeenStay, places: Mapping[uuid.UUID, str]) -> bool:
    """Whether somebody goes from where the reader knows of to where she does not."""
    if change.person_id is None or change.kind is not ChangeKind.MOVED:
        return False
    if change.place_after_id is not None:
        here = change.place_after_id in places
    else:
        here = stay.is_here_at(change)
    return not here and (change.place_before_id in places or stay.is_left_at(change))


def _moment(change: StayChange) -> tuple[object, ...]:
    return (change.recorded_at, change.kind, change.effective_on, change.after_on)


def _event(
    changes: list[StayChange],
    stay: SeenStay,
    persons: Mapping[uuid.UUID, SeenPerson],
    places: Mapping[uuid.UUID, str],
    staff: Mapping[uuid.UUID, str],
    *,
    notes: bool,
) -> Event:
    first = changes[0]
    about = [change for change in changes if change.person_id]
    lines = [_who_sleeps_where(change, stay, persons, places) for change in about]
    lines += [_days(first.before_on, first.after_on), (first.note or "") if notes else ""]
    return {
        "on": first.effective_on,
        "title": CHANGE_KINDS[first.kind],
        "text": " · ".join(line for line in lines if line),
        "who": staff.get(first.recorded_by, ""),
        "drawing": _DRAWINGS.get(first.kind, "calendar"),
    }


def _who_sleeps_where(
    change: StayChange,
    stay: SeenStay,
    persons: Mapping[uuid.UUID, SeenPerson],
    places: Mapping[uuid.UUID, str],
) -> str:
    person = persons.get(change.person_id) if change.person_id else None
    name = (person.full_name if person else "") or _("a member without a name")
    if _leaves(change, stay, places):
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
