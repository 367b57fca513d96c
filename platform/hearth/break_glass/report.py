"""What a month of emergency looks came to: how many, why, by whom, and reviewed in time or not."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from hearth.accounts.services import SignedIn
from hearth.break_glass.models import GlassLook
from hearth.break_glass.shown import files_read
from hearth.break_glass.vocabulary import Outcome, Reason
from hearth.indicators import Period, calendar


@dataclass(frozen=True, kw_only=True)
class MonthReport:
    """One month of looks."""

    month: date
    total: int
    reviewed_in_time: int
    reviewed_late: int
    waiting: int
    not_justified: int
    by_reason: Mapping[Reason, int]
    by_user: Sequence[tuple[str, int]]


def months_on_offer(session: Session, *, timezone: str, today: date) -> tuple[date, ...]:
    """Every month since the first look, the newest first; this month at least."""
    first = session.scalar(select(func.min(GlassLook.opened_at)))
    since = first.astimezone(ZoneInfo(timezone)).date() if first else today
    return calendar(min(since, today), today)[::-1]


def report_of(session: Session, month: date, *, timezone: str, user: SignedIn) -> MonthReport:
    """Count the looks that were opened in a month; of the reasons, those that somebody reads."""
    period = Period.month(month.year, month.month, timezone)
    looks = session.scalars(
        select(GlassLook)
        .where(GlassLook.opened_at >= period.starts_at, GlassLook.opened_at < period.ends_at)
        .options(joinedload(GlassLook.review), joinedload(GlassLook.user))
    ).all()
    states = Counter(_state(look, ZoneInfo(timezone)) for look in looks)
    read = files_read(session, looks, user=user)
    reasons = Counter(look.reason for look in looks if look.household_id in read)
    names: dict[uuid.UUID, str] = {look.user_id: look.user.told_apart for look in looks}
    users = Counter(look.user_id for look in looks)
    return MonthReport(
        month=month,
        total=len(looks),
        reviewed_in_time=states["in_time"],
        reviewed_late=states["late"],
        waiting=states["waiting"],
        not_justified=sum(
            look.review is not None and look.review.outcome is Outcome.NOT_JUSTIFIED
            for look in looks
        ),
        by_reason={reason: reasons[reason] for reason in Reason},
        by_user=sorted(((names[one], number) for one, number in users.items())),
    )


def _state(look: GlassLook, clock: ZoneInfo) -> str:
    if look.review is None:
        return "waiting"
    reviewed_on = look.review.reviewed_at.astimezone(clock).date()
    return "in_time" if reviewed_on <= look.review_due_on else "late"
