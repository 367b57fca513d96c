"""Narrows roles within their bounds, names roles of the organisation's own, and hands them out.

Like SQL's grant option: a role is handed out by those who hold the option for it, within the bounds
of the policy, and never to oneself. Nobody changes a role that she holds, nor which ones she holds:
without one of them she may be somebody to whom more opens.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.accounts import approving
from hearth.accounts.models import User
from hearth.accounts.permissions import ROLE_LABELS, Role, known_roles
from hearth.accounts.policy import ORGANISATION_ROLES, POLICY, WITHHELD, WITHIN, HeldRole
from hearth.accounts.policy_models import OwnRole, RoleAssignment, RoleRule
from hearth.accounts.services import SignedIn
from hearth.audit import services as audit
from hearth.jobs import Job, wake
from hearth.staff.openings import ending_what_was_opened, ending_what_was_served
from hearth.trail import Fact

UNBOUND = "unbound"
"""What the log says of an item that no rule narrows any more."""


class NotYoursToGiveError(Exception):
    """Whoever asks holds no grant option for this role, or holds the role herself."""


class RoleNameTakenError(Exception):
    """Another role has this name."""


@dataclass(frozen=True)
class RoleInUse:
    """A role as it counts in this organisation."""

    code: str
    base: Role
    own: OwnRole | None
    held: HeldRole
    rules: Mapping[str, str]

    @property
    def name(self) -> str:
        """What people call it."""
        return self.own.name if self.own else str(ROLE_LABELS[self.base])


def roles_in_use(session: Session) -> list[RoleInUse]:
    """Every role somebody can have here, the organisation's own after those of the service."""
    rules: dict[str, dict[str, str]] = {}
    for row in session.scalars(select(RoleRule).where(RoleRule.until_at.is_(None))):
        rules.setdefault(row.role, {})[row.item] = row.rule
    own = session.scalars(select(OwnRole).order_by(func.lower(OwnRole.name), OwnRole.id)).all()
    usual = [_in_use(role.value, role, None, rules) for role in ORGANISATION_ROLES]
    derived = [_in_use(one.code, known_roles([one.base])[0], one, rules) for one in own]
    return usual + derived


def role_in_use(session: Session, code: str) -> RoleInUse | None:
    """One role by its code, or None."""
    return next((role for role in roles_in_use(session) if role.code == code), None)


def grantable(session: Session, actor: SignedIn) -> list[RoleInUse]:
    """The roles that somebody may hand to others."""
    return [role for role in roles_in_use(session) if role.base in actor.grants]


def within_reach(session: Session, actor: SignedIn, users: Iterable[User]) -> set[uuid.UUID]:
    """Whose accounts are somebody's to change: those who hold only roles that she may hand out."""
    roles = roles_in_use(session)
    beyond = {role.code for role in roles if role.base not in actor.grants}
    return {user.id for user in users if beyond.isdisjoint(user.roles)}


def may_change(session: Session, actor: SignedIn, role: RoleInUse) -> bool:
    """Whether somebody may narrow a role: one she may hand out and does not hold in any form."""
    mine = set(session.get_one(User, actor.id).roles) | {base.value for base in actor.roles}
    return role.base in actor.grants and role.code not in mine


def derive_role(session: Session, *, name: str, base: Role, actor: SignedIn) -> OwnRole:
    """Give a name to a role that begins as another one is, and can only be narrowed.

    :raises NotYoursToGiveError: the other role is not hers to hand out.
    :raises RoleNameTakenError: a role has this name.
    """
    if base not in actor.grants or base not in ORGANISATION_ROLES:
        raise NotYoursToGiveError
    if any(role.name.lower() == name.lower() for role in roles_in_use(session)):
        raise RoleNameTakenError
    own = OwnRole(name=name, base=base.value, created_by=actor.id)
    session.add(own)
    session.flush()
    _record(session, "role.derived", own.code, actor, base=base.value)
    return own


def narrow(session: Session, role: RoleInUse, rules: Mapping[str, str], *, actor: SignedIn) -> None:
    """Let these rules narrow a role from now on; those that held before are ended, not erased.

    Where a role reads more of families than before, what its holders served opens nothing any more.

    :raises NotYoursToGiveError: the role is not hers to change.
    :raises ValueError: a rule does not narrow what the policy gives the role.
    """
    if not may_change(session, actor, role):
        raise NotYoursToGiveError
    for item, rule in rules.items():
        _refuse_widening(role.base, item, rule)
    by = actor.id
    with ending_what_was_opened(session, ended_by=by), ending_what_was_served(session, ended_by=by):
        said = _set_rules(session, role, rules, actor)
    if said:
        _record(session, "role.narrowed", role.code, actor, rules=said)
        wake(session, Job.TELL_OF_LOST_FILES)


def hand_out(session: Session, user: User, codes: Collection[str], *, actor: SignedIn) -> None:
    """Let somebody have exactly these roles; what changes is written down with who changed it.

    :raises NotYoursToGiveError: one that changes is not the actor's to give or to take, or it is
        her own.
    """
    before, after = set(user.roles), set(codes)
    options = {role.code for role in grantable(session, actor)}
    if not before ^ after <= options or (user.id == actor.id and before != after):
        raise NotYoursToGiveError
    now = datetime.now(UTC)
    for row in _assignments(session, user):
        if row.role not in after:
            row.until_at, row.taken_by = now, actor.id
    session.flush()
    session.add_all(
        RoleAssignment(user_id=user.id, role=code, from_at=now, given_by=actor.id)
        for code in sorted(after - before)
    )
    # The order of the page is kept, so that the same roles are the same list.
    order = [role.code for role in roles_in_use(session)]
    user.roles = sorted(after, key=lambda code: order.index(code) if code in order else len(order))
    session.flush()
    if before != after:
        approving.entrust(session, user, before=before, actor_id=actor.id)
        audit.record(
            session,
            action="role.handed-out",
            subject_type="account",
            subject_id=user.id,
            actor_id=actor.id,
            facts={"given": sorted(after - before), "taken": sorted(before - after)},
        )


def _set_rules(
    session: Session, role: RoleInUse, rules: Mapping[str, str], actor: SignedIn
) -> list[str]:
    """Let these rules stand and no others; what changed, as the log says it."""
    current = session.scalars(
        select(RoleRule).where(RoleRule.role == role.code, RoleRule.until_at.is_(None))
    ).all()
    for row in current:
        if rules.get(row.item) != row.rule:
            row.until_at, row.ended_by = datetime.now(UTC), actor.id
    session.flush()
    known = {row.item for row in current if row.until_at is None}
    session.add_all(
        RoleRule(role=role.code, item=item, rule=rule, from_at=datetime.now(UTC), set_by=actor.id)
        for item, rule in rules.items()
        if item not in known
    )
    session.flush()
    before = {row.item: row.rule for row in current}
    changed = {one for one in before.keys() | rules.keys() if before.get(one) != rules.get(one)}
    return [f"{item}={rules.get(item, UNBOUND)}" for item in sorted(changed)]


def _record(session: Session, action: str, code: str, actor: SignedIn, **facts: Fact) -> None:
    audit.record(
        session,
        action=action,
        subject_type="role",
        subject_id=None,
        actor_id=actor.id,
        facts={"role": code, **facts},
    )


def _assignments(session: Session, user: User) -> Sequence[RoleAssignment]:
    return session.scalars(
        select(RoleAssignment).where(
            RoleAssignment.user_id == user.id, RoleAssignment.until_at.is_(None)
        )
    ).all()


def _in_use(
    code: str, base: Role, own: OwnRole | None, rules: Mapping[str, Mapping[str, str]]
) -> RoleInUse:
    mine = rules.get(code, {})
    layers = (rules.get(base.value, {}), mine) if own else (mine,)
    return RoleInUse(code, base, own, HeldRole(base=base, layers=layers), mine)


def _refuse_widening(base: Role, item: str, rule: str) -> None:
    policy = POLICY[base]
    narrower = {
        permission.value: {scope.value for scope in WITHIN[widest]} | {WITHHELD}
        for permission, widest in policy.scopes.items()
    }
    narrower |= {f"field:{one}": {WITHHELD} for one in policy.fields}
    narrower |= {f"grant:{one}": {WITHHELD} for one in policy.grants}
    if rule not in narrower.get(item, set()):
        raise ValueError(f"{item} of {base} cannot become {rule}")
