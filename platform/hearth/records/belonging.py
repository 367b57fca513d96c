"""Which family an event of the log tells of: its own, or that of the referral it is about."""

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select, true
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.audit.models import AuditEvent
from hearth.data_records import SubjectKind
from hearth.families.access import entrusted_households, hidden_people, is_bound
from hearth.families.models import CaseEpisode, Household
from hearth.intake.models import Referral
from hearth.subject_rights.models import Erasure, SubjectRequest

MINE = Permission.AUDIT_READ
REFERRAL = "referral"
REQUEST = "subject_request"
CERTIFICATE = "erasure_certificate"


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
    if not is_bound(user):
        return true()
    entrusted = select(Household.id).where(entrusted_households(user, MINE))
    others = select(Household.id).where(Household.id.not_in(entrusted))
    of_others = and_(
        event.subject_type == REFERRAL,
        event.subject_id.is_not(None),
        event.subject_id.in_(_calls(others)),
    )
    of_family = or_(
        and_(event.household_id.is_(None), ~of_others),
        and_(event.household_id.is_not(None), event.household_id.in_(entrusted)),
    )
    return and_(of_family, not_(_is_about_others(user, event)))


def about_others(
    session: Session, events: Collection[AuditEvent], *, user: SignedIn
) -> frozenset[int]:
    """The numbers of the events about a request or an erasure of somebody hidden from a reader."""
    if not is_bound(user):
        return frozenset()
    asked = {one.seq for one in events if one.subject_type in (REQUEST, CERTIFICATE)}
    hidden = select(AuditEvent.seq).where(
        AuditEvent.seq.in_(asked), _is_about_others(user, AuditEvent)
    )
    return frozenset(session.scalars(hidden))


def _is_about_others(user: SignedIn, event: Any) -> ColumnElement[bool]:
    """The condition on an event that somebody in it belongs to a family its reader does not have.

    Such a line bears one of the families alone.
    """
    hidden = hidden_people(user, MINE)
    requests = select(SubjectRequest.id).where(
        SubjectRequest.subject_kind == SubjectKind.PERSON, SubjectRequest.subject_id.in_(hidden)
    )
    certificates = select(Erasure.certificate_id).where(
        Erasure.subject_kind == SubjectKind.PERSON, Erasure.subject_id.in_(hidden)
    )
    known = event.subject_id.is_not(None)
    return or_(
        and_(event.subject_type == REQUEST, known, event.subject_id.in_(requests)),
        and_(event.subject_type == CERTIFICATE, known, event.subject_id.in_(certificates)),
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
