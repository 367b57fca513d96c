"""Reads the clocks, gives notice, hears what a human says, and ends what has served its time."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.standing import able
from hearth.audit import services as audit
from hearth.clock import day_of
from hearth.data_records import DataGroup, SubjectKind
from hearth.families.models import CaseEpisode
from hearth.families.services import record_numbers
from hearth.giving.models import Gift
from hearth.intake.models import Referral
from hearth.outbox.services import put
from hearth.retention.models import Answer, RetentionNotice
from hearth.subject_rights import erasure
from hearth.subject_rights.erasure import ObstacleError, SamePersonError
from hearth.subject_rights.erasure_plan import Obstacle
from hearth.subject_rights.models import Erasure, LegalHold
from hearth.subject_rights.subjects import hidden_among
from tenants.legal import LegalProfile

NOTICE = timedelta(days=30)
MAIL = "retention_notice"
MINE = Permission.RETENTION_MANAGE


class AnsweredError(ValueError):
    """The notice has ended already."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Somebody whose clock has run out, or does within the time of a notice."""

    group: DataGroup
    kind: SubjectKind
    subject_id: uuid.UUID
    due_on: date


def give_notices(session: Session, *, profile: LegalProfile, today: date) -> int:
    """Put everybody whose clock runs out into the queue, once; returns how many are new."""
    given: list[tuple[SubjectKind, uuid.UUID]] = []
    for ending in _endings(session, profile, today):
        row = session.execute(
            insert(RetentionNotice)
            .values(
                data_group=ending.group,
                subject_kind=ending.kind,
                subject_id=ending.subject_id,
                due_on=ending.due_on,
                noticed_on=today,
                ends_on=max(ending.due_on, today + NOTICE),
            )
            .on_conflict_do_nothing()
            .returning(RetentionNotice.id)
        ).first()
        given += [(ending.kind, ending.subject_id)] if row else []
    if given:
        audit.record(
            session,
            action="retention.notices_given",
            subject_type="retention_notice",
            subject_id=None,
            facts={"new": len(given)},
        )
        _tell(session, given, today)
    return len(given)


def note_looks(
    session: Session, rows: Sequence[RetentionNotice | LegalHold], *, user_id: uuid.UUID
) -> None:
    """Note whom a list tells of: a request for help by its name, a family by its number."""
    for row in rows:
        if row.subject_kind is SubjectKind.REFERRAL:
            audit.record_read(
                session, subject_id=row.subject_id, user_id=user_id, purpose="retention"
            )
    families = {row.subject_id for row in rows if row.subject_kind is SubjectKind.HOUSEHOLD}
    record_numbers(session, families, user_id=user_id, purpose="retention")


def answer(
    session: Session,
    notice: RetentionNotice,
    *,
    answer: Answer,
    keep_until: date | None,
    reason: str | None,
    by: uuid.UUID,
) -> None:
    """Keep the data longer, with a reason, or let them end without waiting.

    What one person lets go waits for a second one to say the same; without her it ends on the day
    of the notice. Nothing ends before the law's period is over.

    :raises AnsweredError: they have ended, or are kept or let go already.
    :raises SamePersonError: the second word is that of the one who gave the first.
    """
    session.refresh(notice, with_for_update=True)
    if notice.done_at is not None or notice.answer is Answer.KEEP:
        raise AnsweredError
    if notice.answer is answer is Answer.LET_GO:
        _approve(session, notice, by=by)
        return
    notice.answer = answer
    notice.keep_until = keep_until
    notice.reason = reason
    notice.answered_by = by
    notice.answered_at = datetime.now(UTC)
    notice.approved_by = notice.approved_at = None
    session.flush()
    _record(session, "retention.answered", notice, by=by)


def ending_now(session: Session, *, today: date) -> list[uuid.UUID]:
    """The notices whose time is over, the oldest first."""
    return list(
        session.scalars(
            select(RetentionNotice.id)
            .where(_is_waiting(), _is_over(today))
            .order_by(RetentionNotice.ends_on, RetentionNotice.id)
        )
    )


def end(session: Session, notice_id: uuid.UUID, *, profile: LegalProfile, today: date) -> bool:
    """Erase what one notice is about; False where something stands in the way.

    Whoever else works on it at this moment keeps it; a family that came back has no clock any more.
    """
    notice = session.scalars(
        select(RetentionNotice)
        .where(RetentionNotice.id == notice_id, _is_waiting(), _is_over(today))
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if notice is None:
        return False
    try:
        erasure.carry_out(
            session,
            notice.subject_kind,
            notice.subject_id,
            whole_family=True,
            profile=profile,
            today=today,
            asked_by=notice.answered_by,
            approved_by=notice.approved_by,
        )
    except ObstacleError as error:
        if not {Obstacle.CASE_OPEN, Obstacle.ERASED} & set(error.obstacles):
            return False
    notice.done_at = datetime.now(UTC)
    session.flush()
    return True


def waiting(session: Session) -> list[RetentionNotice]:
    """Whose data end soon, the next first."""
    return list(
        session.scalars(
            select(RetentionNotice)
            .where(_is_waiting())
            .order_by(RetentionNotice.ends_on, RetentionNotice.id)
        )
    )


def kept(session: Session, *, today: date) -> list[RetentionNotice]:
    """What is kept longer with a reason, the next end first."""
    return list(
        session.scalars(
            select(RetentionNotice)
            .where(RetentionNotice.answer == Answer.KEEP, RetentionNotice.keep_until >= today)
            .order_by(RetentionNotice.keep_until)
        )
    )


def get_notice(session: Session, notice_id: uuid.UUID) -> RetentionNotice | None:
    """One notice, or None."""
    return session.get(RetentionNotice, notice_id)


def _tell(session: Session, given: Sequence[tuple[SubjectKind, uuid.UUID]], today: date) -> None:
    """Write to each colleague how many of these are entrusted to her, and nothing of the others."""
    for colleague in able(session, MINE):
        hidden = hidden_among(session, given, user=colleague, permission=MINE)
        if number := sum(subject_id not in hidden for _kind, subject_id in given):
            put(
                session,
                key=f"retention:{today.isoformat()}:{colleague.id}",
                kind="mail",
                payload={"template": MAIL, "user": str(colleague.id), "count": number},
            )


def _endings(session: Session, profile: LegalProfile, today: date) -> Iterator[Ending]:
    settled = _settled(session, today)
    for group, kind, rows in (
        (DataGroup.FAMILY_FILES, SubjectKind.HOUSEHOLD, _closed_families(session)),
        (DataGroup.REFERRALS, SubjectKind.REFERRAL, _decided_referrals(session)),
        (DataGroup.DONORS, SubjectKind.DONOR, _donors(session)),
    ):
        rule = profile.retention[group.value]
        for subject_id, began in rows:
            due_on = rule.until(began)
            if rule.ends and subject_id not in settled and due_on <= today + NOTICE:
                yield Ending(group=group, kind=kind, subject_id=subject_id, due_on=due_on)


def _settled(session: Session, today: date) -> set[uuid.UUID]:
    """Who was erased, or is kept by somebody's word until a later day."""
    kept_ids = session.scalars(
        select(RetentionNotice.subject_id).where(
            RetentionNotice.answer == Answer.KEEP, RetentionNotice.keep_until >= today
        )
    )
    return set(session.scalars(select(Erasure.subject_id))) | set(kept_ids)


def _closed_families(session: Session) -> Iterator[tuple[uuid.UUID, date]]:
    rows = session.execute(
        select(CaseEpisode.household_id, func.max(CaseEpisode.closed_on))
        .group_by(CaseEpisode.household_id)
        .having(func.count(CaseEpisode.id) == func.count(CaseEpisode.closed_on))
    )
    return ((household_id, closed_on) for household_id, closed_on in rows if closed_on)


def _decided_referrals(session: Session) -> Iterator[tuple[uuid.UUID, date]]:
    rows = session.execute(
        select(Referral.id, Referral.decided_at).where(
            Referral.decided_at.is_not(None), Referral.episode_id.is_(None)
        )
    )
    return ((referral_id, day_of(session, at)) for referral_id, at in rows if at)


def _donors(session: Session) -> Iterator[tuple[uuid.UUID, date]]:
    rows = session.execute(
        select(Gift.donor_id, func.max(Gift.given_at))
        .where(Gift.donor_id.is_not(None))
        .group_by(Gift.donor_id)
    )
    return ((donor_id, day_of(session, at)) for donor_id, at in rows if donor_id)


def _is_waiting() -> ColumnElement[bool]:
    return and_(
        RetentionNotice.done_at.is_(None), RetentionNotice.answer.is_distinct_from(Answer.KEEP)
    )


def _is_over(today: date) -> ColumnElement[bool]:
    let_go = and_(RetentionNotice.approved_by.is_not(None), RetentionNotice.due_on <= today)
    return or_(let_go, RetentionNotice.ends_on <= today)


def _approve(session: Session, notice: RetentionNotice, *, by: uuid.UUID) -> None:
    if notice.approved_by is not None:
        raise AnsweredError
    if notice.answered_by == by:
        raise SamePersonError
    notice.approved_by = by
    notice.approved_at = datetime.now(UTC)
    session.flush()
    _record(session, "retention.approved", notice, by=by)


def _record(session: Session, action: str, notice: RetentionNotice, *, by: uuid.UUID) -> None:
    audit.record(
        session,
        action=action,
        subject_type="retention_notice",
        subject_id=notice.id,
        actor_id=by,
        facts={"answer": str(notice.answer), "group": notice.data_group.value},
    )
