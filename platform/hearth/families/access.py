"""Which families somebody may open: restricted ones by a running grant alone."""

import uuid
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.families.access_models import CaseGrant, HouseholdRestriction
from hearth.families.models import Household
from hearth.families.services import get_household


def visible_households(user: SignedIn, permission: Permission) -> ColumnElement[bool]:
    """The condition under which a household is somebody's to see."""
    if not user.may(permission):
        return false()
    now = datetime.now(UTC)
    granted = (
        select(CaseGrant.id)
        .where(
            CaseGrant.household_id == Household.id,
            CaseGrant.user_id == user.id,
            CaseGrant.starts_at <= now,
            or_(CaseGrant.ends_at.is_(None), CaseGrant.ends_at > now),
            CaseGrant.revoked_at.is_(None),
        )
        .exists()
    )
    return or_(~is_restricted(now), granted)


def is_restricted(now: datetime) -> ColumnElement[bool]:
    """The condition under which a household is closed to all who hold no grant."""
    return (
        select(HouseholdRestriction.id)
        .where(
            HouseholdRestriction.household_id == Household.id,
            HouseholdRestriction.from_at <= now,
            or_(HouseholdRestriction.until_at.is_(None), HouseholdRestriction.until_at > now),
        )
        .exists()
    )


def find_household(
    session: Session, household_id: uuid.UUID, *, user: SignedIn, permission: Permission
) -> Household | None:
    """A family with its members, or None when it does not exist or is not this person's to see."""
    visible = select(Household.id).where(
        Household.id == household_id, visible_households(user, permission)
    )
    if session.scalar(visible) is None:
        return None
    return get_household(session, household_id)
