"""Ends what opened families to somebody beyond her role, when her account is closed."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Date, Uuid, column, func, select, table
from sqlalchemy.orm import Session

from hearth.accounts.policy_models import HouseWorker, TeamMember
from hearth.audit import services as audit
from hearth.clock import today
from hearth.staff import teams
from hearth.staff.openings import Ended, end_opened, end_rows

# Families belong to a feature that stands above this one. Of them only the columns are named here
# that say who accompanies them, and until when.
_KEY_WORKERS = table(
    "key_workers",
    column("id", Uuid()),
    column("household_id", Uuid()),
    column("user_id", Uuid()),
    column("from_on", Date()),
    column("until_on", Date()),
)
_EPISODES = table("case_episodes", column("household_id", Uuid()), column("closed_on", Date()))


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
        audit.record(
            session,
            action="house.work-ended",
            subject_type="house",
            subject_id=worker.house_id,
            actor_id=ended_by,
            facts={"user": str(user_id)},
        )
    end_opened(session, user_id, ended_by, _end_accompanying)


def families_accompanied(session: Session, user_id: uuid.UUID) -> int:
    """How many families with an open case somebody accompanies; a number and no more."""
    open_cases = select(_EPISODES.c.household_id).where(_EPISODES.c.closed_on.is_(None))
    hers = select(func.count()).where(
        _accompanies(user_id), _KEY_WORKERS.c.household_id.in_(open_cases)
    )
    return session.scalar(hers.select_from(_KEY_WORKERS)) or 0


def _end_accompanying(session: Session, user_id: uuid.UUID, _by: uuid.UUID) -> Iterator[Ended]:
    last = func.greatest(_KEY_WORKERS.c.from_on, today(session))
    for one in end_rows(session, _KEY_WORKERS, _accompanies(user_id), until_on=last):
        household = ("household", one.household_id)
        yield "family.key_worker_ended", household, one.household_id, {}


def _accompanies(user_id: uuid.UUID) -> ColumnElement[bool]:
    return (_KEY_WORKERS.c.user_id == user_id) & _KEY_WORKERS.c.until_on.is_(None)
