"""Which families somebody sees: the policy's scopes as one SQL condition for every list."""

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    Date,
    Uuid,
    and_,
    column,
    false,
    func,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Session, selectinload

from hearth.accounts.permissions import Permission
from hearth.accounts.policy import Scope
from hearth.accounts.policy_models import TeamMember
from hearth.accounts.services import SignedIn
from hearth.families.access_models import CaseGrant, GrantKind, HouseholdRestriction
from hearth.families.models import CaseEpisode, Household, KeyWorker

READING = frozenset({Permission.FAMILIES_READ, Permission.REFERRALS_READ, Permission.SHELTER_READ})
# Stays and services belong to features that stand above this one. Of them only the columns that
# decide about access are named here, so that no feature can forget to register itself.
_STAYS = table(
    "stays",
    column("household_id", Uuid()),
    column("house_id", Uuid()),
    column("ended_on", Date()),
)
_SERVICES = table(
    "service_deliveries",
    column("household_id", Uuid()),
    column("provided_by", Uuid()),
    column("superseded_at", TIMESTAMP(timezone=True)),
    column("cancelled_at", TIMESTAMP(timezone=True)),
)


def visible_households(user: SignedIn, permission: Permission) -> ColumnElement[bool]:
    """The condition on ``Household`` for what a permission of this person counts on.

    Whoever does not hold the permission sees nothing. A grant for one case opens it whatever the
    scope; a case under restriction opens by grant alone. An emergency look opens it for reading.
    """
    scopes = user.scopes_of(permission)
    if not scopes:
        return false()
    within = or_(*(_REACH[scope](user) for scope in sorted(scopes)))
    return or_(and_(within, ~is_restricted()), _granted(user, permission))


def find_household(
    session: Session, household_id: uuid.UUID, *, user: SignedIn, permission: Permission
) -> Household | None:
    """One family with its members, episodes and key workers; None for one she may not see."""
    return session.scalars(
        select(Household)
        .where(Household.id == household_id, visible_households(user, permission))
        .options(
            selectinload(Household.members),
            selectinload(Household.episodes).selectinload(CaseEpisode.needs),
            selectinload(Household.key_workers).joinedload(KeyWorker.user),
        )
    ).one_or_none()


def permissions_on(
    session: Session, household_id: uuid.UUID, *, user: SignedIn
) -> frozenset[Permission]:
    """What of this person's permissions counts on one family, for the buttons of its file."""
    held = sorted(user.permissions)
    conditions = [visible_households(user, one).label(f"may_{n}") for n, one in enumerate(held)]
    row = session.execute(select(*conditions).where(Household.id == household_id)).one_or_none()
    return frozenset(one for one, counts in zip(held, row or (), strict=False) if counts)


def is_visible(
    session: Session, household_id: uuid.UUID, *, user: SignedIn, permission: Permission
) -> bool:
    """Whether a family is among those that a permission of this person counts on."""
    condition = visible_households(user, permission)
    found = session.scalar(select(Household.id).where(Household.id == household_id, condition))
    return found is not None


def is_restricted() -> ColumnElement[bool]:
    """The condition on ``Household`` that its case opens by name alone."""
    return (
        select(HouseholdRestriction.id)
        .where(
            HouseholdRestriction.household_id == Household.id,
            HouseholdRestriction.until_at.is_(None),
        )
        .correlate(Household)
        .exists()
    )


def is_active(now: datetime) -> ColumnElement[bool]:
    """The condition on ``CaseGrant`` that it opens its case at a moment."""
    return and_(
        CaseGrant.starts_at <= now,
        or_(CaseGrant.ends_at.is_(None), CaseGrant.ends_at > now),
        CaseGrant.revoked_at.is_(None),
    )


def _granted(user: SignedIn, permission: Permission) -> ColumnElement[bool]:
    looks = true() if permission in READING else CaseGrant.kind != GrantKind.BREAK_GLASS
    return (
        select(CaseGrant.id)
        .where(
            CaseGrant.household_id == Household.id,
            CaseGrant.user_id == user.id,
            is_active(datetime.now(UTC)),
            looks,
        )
        .correlate(Household)
        .exists()
    )


def _own(user: SignedIn) -> ColumnElement[bool]:
    """She accompanies the family, or did something for it that stands in its file."""
    return or_(_accompanied_by(KeyWorker.user_id == user.id), _served_by(user))


def _team(user: SignedIn) -> ColumnElement[bool]:
    """Her own families, and those that somebody of her teams accompanies."""
    together = select(TeamMember.user_id).where(
        TeamMember.team_id.in_(sorted(user.teams)), TeamMember.until_at.is_(None)
    )
    return or_(_own(user), _accompanied_by(KeyWorker.user_id.in_(together)))


def _house(user: SignedIn) -> ColumnElement[bool]:
    """Who lives in a house she works in; who left is seen until the next day is over."""
    stays = _STAYS.c
    recently = func.current_date() - 1
    return (
        select(stays.household_id)
        .where(
            stays.household_id == Household.id,
            stays.house_id.in_(sorted(user.houses)),
            or_(stays.ended_on.is_(None), stays.ended_on >= recently),
        )
        .correlate(Household)
        .exists()
    )


def _organisation(_user: SignedIn) -> ColumnElement[bool]:
    return true()


def _accompanied_by(who: ColumnElement[bool]) -> ColumnElement[bool]:
    return (
        select(KeyWorker.id)
        .where(KeyWorker.household_id == Household.id, KeyWorker.until_on.is_(None), who)
        .correlate(Household)
        .exists()
    )


def _served_by(user: SignedIn) -> ColumnElement[bool]:
    services = _SERVICES.c
    return (
        select(services.household_id)
        .where(
            services.household_id == Household.id,
            services.provided_by == user.id,
            services.superseded_at.is_(None),
            services.cancelled_at.is_(None),
        )
        .correlate(Household)
        .exists()
    )


_REACH: Mapping[Scope, Callable[[SignedIn], ColumnElement[bool]]] = {
    Scope.OWN: _own,
    Scope.TEAM: _team,
    Scope.HOUSE: _house,
    Scope.ORGANISATION: _organisation,
}
