"""Recording what was done and who looked, and finding both again."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, insert, or_, select
from sqlalchemy.orm import Session

from hearth import trail
from hearth.accounts.models import User
from hearth.audit import chain
from hearth.audit.models import AuditEvent, PersonRead
from hearth.trail import Fact
from tenants.context import keep_when_refused

trail.install(chain.append)
People = Collection[uuid.UUID] | ScalarSelect[Any]


@dataclass(frozen=True, kw_only=True)
class ReadQuery:
    """Which looks are wanted; lists that showed one of ``person_ids`` count too.

    They are looks at a family's file or, by ``subject_id``, at a referral that had none. Somebody
    may belong to two families: a look at the file of the other one is told there alone.
    """

    household_id: uuid.UUID | None = None
    subject_id: uuid.UUID | None = None
    person_ids: Collection[uuid.UUID] = ()
    user_id: uuid.UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    without: Collection[str] = ()
    """The purposes of which whoever asks is not told."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look, with name and address of whoever looked: a name may be changed afterwards."""

    reader_id: uuid.UUID
    reader: str
    reader_email: str
    purpose: str
    number: int
    at: datetime
    household_id: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Looks:
    """All looks of one kind: at the family's own pages, or elsewhere, as in a list."""

    purpose: str
    of_file: bool
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who looked into a file, how often, and when last."""

    name: str
    times: int
    last_at: datetime


def record(
    session: Session,
    *,
    action: str,
    subject_type: str,
    subject_id: uuid.UUID | None,
    actor_id: uuid.UUID | None = None,
    household_id: uuid.UUID | None = None,
    facts: Mapping[str, Fact] | None = None,
) -> None:
    """Record that something was done, in the organisation's chain, with this unit of work.

    Without an actor it is whoever is signed in. Facts name changed fields and codes, no contents.
    """
    trail.record(
        session,
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        actor_id=actor_id,
        household_id=household_id,
        facts=facts,
    )


def record_read(
    session: Session,
    *,
    user_id: uuid.UUID,
    purpose: str,
    household_id: uuid.UUID | None = None,
    person_ids: People = (),
    subject_id: uuid.UUID | None = None,
    number: int = 1,
) -> None:
    """Note that somebody was shown a family, or a list of people; a list is one look.

    It stays noted when the form on that page is refused.
    """
    shown = person_ids if isinstance(person_ids, ScalarSelect) else sorted(set(person_ids))
    keep_when_refused(
        session,
        insert(PersonRead).values(
            user_id=user_id,
            household_id=household_id,
            subject_id=subject_id,
            person_ids=shown,
            purpose=purpose,
            number=number,
            read_at=datetime.now(UTC),
        ),
    )


def readers_of(
    session: Session, household_id: uuid.UUID, *, without: Collection[str] = (), limit: int = 8
) -> list[Reader]:
    """Who looked into a family's file, the latest first, but for some purposes."""
    told = and_(PersonRead.household_id == household_id, PersonRead.purpose.not_in(without))
    return _readers(session, told, limit)


def readers_of_referral(
    session: Session, referral_id: uuid.UUID, *, limit: int = 8
) -> list[Reader]:
    """Who looked at a referral before it belonged to a family, the latest first."""
    return _readers(session, PersonRead.subject_id == referral_id, limit)


def _readers(session: Session, looked: ColumnElement[bool], limit: int) -> list[Reader]:
    last_at = func.max(PersonRead.read_at)
    rows = session.execute(
        select(User.name, func.count(), last_at)
        .join(User, User.id == PersonRead.user_id)
        .where(looked)
        .group_by(User.id, User.name)
        .order_by(last_at.desc())
        .limit(limit)
    )
    return [Reader(name=name, times=times, last_at=at) for name, times, at in rows]


def find_reads(
    session: Session, query: ReadQuery, *, limit: int, offset: int = 0
) -> tuple[list[Look], int]:
    """One page of looks at a family, the latest first, and how many there are in all."""
    chosen = select(PersonRead).where(*_wanted(query))
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    return _looks(session, chosen.limit(limit).offset(offset)), total


def group_reads(session: Session, query: ReadQuery) -> list[Looks]:
    """All looks at a family by what was shown: no number of them pushes another one out."""
    of_file = PersonRead.household_id.is_not_distinct_from(query.household_id).label("of_file")
    first_at = func.min(PersonRead.read_at)
    rows = session.execute(
        select(PersonRead.purpose, of_file, func.count(), first_at, func.max(PersonRead.read_at))
        .where(*_wanted(query))
        .group_by(PersonRead.purpose, of_file)
        .order_by(first_at, PersonRead.purpose, of_file)
    )
    return [
        Looks(purpose=purpose, of_file=own, times=times, first_at=first, last_at=last)
        for purpose, own, times, first, last in rows
    ]


def reads_about(session: Session, person_id: uuid.UUID) -> list[Look]:
    """Every look at which one person was shown, the oldest first: for that person's own request."""
    return _looks(session, select(PersonRead).where(PersonRead.person_ids.contains([person_id])))[
        ::-1
    ]


def count_done(
    session: Session, *, actor_id: uuid.UUID, actions: Collection[str], since: datetime
) -> int:
    """How often somebody has done one of these things lately."""
    counted = select(func.count()).where(
        AuditEvent.actor_id == actor_id, AuditEvent.action.in_(actions), AuditEvent.at > since
    )
    return session.scalar(counted) or 0


def head_of(session: Session) -> AuditEvent | None:
    """The newest event of the chain."""
    return session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).first()


def _looks(session: Session, chosen: Select[PersonRead]) -> list[Look]:
    found = chosen.order_by(PersonRead.read_at.desc(), PersonRead.id.desc()).subquery()
    rows = session.execute(
        select(found, User.name.label("reader"), User.email.label("reader_email"))
        .join(User, User.id == found.c.user_id)
        .order_by(found.c.read_at.desc(), found.c.id.desc())
    )
    return [
        Look(
            reader_id=row.user_id,
            reader=row.reader,
            reader_email=row.reader_email,
            purpose=row.purpose,
            number=row.number,
            at=row.read_at,
            household_id=row.household_id,
        )
        for row in rows
    ]


def _wanted(query: ReadQuery) -> list[ColumnElement[bool]]:
    about: ColumnElement[bool] = PersonRead.household_id == query.household_id
    if query.subject_id is not None:
        about = PersonRead.subject_id == query.subject_id
    if query.person_ids:
        listed = PersonRead.person_ids.overlap(list(query.person_ids))
        about = or_(about, and_(PersonRead.household_id.is_(None), listed))
    found = [about]
    if query.user_id is not None:
        found.append(PersonRead.user_id == query.user_id)
    if query.since is not None:
        found.append(PersonRead.read_at >= query.since)
    if query.until is not None:
        found.append(PersonRead.read_at < query.until)
    if query.without:
        found.append(PersonRead.purpose.not_in(query.without))
    return found
