"""What an erasure would do: what goes, what stays and why, and what stands in its way."""

import uuid
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.clock import day_of
from hearth.data_records import DataGroup, SubjectKind
from hearth.giving.models import Gift
from hearth.subject_rights import erasing, holds
from hearth.subject_rights.models import Erasure
from hearth.subject_rights.services import open_requests
from hearth.subject_rights.subjects import Ids, homes_of, ids_to_erase, last_closed_on
from tenants.legal import LegalProfile


class Obstacle(StrEnum):
    """Why nothing can be erased at the moment."""

    HOLD = "hold"
    CASE_OPEN = "case_open"
    OTHER_REQUEST = "other_request"
    DUTY = "duty"
    ERASED = "erased"


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
        goes=erasing.rows_that_go(session, ids, keep=kept),
        stays=stays,
        obstacles=[*_obstacles(session, ids, subject_id, today, but), *_duty(kind, kept)],
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
    return rule.until(day_of(session, last)) if last else None


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
