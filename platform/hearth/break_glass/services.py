"""Opens one closed case for an hour, tells others at once, and has every look reviewed."""

import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import cast

from sqlalchemy import func, select
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
from hearth.families.access import find_household, is_restricted
from hearth.families.access_models import CaseGrant, GrantKind
from hearth.families.models import Household
from hearth.outbox import services as outbox
from tenants.registry import OrgRef

LASTS = timedelta(minutes=60)
WORKING_DAYS = 3
TRIES = 5
TRIES_WITHIN = timedelta(hours=1)
OPENED, NOT_OPENED, REVIEWED = "glass.opened", "glass.not_opened", "glass.reviewed"
NOTICE, REMINDER = "break_glass_notice", "break_glass_reminder"


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
    """Open exactly one case for an hour, and tell those who will review it.

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


def reads_during(session: Session, look: GlassLook) -> list[audit.Look]:
    """What somebody opened of the case while the look lasted, the latest first."""
    query = audit.ReadQuery(
        household_id=look.household_id,
        user_id=look.user_id,
        since=look.opened_at,
        until=look.ends_at,
    )
    return audit.find_reads(session, query, limit=100)[0]


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
    """Write to everybody who could review what is overdue, once a day; returns to how many."""
    today = datetime.now(_house(session).clock).date()
    waiting = overdue(session, today)
    if not waiting:
        return 0
    reviewers = [user_id for user_id, _name in holders(session, Permission.BREAK_GLASS_REVIEW)]
    return sum(
        outbox.put(
            session,
            key=f"{REMINDER}:{user_id}:{today}",
            kind="mail",
            payload={"template": REMINDER, "user": str(user_id), "number": len(waiting)},
        )
        for user_id in reviewers
    )


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
    roles = [Role.SUPERVISOR, Role.PRIVACY_OFFICER, *([Role.DIRECTOR] if look.restricted else [])]
    told = in_roles(session, roles) - {look.user_id}
    # Somebody must learn of it, in the smallest of houses too.
    for user_id in sorted(told or in_roles(session, [Role.DIRECTOR]) - {look.user_id}):
        outbox.put(
            session,
            key=f"{NOTICE}:{look.id}:{user_id}",
            kind="mail",
            payload={"template": NOTICE, "user": str(user_id), "look": str(look.id)},
        )


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
