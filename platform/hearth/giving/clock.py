"""Whose books are open, and which day it is there."""

from datetime import UTC, date, datetime
from typing import cast

from sqlalchemy.orm import Session

from tenants.registry import OrgRef


def organisation_of(session: Session) -> OrgRef:
    """The organisation whose session this is."""
    return cast("OrgRef", session.info["organisation"])


def day_of(session: Session, moment: datetime) -> date:
    """The organisation's day at a moment; it may be tomorrow already."""
    return moment.astimezone(organisation_of(session).clock).date()


def today(session: Session) -> date:
    """The organisation's day now."""
    return day_of(session, datetime.now(UTC))
