"""Puts names to what is recorded: of colleagues, and the numbers of cases."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Permission
from hearth.accounts.redaction import Sees
from hearth.accounts.services import SignedIn, told_apart
from hearth.audit import services as audit
from hearth.audit.models import AuditEvent
from hearth.audit.services import Look, ReadQuery
from hearth.families.access import entrusted_households, find_entrusted, is_bound
from hearth.families.facing import eyes_at_desk
from hearth.families.models import Household
from hearth.families.services import record_read
from hearth.intake.models import Referral
from hearth.records.naming import colleagues_in, own_roles_in
from hearth.records.seen import see_facts, sees_nothing
from hearth.trail import Fact

# A workbook with more lines is read by nobody, and would keep everybody waiting.
MOST_EXPORTED = 20_000
MOST_PRINTED = 2_000
ONE_DAY = timedelta(days=1)
MINE = Permission.AUDIT_READ


@dataclass(frozen=True, kw_only=True)
class Line:
    """One event as its reader sees it.

    Of a file that opens to others stay the number, the moment and the hash: without them nobody
    could say that the log is whole.
    """

    number: int
    at: datetime
    hash: bytes
    action: str | None = None
    actor: str = ""
    household_id: uuid.UUID | None = None
    case_number: str = ""
    subject_type: str = ""
    subject_id: uuid.UUID | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """Of the colleagues and of the organisation's own roles, by what stands in the facts."""


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

    @property
    def asks_what(self) -> bool:
        """Whether it is asked what was done, by whom or to whom, and not when alone."""
        return bool(self.action or self.user_id or self.case_number)


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


def looks_at_referral(
    session: Session,
    referral: Referral,
    wanted: Wanted,
    *,
    clock: ZoneInfo,
    limit: int,
    offset: int = 0,
) -> tuple[list[Look], int]:
    """One page of looks at a referral while it belonged to no family, and how many there are."""
    query = ReadQuery(
        subject_id=referral.id,
        person_ids=[referral.id] if wanted.lists else [],
        user_id=wanted.user_id,
        **_moments(wanted, clock),
    )
    return audit.find_reads(session, query, limit=limit, offset=offset)


def entrusted_referral(
    session: Session, referral_id: uuid.UUID, *, user: SignedIn
) -> Referral | None:
    """A referral whose looks somebody may see; a family under restriction takes its own along."""
    referral = session.get(Referral, referral_id)
    known = referral.household_id if referral else None
    if known and find_entrusted(session, known, user=user, permission=MINE) is None:
        return None
    return referral


def log_lines(
    session: Session,
    wanted: Wanted,
    *,
    user: SignedIn,
    clock: ZoneInfo,
    limit: int,
    offset: int = 0,
) -> tuple[list[Line], int]:
    """One page of the organisation's log, and how many events there are in all."""
    chosen = select(AuditEvent).where(*_conditions(wanted, user, clock))
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    page = chosen.order_by(AuditEvent.seq.desc()).limit(limit).offset(offset)
    return _as_seen(session, session.scalars(page).all(), user), total


def note_look(session: Session, wanted: Wanted, *, user: SignedIn) -> None:
    """Note whose file somebody reads in the log: that of the case by whose number she asks."""
    if not wanted.case_number:
        return
    numbered = select(Household.id).where(
        Household.case_number == wanted.case_number.strip(), entrusted_households(user, MINE)
    )
    for household_id in session.scalars(numbered):
        note_look_at(session, household_id, user=user)


def note_look_at(session: Session, household_id: uuid.UUID, *, user: SignedIn) -> None:
    """Note that somebody reads what is recorded about a family, like every other look."""
    record_read(session, household_id=household_id, user_id=user.id, purpose="records")


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


def _conditions(wanted: Wanted, user: SignedIn, clock: ZoneInfo) -> list[ColumnElement[bool]]:
    moments = _moments(wanted, clock)
    found: list[ColumnElement[bool]] = []
    if wanted.action:
        found.append(AuditEvent.action == wanted.action)
    if wanted.user_id:
        found.append(AuditEvent.actor_id == wanted.user_id)
    if moments["since"]:
        found.append(AuditEvent.at >= moments["since"])
    if moments["until"]:
        found.append(AuditEvent.at < moments["until"])
    entrusted = select(Household.id).where(entrusted_households(user, MINE))
    if wanted.case_number:
        numbered = entrusted.where(Household.case_number == wanted.case_number.strip())
        found.append(AuditEvent.household_id.in_(numbered))
    elif wanted.asks_what and is_bound(user):
        # A line that is found by what it must not tell has told it.
        household = AuditEvent.household_id
        found.append(or_(household.is_(None), household.in_(entrusted)))
    return found


def _as_seen(session: Session, events: Collection[AuditEvent], user: SignedIn) -> list[Line]:
    actors = {event.actor_id for event in events if event.actor_id}
    names = told_apart(session, actors | colleagues_in(events))
    spoken = {str(one): name for one, name in names.items()} | own_roles_in(session, events)
    cases = {event.household_id for event in events if event.household_id}
    rows = session.execute(
        select(Household.id, Household.case_number).where(
            Household.id.in_(cases), entrusted_households(user, MINE)
        )
    )
    numbers = {row.id: row.case_number for row in rows}
    at_desk = eyes_at_desk(session, cases, user=user, permission=MINE)
    eyes = dict[uuid.UUID | None, Sees](at_desk.items())
    facts = [
        see_facts(event, eyes.get(event.household_id, sees_nothing), bound=is_bound(user))
        for event in events
    ]
    return [
        _line(event, told, names, numbers, spoken)
        for event, told in zip(events, facts, strict=True)
    ]


def _line(
    event: AuditEvent,
    facts: Mapping[str, Fact],
    names: Mapping[uuid.UUID, str],
    numbers: Mapping[uuid.UUID, str],
    spoken: Mapping[str, str],
) -> Line:
    if event.household_id and event.household_id not in numbers:
        return Line(number=event.seq, at=event.at, hash=event.hash)
    return Line(
        number=event.seq,
        at=event.at,
        hash=event.hash,
        action=event.action,
        actor=names.get(event.actor_id, "") if event.actor_id else "",
        household_id=event.household_id,
        case_number=numbers[event.household_id] if event.household_id else "",
        subject_type=event.subject_type,
        subject_id=event.subject_id,
        facts=facts,
        names=spoken,
    )


def _moments(wanted: Wanted, clock: ZoneInfo) -> dict[str, Any]:
    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), clock)

    return {
        "since": midnight(wanted.since) if wanted.since else None,
        "until": midnight(wanted.until + ONE_DAY) if wanted.until else None,
    }
