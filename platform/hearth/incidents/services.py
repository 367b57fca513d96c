"""Opens incidents, adds entries, keeps the clocks of the law and closes with lessons."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from hearth.audit import services as audit
from hearth.incidents.models import EntryKind, Incident, IncidentEntry, IncidentKind
from hearth.trail import Fact
from tenants.legal import Notices


class IncidentClosedError(ValueError):
    """Nothing is added to an incident that was closed."""


class AheadError(ValueError):
    """What lies in the future has not happened yet."""


class NoticeMissingError(ValueError):
    """The authority was not told, and nobody has said why not."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """One notice the law demands: by when, and when it was given."""

    kind: EntryKind
    due_at: datetime
    done_at: datetime | None

    def is_late(self, now: datetime) -> bool:
        """Whether the time passed before the notice was given."""
        return (self.done_at or now) > self.due_at

    def hours_left(self, now: datetime) -> int:
        """Whole hours until it is due; nothing once they are over."""
        return max(0, int((self.due_at - now) / timedelta(hours=1)))


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How many incidents are open, and in how many of them a notice is late."""

    open: int
    late: int


def open_incident(
    session: Session,
    *,
    kind: IncidentKind,
    summary: str,
    systems: str,
    aware_at: datetime,
    high_risk: bool,
    by: uuid.UUID,
) -> Incident:
    """Record that something happened; the clocks run from the moment we became aware of it.

    :raises AheadError: that moment is still to come.
    """
    if aware_at > datetime.now(UTC):
        raise AheadError
    incident = Incident(
        kind=kind,
        summary=summary,
        systems=systems,
        aware_at=aware_at,
        high_risk=high_risk,
        opened_by=by,
    )
    session.add(incident)
    session.flush()
    record(session, "incident.opened", incident, by, kind=kind.value, high_risk=high_risk)
    return incident


def add_entry(
    session: Session,
    incident: Incident,
    *,
    kind: EntryKind,
    text: str,
    happened_at: datetime | None,
    by: uuid.UUID,
) -> None:
    """Add one dated entry; it is never changed, only corrected by another one.

    :raises IncidentClosedError: the incident was closed.
    :raises AheadError: the moment is still to come.
    """
    lock(session, incident)
    now = datetime.now(UTC)
    moment = happened_at or now
    if moment > now:
        raise AheadError
    session.add(
        IncidentEntry(incident_id=incident.id, kind=kind, text=text, happened_at=moment, by=by)
    )
    session.flush()
    session.expire(incident, ["entries"])
    record(session, "incident.entry_added", incident, by, kind=kind.value)


def close(
    session: Session,
    incident: Incident,
    *,
    lessons: str,
    why_not_told: str | None,
    by: uuid.UUID,
) -> None:
    """Close an incident with what was learned.

    :raises IncidentClosedError: it was closed before.
    :raises NoticeMissingError: the authority was not told, and nobody says why not.
    """
    lock(session, incident)
    if incident.said(EntryKind.AUTHORITY_FIRST) is None:
        if not why_not_told:
            raise NoticeMissingError
        add_entry(
            session, incident, kind=EntryKind.FACT, text=why_not_told, happened_at=None, by=by
        )
    add_entry(session, incident, kind=EntryKind.LESSONS, text=lessons, happened_at=None, by=by)
    incident.closed_at = datetime.now(UTC)
    incident.closed_by = by
    session.flush()
    record(session, "incident.closed", incident, by)


def clocks(incident: Incident, notices: Notices) -> list[Clock]:
    """The notices that the law demands for an incident."""
    demanded = {EntryKind.AUTHORITY_FIRST: notices.first_hours}
    if notices.result_hours is not None:
        demanded[EntryKind.AUTHORITY_RESULT] = notices.result_hours
    return [
        Clock(
            kind=kind,
            due_at=incident.aware_at + timedelta(hours=hours),
            done_at=entry.happened_at if (entry := incident.said(kind)) else None,
        )
        for kind, hours in demanded.items()
    ]


def standing(session: Session, *, notices: Notices) -> Standing:
    """How many incidents are open, and how many of them are late."""
    now = datetime.now(UTC)
    opened = open_incidents(session)
    late = sum(any(one.is_late(now) for one in clocks(incident, notices)) for incident in opened)
    return Standing(open=len(opened), late=late)


def open_incidents(session: Session) -> list[Incident]:
    """The incidents somebody works on, the latest first."""
    return list(
        session.scalars(
            select(Incident)
            .where(Incident.closed_at.is_(None))
            .options(selectinload(Incident.entries))
            .order_by(Incident.aware_at.desc())
        )
    )


def closed_incidents(session: Session) -> list[Incident]:
    """The incidents that are over, the latest first."""
    return list(
        session.scalars(
            select(Incident)
            .where(Incident.closed_at.is_not(None))
            .order_by(Incident.closed_at.desc())
            .limit(100)
        )
    )


def get_incident(session: Session, incident_id: uuid.UUID) -> Incident | None:
    """One incident with its entries, or None."""
    return session.scalars(
        select(Incident)
        .where(Incident.id == incident_id)
        .options(selectinload(Incident.entries), selectinload(Incident.searches))
    ).one_or_none()


def lock(session: Session, incident: Incident) -> None:
    """Let entries of one incident come one after the other.

    :raises IncidentClosedError: it was closed.
    """
    session.flush()
    session.refresh(incident, with_for_update=True)
    session.expire(incident, ["entries"])
    if not incident.is_open:
        raise IncidentClosedError


def record(
    session: Session,
    action: str,
    incident: Incident,
    actor_id: uuid.UUID,
    *,
    household_id: uuid.UUID | None = None,
    **facts: Fact,
) -> None:
    """Record what was done about an incident: codes alone, no words and no numbers of people."""
    audit.record(
        session,
        action=action,
        subject_type="incident",
        subject_id=incident.id,
        actor_id=actor_id,
        household_id=household_id,
        facts=facts,
    )
