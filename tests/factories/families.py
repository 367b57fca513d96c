"""Families for tests, clearly made up."""

import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.families import services
from hearth.families.births import Birth, BirthPrecision
from hearth.families.membership import NewMember, PersonDetails
from hearth.families.models import Household
from hearth.families.vocabulary import MemberRole, Need, Sex

# The day it is in both organisations of the tests.
TODAY = datetime.now(ZoneInfo("Europe/Moscow")).date()


def staff_id(session: Session, role: Role = Role.SOCIAL_WORKER) -> uuid.UUID:
    return session.scalars(select(User.id).where(User.roles == [role.value])).one()


def born(days_ago: int) -> Birth:
    return Birth(TODAY - timedelta(days=days_ago), BirthPrecision.DAY)


def mother(**changes: Any) -> NewMember:
    known: dict[str, Any] = {
        "given_name": "Test-Mother",
        "family_name": "Testova",
        "birth": born(8000),
        "sex": Sex.FEMALE,
    }
    return NewMember(person=PersonDetails(**known | changes), role=MemberRole.MOTHER)


def child(number: int = 1, **changes: Any) -> NewMember:
    known: dict[str, Any] = {
        "given_name": f"Test-Child-{number}",
        "family_name": "Testova",
        "birth": born(400),
    }
    return NewMember(person=PersonDetails(**known | changes), role=MemberRole.CHILD)


def open_family(session: Session, **changes: Any) -> Household:
    worker = changes.get("opened_by") or staff_id(session)
    known: dict[str, Any] = {
        "members": [mother(), child()],
        "needs": [Need.HOUSING, Need.LEGAL],
        "primary_need": Need.HOUSING,
        "opened_on": TODAY - timedelta(days=100),
        "opened_by": worker,
        "key_worker_id": worker,
        "today": TODAY,
    }
    return services.open_household(session, **known | changes)
