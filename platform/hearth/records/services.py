"""Puts names to what is recorded: of colleagues, and the numbers of cases."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn, told_apart
from hearth.audit import services as audit
from hearth.audit.models import AuditEvent
from hearth.audit.services import EventQuery, Look, ReadQuery
from hearth.families.models import Household

# A workbook with more lines is read by nobody, and would keep everybody waiting.
MOST_EXPORTED = 20_000
MOST_PRINTED = 2_000
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One event with the names it is shown with."""

    event: AuditEvent
    actor: str
    case_number: str


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the records are searched for."""

    user_id: uuid.UUID | None = None
    since: date | None = None
    until: date | None = None
    action: str | None = None
    case_number: str | None = None
    lists: bool = False

    @property
    def number(self) -> int:
        """How many of the filters are in use."""
        return sum(bool(value) for value in vars(self).values())


def may_see_looks(user: SignedIn, household: Household) -> bool:
    """Whether somebody may see who looked: whom it is entrusted to, and who accompanies them."""
    key_worker = household.current_key_worker
    trusted = user.may(Permission.AUDIT_READ) or user.may(Permission.BREAK_GLASS_REVIEW)
    return trusted or (key_worker is not None and key_worker.id == user.id)


def looks_at(
    session: Session,
    household: Household,
    wanted: Wanted,
    *,
    clock: ZoneInfo,
    limit: int,
    offset: int = 0,
) -> tuple[list[Look], int]:
    """One page of looks at a family, and how many there are in all."""
    persons = [member.person_id for member in household.members] if wanted.lists else []
    query = ReadQuery(
        household_id=household.id,
        person_ids=persons,
        user_id=wanted.user_id,
        **_moments(wanted, clock),
    )
    return audit.find_reads(session, query, limit=limit, offset=offset)


def log_lines(
    session: Session, wanted: Wanted, *, clock: ZoneInfo, limit: int, offset: int = 0
) -> tuple[list[Line], int]:
    """One page of the organisation's log, and how many events there are in all."""
    household_id = None
    if wanted.case_number:
        household_id = session.scalar(
            select(Household.id).where(Household.case_number == wanted.case_number.strip())
        )
        if household_id is None:
            return [], 0
    query = EventQuery(
        action=wanted.action,
        actor_id=wanted.user_id,
        household_id=household_id,
        **_moments(wanted, clock),
    )
    events, total = audit.find_events(session, query, limit=limit, offset=offset)
    return _with_names(session, events), total


def people_of_staff(session: Session) -> list[tuple[uuid.UUID, str]]:
    """Everybody who has or had an account, by name, with what tells two of one name apart."""
    users = session.scalars(select(User).order_by(User.name, User.id))
    return [(user.id, user.told_apart) for user in users]


def record_export(session: Session, wanted: Wanted, number: int) -> None:
    """Record that somebody took a part of the log along."""
    used = sorted(name for name, value in vars(wanted).items() if value)
    audit.record(
        session,
        action="records.exported",
        subject_type="log",
        subject_id=None,
        facts={"filters": used, "number": number},
    )


def _with_names(session: Session, events: Collection[AuditEvent]) -> list[Line]:
    names = told_apart(session, {event.actor_id for event in events if event.actor_id})
    cases = {event.household_id for event in events if event.household_id}
    rows = session.execute(
        select(Household.id, Household.case_number).where(Household.id.in_(cases))
    )
    numbers = {row.id: row.case_number for row in rows}
    return [
        Line(
            event=event,
            actor=names.get(event.actor_id, "") if event.actor_id else "",
            case_number=numbers.get(event.household_id, "") if event.household_id else "",
        )
        for event in events
    ]


def _moments(wanted: Wanted, clock: ZoneInfo) -> dict[str, Any]:
    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), clock)

    return {
        "since": midnight(wanted.since) if wanted.since else None,
        "until": midnight(wanted.until + ONE_DAY) if wanted.until else None,
    }
