"""Which families and which stays somebody sees: the policy's scopes as SQL for every list.

A house opens stays, not families: whoever sees a family there alone sees its stay in that house,
and neither where it was before nor where it went.
"""

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
from sqlalchemy.dialects.postgresql import DATERANGE, TIMESTAMP
from sqlalchemy.orm import Session, selectinload

from hearth.accounts.permissions import Permission
from hearth.accounts.policy import Scope
from hearth.accounts.policy_models import TeamMember
from hearth.accounts.services import SignedIn
from hearth.families.access_models import CaseGrant, GrantKind, HouseholdRestriction
from hearth.families.models import CaseEpisode, Household, KeyWorker

READING = frozenset({Permission.FAMILIES_READ, Permission.REFERRALS_READ, Permission.SHELTER_READ})
OF_STAYS = frozenset({Permission.SHELTER_READ, Permission.SHELTER_WRITE})
Ids = Select[Any]
# Stays and services belong to features that stand above this one. Of them only the columns that
# decide about access are named here, so that no feature can forget to register itself.
_STAYS = table(
    "stays",
    column("id", Uuid()),
    column("household_id", Uuid()),
    column("house_id", Uuid()),
    column("planned_until", Date()),
    column("ended_on", Date()),
)
_NIGHTS = table(
    "stay_places",
    column("stay_id", Uuid()),
    column("house_id", Uuid()),
    column("nights", DATERANGE()),
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
    What may be done about stays is asked of each stay, where a house is all that opens it.
    """
    scopes = user.scopes_of(permission)
    if not scopes:
        return false()
    if permission in OF_STAYS:
        scopes -= {Scope.HOUSE}
    outside = Household.id.in_(_granted(user, permission))
    return or_(and_(_within(scopes, user), ~is_restricted()), outside)


def stays_in_her_houses(user: SignedIn, permission: Permission) -> Ids:
    """The ids of the stays that a permission counts on because of where this person works.

    For reading: whoever of the family sleeps there, or left not before yesterday. For writing: all
    of the family that has not left sleeps in her houses, or did so until it left.
    """
    if Scope.HOUSE not in user.scopes_of(permission):
        return select(_STAYS.c.id).where(false())
    hers = _stays_of_houses(user).where(_STAYS.c.household_id.not_in(_restricted()))
    if permission in READING:
        return hers
    return hers.where(_STAYS.c.id.not_in(_to_the_end(_NIGHTS.c.house_id.not_in(_houses(user)))))


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
    return Household.id.in_(_restricted())


def is_active(now: datetime) -> ColumnElement[bool]:
    """The condition on ``CaseGrant`` that it opens its case at a moment."""
    return and_(
        CaseGrant.starts_at <= now,
        or_(CaseGrant.ends_at.is_(None), CaseGrant.ends_at > now),
        CaseGrant.revoked_at.is_(None),
    )


# Each scope is a list of ids that depends on no family, so that PostgreSQL gathers it once for a
# list of thousands and, by the index on who it is about, as quickly for a single page.


def _within(scopes: Collection[Scope], user: SignedIn) -> ColumnElement[bool]:
    if Scope.ORGANISATION in scopes:
        return true()
    if not scopes:
        return false()
    lists = [ids for scope in sorted(scopes) for ids in _REACH[scope](user)]
    return Household.id.in_(union_all(*lists))


def _restricted() -> Ids:
    return (
        select(HouseholdRestriction.household_id)
        .where(HouseholdRestriction.until_at.is_(None))
        .correlate(None)
    )


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
    return [_stays_of_houses(user).with_only_columns(_STAYS.c.household_id)]


def _stays_of_houses(user: SignedIn) -> Ids:
    """Decided by who sleeps where; a stay that ended before its first night is of its house."""
    stays, nights = _STAYS.c, _NIGHTS.c
    recently = func.current_date() - 1
    here = nights.house_id.in_(_houses(user))
    lately = select(nights.stay_id).where(here, func.upper(nights.nights) >= recently)
    slept = select(nights.stay_id).where(nights.stay_id == stays.id).correlate(_STAYS).exists()
    never = and_(stays.house_id.in_(_houses(user)), ~slept)
    return (
        select(stays.id)
        .where(
            or_(stays.ended_on.is_(None), stays.ended_on >= recently),
            or_(stays.id.in_(lately.correlate(None)), stays.id.in_(_to_the_end(here)), never),
        )
        .correlate(None)
    )


def _to_the_end(where: ColumnElement[bool]) -> Ids:
    """The stays with nights like these that last until the stay ends, or was to end."""
    stays, nights = _STAYS.c, _NIGHTS.c
    end = func.coalesce(stays.ended_on, stays.planned_until)
    chosen = select(nights.stay_id).join_from(_NIGHTS, _STAYS, stays.id == nights.stay_id)
    return chosen.where(where, func.upper(nights.nights) == end).correlate(None)


def _houses(user: SignedIn) -> list[uuid.UUID]:
    return sorted(user.houses)


def _accompanied_by(who: ColumnElement[bool]) -> Ids:
    return select(KeyWorker.household_id).where(KeyWorker.until_on.is_(None), who).correlate(None)


_REACH: Mapping[Scope, Callable[[SignedIn], list[Ids]]] = {
    Scope.OWN: _own,
    Scope.TEAM: _team,
    Scope.HOUSE: _house,
}
