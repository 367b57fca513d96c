"""Who sees a referral once it has become a family, and that a list of them is on record."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import PersonRead
from hearth.families.models import Household
from hearth.intake import services
from hearth.intake.models import Referral
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import colleague, restriction
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def family(session: Session) -> Household:
    """A family of another team."""
    return open_family(session, key_worker_id=colleague(session, Role.SOCIAL_WORKER).id)


def accepted(session: Session, family: Household, taken_by: Role) -> Referral:
    referral = take_referral(session, received_by=staff_id(session, taken_by))
    services.accept_for_known_family(
        session, referral, family, decided_by=staff_id(session, Role.DIRECTOR), today=TODAY
    )
    return referral


@pytest.mark.parametrize("role", [Role.SOCIAL_WORKER, Role.SUPERVISOR, Role.DUTY_OPERATOR])
def test_another_teams_family_is_not_read_through_its_referral(
    role: Role, session: Session, family: Household, sign_in: MakeVisitor
) -> None:
    referral = accepted(session, family, Role.DIRECTOR)
    visitor = sign_in(role)

    page = visitor.get(f"/referrals/{referral.id}")
    found = visitor.submit("/referrals/", {"text": "Testova"}).text

    assert page.status_code == 404
    assert str(referral.id) not in found


def test_whoever_took_it_down_may_tell_what_became_of_it_for_thirty_days(
    session: Session, family: Household, sign_in: MakeVisitor
) -> None:
    referral = accepted(session, family, Role.DUTY_OPERATOR)
    operator = sign_in(Role.DUTY_OPERATOR)

    now = operator.get(f"/referrals/{referral.id}").status_code
    referral.decided_at = datetime.now(UTC) - timedelta(days=31)
    session.flush()
    later = operator.get(f"/referrals/{referral.id}").status_code

    assert (now, later) == (200, 404)


def test_a_restricted_family_takes_its_referrals_along(
    session: Session, family: Household, sign_in: MakeVisitor
) -> None:
    referral = accepted(session, family, Role.DUTY_OPERATOR)
    restriction(session, family)

    page = sign_in(Role.DUTY_OPERATOR).get(f"/referrals/{referral.id}")

    assert page.status_code == 404


def test_a_list_of_referrals_is_on_record_with_everybody_it_showed(
    session: Session, family: Household, sign_in: MakeVisitor
) -> None:
    accepted(session, family, Role.DUTY_OPERATOR)
    waiting = take_referral(session)

    sign_in(Role.DUTY_OPERATOR).get("/referrals/?view=all")

    look = session.scalars(select(PersonRead).where(PersonRead.purpose == "referrals")).one()
    people = {member.person_id for member in family.members}
    assert set(look.person_ids) == people | {waiting.id}
    assert look.number == 2
