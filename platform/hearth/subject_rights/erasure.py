"""Erasing somebody: what would go and what stays, two people, the act and its certificate."""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.data_records import DataGroup, SubjectKind
from hearth.data_register.registry import leads_to, organisation_tables
from hearth.giving.models import Gift
from hearth.subject_rights import erasing, holds
from hearth.subject_rights.models import (
    Erasure,
    ErasureCertificate,
    ErasureProposal,
    SubjectRequest,
)
from hearth.subject_rights.services import lock, open_requests, refuse_unchecked, take_step
from hearth.subject_rights.subjects import Ids, homes_of, ids_to_erase, last_closed_on
from hearth.subject_rights.vocabulary import ErasureKind, Step, Verdict
from tenants.legal import LegalProfile

# How long a backup of the keys lives; until then an old backup could still be read with it.
KEY_BACKUP = timedelta(days=30)


class Obstacle(StrEnum):
    """Why nothing can be erased at the moment."""

    HOLD = "hold"
    CASE_OPEN = "case_open"
    OTHER_REQUEST = "other_request"
    DUTY = "duty"
    ERASED = "erased"


class ObstacleError(ValueError):
    """Something stands in the way of an erasure."""

    def __init__(self, obstacles: Iterable[Obstacle]) -> None:
        self.obstacles = tuple(obstacles)
        super().__init__(", ".join(self.obstacles))


class SamePersonError(ValueError):
    """Whoever asked for an erasure cannot approve it."""


class DecidedError(ValueError):
    """Somebody has decided about it, or asked for it, before."""


class Reason(StrEnum):
    """Why a group of data stays."""

    DUTY = "duty"
    WATCH = "watch"
    FAMILY = "family"


@dataclass(frozen=True, kw_only=True)
class Stays:
    """A group that is not erased, why, and until when if that is known."""

    group: DataGroup
    reason: Reason
    until: date | None = None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an erasure would do."""

    ids: Ids
    goes: dict[str, int]
    stays: list[Stays]
    obstacles: list[Obstacle] = field(default_factory=list)

    @property
    def keep(self) -> set[DataGroup]:
        """The groups that are left alone."""
        return {one.group for one in self.stays if one.reason is not Reason.FAMILY}


def preview(
    session: Session,
    kind: SubjectKind,
    subject_id: uuid.UUID,
    *,
    whole_family: bool,
    profile: LegalProfile,
    today: date,
    but: uuid.UUID | None = None,
) -> Preview:
    """What would go and what stays; ``but`` names the request that asks for it."""
    ids = ids_to_erase(session, kind, subject_id, whole_family=whole_family)
    stays = _stays(session, ids, kind, profile, today)
    kept = {one.group for one in stays if one.reason is not Reason.FAMILY}
    return Preview(
        ids=ids,
        goes=_rows_that_go(session, ids, kept),
        stays=stays,
        obstacles=[*_obstacles(session, ids, subject_id, today, but), *_duty(kind, kept)],
    )


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
        subject_hash=hashlib.sha256(f"{kind}:{subject_id}".encode()).hexdigest(),
        request_id=request.id if request else None,
        asked_by=asked_by,
        approved_by=approved_by,
        method=erasing.METHOD,
        counts={},
        kept={one.group.value: one.until.isoformat() if one.until else "" for one in plan.stays},
        last_key_backup_ends_on=today + KEY_BACKUP,
    )
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


def certificates(session: Session, *, limit: int = 100) -> list[ErasureCertificate]:
    """The latest certificates."""
    return list(
        session.scalars(
            select(ErasureCertificate).order_by(ErasureCertificate.at.desc()).limit(limit)
        )
    )


def is_erased(session: Session, subject_id: uuid.UUID) -> bool:
    """Whether somebody was erased."""
    return (
        session.scalars(select(Erasure.id).where(Erasure.subject_id == subject_id).limit(1)).first()
        is not None
    )


def _stays(
    session: Session, ids: Ids, kind: SubjectKind, profile: LegalProfile, today: date
) -> list[Stays]:
    found = [Stays(group=DataGroup.SECURITY, reason=Reason.WATCH)]
    found.append(Stays(group=DataGroup.RIGHTS, reason=Reason.DUTY))
    for group in (DataGroup.FAMILY_FILES, DataGroup.DONORS, DataGroup.BOOKS):
        until = _duty_until(session, group, ids, profile)
        if until is not None and until >= today:
            found.append(Stays(group=group, reason=Reason.DUTY, until=until))
    if kind is SubjectKind.STAFF:
        found.append(Stays(group=DataGroup.STAFF, reason=Reason.WATCH))
    if kind is SubjectKind.PERSON and not ids.get(SubjectKind.HOUSEHOLD):
        found.append(Stays(group=DataGroup.FAMILY_FILES, reason=Reason.FAMILY))
    return found


def _duty_until(session: Session, group: DataGroup, ids: Ids, profile: LegalProfile) -> date | None:
    rule = profile.retention[group.value]
    if not rule.duty:
        return None
    if group is DataGroup.FAMILY_FILES:
        homes = ids.get(SubjectKind.HOUSEHOLD, ())
        closed_on = last_closed_on(session, homes) if homes else None
        return rule.until(closed_on) if closed_on else None
    last = session.scalar(
        select(func.max(Gift.given_at)).where(Gift.donor_id.in_(ids.get(SubjectKind.DONOR, ())))
    )
    return rule.until(last.date()) if last else None


def _obstacles(
    session: Session, ids: Ids, subject_id: uuid.UUID, today: date, but: uuid.UUID | None
) -> list[Obstacle]:
    everybody = {one for subjects in ids.values() for one in subjects}
    homes = set(ids.get(SubjectKind.HOUSEHOLD, ()))
    if SubjectKind.PERSON in ids:
        homes |= homes_of(session, ids[SubjectKind.PERSON])
    found = []
    if is_erased(session, subject_id):
        found.append(Obstacle.ERASED)
    if holds.standing(session, everybody | homes | {subject_id}, on=today):
        found.append(Obstacle.HOLD)
    if homes and last_closed_on(session, homes) is None:
        found.append(Obstacle.CASE_OPEN)
    if any(request.id != but for request in open_requests(session, everybody | {subject_id})):
        found.append(Obstacle.OTHER_REQUEST)
    return found


def _duty(kind: SubjectKind, kept: set[DataGroup]) -> list[Obstacle]:
    # What has to be kept of somebody is kept whole: half a donor serves no bookkeeper.
    own = {SubjectKind.DONOR: DataGroup.DONORS, SubjectKind.STAFF: DataGroup.STAFF}
    return [Obstacle.DUTY] if own.get(kind, DataGroup.FAMILY_FILES) in kept else []


def _rows_that_go(session: Session, ids: Ids, kept: set[DataGroup]) -> dict[str, int]:
    found: dict[str, int] = {}
    for table in organisation_tables():
        if table.record.group in kept or not erasing.telling_fields(table):
            continue
        for kind, subjects in ids.items():
            condition = leads_to(table, kind, subjects)
            if condition is None or not erasing.is_nearest(table, kind, ids):
                continue
            count = session.scalar(select(func.count()).select_from(table.table).where(condition))
            if count:
                found[table.name] = found.get(table.name, 0) + count
    return found
