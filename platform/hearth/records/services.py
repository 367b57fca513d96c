"""Puts names to what is recorded: of colleagues, and the numbers of cases."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.audit import services as audit
from hearth.audit.models import AuditEvent
from hearth.audit.services import Look, ReadQuery
from hearth.families.access import (
    entrusted_households,
    find_entrusted,
    is_bound,
    people_to_look_for,
)
from hearth.families.besides import closed_purposes
from hearth.families.models import Household
from hearth.families.services import record_numbers, record_read
from hearth.intake.models import Referral
from hearth.intake.seen import find_referral
from hearth.records.belonging import opens_to, tells_of
from hearth.records.lines import Line, as_seen

# A workbook with more lines is read by nobody, and would keep everybody waiting.
MOST_EXPORTED = 20_000
MOST_PRINTED = 2_000
ONE_DAY = timedelta(days=1)
MINE = Permission.AUDIT_READ
OPENS_REFERRALS = Permission.REFERRALS_READ


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
    user: SignedIn,
    clock: ZoneInfo,
    limit: int,
    offset: int = 0,
) -> tuple[list[Look], int]:
    """One page of looks at a family, and how many there are in all.

    That somebody looked at a stay tells of it: such looks are there for whoever reads it herself.
    """
    mine = Permission.FAMILIES_READ
    named = people_to_look_for(session, household, user=user, permission=mine)
    query = ReadQuery(
        household_id=household.id,
        person_ids=named if wanted.lists else [],
        user_id=wanted.user_id,
        without=closed_purposes(session, household.id, user=user),
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
    """A referral whose looks somebody may see; a family under restriction takes its own along.

    To whoever is bound, one that she does not find among the referrals is not there either.
    """
    if is_bound(user):
        referral = find_referral(session, referral_id, user=user, permission=OPENS_REFERRALS)
    else:
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
    return as_seen(session, session.scalars(page).all(), user=user), total


def note_look(session: Session, wanted: Wanted, lines: Collection[Line], *, user: SignedIn) -> None:
    """Note whose files somebody reads in the log.

    Whoever asks by a case's number looks at that file, whatever is found of it; else the lines are
    a list of the families that they tell of.
    """
    if not wanted.case_number:
        shown = {line.household_id for line in lines if line.household_id}
        record_numbers(session, shown, user_id=user.id, purpose="records")
        return
    numbered = select(Household.id).where(
        Household.case_number == wanted.case_number.strip(), entrusted_households(user, MINE)
    )
    for household_id in session.scalars(numbered):
        note_look_at(session, household_id, user=user)


def note_look_at(session: Session, household_id: uuid.UUID, *, user: SignedIn) -> None:
    """Note that somebody reads what is recorded about a family, like every other look."""
    record_read(session, household_id=household_id, user_id=user.id, purpose="records")


def note_look_at_referral(session: Session, referral: Referral, *, user: SignedIn) -> None:
    """Note that somebody reads who looked at a referral: at its family, where it became one."""
    if referral.household_id is not None:
        note_look_at(session, referral.household_id, user=user)
        return
    audit.record_read(session, subject_id=referral.id, user_id=user.id, purpose="records")


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
    if wanted.case_number:
        number = wanted.case_number.strip()
        found.append(tells_of(select(Household.id).where(Household.case_number == number)))
    if wanted.asks_what and is_bound(user):
        # A line that is found by what it must not tell has told it.
        found.append(opens_to(user))
    return found


def _moments(wanted: Wanted, clock: ZoneInfo) -> dict[str, Any]:
    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), clock)

    return {
        "since": midnight(wanted.since) if wanted.since else None,
        "until": midnight(wanted.until + ONE_DAY) if wanted.until else None,
    }
