"""The events of the log as their reader sees them, with names and the numbers of cases."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.redaction import Sees
from hearth.accounts.services import SignedIn, told_apart
from hearth.audit.models import AuditEvent
from hearth.families.access import entrusted_households, is_bound
from hearth.families.besides import BY_SUBJECT
from hearth.families.facing import eyes_at_desk
from hearth.families.models import Household
from hearth.records.belonging import MINE, beyond_family, families_of
from hearth.records.hashes import told_hashes
from hearth.records.naming import colleagues_in, own_roles_in
from hearth.records.seen import see_facts, sees_nothing
from hearth.trail import Fact


@dataclass(frozen=True, kw_only=True)
class Line:
    """One event as its reader sees it.

    Of a file that opens to others stay the number, the moment and, where it tells nothing, the
    hash: without them nobody could say that the log is whole.
    """

    number: int
    at: datetime
    hash: bytes | None
    action: str | None = None
    actor: str = ""
    household_id: uuid.UUID | None = None
    case_number: str = ""
    subject_type: str = ""
    subject_id: uuid.UUID | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """Of the colleagues and of the organisation's own roles, by what stands in the facts."""


def as_seen(session: Session, events: Collection[AuditEvent], *, user: SignedIn) -> list[Line]:
    """These events, each with what of it somebody is told."""
    actors = {event.actor_id for event in events if event.actor_id}
    names = told_apart(session, actors | colleagues_in(events))
    spoken = {str(one): name for one, name in names.items()} | own_roles_in(session, events)
    homes, hashes = families_of(session, events), told_hashes(session, events, user=user)
    numbers = _case_numbers(session, set(homes.values()), user)
    facts = _facts(session, events, homes, user)
    hidden = beyond_family(session, events, user=user)
    found = []
    for event in events:
        bare = Line(number=event.seq, at=event.at, hash=hashes.get(event.seq))
        home = homes.get(event.seq)
        if event.seq in hidden or (home is not None and home not in numbers):
            found.append(bare)
            continue
        told = replace(
            bare,
            action=event.action,
            actor=names.get(event.actor_id, "") if event.actor_id else "",
            household_id=home,
            case_number=numbers[home] if home else "",
            subject_type=event.subject_type,
            subject_id=event.subject_id,
            facts=facts[event.seq],
            names=spoken,
        )
        found.append(told)
    return found


def _case_numbers(
    session: Session, homes: Collection[uuid.UUID], user: SignedIn
) -> dict[uuid.UUID, str]:
    rows = session.execute(
        select(Household.id, Household.case_number).where(
            Household.id.in_(homes), entrusted_households(user, MINE)
        )
    )
    return {row.id: row.case_number for row in rows}


def _facts(
    session: Session,
    events: Collection[AuditEvent],
    homes: Mapping[int, uuid.UUID],
    user: SignedIn,
) -> dict[int, dict[str, Fact]]:
    eyes = {
        besides: dict[uuid.UUID | None, Sees](
            eyes_at_desk(
                session, set(homes.values()), user=user, permission=MINE, besides=besides
            ).items()
        )
        for besides in {BY_SUBJECT.get(event.subject_type) for event in events}
    }
    bound = is_bound(user)
    return {
        event.seq: see_facts(
            event,
            eyes[BY_SUBJECT.get(event.subject_type)].get(homes.get(event.seq), sees_nothing),
            bound=bound,
        )
        for event in events
    }
