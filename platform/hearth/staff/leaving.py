"""Ends what opened families to somebody beyond her role, when her account is closed."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Row,
    String,
    TableClause,
    Uuid,
    column,
    func,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Session

from hearth.accounts.policy_models import HouseWorker, TeamMember
from hearth.audit import services as audit
from hearth.clock import today
from hearth.staff import teams

# Families, their cases and notes belong to features that stand above this one. Of them only the
# columns are named here that say to whom they open, and until when.
_MOMENT = TIMESTAMP(timezone=True)
_GRANTS = table(
    "case_grants",
    column("id", Uuid()),
    column("household_id", Uuid()),
    column("user_id", Uuid()),
    column("kind", String()),
    column("ends_at", _MOMENT),
    column("revoked_at", _MOMENT),
    column("revoked_by", Uuid()),
)
_KEY_WORKERS = table(
    "key_workers",
    column("id", Uuid()),
    column("household_id", Uuid()),
    column("user_id", Uuid()),
    column("from_on", Date()),
    column("until_on", Date()),
)
_NOTE_GRANTS = table(
    "note_grants",
    column("id", Uuid()),
    column("service_id", Uuid()),
    column("user_id", Uuid()),
    column("until_at", _MOMENT),
)
_SERVICES = table("service_deliveries", column("id", Uuid()), column("household_id", Uuid()))
_EPISODES = table("case_episodes", column("household_id", Uuid()), column("closed_on", Date()))

_Ended = tuple[str, tuple[str, uuid.UUID], uuid.UUID, dict[str, str]]
"""What was done, to which thing, of which family, and what the log tells besides."""


def end_memberships(session: Session, user_id: uuid.UUID, *, ended_by: uuid.UUID) -> None:
    """End somebody's teams and houses, the families she accompanies, and what was opened to her."""
    session.flush()
    of_teams = select(TeamMember).where(
        TeamMember.user_id == user_id, TeamMember.until_at.is_(None)
    )
    for member in session.scalars(of_teams).all():
        teams.end_membership(session, member, ended_by=ended_by)
    in_houses = select(HouseWorker).where(
        HouseWorker.user_id == user_id, HouseWorker.until_at.is_(None)
    )
    for worker in session.scalars(in_houses).all():
        worker.until_at, worker.ended_by = datetime.now(UTC), ended_by
        _record(session, "house.work-ended", ("house", worker.house_id), user_id, ended_by)
    for end_all in (_end_grants, _end_notes, _end_accompanying):
        for action, about, household_id, facts in end_all(session, user_id, ended_by):
            _record(session, action, about, user_id, ended_by, household_id, **facts)
    session.flush()


def families_accompanied(session: Session, user_id: uuid.UUID) -> int:
    """How many families with an open case somebody accompanies; a number and no more."""
    open_cases = select(_EPISODES.c.household_id).where(_EPISODES.c.closed_on.is_(None))
    hers = select(func.count()).where(
        _accompanies(user_id), _KEY_WORKERS.c.household_id.in_(open_cases)
    )
    return session.scalar(hers.select_from(_KEY_WORKERS)) or 0


def _end_grants(session: Session, user_id: uuid.UUID, ended_by: uuid.UUID) -> Iterator[_Ended]:
    grants = _GRANTS.c
    held = or_(grants.ends_at.is_(None), grants.ends_at > datetime.now(UTC))
    hers = (grants.user_id == user_id) & grants.revoked_at.is_(None) & held
    now = datetime.now(UTC)
    for one in _end(session, _GRANTS, hers, revoked_at=now, revoked_by=ended_by):
        yield "access.revoked", ("case_grant", one.id), one.household_id, {"kind": one.kind}


def _end_notes(session: Session, user_id: uuid.UUID, _by: uuid.UUID) -> Iterator[_Ended]:
    grants, services = _NOTE_GRANTS.c, _SERVICES.c
    hers = (grants.user_id == user_id) & grants.until_at.is_(None)
    ended = {
        one.service_id for one in _end(session, _NOTE_GRANTS, hers, until_at=datetime.now(UTC))
    }
    notes = select(_SERVICES).where(services.id.in_(ended)).order_by(services.id)
    for one in session.execute(notes).all():
        yield "note.reader-removed", ("service", one.id), one.household_id, {}


def _end_accompanying(session: Session, user_id: uuid.UUID, _by: uuid.UUID) -> Iterator[_Ended]:
    last = func.greatest(_KEY_WORKERS.c.from_on, today(session))
    for one in _end(session, _KEY_WORKERS, _accompanies(user_id), until_on=last):
        household = ("household", one.household_id)
        yield "family.key_worker_ended", household, one.household_id, {}


def _accompanies(user_id: uuid.UUID) -> ColumnElement[bool]:
    return (_KEY_WORKERS.c.user_id == user_id) & _KEY_WORKERS.c.until_on.is_(None)


def _end(
    session: Session, rows: TableClause, hers: ColumnElement[bool], **ends: Any
) -> list[Row[Any]]:
    """Write an end into rows, and give them back, always in the same order."""
    ended = session.execute(update(rows).where(hers).values(ends).returning(*rows.c)).all()
    return sorted(ended, key=lambda row: str(row.id))


def _record(
    session: Session,
    action: str,
    about: tuple[str, uuid.UUID],
    user_id: uuid.UUID,
    ended_by: uuid.UUID,
    household_id: uuid.UUID | None = None,
    **facts: str,
) -> None:
    """As the feature would that ends the same for another reason."""
    audit.record(
        session,
        action=action,
        subject_type=about[0],
        subject_id=about[1],
        actor_id=ended_by,
        household_id=household_id,
        facts={"user": str(user_id), **facts},
    )
