from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hearth.families import services as families
from hearth.families.models import Household
from hearth.families.vocabulary import ClosingReason, Need
from hearth.intake import services
from hearth.intake.models import Referral
from hearth.intake.services import ReferralDecidedError
from hearth.intake.vocabulary import DecisionReason, ReferralState
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.intake import take_referral


def open_from(session: Session, referral: Referral) -> Household:
    return services.open_family(
        session,
        referral,
        members=[mother(), child()],
        needs=[Need.HOUSING],
        primary_need=Need.HOUSING,
        opened_on=TODAY,
        opened_by=staff_id(session),
        today=TODAY,
    )


def decline(session: Session, referral: Referral, **changes: Any) -> None:
    known = {
        "state": ReferralState.DECLINED,
        "reason": DecisionReason.NO_PLACE,
        "referred_on_to": None,
        "note": None,
        "decided_by": staff_id(session),
    }
    services.decline(session, referral, **known | changes)


def test_a_referral_waits_for_a_decision(session: Session) -> None:
    referral = take_referral(session)

    assert referral.is_waiting
    assert referral.household_id is None


def test_opening_a_family_accepts_the_referral(session: Session) -> None:
    referral = take_referral(session)

    household = open_from(session, referral)

    assert referral.state is ReferralState.ACCEPTED
    assert referral.household_id == household.id
    assert referral.decided_by == staff_id(session)
    assert services.referrals_of(session, household.id) == [referral]
    assert household.current_key_worker is not None


def test_one_referral_opens_one_family(session: Session) -> None:
    referral = take_referral(session)
    open_from(session, referral)

    with pytest.raises(ReferralDecidedError):
        open_from(session, referral)

    assert session.scalar(select(func.count()).select_from(Household)) == 1


def test_what_was_declined_opens_no_family(session: Session) -> None:
    referral = take_referral(session)
    decline(session, referral)

    with pytest.raises(ReferralDecidedError):
        open_from(session, referral)


def test_a_referral_of_an_open_family_belongs_to_its_running_case(session: Session) -> None:
    household = open_family(session)
    referral = take_referral(session)

    services.accept_for_known_family(
        session, referral, household, decided_by=staff_id(session), today=TODAY
    )

    assert referral.episode == household.open_episode
    assert len(household.episodes) == 1


def test_a_referral_of_a_closed_family_opens_its_case_anew(session: Session) -> None:
    household = open_family(session)
    families.close_case(
        session,
        household,
        closed_on=TODAY,
        reason=ClosingReason.MOVED_AWAY,
        note=None,
        closed_by=staff_id(session),
        today=TODAY,
    )
    referral = take_referral(session, needs=[Need.LEGAL])

    services.accept_for_known_family(
        session, referral, household, decided_by=staff_id(session), today=TODAY
    )

    assert household.is_open
    assert referral.episode == household.episodes[-1]
    assert [need.need for need in household.episodes[-1].needs] == [Need.LEGAL]


def test_the_database_itself_keeps_state_and_decision_together(session: Session) -> None:
    referral = take_referral(session)

    with pytest.raises(IntegrityError, match="ck_referrals"), session.begin_nested():
        referral.state = ReferralState.ACCEPTED


def test_a_referral_is_not_declined_into_acceptance(session: Session) -> None:
    referral = take_referral(session)

    with pytest.raises(ValueError, match="opening a case"):
        decline(session, referral, state=ReferralState.ACCEPTED)
