"""What was recorded about somebody, entry by entry, and which of it is another family's to tell.

What is said while a family has her that the reader does not see is that family's, and so is what
is said after that until another family has her. A day has no hours here: what was said on the day
on which she joined that family, or left it, is that family's, too.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from hearth.families.reaching import WAYS_TO_REACH

REACHING = (*WAYS_TO_REACH, "safe_to_call")
"""How somebody is reached, and whether that is safe."""


@dataclass(frozen=True)
class TimeInFamily:
    """From which day to which somebody belonged to one family, and whether the reader sees it."""

    joined_on: date
    left_on: date | None
    is_seen: bool
    household_id: uuid.UUID

    def lasts_beyond(self, day: date | None) -> bool:
        """Whether she still belonged to this family when she left another one, if she did."""
        return self.left_on is None or (day is not None and self.left_on > day)


@dataclass(frozen=True)
class Entry:
    """What was recorded about somebody from one moment to the next, by which correction."""

    recorded: Mapping[str, Any]
    said_at: datetime
    replaced_at: datetime | None = None
    replaced_by: uuid.UUID | None = None


@dataclass(frozen=True)
class Apart:
    """From when to when what is said of somebody is told in other files than the reader's."""

    begins: datetime
    ends: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether something that was said at this moment is another family's."""
        return self.begins <= moment and (self.ends is None or moment < self.ends)

    def goes_beyond(self, moment: datetime | None) -> bool:
        """Whether another family had her before this moment and after it; None stands for now."""
        if moment is None:
            return self.ends is None
        return self.begins < moment and (self.ends is None or moment < self.ends)


def times_apart(times: Iterable[TimeInFamily], clock: tzinfo) -> list[Apart]:
    """When families had somebody that the reader does not see."""
    every = list(times)
    return [
        Apart(beginning(one.joined_on, clock), _another_has_her_from(one, every, clock))
        for one in every
        if not one.is_seen
    ]


def is_told(entry: Entry, apart: Iterable[Apart]) -> bool:
    """Whether an entry was both made and replaced where the reader sees it."""
    moments = [one for one in (entry.said_at, entry.replaced_at) if one is not None]
    return not any(one.holds(moment) for one in apart for moment in moments)


def covered(entries: Sequence[Entry], apart: Sequence[Apart]) -> frozenset[str]:
    """What the last of these entries says of how somebody is reached that was last said apart.

    That a call is safe was said of the whole way to reach her: it is covered with any part of it.
    """
    theirs: set[str] = set()
    before: Mapping[str, Any] = {}
    for entry in entries:
        said = {one for one in REACHING if entry.recorded.get(one) != before.get(one)}
        is_theirs = any(one.holds(entry.said_at) for one in apart)
        theirs = theirs | said if is_theirs else theirs - said
        before = entry.recorded
    hidden = {one for one in theirs if before.get(one) is not None}
    return frozenset(hidden | {"safe_to_call"} if hidden else hidden)


def beginning(day: date, clock: tzinfo) -> datetime:
    """The moment at which a day begins for the organisation."""
    return datetime.combine(day, time.min, tzinfo=clock)


def _another_has_her_from(
    hidden: TimeInFamily, times: Iterable[TimeInFamily], clock: tzinfo
) -> datetime | None:
    if hidden.left_on is None:
        return None
    next_day = hidden.left_on + timedelta(days=1)
    following = [max(one.joined_on, next_day) for one in times if one.lasts_beyond(hidden.left_on)]
    return beginning(min(following), clock) if following else None
