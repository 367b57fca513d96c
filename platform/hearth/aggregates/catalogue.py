"""The closed list of indicators that cross the border; what nobody asks for is not published."""

import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.aggregates.families_served import FAMILIES_SERVED
from hearth.families.models import CaseEpisode
from hearth.giving.indicators import GIFTS_RECEIVED
from hearth.giving.models import Gift
from hearth.indicators import Indicator
from hearth.shelter.indicators import BED_NIGHTS

PUBLISHED: tuple[Indicator, ...] = (FAMILIES_SERVED, BED_NIGHTS, GIFTS_RECEIVED)


def first_month(session: Session, *, clock: ZoneInfo) -> datetime.date | None:
    """A day of the month in which this organisation's figures begin; none while it has no facts."""
    opened_on = session.scalar(select(func.min(CaseEpisode.opened_on)))
    given_at = session.scalar(select(func.min(Gift.given_at)))
    days = [opened_on, given_at.astimezone(clock).date() if given_at else None]
    return min((day for day in days if day is not None), default=None)
