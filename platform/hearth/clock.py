"""Which organisation's session this is, and which day it is there."""

from datetime import UTC, date, datetime, tzinfo
from typing import cast

from sqlalchemy.orm import Session

from tenants.registry import OrgRef


def organisation_of(session: Session) -> OrgRef:
    """The organisation whose session this is."""
    return cast("OrgRef", session.info["organisation"])


def clock_of(session: Session) -> tzinfo:
    """The organisation's clock; UTC for the federation, which has no town of its own."""
    organisation = cast("OrgRef | None", session.info["organisation"])
    return organisation.clock if organisation else UTC


def day_of(session: Session, moment: datetime) -> date:
    """The organisation's day at a moment; it may be tomorrow already."""
    return moment.astimezone(organisation_of(session).clock).date()


def today(session: Session) -> date:
    """The organisation's day now."""
    return day_of(session, datetime.now(UTC))
