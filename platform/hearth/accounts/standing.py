"""Reads what somebody's roles come to, as columns of the one query that recognises a session."""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Row, String, and_, any_, cast, func, or_, select
from sqlalchemy.orm import Session

from hearth.accounts.models import ORGANISATION, Directory, User
from hearth.accounts.permissions import Permission, Role, known_roles
from hearth.accounts.policy import HeldRole, Scope, Standing, standing
from hearth.accounts.policy_models import HouseWorker, OwnRole, RoleRule, TeamMember
from hearth.clock import clock_of


@dataclass(frozen=True, kw_only=True)
class Place:
    """What somebody's roles come to here, and with whom and where she works."""

    standing: Standing
    titles: tuple[str, ...]
    is_waiting: bool
    teams: frozenset[uuid.UUID]
    houses: frozenset[uuid.UUID]


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """Somebody who works here, with what her roles come to, for questions about others."""

    id: uuid.UUID
    name: str
    place: Place
    clock: tzinfo

    @property
    def today(self) -> date:
        """The day it is where she works."""
        return datetime.now(self.clock).date()

    @property
    def roles(self) -> tuple[Role, ...]:
        """What she is, by the roles that hers derive from."""
        return self.place.standing.roles

    @property
    def teams(self) -> frozenset[uuid.UUID]:
        """The teams she belongs to."""
        return self.place.teams

    @property
    def houses(self) -> frozenset[uuid.UUID]:
        """The houses she works in."""
        return self.place.houses

    def may(self, permission: Permission) -> bool:
        """Whether one of her roles holds the permission."""
        return bool(self.scopes_of(permission))

    def scopes_of(self, permission: Permission) -> frozenset[Scope]:
        """On which families a permission of hers counts."""
        return self.place.standing.scopes.get(permission, frozenset())

    def leads(self, permission: Permission) -> bool:
        """Whether the permission counts through a role that leads a team itself."""
        return any(facet.leads for facet in self.place.standing.facets.get(permission, ()))


def place_columns(tables: Directory) -> list[ColumnElement[Any]]:
    """What to ask for beside the user; the federation's staff has no rules, teams or houses.

    Nor does anybody wait there: the operator opens its accounts.
    """
    if tables is not ORGANISATION:
        return []
    mine = cast(OwnRole.id, String) == any_(User.roles)
    bases = select(OwnRole.base).where(mine).correlate(User)
    own = _gathered(
        func.jsonb_build_array(OwnRole.id, OwnRole.base, OwnRole.name),
        mine,
    )
    rules = _gathered(
        func.jsonb_build_array(RoleRule.role, RoleRule.item, RoleRule.rule),
        or_(RoleRule.role == any_(User.roles), RoleRule.role.in_(bases)),
        RoleRule.until_at.is_(None),
    )
    teams = _gathered(
        TeamMember.team_id, TeamMember.user_id == User.id, TeamMember.until_at.is_(None)
    )
    houses = _gathered(
        HouseWorker.house_id, HouseWorker.user_id == User.id, HouseWorker.until_at.is_(None)
    )
    return [
        own.label("own_roles"),
        rules.label("rules"),
        teams.label("teams"),
        houses.label("houses"),
        and_(User.waits_since.is_not(None), User.approved_at.is_(None)).label("is_waiting"),
    ]


def place_of(roles: Sequence[str], row: Row[Any]) -> Place:
    """What the columns say about somebody who holds these roles; while she waits, none counts."""
    told: Mapping[Any, Any] = row._mapping
    own = {code: (base, name) for code, base, name in told.get("own_roles") or ()}
    rules: dict[str, dict[str, str]] = {}
    for role, item, rule in told.get("rules") or ():
        rules.setdefault(role, {})[item] = rule
    held, titles = [], []
    for code in roles:
        base, title = own.get(code, (code, code))
        for known in known_roles([base]):
            layers = (rules.get(known.value, {}), rules.get(code, {}))
            held.append(HeldRole(base=known, layers=layers))
            titles.append(title)
    is_waiting = bool(told.get("is_waiting"))
    return Place(
        standing=standing(() if is_waiting else held),
        is_waiting=is_waiting,
        titles=tuple(titles),
        teams=frozenset(uuid.UUID(team) for team in told.get("teams") or ()),
        houses=frozenset(uuid.UUID(house) for house in told.get("houses") or ()),
    )


def holders(session: Session, permission: Permission) -> list[tuple[uuid.UUID, str]]:
    """The members of staff who may do something at all, by name."""
    return [(one.id, one.name) for one in able(session, permission)]


def able(session: Session, permission: Permission) -> list[Colleague]:
    """The members of staff who may do something at all, with what their roles come to."""
    return [one for one in staff(session) if one.may(permission)]


def in_roles(session: Session, roles: Collection[Role]) -> set[uuid.UUID]:
    """The members of staff who are one of these, or something that derives from it."""
    wanted = set(roles)
    return {one.id for one in staff(session) if not wanted.isdisjoint(one.place.standing.roles)}


def staff(session: Session) -> Iterator[Colleague]:
    """Everybody who works here, by name."""
    rows = session.execute(
        select(User, *place_columns(ORGANISATION))
        .where(User.disabled_at.is_(None))
        .order_by(User.name, User.id)
    )
    clock = clock_of(session)
    return (
        Colleague(
            id=row.User.id, name=row.User.name, place=place_of(row.User.roles, row), clock=clock
        )
        for row in rows
    )


def _gathered(what: Any, *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(func.jsonb_agg(what)).where(*conditions).correlate(User).scalar_subquery()
