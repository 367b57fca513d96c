"""Ends what opened families to somebody beyond her role, when her account is closed."""

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, String, Uuid, column, or_, select, table, update
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Session

from hearth.accounts.policy_models import HouseWorker, TeamMember
from hearth.audit import services as audit
from hearth.staff import teams

# Cases belong to a feature that stands above this one. Of its grants only the columns are named
# here that say whom they let in and until when.
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


def end_memberships(session: Session, user_id: uuid.UUID, *, ended_by: uuid.UUID) -> None:
    """End somebody's teams, her work in houses and what let her into cases by name."""
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
        _record(session, "house.work-ended", "house", worker.house_id, user_id, ended_by)
    for grant in _grants(session, user_id):
        taken_back = {"revoked_at": datetime.now(UTC), "revoked_by": ended_by}
        session.execute(update(_GRANTS).where(_GRANTS.c.id == grant.id).values(taken_back))
        _record(session, "access.revoked", "case_grant", grant.id, user_id, ended_by, grant)
    session.flush()


def _grants(session: Session, user_id: uuid.UUID) -> list[Row[Any]]:
    grants = _GRANTS.c
    held = or_(grants.ends_at.is_(None), grants.ends_at > datetime.now(UTC))
    chosen = select(_GRANTS).where(grants.user_id == user_id, grants.revoked_at.is_(None), held)
    return list(session.execute(chosen.order_by(grants.id)).all())


def _record(
    session: Session,
    action: str,
    kind: str,
    subject_id: uuid.UUID,
    user_id: uuid.UUID,
    ended_by: uuid.UUID,
    grant: Row[Any] | None = None,
) -> None:
    """As the feature would that ends the same for another reason."""
    audit.record(
        session,
        action=action,
        subject_type=kind,
        subject_id=subject_id,
        actor_id=ended_by,
        household_id=grant.household_id if grant else None,
        facts={"user": str(user_id)} | ({"kind": grant.kind} if grant else {}),
    )
