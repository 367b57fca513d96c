"""Which families and which stays somebody sees: the policy's scopes as SQL for every list.

A house opens stays, not families: whoever sees a family there alone sees its stay in that house,
and neither where it was before nor where it went.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any, Protocol

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
from sqlalchemy.dialects.postgresql import DATERANGE

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import RECORDED_THROUGH, Scope
from hearth.accounts.policy_models import TeamMember
from hearth.accounts.services import SignedIn
from hearth.families.access_models import CaseGrant, GrantKind, HouseholdRestriction
from hearth.families.models import Household, KeyWorker
from hearth.families.serving import came_as_far, served_by
from hearth.families.unaccompanied import left_with

READING = frozenset({Permission.FAMILIES_READ, Permission.REFERRALS_READ, Permission.SHELTER_READ})
OF_STAYS = frozenset({Permission.SHELTER_READ, Permission.SHELTER_WRITE})
OF_ENTRIES = frozenset({Permission.SERVICES_WRITE, Permission.NOTES_SEALED})
SERVED_FOR = timedelta(days=90)
"""How long what somebody did for a family opens its file to her."""
LEFT_FOR = timedelta(days=1)
"""How long a house still sees that a family left it."""
Ids = Select[Any]


class Way(StrEnum):
    """Why a family's file opens to somebody."""

    ACCOMPANIES = "accompanies"
    TEAM = "team"
    NOBODY = "nobody"
    SERVED = "served"
    HOUSE = "house"
    ORGANISATION = "organisation"
    GRANT = "grant"
    EMERGENCY = "emergency"


class Asks(Protocol):
    """Whoever may see families: somebody who has signed in, or a colleague who is asked about."""

    @property
    def id(self) -> uuid.UUID:
        """Who it is."""

    @property
    def roles(self) -> tuple[Role, ...]:
        """What she is, by the roles that hers derive from."""

    @property
    def teams(self) -> frozenset[uuid.UUID]:
        """The teams she belongs to."""

    @property
    def houses(self) -> frozenset[uuid.UUID]:
        """The houses she works in."""

    @property
    def clock(self) -> tzinfo:
        """The clock where she works."""

    @property
    def today(self) -> date:
        """The day it is there."""

    def may(self, permission: Permission) -> bool:
        """Whether one of her roles holds the permission."""

    def scopes_of(self, permission: Permission) -> frozenset[Scope]:
        """On which families a permission of hers counts."""

    def leads(self, permission: Permission) -> bool:
        """Whether the permission counts through a role that leads a team itself."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """All that decides on which families something of somebody's counts: equal ones are one.

    Several permissions reach alike, and are asked of the database at once.
    """

    scopes: frozenset[Scope]
    served: bool
    leads: bool
    reads: bool


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where somebody stands on a day: with her reach it decides which families open by role."""

    id: uuid.UUID
    teams: frozenset[uuid.UUID]
    houses: frozenset[uuid.UUID]
    clock: tzinfo
    today: date


# Stays belong to a feature that stands above this one. Of them only the columns that decide about
# access are named here, so that no feature can forget to register itself.
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


def visible_households(
    user: Asks, permission: Permission, *, own_entries: bool = False
) -> ColumnElement[bool]:
    """The condition on ``Household`` for what a permission of this person counts on.

    Whoever does not hold the permission sees nothing. A grant for one case opens it whatever the
    scope; a case under restriction opens by grant alone. An emergency look opens it for reading.
    What may be done about stays is asked of each stay, where a house is all that opens it.

    What somebody did for a family opens it for reading, and for her ``own_entries`` in its file.
    """
    return opens(user, reach_of(user, permission, own_entries=own_entries))


def reach_of(user: Asks, permission: Permission, *, own_entries: bool = False) -> Reach | None:
    """How far a permission comes; None where it comes to no family at all."""
    if not user.scopes_of(permission):
        return None
    scopes = _of_families(user, permission)
    served = own_entries or (permission in READING and _came_to_served(user, scopes))
    return _reach(permission, scopes, served=served, leads=user.leads(permission))


def reached(
    user: Asks, permission: Permission, scopes: Collection[Scope], *, leads: bool
) -> ColumnElement[bool]:
    """The condition on ``Household`` for some of the scopes in which a permission counts."""
    return opens(user, reach_within(user, permission, scopes, leads=leads))


def reach_within(
    user: Asks,
    permission: Permission,
    scopes: Collection[Scope],
    *,
    leads: bool,
    in_file: bool = False,
) -> Reach | None:
    """How far a permission comes by some of its scopes; None where it comes to no family.

    A house counts here with the families who have a stay in it, unless it is asked what is read
    ``in_file``: what is read about such a stay is read through the house. What somebody did for a
    family she reads there, and so on the pages of her own entries. A sealed note is her own
    whatever else she reads there.
    """
    if not scopes:
        return None
    counting = _beyond_houses(permission, scopes) if in_file else scopes
    open_to_her = permission in READING | OF_ENTRIES and _came_to_served(user, counting)
    served = open_to_her or permission is Permission.NOTES_SEALED
    return _reach(permission, counting, served=served, leads=leads)


def opens(user: Asks, reach: Reach | None) -> ColumnElement[bool]:
    """The condition on ``Household`` that it lies within somebody's reach."""
    if reach is None:
        return false()
    let_in = Household.id.in_(_granted(user, reads=reach.reads))
    within = _within(user, reach.scopes, served=reach.served, leads=reach.leads)
    return or_(and_(within, ~is_restricted()), let_in)


def by_role(user: Asks, permission: Permission) -> ColumnElement[bool]:
    """The condition on ``Household`` by scope alone, without grant or earlier service."""
    scopes = _of_families(user, permission)
    within = _within(user, scopes, served=False, leads=user.leads(permission))
    return and_(within, ~is_restricted())


def for_good(user: Asks, permission: Permission) -> ColumnElement[bool]:
    """The condition on ``Household`` by scope, or by a grant without an end.

    Whoever was let in until a day, or looks in an emergency, is a guest: she decides nothing that
    outlasts her visit.
    """
    if not user.scopes_of(permission):
        return false()
    by_name = is_for_good(datetime.now(UTC))
    kept = select(CaseGrant.household_id).where(CaseGrant.user_id == user.id, by_name)
    return or_(by_role(user, permission), Household.id.in_(kept.correlate(None)))


def stays_in_her_houses(user: SignedIn, permission: Permission) -> Ids:
    """The ids of the stays that a permission counts on because of where this person works.

    For reading: whoever of the family sleeps there, or left not before yesterday. For writing: all
    of the family that has not left sleeps in her houses, or did so until it left.
    """
    if Scope.HOUSE not in user.scopes_of(permission):
        return select(_STAYS.c.id).where(false())
    place = _place_of(user)
    hers = _stays_of_houses(place).where(_STAYS.c.household_id.not_in(_restricted()))
    if permission in READING:
        return hers
    return hers.where(_STAYS.c.id.not_in(_to_the_end(_NIGHTS.c.house_id.not_in(_houses(place)))))


@cache
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


def is_for_good(now: datetime) -> ColumnElement[bool]:
    """The condition on ``CaseGrant`` that it makes a keeper: by name, and without an end."""
    by_name = CaseGrant.kind == GrantKind.GRANT
    return and_(by_name, CaseGrant.ends_at.is_(None), is_active(now))


def has_ended(now: datetime) -> ColumnElement[bool]:
    """The condition on ``CaseGrant`` that it opens its case no more and never will."""
    return or_(CaseGrant.revoked_at.is_not(None), CaseGrant.ends_at <= now)


def _reach(
    permission: Permission, scopes: Collection[Scope], *, served: bool, leads: bool
) -> Reach:
    reads = permission in READING
    return Reach(scopes=frozenset(scopes), served=served, leads=leads, reads=reads)


def _came_to_served(user: Asks, scopes: Collection[Scope]) -> bool:
    return came_as_far(scopes, [user.scopes_of(one) for one in RECORDED_THROUGH])


def _of_families(user: Asks, permission: Permission) -> frozenset[Scope]:
    """The scopes in which a permission opens families; a house opens its stays alone."""
    return _beyond_houses(permission, user.scopes_of(permission))


def _beyond_houses(permission: Permission, scopes: Collection[Scope]) -> frozenset[Scope]:
    return frozenset(scopes) - ({Scope.HOUSE} if permission in OF_STAYS else set())


def _within(
    user: Asks, scopes: Collection[Scope], *, served: bool, leads: bool
) -> ColumnElement[bool]:
    return _open_by_role(_place_of(user), frozenset(scopes), served=served, leads=leads)


# Every page asks it several times, of few people: building it anew costs more than running it.
@lru_cache(maxsize=256)
def _open_by_role(
    user: Place, scopes: frozenset[Scope], *, served: bool, leads: bool
) -> ColumnElement[bool]:
    scoped = _scoped(user, scopes, leads=leads)
    if Way.ORGANISATION in scoped:
        return true()
    if Way.TEAM in scoped:
        # One pass over who accompanies whom finds hers and her team's.
        either = or_(KeyWorker.user_id == user.id, KeyWorker.user_id.in_(_teammates(user)))
        scoped = {**scoped, Way.TEAM: _accompanied_by(either), Way.ACCOMPANIES: None}
    opening = {way: ids for way, ids in scoped.items() if served or way is not Way.SERVED}
    lists = [ids for ids in opening.values() if ids is not None]
    return Household.id.in_(union_all(*lists)) if lists else false()


def ways(user: Asks, permission: Permission) -> dict[Way, ColumnElement[bool]]:
    """Each way on which a permission comes to count on a family, with its condition."""
    to_families = _scoped(
        _place_of(user), _of_families(user, permission), leads=user.leads(permission)
    )
    scoped = {
        way: and_(Household.id.in_(ids) if ids is not None else true(), ~is_restricted())
        for way, ids in to_families.items()
    }
    let_in = {
        way: Household.id.in_(_granted(user, reads=permission in READING, kinds=[kind]))
        for way, kind in _GRANTED.items()
    }
    return scoped | let_in if user.scopes_of(permission) else {}


def _scoped(user: Place, scopes: Collection[Scope], *, leads: bool) -> dict[Way, Ids | None]:
    """The lists of families to which these scopes come; None means all of them.

    Whoever ``leads`` a team has those, too, that it left with nobody: they wait until she hands
    them on. A role that leads and does not hold the permission lends them to none that does.
    """
    ways: dict[Way, Ids | None] = {}
    if leads and user.teams:
        ways[Way.NOBODY] = left_with(user.teams, user.clock)
    for scope in sorted(scopes):
        ways |= _REACH[scope](user)
    return ways


def _place_of(user: Asks) -> Place:
    return Place(
        id=user.id, teams=user.teams, houses=user.houses, clock=user.clock, today=user.today
    )


@cache
def _restricted() -> Ids:
    return (
        select(HouseholdRestriction.household_id)
        .where(HouseholdRestriction.until_at.is_(None))
        .correlate(None)
    )


def _granted(user: Asks, *, reads: bool, kinds: Iterable[GrantKind] = GrantKind) -> Ids:
    """The families that grants of these kinds open to somebody; an emergency look for reading."""
    opening = [kind for kind in kinds if reads or kind is not GrantKind.BREAK_GLASS]
    let_in = select(CaseGrant.household_id).where(
        CaseGrant.user_id == user.id,
        CaseGrant.kind.in_(opening),
        is_active(datetime.now(UTC)),
    )
    return let_in.correlate(None)


def _own(user: Place) -> dict[Way, Ids | None]:
    """She accompanies the family, or did something for it lately that stands in its file."""
    mine = _accompanied_by(KeyWorker.user_id == user.id)
    return {Way.ACCOMPANIES: mine, Way.SERVED: served_by(user.id, since=user.today - SERVED_FOR)}


def _team(user: Place) -> dict[Way, Ids | None]:
    """Her own families, and those that somebody of her teams accompanies."""
    return {**_own(user), Way.TEAM: _accompanied_by(KeyWorker.user_id.in_(_teammates(user)))}


def _teammates(user: Place) -> Ids:
    return select(TeamMember.user_id).where(
        TeamMember.team_id.in_(sorted(user.teams)), TeamMember.until_at.is_(None)
    )


def _house(user: Place) -> dict[Way, Ids | None]:
    """Who lives in a house she works in; who left is seen until the next day is over."""
    return {Way.HOUSE: _stays_of_houses(user).with_only_columns(_STAYS.c.household_id)}


def _organisation(_user: Place) -> dict[Way, Ids | None]:
    return {Way.ORGANISATION: None}


def _stays_of_houses(user: Place) -> Ids:
    """Decided by who sleeps where; a stay that ended before its first night is of its house."""
    stays, nights = _STAYS.c, _NIGHTS.c
    recently = user.today - LEFT_FOR
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


def _houses(user: Place) -> list[uuid.UUID]:
    return sorted(user.houses)


def _accompanied_by(who: ColumnElement[bool]) -> Ids:
    return select(KeyWorker.household_id).where(KeyWorker.until_on.is_(None), who).correlate(None)


_REACH: Mapping[Scope, Callable[[Place], dict[Way, Ids | None]]] = {
    Scope.OWN: _own,
    Scope.TEAM: _team,
    Scope.HOUSE: _house,
    Scope.ORGANISATION: _organisation,
}
_GRANTED = {Way.GRANT: GrantKind.GRANT, Way.EMERGENCY: GrantKind.BREAK_GLASS}
