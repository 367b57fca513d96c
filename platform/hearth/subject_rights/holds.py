"""Legal holds: who set one, why, until when; while one stands nothing of its subject ends."""

import uuid
from collections.abc import Collection
from datetime import UTC, date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hearth.audit import services as audit
from hearth.data_records import SubjectKind
from hearth.subject_rights.models import LegalHold


class NotStandingError(ValueError):
    """The hold was lifted before."""


def set_hold(
    session: Session,
    *,
    kind: SubjectKind,
    subject_id: uuid.UUID,
    reason: str,
    until_on: date | None,
    set_by: uuid.UUID,
) -> LegalHold:
    """Let nothing about a subject end."""
    hold = LegalHold(
        subject_kind=kind, subject_id=subject_id, reason=reason, until_on=until_on, set_by=set_by
    )
    session.add(hold)
    session.flush()
    _record(session, "hold.set", hold, set_by)
    return hold


def lift_hold(session: Session, hold: LegalHold, *, note: str, lifted_by: uuid.UUID) -> None:
    """Let the clocks count again.

    :raises NotStandingError: somebody lifted it before.
    """
    session.refresh(hold, with_for_update=True)
    if hold.lifted_at is not None:
        raise NotStandingError
    hold.lifted_at = datetime.now(UTC)
    hold.lifted_by = lifted_by
    hold.lifting_note = note
    session.flush()
    _record(session, "hold.lifted", hold, lifted_by)


def standing(
    session: Session, subject_ids: Collection[uuid.UUID] | None = None, *, on: date
) -> list[LegalHold]:
    """The holds that stand on a day, of some subjects or of all, the newest first."""
    wanted = select(LegalHold).where(
        LegalHold.lifted_at.is_(None), or_(LegalHold.until_on.is_(None), LegalHold.until_on >= on)
    )
    if subject_ids is not None:
        wanted = wanted.where(LegalHold.subject_id.in_(subject_ids))
    return list(session.scalars(wanted.order_by(LegalHold.set_at.desc())))


def _record(session: Session, action: str, hold: LegalHold, actor_id: uuid.UUID) -> None:
    is_family = hold.subject_kind is SubjectKind.HOUSEHOLD
    audit.record(
        session,
        action=action,
        subject_type="legal_hold",
        subject_id=hold.id,
        actor_id=actor_id,
        household_id=hold.subject_id if is_family else None,
        facts={"about": hold.subject_kind.value},
    )
