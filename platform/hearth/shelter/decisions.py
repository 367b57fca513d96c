"""Which decisions about a stay are read through a house, and whose names stand beside them.

The log of a stay names places; of a bed that is shared it does not say in which house it stood.
Through a house alone is read what concerns its own places, and what follows from its own nights;
whatever cannot be told from these is left out.
"""

import datetime
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.policy_models import HouseWorker
from hearth.accounts.services import SignedIn, names_of
from hearth.families.models import KeyWorker
from hearth.shelter.models import ChangeKind, StayChange
from hearth.shelter.seen import SeenStay

Places = Collection[uuid.UUID]
Day = datetime.date


@dataclass(frozen=True)
class _Run:
    """Nights of one person as they stood at some point of the log; without a place, shared."""

    person_id: uuid.UUID
    place_id: uuid.UUID | None
    starts_on: Day
    ends_on: Day


def decisions_read(seen: SeenStay, places: Places) -> list[StayChange]:
    """The decisions about a stay that its reader learns of, who knows of these places."""
    changes = seen.stay.changes
    if seen.houses is None:
        return changes
    of_end = {one.id for one in _about_the_end(changes, places)}
    here = {_decision(one) for one in changes if is_about(one, places)}
    return [
        one
        for one in changes
        if is_about(one, places)
        or one.id in of_end
        or (_decision(one) in here and _goes_along(one, seen))
    ]


def is_about(change: StayChange, places: Places) -> bool:
    """Whether somebody was given one of these places, or gave one up."""
    return change.place_after_id in places or change.place_before_id in places


def leads_away(change: StayChange, seen: SeenStay, places: Places) -> bool:
    """Whether somebody goes from where the reader knows of to where she does not."""
    if seen.houses is None or change.kind is not ChangeKind.MOVED:
        return False
    if change.place_after_id is not None:
        return change.place_after_id not in places
    on = change.effective_on
    return not any(
        row.person_id == change.person_id and row.starts_on <= on < row.ends_on for row in seen.rows
    )


def names_read(session: Session, seen: SeenStay, *, user: SignedIn) -> Mapping[uuid.UUID, str]:
    """By decision, the name of who took it; through a house, of nobody who is unknown there.

    Whoever accompanied the family or worked in the reader's houses on that day is known there: the
    name of another would be the name of the house in which she works.
    """
    changes = seen.stay.changes
    names = names_of(session, {one.recorded_by for one in changes})
    if seen.houses is None:
        return {one.id: names.get(one.recorded_by, "") for one in changes}
    known = _known(session, seen, user.clock)
    return {
        one.id: names.get(one.recorded_by, "")
        for one in changes
        if any(
            who == one.recorded_by and since <= _day(one.recorded_at, user.clock) <= until
            for who, since, until in known
        )
    }


def _decision(change: StayChange) -> tuple[object, ...]:
    """What the changes have in common that were recorded in one go."""
    return (change.recorded_at, change.recorded_by, change.kind)


def _goes_along(change: StayChange, seen: SeenStay) -> bool:
    """Whether somebody shares a bed here because of a decision about one of the places here.

    A family is admitted to one house. Whoever moves along came or went when her nights here say so.
    """
    if change.place_before_id is not None or change.place_after_id is not None:
        return False
    if change.kind is ChangeKind.ADMITTED:
        return True
    shared = [
        row for row in seen.rows if row.place_id is None and row.person_id == change.person_id
    ]
    return any(change.effective_on in (row.starts_on, row.ends_on) for row in shared)


def _about_the_end(changes: Sequence[StayChange], places: Places) -> Iterator[StayChange]:
    """The decisions about the end of a stay taken while somebody had one of the places until then.

    The log is read again from its beginning: only the nights as they stood say who was here.
    """
    runs: list[_Run] = []
    for one in changes:
        if one.person_id is None and any(
            run.place_id in places and run.ends_on == one.before_on for run in runs
        ):
            yield one
        runs = [run for run in _after(one, runs) if run.starts_on < run.ends_on]


def _after(change: StayChange, runs: list[_Run]) -> list[_Run]:
    """The nights as a decision left them."""
    if change.kind is ChangeKind.MOVED:
        return _moved(change, runs)
    if change.after_on is None:
        return runs
    if change.person_id is not None:
        since, until = change.effective_on, change.after_on
        return [*runs, _Run(change.person_id, change.place_after_id, since, until)]
    until, before = change.after_on, change.before_on
    return [
        replace(run, ends_on=until if run.ends_on == before else min(run.ends_on, until))
        for run in runs
    ]


def _moved(change: StayChange, runs: list[_Run]) -> list[_Run]:
    """The nights of one person from a day on are elsewhere, until the day to which the move counts.

    A move that says no such day took the place of the nights in one bed.
    """
    on = change.effective_on
    theirs = [run for run in runs if run.person_id == change.person_id and run.ends_on > on]
    left = [run for run in theirs if run.starts_on <= on]
    until = change.after_on or max((run.ends_on for run in left), default=on)
    replaced = [run for run in theirs if run.starts_on < until]
    return [
        *(replace(run, ends_on=min(run.ends_on, on)) if run in replaced else run for run in runs),
        *(
            replace(run, place_id=change.place_after_id, starts_on=on, ends_on=until)
            for run in left
        ),
    ]


def _known(
    session: Session, seen: SeenStay, clock: datetime.tzinfo
) -> list[tuple[uuid.UUID, Day, Day]]:
    """Who accompanied the family or worked in the reader's houses, from when until when."""
    accompanied = session.scalars(
        select(KeyWorker).where(KeyWorker.household_id == seen.stay.household_id)
    )
    worked = session.scalars(
        select(HouseWorker).where(HouseWorker.house_id.in_(sorted(seen.houses or ())))
    )
    return [
        *((one.user_id, one.from_on, one.until_on or Day.max) for one in accompanied),
        *((one.user_id, _day(one.from_at, clock), _day(one.until_at, clock)) for one in worked),
    ]


def _day(moment: datetime.datetime | None, clock: datetime.tzinfo) -> Day:
    return moment.astimezone(clock).date() if moment else Day.max
