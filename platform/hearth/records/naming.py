"""Finds in events the ids and codes that stand for a colleague or for a role of our own."""

import uuid
from collections.abc import Collection, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.policy_models import OwnRole
from hearth.audit.models import AuditEvent
from hearth.records.facts import ABOUT_ROLES, COLLEAGUES, ROLES


def colleagues_in(events: Collection[AuditEvent]) -> set[uuid.UUID]:
    """Whose ids stand in the facts, and whose accounts the events are about."""
    said = {one for event in events for one in _said(event, COLLEAGUES)}
    about = {event.subject_id for event in events if event.subject_type == "account"}
    return {uuid.UUID(one) for one in said if is_id(one)} | {one for one in about if one}


def own_roles_in(session: Session, events: Collection[AuditEvent]) -> dict[str, str]:
    """The names of the organisation's own roles that the facts tell of, by their codes."""
    about_roles = [event for event in events if event.subject_type in ABOUT_ROLES]
    if all(event.facts.keys().isdisjoint(ROLES) for event in about_roles):
        return {}
    return {role.code: role.name for role in session.scalars(select(OwnRole))}


def is_id(text: str) -> bool:
    """Whether a fact is an id and no code."""
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False


def _said(event: AuditEvent, names: Collection[str]) -> Iterator[str]:
    for name in event.facts.keys() & set(names):
        value = event.facts[name]
        yield from value if isinstance(value, list) else [str(value)]
