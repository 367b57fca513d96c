"""Of two rules that narrow a role in different ways, the backup's and today's, the closer one."""

import uuid

from sqlalchemy import and_, func, select, update

from hearth.accounts.policy import WITHHELD, WITHIN, Scope
from hearth.accounts.policy_models import RoleRule
from hearth.safekeeping.presence import Present
from tenants.models import TenantModel

RULES = TenantModel.metadata.tables[RoleRule.__tablename__]


def narrower_of(one: str, other: str) -> str:
    """The rule that leaves less; where each leaves what the other takes, nothing is left."""
    for rule, than in ((one, other), (other, one)):
        if rule in (than, WITHHELD, *_within(than)):
            return rule
    return WITHHELD


def end_wider(present: Present) -> dict[uuid.UUID, str]:
    """End restored rules that today's leave less than; returns what today's come to, by their ids.

    Those stand in the place of what was ended as soon as they are carried over.
    """
    theirs = present.of(RULES)
    both = and_(
        RULES.c.role == theirs.c.role,
        RULES.c.item == theirs.c.item,
        RULES.c.until_at.is_(None),
        theirs.c.until_at.is_(None),
    )
    found = select(RULES.c.id, RULES.c.rule, theirs.c.id, theirs.c.rule).where(both)
    taken: dict[uuid.UUID, str] = {}
    for restored, before, today, after in present.session.execute(found).all():
        rule = narrower_of(before, after)
        if rule != before:
            present.bring_people(RULES, ["set_by"], theirs.c.id == today)
            by = present.value_of(RULES.c.set_by)
            change = update(RULES).where(both, RULES.c.id == restored)
            present.session.execute(change.values(until_at=func.now(), ended_by=by))
            taken[today] = rule
    return taken


def narrow(present: Present, rules: dict[uuid.UUID, str]) -> None:
    """Let rules that were carried over say what they come to."""
    for rule_id, rule in rules.items():
        change = update(RULES).where(RULES.c.id == rule_id).values(rule=rule)
        present.session.execute(change)


def _within(rule: str) -> tuple[str, ...]:
    known = next((scope for scope in Scope if scope.value == rule), None)
    return tuple(scope.value for scope in WITHIN[known]) if known else ()
