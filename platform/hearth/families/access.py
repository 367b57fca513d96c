"""Which families somebody sees: the policy's scopes as one SQL condition for every list."""

import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Uuid,
    and_,
    column,
    false,
    func,
    or_,
    select,
    table,
    true,
    union_all,
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
Ids = Select[Any]
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
    return reached(user, permission, user.scopes_of(permission))


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


def is_bound(user: SignedIn) -> bool:
    """Whether what is restricted binds somebody's work on records, requests and incidents, too.

    The officer, who reads no files otherwise, is asked about every family: the law gives the people
    of a restricted one the same rights. Whoever reads files herself is bound.
    """
    return user.may(Permission.FAMILIES_READ)


def entrusted_households(user: SignedIn, permission: Permission) -> ColumnElement[bool]:
    """The condition on ``Household`` for work that is about everybody's data, not about a file."""
    return visible_households(user, permission) if is_bound(user) else true()


def find_entrusted(
    session: Session, household_id: uuid.UUID, *, user: SignedIn, permission: Permission
) -> Household | None:
    """One family whose data are entrusted to somebody through a permission, or None."""
    condition = entrusted_households(user, permission)
    return session.scalars(
        select(Household).where(Household.id == household_id, condition)
    ).one_or_none()


def is_restricted() -> ColumnElement[bool]:
    """The condition on ``Household`` that its case opens by name alone."""
    restricted = select(HouseholdRestriction.household_id).where(
        HouseholdRestriction.until_at.is_(None)
    )
    return Household.id.in_(restricted.correlate(None))


def is_active(now: datetime) -> ColumnElement[bool]:
    """The condition on ``CaseGrant`` that it opens its case at a moment."""
    return and_(
        CaseGrant.starts_at <= now,
        or_(CaseGrant.ends_at.is_(None), CaseGrant.ends_at > now),
        CaseGrant.revoked_at.is_(None),
    )


# Each scope is a list of ids that depends on no family, so that PostgreSQL gathers it once for a
# list of thousands and, by the index on who it is about, as quickly for a single page.


def reached(
    user: SignedIn, permission: Permission, scopes: Collection[Scope]
) -> ColumnElement[bool]:
    """The condition on ``Household`` for some of the scopes in which a permission counts."""
    if not scopes:
        return false()
    outside = Household.id.in_(_granted(user, permission))
    return or_(and_(_within(scopes, user), ~is_restricted()), outside)


def _within(scopes: Collection[Scope], user: SignedIn) -> ColumnElement[bool]:
    if Scope.ORGANISATION in scopes:
        return true()
    lists = [ids for scope in sorted(scopes) for ids in _REACH[scope](user)]
    return Household.id.in_(union_all(*lists))


def _granted(user: SignedIn, permission: Permission) -> Ids:
    granted = select(CaseGrant.household_id).where(
        CaseGrant.user_id == user.id, is_active(datetime.now(UTC))
    )
    if permission not in READING:
        granted = granted.where(CaseGrant.kind != GrantKind.BREAK_GLASS)
    return granted.correlate(None)


def _own(user: SignedIn) -> list[Ids]:
    """She accompanies the family, or did something for it that stands in its file."""
    return [_accompanied_by(KeyWorker.user_id == user.id), _served_by(user)]


def _team(user: SignedIn) -> list[Ids]:
    """Her own families, and those that somebody of her teams accompanies."""
    together = select(TeamMember.user_id).where(
        TeamMember.team_id.in_(sorted(user.teams)), TeamMember.until_at.is_(None)
    )
    either = or_(KeyWorker.user_id == user.id, KeyWorker.user_id.in_(together))
    return [_accompanied_by(either), _served_by(user)]


def _served_by(user: SignedIn) -> Ids:
    services = _SERVICES.c
    served = select(services.household_id).where(
        services.provided_by == user.id,
        services.superseded_at.is_(None),
        services.cancelled_at.is_(None),
    )
    return served.correlate(None)


def _house(user: SignedIn) -> list[Ids]:
    """Who lives in a house she works in; who left is seen until the next day is over."""
    stays = _STAYS.c
    recently = func.current_date() - 1
    here = select(stays.household_id).where(
        stays.house_id.in_(sorted(user.houses)),
        or_(stays.ended_on.is_(None), stays.ended_on >= recently),
    )
    return [here.correlate(None)]


def _accompanied_by(who: ColumnElement[bool]) -> Ids:
    return select(KeyWorker.household_id).where(KeyWorker.until_on.is_(None), who).correlate(None)


_REACH: Mapping[Scope, Callable[[SignedIn], list[Ids]]] = {
    Scope.OWN: _own,
    Scope.TEAM: _team,
    Scope.HOUSE: _house,
}
