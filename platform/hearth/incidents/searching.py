"""Finds whom an incident concerns by a question, and keeps the answer as it was.

A search finds everybody, whoever asks: somebody whom nobody found would be told by nobody. How many
there are is kept for the officer alone; whoever else asks is shown those whom she may see.
"""

import uuid
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hearth.audit.models import PersonRead
from hearth.clock import organisation_of, today
from hearth.families.models import CaseEpisode, HouseholdMember
from hearth.incidents.models import AffectedPerson, Incident, IncidentSearch
from hearth.incidents.services import lock, record
from hearth.service_delivery.models import ServiceDelivery
from hearth.shelter.models import Stay


class CaseState(StrEnum):
    """Which families a search looks at."""

    ANY = "any"
    OPEN = "open"
    CLOSED = "closed"


class Part(StrEnum):
    """Which part of a file is concerned."""

    WHOLE = "whole"
    SERVICES = "services"
    STAYS = "stays"


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """What the people who are concerned have in common."""

    state: CaseState = CaseState.ANY
    part: Part = Part.WHOLE
    house_id: uuid.UUID | None = None
    looked_by: uuid.UUID | None = None
    since: date | None = None
    until: date | None = None


def freeze(
    session: Session, incident: Incident, criteria: Criteria, *, by: uuid.UUID
) -> IncidentSearch:
    """Ask the question, and keep its answer as it is now.

    The log says that somebody asked, and no number: a hash of it would tell it to whoever reads
    hashes.

    :raises IncidentClosedError: the incident was closed.
    """
    lock(session, incident)
    people = session.scalars(_people(session, criteria)).all()
    search = IncidentSearch(
        incident_id=incident.id, criteria=_plain(criteria), found=len(people), made_by=by
    )
    session.add(search)
    session.flush()
    if people:
        session.execute(
            insert(AffectedPerson)
            .values(
                [
                    {"incident_id": incident.id, "person_id": one, "search_id": search.id}
                    for one in people
                ]
            )
            .on_conflict_do_nothing()
        )
    session.expire(incident, ["searches"])
    record(session, "incident.people_found", incident, by)
    return search


def asked_where() -> ColumnElement[bool]:
    """The condition on ``IncidentSearch`` that its answer tells where families sleep.

    Who works in a house looks at those alone who sleep there.
    """
    asked = IncidentSearch.criteria
    named = or_(*(asked[one].as_string().is_not(None) for one in ("house_id", "looked_by")))
    return or_(named, asked["part"].as_string() == Part.STAYS.value)


def _people(session: Session, criteria: Criteria) -> Any:
    query = (
        select(HouseholdMember.person_id)
        .where(HouseholdMember.superseded_at.is_(None), *_conditions(session, criteria))
        .distinct()
    )
    return query.order_by(HouseholdMember.person_id)


def _conditions(session: Session, criteria: Criteria) -> list[ColumnElement[bool]]:
    household = HouseholdMember.household_id
    found: list[ColumnElement[bool]] = []
    open_cases = select(CaseEpisode.household_id).where(CaseEpisode.closed_on.is_(None))
    if criteria.state is not CaseState.ANY:
        opened = household.in_(open_cases)
        found.append(opened if criteria.state is CaseState.OPEN else ~opened)
    if criteria.house_id or criteria.part is Part.STAYS:
        stays = select(Stay.household_id).where(
            *_between(criteria, Stay.admitted_on, func.coalesce(Stay.ended_on, today(session)))
        )
        if criteria.house_id:
            stays = stays.where(Stay.house_id == criteria.house_id)
        found.append(household.in_(stays))
    if criteria.part is Part.SERVICES:
        day = ServiceDelivery.delivered_on
        services = select(ServiceDelivery.household_id).where(*_between(criteria, day, day))
        found.append(household.in_(services))
    if criteria.looked_by:
        zone = organisation_of(session).timezone
        day_of_look = func.date(func.timezone(zone, PersonRead.read_at))
        shown = select(func.unnest(PersonRead.person_ids)).where(
            PersonRead.user_id == criteria.looked_by, *_between(criteria, day_of_look, day_of_look)
        )
        found.append(HouseholdMember.person_id.in_(shown))
    if (criteria.since or criteria.until) and len(found) == (criteria.state is not CaseState.ANY):
        ended = func.coalesce(CaseEpisode.closed_on, today(session))
        cases = select(CaseEpisode.household_id).where(
            *_between(criteria, CaseEpisode.opened_on, ended)
        )
        found.append(household.in_(cases))
    return found


def _between(criteria: Criteria, begins: Any, ends: Any) -> list[ColumnElement[bool]]:
    found = []
    if criteria.since:
        found.append(ends >= criteria.since)
    if criteria.until:
        found.append(begins <= criteria.until)
    return found


def _plain(criteria: Criteria) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(criteria).items() if value is not None}
