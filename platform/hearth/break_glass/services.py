"""Opens one closed case for an hour, tells others at once, and has every look reviewed."""

import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import cast

from sqlalchemy import func, literal, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.services import SignedIn
from hearth.accounts.standing import holders, in_roles
from hearth.audit import services as audit
from hearth.break_glass.deadlines import working_days_after
from hearth.break_glass.models import GlassLook, GlassReview
from hearth.break_glass.vocabulary import Outcome, Reason
from hearth.families.access import find_household
from hearth.families.access_models import CaseGrant, GrantKind
from hearth.families.models import Household, KeyWorker
from hearth.families.reach import is_active, is_restricted
from hearth.outbox import services as outbox
from tenants.registry import OrgRef

LASTS = timedelta(minutes=60)
WORKING_DAYS = 3
TRIES = 5
TRIES_WITHIN = timedelta(hours=1)
OPENED, NOT_OPENED, REVIEWED = "glass.opened", "glass.not_opened", "glass.reviewed"
NOTICE, REMINDER = "break_glass_notice", "break_glass_reminder"
TOLD, UNREVIEWED = "break_glass_told", "break_glass_unreviewed"


class NotOpenedError(Exception):
    """No case is opened by this number; the refusal is recorded for the caller to commit."""


class TooManyTriesError(Exception):
    """Five looks were tried within the hour; the next one has to wait."""


class OpenAlreadyError(Exception):
    """The case is open to this person without breaking anything."""

    def __init__(self, household_id: uuid.UUID) -> None:
        super().__init__("the case is open already")
        self.household_id = household_id


class OwnLookError(Exception):
    """Nobody reviews what she looked at herself."""


class ReviewedAlreadyError(Exception):
    """Somebody has reviewed this look."""


def open_case(
    session: Session, user: SignedIn, *, case_number: str, reason: Reason, explanation: str
) -> GlassLook:
    """Open exactly one case for an hour; tell who reviews it, and who accompanies the family.

    A number that leads to no case costs a try and is recorded like one that does, so that nobody
    finds out by guessing which cases there are.

    :raises TooManyTriesError: five tries within the hour.
    :raises NotOpenedError: no case has this number.
    :raises OpenAlreadyError: the case is this person's to see as it is.
    """
    now = datetime.now(UTC)
    _refuse_guessing(session, user.id, now)
    household = session.scalars(
        select(Household).where(Household.case_number == case_number.strip())
    ).one_or_none()
    if household is None:
        _record(session, NOT_OPENED, user.id, None, None, {"reason": reason.value})
        raise NotOpenedError
    permission = Permission.FAMILIES_READ
    if find_household(session, household.id, user=user, permission=permission) is not None:
        raise OpenAlreadyError(household.id)
    look = _look(session, household, user.id, reason, explanation, now)
    facts = {"reason": reason.value, "restricted": look.restricted}
    _record(session, OPENED, user.id, look.id, household.id, facts)
    _tell(session, look)
    return look


def running_look(session: Session, user_id: uuid.UUID) -> GlassLook | None:
    """The look of this person that runs now, the one that ends last if there are several."""
    return session.scalars(
        select(GlassLook)
        .join(CaseGrant, CaseGrant.id == GlassLook.grant_id)
        .where(
            GlassLook.user_id == user_id,
            GlassLook.ends_at > datetime.now(UTC),
            CaseGrant.revoked_at.is_(None),
        )
        .order_by(GlassLook.ends_at.desc())
        .limit(1)
        .options(joinedload(GlassLook.household))
    ).first()


def get_look(session: Session, look_id: uuid.UUID) -> GlassLook | None:
    """One look, or None."""
    return session.get(GlassLook, look_id)


def looks(session: Session, *, limit: int, offset: int) -> tuple[list[GlassLook], int]:
    """One page of looks, those that wait for a review first, and how many there are in all."""
    chosen = select(GlassLook).outerjoin(GlassReview, GlassReview.look_id == GlassLook.id)
    page = chosen.order_by(
        GlassReview.look_id.is_not(None), GlassLook.opened_at.desc(), GlassLook.id
    )
    loaded = page.limit(limit).offset(offset).options(
        joinedload(GlassLook.household), joinedload(GlassLook.user), joinedload(GlassLook.review)
    )  # fmt: skip
    total = session.scalar(select(func.count()).select_from(GlassLook)) or 0
    return list(session.scalars(loaded)), total


def review(
    session: Session, look: GlassLook, *, outcome: Outcome, note: str, reviewed_by: uuid.UUID
) -> GlassReview:
    """Decide whether a look was justified.

    :raises OwnLookError: it was the reviewer's own.
    :raises ReviewedAlreadyError: somebody was quicker.
    """
    if look.user_id == reviewed_by:
        raise OwnLookError
    decided = GlassReview(
        look_id=look.id,
        looked_by=look.user_id,
        household_id=look.household_id,
        reviewed_by=reviewed_by,
        reviewed_at=datetime.now(UTC),
        outcome=outcome,
        note=note.strip(),
    )
    try:
        with session.begin_nested():
            session.add(decided)
    except IntegrityError as error:
        raise ReviewedAlreadyError from error
    facts = {"outcome": outcome.value}
    _record(session, REVIEWED, reviewed_by, look.id, look.household_id, facts)
    return decided


def overdue(session: Session, today: date) -> list[GlassLook]:
    """The looks whose review should have been there by now."""
    return list(
        session.scalars(
            select(GlassLook)
            .outerjoin(GlassReview, GlassReview.look_id == GlassLook.id)
            .where(GlassReview.look_id.is_(None), GlassLook.review_due_on < today)
            .order_by(GlassLook.review_due_on)
        )
    )


def remind_reviewers(session: Session) -> int:
    """Write once a day about what is overdue, to everybody who could review some of it.

    What nobody but the one who looked could review is the administrators' to mend. Returns to how
    many was written.
    """
    today = datetime.now(_house(session).clock).date()
    reviewers = _reviewers(session)
    waiting = overdue(session, today)
    written = 0
    for user_id in sorted(reviewers):
        if number := sum(look.user_id != user_id for look in waiting):
            written += _write(session, REMINDER, user_id, today, number=number)
    if any(reviewers <= {look.user_id} for look in waiting):
        for user_id in sorted(in_roles(session, [Role.ADMINISTRATOR])):
            written += _write(session, UNREVIEWED, user_id, today)
    return written


def is_reviewed_by_others(session: Session, user_id: uuid.UUID) -> bool:
    """Whether somebody else could review what this person looks at."""
    return bool(_reviewers(session) - {user_id})


def _look(
    session: Session,
    household: Household,
    user_id: uuid.UUID,
    reason: Reason,
    explanation: str,
    now: datetime,
) -> GlassLook:
    grant = CaseGrant(
        household_id=household.id,
        user_id=user_id,
        kind=GrantKind.BREAK_GLASS,
        reason=reason.value,
        starts_at=now,
        ends_at=now + LASTS,
    )
    session.add(grant)
    session.flush()
    restricted = select(Household.id).where(Household.id == household.id, is_restricted())
    look = GlassLook(
        grant_id=grant.id,
        household_id=household.id,
        user_id=user_id,
        reason=reason,
        explanation=explanation.strip(),
        restricted=session.scalar(restricted) is not None,
        opened_at=now,
        ends_at=now + LASTS,
        review_due_on=working_days_after(
            now.astimezone(_house(session).clock).date(), WORKING_DAYS
        ),
    )
    session.add(look)
    session.flush()
    return look


def _tell(session: Session, look: GlassLook) -> None:
    """Tell those who will review it, and always those who know the family.

    Where nobody but the one who looked may review, the administrators can make that somebody may.
    """
    others = _reviewers(session) - {look.user_id}
    roles = [Role.SUPERVISOR, Role.PRIVACY_OFFICER, *([Role.DIRECTOR] if look.restricted else [])]
    reviewers = others & in_roles(session, roles) or others
    for user_id in sorted(reviewers):
        _write(session, NOTICE, user_id, look.id, look=str(look.id))
    for user_id in sorted(_who_know(session, look) - reviewers):
        _write(session, TOLD, user_id, look.id)
    if not reviewers:
        for user_id in sorted(in_roles(session, [Role.ADMINISTRATOR]) - {look.user_id}):
            _write(session, UNREVIEWED, user_id, look.id)


def _reviewers(session: Session) -> set[uuid.UUID]:
    return {user_id for user_id, _name in holders(session, Permission.BREAK_GLASS_REVIEW)}


def _who_know(session: Session, look: GlassLook) -> set[uuid.UUID]:
    """Who accompanies the family, and who was let in by name, without whoever looked.

    Of a restricted case those alone who were let in: whoever accompanied it may be the relative
    from whom it is kept.
    """
    accompany = select(KeyWorker.user_id).where(
        KeyWorker.household_id == look.household_id, KeyWorker.until_on.is_(None)
    )
    let_in = select(CaseGrant.user_id).where(
        CaseGrant.household_id == look.household_id,
        CaseGrant.kind == GrantKind.GRANT,
        is_active(look.opened_at),
    )
    know = or_(User.id.in_(let_in), User.id.in_(accompany) & ~literal(look.restricted))
    here = select(User.id).where(User.disabled_at.is_(None), know)
    return set(session.scalars(here)) - {look.user_id}


def _write(
    session: Session, template: str, user_id: uuid.UUID, once: uuid.UUID | date, **told: str | int
) -> bool:
    """Put one mail into the outbox, once for each look or day."""
    payload = {"template": template, "user": str(user_id), **told}
    return outbox.put(session, key=f"{template}:{user_id}:{once}", kind="mail", payload=payload)


def _refuse_guessing(session: Session, user_id: uuid.UUID, now: datetime) -> None:
    # Two tries at the same moment are counted one after the other.
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    actions: Collection[str] = (OPENED, NOT_OPENED)
    since = now - TRIES_WITHIN
    if audit.count_done(session, actor_id=user_id, actions=actions, since=since) >= TRIES:
        raise TooManyTriesError


def _record(
    session: Session,
    action: str,
    actor_id: uuid.UUID,
    look_id: uuid.UUID | None,
    household_id: uuid.UUID | None,
    facts: Mapping[str, str | bool],
) -> None:
    audit.record(
        session,
        action=action,
        subject_type="glass_look",
        subject_id=look_id,
        actor_id=actor_id,
        household_id=household_id,
        facts=facts,
    )


def _house(session: Session) -> OrgRef:
    return cast("OrgRef", session.info["organisation"])
