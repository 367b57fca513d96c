"""Which family an event of the log tells of: its own, or that of the referral it is about."""

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.audit.models import AuditEvent
from hearth.families.access import entrusted_households
from hearth.families.models import CaseEpisode, Household
from hearth.intake.models import Referral

MINE = Permission.AUDIT_READ
REFERRAL = "referral"


def families_of(session: Session, events: Collection[AuditEvent]) -> dict[int, uuid.UUID]:
    """The family of each event that tells of one, by the event's number.

    A call is taken before there is a family; what became one takes its line along.
    """
    calls = {one.subject_id for one in events if _is_of_a_call(one) and one.subject_id}
    rows = session.execute(
        select(Referral.id, CaseEpisode.household_id)
        .join(CaseEpisode, CaseEpisode.id == Referral.episode_id)
        .where(Referral.id.in_(calls))
    )
    became = {row.id: row.household_id for row in rows}
    found = {
        one.seq: became.get(one.subject_id) if _is_of_a_call(one) else one.household_id
        for one in events
    }
    return {seq: family for seq, family in found.items() if family is not None}


def tells_of(households: Select[uuid.UUID]) -> ColumnElement[bool]:
    """The condition on an event that it tells of one of these families."""
    return or_(
        AuditEvent.household_id.in_(households),
        and_(AuditEvent.subject_type == REFERRAL, AuditEvent.subject_id.in_(_calls(households))),
    )


def opens_to(user: SignedIn, event: Any = AuditEvent) -> ColumnElement[bool]:
    """The condition on an event that it tells of no family but one that is entrusted to somebody.

    It is never unknown, so that its contrary may be asked, too.
    """
    entrusted = select(Household.id).where(entrusted_households(user, MINE))
    others = select(Household.id).where(Household.id.not_in(entrusted))
    of_others = and_(
        event.subject_type == REFERRAL,
        event.subject_id.is_not(None),
        event.subject_id.in_(_calls(others)),
    )
    return or_(
        and_(event.household_id.is_(None), ~of_others),
        and_(event.household_id.is_not(None), event.household_id.in_(entrusted)),
    )


def _calls(households: Select[uuid.UUID]) -> Select[uuid.UUID]:
    """The referrals that became one of these families."""
    return (
        select(Referral.id)
        .join(CaseEpisode, CaseEpisode.id == Referral.episode_id)
        .where(CaseEpisode.household_id.in_(households))
    )


def _is_of_a_call(event: AuditEvent) -> bool:
    return event.household_id is None and event.subject_type == REFERRAL
