"""Closed cases and emergency looks for tests, clearly made up."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.break_glass import services
from hearth.break_glass.models import GlassLook
from hearth.break_glass.vocabulary import Reason
from hearth.families.access_models import HouseholdRestriction, RestrictionKind
from hearth.families.models import Household
from tests.factories.families import staff_id
from tests.factories.people import as_role

EXPLANATION = "She stands at the door and nobody answers the telephone."


def close_to_all(session: Session, household: Household) -> None:
    """Restrict a case, so that nobody opens it without a grant."""
    restriction = HouseholdRestriction(
        household_id=household.id,
        kind=RestrictionKind.THREATENED,
        set_by=staff_id(session, Role.DIRECTOR),
        from_at=datetime(2020, 1, 1, tzinfo=UTC),
    )
    session.add(restriction)
    session.flush()


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
    user = as_role(session, role)
    return services.open_case(session, user, **known | changes)
