"""Which family an event of the log tells of, and to whom it is told.

A line follows what it is about: a stay and a referral as in the family's file, a request, a hold, a
notice and a certificate as on their own pages.
"""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select, true
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.audit.models import AuditEvent
from hearth.families.access import entrusted_households, is_bound
from hearth.families.besides import BY_SUBJECT, opens_besides
from hearth.families.models import CaseEpisode, Household
from hearth.intake.models import Referral
from hearth.intake.seen import visible_referrals
from hearth.retention.models import RetentionNotice
from hearth.subject_rights.eyes import is_told_in_part
from hearth.subject_rights.models import Erasure, LegalHold, SubjectRequest
from hearth.subject_rights.subjects import is_hidden

MINE = Permission.AUDIT_READ
REFERRAL = "referral"
# By what an event is about: the rows that say whom that is about, and how the event names them.
_ABOUT_SOMEBODY: Mapping[str, tuple[Any, Any]] = {
    "erasure_certificate": (Erasure, Erasure.certificate_id),
    "legal_hold": (LegalHold, LegalHold.id),
    "retention_notice": (RetentionNotice, RetentionNotice.id),
    "subject_request": (SubjectRequest, SubjectRequest.id),
}


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
    """The condition on an event that it tells somebody of nothing that is hidden from her.

    It is never unknown, so that its contrary may be asked, too.
    """
    if not is_bound(user):
        return true()
    entrusted = select(Household.id).where(entrusted_households(user, MINE))
    of_others = and_(event.household_id.is_not(None), event.household_id.not_in(entrusted))
    return not_(or_(of_others, _tells_beyond(user, event)))


def beyond_family(
    session: Session, events: Collection[AuditEvent], *, user: SignedIn
) -> frozenset[int]:
    """The numbers of the events that are hidden from somebody by what they are about."""
    if not is_bound(user):
        return frozenset()
    asked = {one.seq for one in events if one.subject_type in BY_SUBJECT.keys() | _ABOUT_SOMEBODY}
    hidden = select(AuditEvent.seq).where(
        AuditEvent.seq.in_(asked), _tells_beyond(user, AuditEvent)
    )
    return frozenset(session.scalars(hidden))


def _tells_beyond(user: SignedIn, event: Any) -> ColumnElement[bool]:
    """The condition on an event that it is hidden from somebody, whichever family it bears.

    A request bears one family of somebody who may be in others, too, and a call none before it
    became one.
    """
    entrusted = entrusted_households(user, MINE)
    kept_apart = [
        _is_of(event, about, select(key).where(_hides(user, rows)))
        for about, (rows, key) in _ABOUT_SOMEBODY.items()
    ]
    found = select(Referral.id).where(visible_referrals(user, Permission.REFERRALS_READ))
    calls = select(Referral.id).where(
        or_(
            Referral.id.not_in(found),
            Referral.id.in_(_calls(select(Household.id).where(~entrusted))),
        )
    )
    besides = [
        and_(
            event.subject_type == about,
            event.household_id.is_not(None),
            event.household_id.not_in(select(Household.id).where(opens_besides(user, permission))),
        )
        for about, permission in BY_SUBJECT.items()
    ]
    return or_(*kept_apart, *besides, _is_of(event, REFERRAL, calls), _decides(user, event))


def _decides(user: SignedIn, event: Any) -> ColumnElement[bool]:
    """The condition on an event that it is a decision about a row of a file told in part.

    One by one they would count the rows of the part that the file does not show her.
    """
    about = SubjectRequest.subject_kind, SubjectRequest.subject_id
    in_part = select(SubjectRequest.id).where(is_told_in_part(*about, user=user))
    return and_(event.facts.has_key("entry"), _is_of(event, "subject_request", in_part))


def _hides(user: SignedIn, rows: Any) -> ColumnElement[bool]:
    return is_hidden(rows.subject_kind, rows.subject_id, user=user, permission=MINE)


def _is_of(event: Any, about: str, ids: Select[uuid.UUID]) -> ColumnElement[bool]:
    known = event.subject_id.is_not(None)
    return and_(event.subject_type == about, known, event.subject_id.in_(ids))


def _calls(households: Select[uuid.UUID]) -> Select[uuid.UUID]:
    """The referrals that became one of these families."""
    return (
        select(Referral.id)
        .join(CaseEpisode, CaseEpisode.id == Referral.episode_id)
        .where(CaseEpisode.household_id.in_(households))
    )


def _is_of_a_call(event: AuditEvent) -> bool:
    return event.household_id is None and event.subject_type == REFERRAL
