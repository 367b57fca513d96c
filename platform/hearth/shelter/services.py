"""What is decided about a stay: admission, a new agreed day, another place, departure."""

import datetime
import uuid
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from hearth.audit import services as audit
from hearth.shelter.admitting import check_members, chosen_places
from hearth.shelter.ends import Houses, check_departure, check_last_house, check_plan
from hearth.shelter.models import (
    ChangeKind,
    Destination,
    EndReason,
    Stay,
    StayChange,
    StayPlace,
)
from hearth.shelter.moves import replaced_by_move, sleeping_on
from hearth.shelter.nights import (
    WantedNights,
    check_place,
    cut,
    lock_persons,
    lock_places,
    lock_stay,
    move_end,
    refusals,
)
from hearth.shelter.refusals import (
    AlreadyInShelterError,
    DateProblem,
    StayDatesError,
    StayEndedError,
    UnknownPlaceError,
)
from hearth.shelter.sharing import follow, house_of_sharer


def admit_family(
    session: Session,
    *,
    household_id: uuid.UUID,
    places: Mapping[uuid.UUID, uuid.UUID | None],
    admitted_on: datetime.date,
    planned_until: datetime.date,
    recorded_by: uuid.UUID,
    today: datetime.date,
    note: str | None = None,
) -> Stay:
    """Admit a household's persons, each to a place or (None) into the bed of another.

    :raises StayError: a day does not fit, a place is closed or taken, the family is here already.
    """
    check_plan(admitted_on, planned_until)
    if admitted_on > today:
        raise StayDatesError("admitted_on", DateProblem.IN_THE_FUTURE)
    lock_persons(session, places)
    check_members(session, household_id, set(places), admitted_on)
    open_stay = select(Stay.id).where(Stay.household_id == household_id, Stay.ended_on.is_(None))
    if session.scalar(open_stay) is not None:
        raise AlreadyInShelterError
    chosen = chosen_places(session, places)
    wanted = [
        WantedNights(person_id, place_id, admitted_on, planned_until)
        for person_id, place_id in places.items()
    ]
    for nights in wanted:
        if nights.place_id is not None:
            check_place(session, chosen[nights.place_id], nights, today, None)
    stay = Stay(
        household_id=household_id,
        house_id=next(iter(chosen.values())).house_id,
        admitted_on=admitted_on,
        planned_until=planned_until,
        admitted_by=recorded_by,
    )
    stay.stay_places = [_stay_place(nights, stay.house_id) for nights in wanted]
    stay.changes = [_admission(nights, recorded_by, note) for nights in wanted]
    with refusals(session, wanted):
        session.add(stay)
    _record(session, "stay.admitted", stay, recorded_by)
    return stay


def extend_stay(
    session: Session,
    stay: Stay,
    *,
    until: datetime.date,
    recorded_by: uuid.UUID,
    today: datetime.date,
    note: str | None = None,
    houses: Houses = None,
) -> Stay:
    """Agree a new day of leaving, later or earlier than the one before.

    Whoever decides for some ``houses`` alone takes no night in another one away.

    :raises StayError: the family has left, the day does not fit, a place is not free for so long.
    """
    lock_stay(session, stay)
    if not stay.is_open:
        raise StayEndedError
    check_plan(stay.admitted_on, until)
    check_last_house(stay, "planned_until", until, houses)
    before = stay.planned_until
    if until == before:
        return stay
    move_end(session, stay, before, until)
    stay.planned_until = until
    stay.changes.append(
        StayChange(
            kind=ChangeKind.EXTENDED if until > before else ChangeKind.SHORTENED,
            effective_on=today,
            before_on=before,
            after_on=until,
            note=note,
            recorded_by=recorded_by,
        )
    )
    session.flush()
    _record(session, "stay.extended", stay, recorded_by)
    return stay


def end_stay(
    session: Session,
    stay: Stay,
    *,
    ended_on: datetime.date,
    recorded_by: uuid.UUID,
    today: datetime.date,
    reason: EndReason | None = None,
    destination: Destination | None = None,
    note: str | None = None,
    keep_note: bool = False,
    keep_end: bool = False,
    houses: Houses = None,
) -> Stay:
    """Record that the family left; for a stay that ended already, correct what was recorded.

    ``keep_note`` leaves an earlier note alone, and ``keep_end`` why the stay ended and where the
    family went, for those who cannot read what they would replace.
    Whoever decides for some houses alone touches no night in another one, and lets nobody who left
    have left later: it would show her the family for as long as she likes.

    :raises StayError: the day does not fit, or a place was given to others meanwhile.
    """
    lock_stay(session, stay)
    check_departure(stay, ended_on, today, houses)
    before = stay.until
    move_end(session, stay, before, ended_on)
    stay.changes.append(
        StayChange(
            kind=ChangeKind.ENDED if stay.is_open else ChangeKind.CORRECTED,
            effective_on=ended_on,
            before_on=before,
            after_on=ended_on,
            note=note,
            recorded_by=recorded_by,
        )
    )
    if stay.is_open or not keep_end:
        stay.end_reason, stay.destination = reason, destination
    stay.ended_on = ended_on
    stay.departure_note = note or (stay.departure_note if keep_note else None)
    session.flush()
    facts = {"reason": stay.end_reason, "destination": stay.destination}
    told = {name: fact.value for name, fact in facts.items() if fact is not None}
    _record(session, "stay.ended", stay, recorded_by, **told)
    return stay


def move(
    session: Session,
    stay: Stay,
    *,
    person_id: uuid.UUID,
    place_id: uuid.UUID | None,
    moved_on: datetime.date,
    recorded_by: uuid.UUID,
    today: datetime.date,
    note: str | None = None,
    houses: Houses = None,
) -> Stay:
    """Let one person of the family sleep elsewhere from a day on, in this house or another.

    Whoever leaves a house sleeps there on no later night: what was written down for those nights
    counts no more. Another house to which she went later keeps the nights she has there. Whoever
    sleeps in somebody's bed goes along with the last who had a place in that house.
    Whoever decides for some ``houses`` alone moves nobody out of them or into them.

    :raises StayError: the family has left, the day does not fit, the place is closed or taken, or
        this person came back later to a house that she had left.
    """
    lock_stay(session, stay)
    if not stay.is_open:
        raise StayEndedError
    if moved_on > today:
        raise StayDatesError("moved_on", DateProblem.IN_THE_FUTURE)
    current = sleeping_on(stay, person_id, moved_on)
    lock_persons(session, [person_id])
    chosen = lock_places(session, [place_id] if place_id else [])
    if any(houses is not None and place.house_id not in houses for place in chosen.values()):
        raise UnknownPlaceError
    if houses is not None and current.house_id not in houses:
        raise StayDatesError("moved_on", DateProblem.NOT_HERE_THEN)
    if place_id is None:
        house_id = house_of_sharer(stay, current, moved_on, houses)
    else:
        house_id = chosen[place_id].house_id
    replaced = replaced_by_move(stay, current, house_id)
    wanted = WantedNights(person_id, place_id, moved_on, replaced[-1].ends_on)
    for place in chosen.values():
        check_place(session, place, wanted, today, stay)
    place_before_id = current.place_id
    with refusals(session, [wanted], stay_id=stay.id):
        for row in replaced:
            cut(session, stay, row, moved_on)
        stay.stay_places.append(_stay_place(wanted, house_id))
    stay.changes.append(
        StayChange(
            kind=ChangeKind.MOVED,
            effective_on=moved_on,
            after_on=wanted.ends_on if len(replaced) > 1 else None,
            person_id=person_id,
            place_before_id=place_before_id,
            place_after_id=place_id,
            note=note,
            recorded_by=recorded_by,
        )
    )
    if place_id is not None and wanted.ends_on == stay.until:
        stay.house_id = house_id
    session.flush()
    _record(session, "stay.moved", stay, recorded_by, person=str(person_id))
    along = follow(
        session, stay, to=house_id, nights=wanted.nights, recorded_by=recorded_by, houses=houses
    )
    session.flush()
    for change in along:
        _record(session, "stay.moved", stay, recorded_by, person=str(change.person_id))
    return stay


def open_stays(session: Session) -> list[Stay]:
    """The stays of families that have not left, the one that is to end first at the top."""
    chosen = select(Stay).where(Stay.ended_on.is_(None)).order_by(Stay.planned_until, Stay.id)
    return list(session.scalars(chosen.options(selectinload(Stay.house))))


def stays_of(session: Session, household_id: uuid.UUID) -> list[Stay]:
    """A household's stays, the latest first."""
    chosen = select(Stay).where(Stay.household_id == household_id)
    return list(
        session.scalars(
            chosen.order_by(Stay.admitted_on.desc(), Stay.id.desc()).options(
                selectinload(Stay.house), selectinload(Stay.stay_places)
            )
        )
    )


def _record(session: Session, action: str, stay: Stay, actor_id: uuid.UUID, **facts: str) -> None:
    audit.record(
        session,
        action=action,
        subject_type="stay",
        subject_id=stay.id,
        actor_id=actor_id,
        household_id=stay.household_id,
        facts=facts,
    )


def _stay_place(wanted: WantedNights, house_id: uuid.UUID) -> StayPlace:
    return StayPlace(
        person_id=wanted.person_id,
        house_id=house_id,
        place_id=wanted.place_id,
        nights=wanted.nights,
    )


def _admission(wanted: WantedNights, recorded_by: uuid.UUID, note: str | None) -> StayChange:
    return StayChange(
        kind=ChangeKind.ADMITTED,
        effective_on=wanted.starts_on,
        after_on=wanted.ends_on,
        person_id=wanted.person_id,
        place_after_id=wanted.place_id,
        note=note,
        recorded_by=recorded_by,
    )
