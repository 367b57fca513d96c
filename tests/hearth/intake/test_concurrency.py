"""Two people who accept the same referral at the same moment."""

import uuid
from collections.abc import Callable

from sqlalchemy import func, select

from hearth.families.models import Household
from hearth.families.vocabulary import Need
from hearth.intake import services
from hearth.intake.models import Referral
from hearth.intake.services import ReferralDecidedError
from tenants.context import tenant_session
from tenants.registry import OrgRef
from tests.factories.families import TODAY, child, mother, staff_id
from tests.factories.intake import take_referral
from tests.support.at_once import at_once


def _opening(org: OrgRef, referral_id: uuid.UUID) -> Callable[[], object]:
    def open_family() -> object:
        with tenant_session(org) as session:
            return services.open_family(
                session,
                session.get_one(Referral, referral_id),
                members=[mother(), child()],
                needs=[Need.HOUSING],
                primary_need=Need.HOUSING,
                opened_on=TODAY,
                opened_by=staff_id(session),
                today=TODAY,
            ).id

    return open_family


def test_one_referral_opens_one_family_and_the_other_person_is_told(
    committing_org: OrgRef,
) -> None:
    with tenant_session(committing_org) as session:
        referral_id = take_referral(session).id

    outcomes = at_once(*[_opening(committing_org, referral_id)] * 2)

    assert {type(outcome) for outcome in outcomes} == {uuid.UUID, ReferralDecidedError}
    with tenant_session(committing_org) as session:
        assert session.scalar(select(func.count()).select_from(Household)) == 1
