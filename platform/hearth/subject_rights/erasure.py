"""Erasing somebody: what would go and what stays, two people, the act and its certificate."""

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.audit import services as audit
from hearth.data_records import SubjectKind
from hearth.sealing.services import KEY_BACKUPS_LAST
from hearth.subject_rights import erasing
from hearth.subject_rights.certificates import mark_of_subject
from hearth.subject_rights.erasure_plan import Obstacle, preview
from hearth.subject_rights.models import (
    Erasure,
    ErasureCertificate,
    ErasureProposal,
    SubjectRequest,
)
from hearth.subject_rights.services import lock, refuse_unchecked, take_step
from hearth.subject_rights.subjects import families_of
from hearth.subject_rights.vocabulary import ErasureKind, Step, Verdict
from tenants.legal import LegalProfile


class ObstacleError(ValueError):
    """Something stands in the way of an erasure."""

    def __init__(self, obstacles: Iterable[Obstacle]) -> None:
        self.obstacles = tuple(obstacles)
        super().__init__(", ".join(self.obstacles))


class SamePersonError(ValueError):
    """Whoever asked for an erasure cannot approve it."""


class DecidedError(ValueError):
    """Somebody has decided about it, or asked for it, before."""


def propose(
    session: Session,
    request: SubjectRequest,
    *,
    reason: str | None,
    asked_by: uuid.UUID,
) -> ErasureProposal:
    """Ask a second person to decide about an erasure.

    :raises RequestError: the request ended, or nobody has checked who asks.
    :raises DecidedError: somebody asked for the same before.
    """
    lock(session, request)
    refuse_unchecked(request)
    if pending(session, request) is not None:
        raise DecidedError
    proposal = ErasureProposal(
        subject_kind=request.subject_kind,
        subject_id=request.subject_id,
        request_id=request.id,
        reason=reason,
        asked_by=asked_by,
    )
    session.add(proposal)
    take_step(session, request, Step.ERASURE_ASKED, by=asked_by)
    return proposal


def decide(
    session: Session,
    proposal: ErasureProposal,
    *,
    verdict: Verdict,
    note: str | None,
    by: uuid.UUID,
    profile: LegalProfile,
    today: date,
) -> ErasureCertificate | None:
    """Let the second person decide; an approval erases at once, in the same transaction.

    :raises SamePersonError: it is the one who asked.
    :raises DecidedError: somebody decided before.
    :raises ObstacleError: a hold, an open case or another request stands in the way.
    """
    request = proposal.request
    lock(session, request)
    session.refresh(proposal, with_for_update=True)
    if proposal.verdict is not None:
        raise DecidedError
    if proposal.asked_by == by:
        raise SamePersonError
    proposal.verdict = verdict
    proposal.decided_by = by
    proposal.decided_at = datetime.now(UTC)
    proposal.note = note
    if verdict is Verdict.REFUSED:
        take_step(session, request, Step.ERASURE_REFUSED, by=by, note=note)
        return None
    certificate = carry_out(
        session,
        request.subject_kind,
        request.subject_id,
        whole_family=request.whole_family,
        profile=profile,
        today=today,
        asked_by=proposal.asked_by,
        approved_by=by,
        request=request,
    )
    take_step(session, request, Step.ERASED, by=by)
    return certificate


def carry_out(
    session: Session,
    kind: SubjectKind,
    subject_id: uuid.UUID,
    *,
    whole_family: bool,
    profile: LegalProfile,
    today: date,
    asked_by: uuid.UUID | None,
    approved_by: uuid.UUID | None,
    request: SubjectRequest | None = None,
) -> ErasureCertificate:
    """Erase somebody and certify it.

    The list of the erased comes first: the database blanks by it what nobody may change.

    :raises ObstacleError: something stands in the way.
    """
    plan = preview(
        session,
        kind,
        subject_id,
        whole_family=whole_family,
        profile=profile,
        today=today,
        but=request.id if request else None,
    )
    if plan.obstacles:
        raise ObstacleError(plan.obstacles)
    certificate = ErasureCertificate(
        kind=ErasureKind.REQUEST if request else ErasureKind.RETENTION,
        subject_hash=mark_of_subject(session, kind, subject_id),
        request_id=request.id if request else None,
        asked_by=asked_by,
        approved_by=approved_by,
        method=erasing.METHOD,
        counts={},
        kept={one.group.value: one.until.isoformat() if one.until else "" for one in plan.stays},
        last_key_backup_ends_on=today + KEY_BACKUPS_LAST,
    )
    homes = families_of(session, kind, subject_id)
    home = request.household_id if request else next(iter(sorted(homes)), None)
    session.add(certificate)
    session.flush()
    for subject_kind, subjects in plan.ids.items():
        for one in sorted(subjects):
            session.add(
                Erasure(
                    certificate_id=certificate.id,
                    subject_kind=subject_kind,
                    subject_id=one,
                    kind=certificate.kind,
                    approved_by=approved_by,
                    last_key_backup_ends_on=certificate.last_key_backup_ends_on,
                )
            )
    session.flush()
    counts = erasing.erase(session, plan.ids, keep=plan.keep)
    certificate.counts = counts
    session.flush()
    # The record names nobody who was erased. The family says who reads it: whoever reads its file.
    audit.record(
        session,
        action="erasure.carried_out",
        subject_type="erasure_certificate",
        subject_id=certificate.id,
        actor_id=approved_by,
        household_id=home,
        facts={
            "about": kind.value,
            "why": certificate.kind.value,
            "method": certificate.method,
            "rows": sum(counts.values()),
        },
    )
    return certificate


def pending(session: Session, request: SubjectRequest) -> ErasureProposal | None:
    """The proposal of a request that waits for its second person."""
    return session.scalars(
        select(ErasureProposal).where(
            ErasureProposal.request_id == request.id, ErasureProposal.verdict.is_(None)
        )
    ).one_or_none()


def proposal_of(
    session: Session, request: SubjectRequest, proposal_id: uuid.UUID
) -> ErasureProposal | None:
    """One proposal of a request, or None."""
    return session.scalars(
        select(ErasureProposal).where(
            ErasureProposal.id == proposal_id, ErasureProposal.request_id == request.id
        )
    ).one_or_none()
