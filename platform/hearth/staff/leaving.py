"""Ends what opened families to somebody beyond her role, when her account is closed."""

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, String, Uuid, column, or_, select, table, update
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.policy_models import HouseWorker, TeamMember
from hearth.accounts.standing import holders
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
_RESTRICTIONS = table(
    "household_restrictions", column("household_id", Uuid()), column("until_at", _MOMENT)
)


def end_memberships(session: Session, user_id: uuid.UUID, *, ended_by: uuid.UUID) -> None:
    """End somebody's teams, her work in houses and what let her into cases by name.

    The last by whom a restricted case can be opened again keeps it: nobody could give it to
    anybody, so it waits for her, or for a colleague whom she lets in once she is back.
    """
    of_teams = select(TeamMember).where(
        TeamMember.user_id == user_id, TeamMember.until_at.is_(None)
    )
    for member in session.scalars(of_teams).all():
        teams.leave(session, member, ended_by=ended_by)
    in_houses = select(HouseWorker).where(
        HouseWorker.user_id == user_id, HouseWorker.until_at.is_(None)
    )
    for worker in session.scalars(in_houses).all():
        worker.until_at, worker.ended_by = datetime.now(UTC), ended_by
        _record(session, "house.work-ended", "house", worker.house_id, user_id, ended_by)
    kept = _kept_by_nobody_else(session, user_id)
    for grant in _grants(session, user_id):
        if grant.ends_at is None and grant.household_id in kept:
            continue
        taken_back = {"revoked_at": datetime.now(UTC), "revoked_by": ended_by}
        session.execute(update(_GRANTS).where(_GRANTS.c.id == grant.id).values(taken_back))
        _record(session, "access.revoked", "case_grant", grant.id, user_id, ended_by, grant)
    session.flush()


def _grants(session: Session, user_id: uuid.UUID) -> list[Row[Any]]:
    grants = _GRANTS.c
    held = or_(grants.ends_at.is_(None), grants.ends_at > datetime.now(UTC))
    chosen = select(_GRANTS).where(grants.user_id == user_id, grants.revoked_at.is_(None), held)
    return list(session.execute(chosen.order_by(grants.id)).all())


def _kept_by_nobody_else(session: Session, user_id: uuid.UUID) -> set[uuid.UUID]:
    """The restricted cases that none of their other keepers may open again."""
    grants, able = _GRANTS.c, holders(session, Permission.CASES_RESTRICT)
    for_good = select(grants.household_id).where(
        grants.revoked_at.is_(None), grants.ends_at.is_(None), grants.kind == "grant"
    )
    restricted = select(_RESTRICTIONS.c.household_id).where(_RESTRICTIONS.c.until_at.is_(None))
    hers = for_good.where(grants.user_id == user_id, grants.household_id.in_(restricted))
    others = [keeper_id for keeper_id, _name in able if keeper_id != user_id]
    return set(session.scalars(hers)) - set(
        session.scalars(for_good.where(grants.user_id.in_(others)))
    )


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
