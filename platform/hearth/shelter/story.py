"""Tells what was decided about a stay, newest first, as the events of a dated line."""

import uuid
from collections.abc import Mapping
from datetime import date
from itertools import groupby
from typing import Any

from flask_babel import gettext as _

from hearth.families.seen import SeenPerson
from hearth.shelter.decisions import decisions_read, leads_away
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
    names: Mapping[uuid.UUID, str],
    notes: bool,
) -> list[Event]:
    """The decisions about a stay; a family that was admitted together is one event.

    ``places`` names those that the reader may know of: whoever went to another one has left for
    her. ``names`` says by decision who took it.
    """
    together = groupby(decisions_read(stay, places), key=_moment)
    events = [
        _event(list(changes), stay, persons, places, names, notes=notes)
        for _key, changes in together
    ]
    return events[::-1]


def _moment(change: StayChange) -> tuple[object, ...]:
    # Those who go along with somebody who moves go on the same day, however long her move counts.
    until = None if change.kind is ChangeKind.MOVED else change.after_on
    return (change.kind, change.recorded_by, change.recorded_at, change.effective_on, until)


def _event(
    changes: list[StayChange],
    stay: SeenStay,
    persons: Mapping[uuid.UUID, SeenPerson],
    places: Mapping[uuid.UUID, str],
    names: Mapping[uuid.UUID, str],
    *,
    notes: bool,
) -> Event:
    first = changes[0]
    about = [change for change in changes if change.person_id]
    lines = [_who_sleeps_where(change, stay, persons, places) for change in about]
    # What is written about a departure is written for those with whom the family is then.
    told = notes and not any(leads_away(change, stay, places) for change in about)
    lines += [_days(first.before_on, first.after_on), (first.note or "") if told else ""]
    return {
        "on": first.effective_on,
        "title": CHANGE_KINDS[first.kind],
        "text": " · ".join(line for line in lines if line),
        "who": names.get(first.id, ""),
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
    if leads_away(change, stay, places):
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
