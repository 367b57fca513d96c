"""What somebody took down is hers no more once her account was closed and opened again."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.access_models import AccountEvent
from hearth.accounts.events import Happened
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import Scope
from hearth.families.models import Household
from hearth.intake import services
from hearth.intake.models import Referral
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import colleague, narrowed
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
AN_HOUR = timedelta(hours=1)
# When the account was opened, seen from when the referral was written down; and whether it is hers.
WHEN = pytest.mark.parametrize(
    ("after", "is_hers"), [(-AN_HOUR, True), (timedelta(), False), (AN_HOUR, False)]
)


def opened_again(session: Session, referral: Referral, after: timedelta) -> None:
    at = referral.recorded_at + after
    session.add(AccountEvent(user_id=referral.received_by, kind=Happened.OPENED, happened_at=at))
    session.flush()


def accepted(session: Session, referral: Referral, family: Household) -> None:
    services.accept_for_known_family(
        session, referral, family, decided_by=staff_id(session, Role.DIRECTOR), today=TODAY
    )


def found(visitor: Visitor) -> str:
    sent = {"view": "all", "text": "Kanareika"}
    listed = visitor.get("/referrals/?view=all").text
    return listed + visitor.submit("/referrals/?view=all", sent).text


@WHEN
def test_a_referral_of_another_teams_family_opens_to_her_who_took_it_down(
    after: timedelta, is_hers: bool, session: Session, enter: Enter
) -> None:
    vera = colleague(session, Role.SOCIAL_WORKER)
    referral = take_referral(session, received_by=vera.id, mother_name="Kanareika")
    accepted(session, referral, open_family(session))
    opened_again(session, referral, after)
    visitor = enter(vera.id)

    page = visitor.get(f"/referrals/{referral.id}")

    assert page.status_code == (200 if is_hers else 404)
    assert (str(referral.id) in found(visitor)) is is_hers


@WHEN
def test_a_referral_of_her_own_family_is_read_as_what_she_took_down(
    after: timedelta, is_hers: bool, session: Session, enter: Enter
) -> None:
    nameless = narrowed(session, Role.SPECIALIST, "field:identity")
    vera = colleague(session, Role.DUTY_OPERATOR, nameless)
    referral = take_referral(session, received_by=vera.id, mother_name="Kanareika")
    accepted(session, referral, open_family(session, key_worker_id=vera.id))
    opened_again(session, referral, after)
    visitor = enter(vera.id)

    page = visitor.get(f"/referrals/{referral.id}")
    file = visitor.get(f"/families/{referral.household_id}")
    searched = visitor.submit("/referrals/", {"text": "Kanareika"})

    assert (page.status_code, file.status_code) == (200, 200)
    assert ("Kanareika" in page.text) is is_hers
    assert (str(referral.id) in searched.text) is is_hers


@WHEN
@pytest.mark.parametrize("scope", [Scope.OWN, Scope.TEAM])
def test_a_referral_that_waits_opens_to_a_narrowed_role_which_took_it_down(
    scope: Scope, after: timedelta, is_hers: bool, session: Session, enter: Enter
) -> None:
    few = narrowed(session, Role.SOCIAL_WORKER, scopes={Permission.REFERRALS_READ: scope})
    vera = colleague(session, few)
    referral = take_referral(session, received_by=vera.id, mother_name="Kanareika")
    opened_again(session, referral, after)
    visitor = enter(vera.id)

    page = visitor.get(f"/referrals/{referral.id}")

    assert page.status_code == (200 if is_hers else 404)
    assert (str(referral.id) in found(visitor)) is is_hers


def test_what_she_takes_down_after_her_account_was_closed_and_opened_is_hers(
    session: Session, sign_in: Callable[..., Visitor], enter: Enter
) -> None:
    few = narrowed(session, Role.SOCIAL_WORKER, scopes={Permission.REFERRALS_READ: Scope.OWN})
    vera = colleague(session, few)
    before = take_referral(session, received_by=vera.id)
    administrator, page = sign_in(Role.ADMINISTRATOR), f"/colleagues/{vera.id}"
    sent = {"name": vera.name, "roles": [few], "locale": "en"}
    for works_here in ("false", "true"):
        saved = administrator.submit(page, {**sent, "works_here": works_here})
        assert saved.status_code == 303
    after = take_referral(session, received_by=vera.id)
    after.recorded_at = datetime.now(UTC) + AN_HOUR
    session.flush()

    visitor = enter(vera.id)
    answers = [visitor.get(f"/referrals/{one.id}").status_code for one in (before, after)]

    assert answers == [404, 200]
