"""Reads what somebody's roles come to, as columns of the one query that recognises a session."""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, String, any_, cast, func, or_, select
from sqlalchemy.orm import Session

from hearth.accounts.models import ORGANISATION, Directory, User
from hearth.accounts.permissions import Permission, Role, known_roles
from hearth.accounts.policy import HeldRole, Standing, standing
from hearth.accounts.policy_models import HouseWorker, OwnRole, RoleRule, TeamMember


@dataclass(frozen=True, kw_only=True)
class Place:
    """What somebody's roles come to here, and with whom and where she works."""

    standing: Standing
    titles: tuple[str, ...]
    teams: frozenset[uuid.UUID]
    houses: frozenset[uuid.UUID]


def place_columns(tables: Directory) -> list[ColumnElement[Any]]:
    """What to ask for beside the user; the federation's staff has no rules, teams or houses."""
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
    ]


def place_of(roles: Sequence[str], row: Row[Any]) -> Place:
    """What the columns say about somebody who holds these roles."""
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
    return Place(
        standing=standing(held),
        titles=tuple(titles),
        teams=frozenset(uuid.UUID(team) for team in told.get("teams") or ()),
        houses=frozenset(uuid.UUID(house) for house in told.get("houses") or ()),
    )


def holders(session: Session, permission: Permission) -> list[tuple[uuid.UUID, str]]:
    """The members of staff who may do something at all, by name."""
    return [(user.id, user.name) for user, held in _staff(session) if permission in held.scopes]


def in_roles(session: Session, roles: Collection[Role]) -> set[uuid.UUID]:
    """The members of staff who are one of these, or something that derives from it."""
    return {user.id for user, held in _staff(session) if not set(roles).isdisjoint(held.roles)}


def _staff(session: Session) -> Iterator[tuple[User, Standing]]:
    rows = session.execute(
        select(User, *place_columns(ORGANISATION))
        .where(User.disabled_at.is_(None))
        .order_by(User.name, User.id)
    )
    return ((row.User, place_of(row.User.roles, row).standing) for row in rows)


def _gathered(what: Any, *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(func.jsonb_agg(what)).where(*conditions).correlate(User).scalar_subquery()
