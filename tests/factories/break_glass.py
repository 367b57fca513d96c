"""Closed cases and emergency looks for tests, clearly made up."""

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role, known_roles, permissions_of
from hearth.accounts.services import SignedIn
from hearth.break_glass import services
from hearth.break_glass.models import GlassLook
from hearth.break_glass.vocabulary import Reason
from hearth.families.access_models import HouseholdRestriction
from hearth.families.models import Household
from tests.factories.families import staff_id

EXPLANATION = "She stands at the door and nobody answers the telephone."


def close_to_all(session: Session, household: Household) -> None:
    """Restrict a case, so that nobody opens it without a grant."""
    restriction = HouseholdRestriction(
        household_id=household.id,
        kind="threatened",
        set_by=staff_id(session, Role.DIRECTOR),
        from_at=datetime(2020, 1, 1, tzinfo=UTC),
    )
    session.add(restriction)
    session.flush()


def signed_in_as(session: Session, user_id: uuid.UUID) -> SignedIn:
    user = session.get_one(User, user_id)
    return SignedIn(
        id=user.id,
        name=user.name,
        locale=user.locale,
        roles=known_roles(user.roles),
        permissions=permissions_of(user.roles),
    )


def make_look(
    session: Session, household: Household, *, role: Role = Role.SPECIALIST, **changes: Any
) -> GlassLook:
    """A specialist's look at a case that is closed to all."""
    close_to_all(session, household)
    known: dict[str, Any] = {
        "case_number": household.case_number,
        "reason": Reason.CALL,
        "explanation": EXPLANATION,
    }
    user = signed_in_as(session, staff_id(session, role))
    return services.open_case(session, user, **known | changes)
