"""A role from which casework was taken gets a page everywhere, and reads no casework on any."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.families import membership
from hearth.families.models import Household
from hearth.families.vocabulary import LeavingReason, MemberRole
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import colleague, narrowed
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house, make_stay
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
MINUTES, JOINED = 77, TODAY - timedelta(days=33)
WRITTEN = f"{JOINED.day} {JOINED:%B %Y}"


@pytest.fixture
def reader(session: Session) -> User:
    return colleague(session, narrowed(session, Role.SOCIAL_WORKER, "field:casework"))


@pytest.fixture
def family(session: Session, reader: User) -> Household:
    """A family to which something of every kind happened."""
    made = open_family(session, key_worker_id=reader.id)
    by = staff_id(session)
    make_stay(session, household=made, places=make_house(session, "Test-Lamp House").places)
    membership.leave(
        session,
        made.members[1],
        left_on=TODAY - timedelta(days=40),
        reason=LeavingReason.TO_RELATIVES,
        recorded_by=by,
        today=TODAY,
    )
    membership.join(
        session,
        made,
        made.members[1].person,
        role=MemberRole.CHILD,
        joined_on=JOINED,
        recorded_by=by,
        today=TODAY,
    )
    membership.correct_membership(
        session,
        made.members[0],
        role=MemberRole.CARER,
        joined_on=JOINED,
        left_on=None,
        leaving_reason=None,
        recorded_by=by,
        today=TODAY,
    )
    return made


@pytest.mark.parametrize(
    "page",
    [
        "",
        "?timeline=whole",
        "/documents",
        "/consents",
        "/consents/new",
        "/members/new",
        "/key-worker",
        "/close",
        "/services/new",
        "/members/{member}/history",
        "/members/{member}/leave",
        "/services/{service}/history",
    ],
)
def test_every_page_about_the_family_opens_and_tells_no_casework(
    page: str, session: Session, family: Household, reader: User, enter: Enter
) -> None:
    entry = record_service(session, family, provided_by=staff_id(session), minutes=MINUTES)
    session.expire_all()
    member = next(one for one in family.members if one.role is MemberRole.CARER)

    answer = enter(reader.id).get(
        f"/families/{family.id}{page.format(member=member.id, service=entry.id)}"
    )

    assert answer.status_code == 200
    for telling in (WRITTEN, JOINED.isoformat(), f'value="{MINUTES}"', f">{MINUTES}<"):
        assert telling not in answer.text
    assert "Lives with relatives, " not in answer.text


@pytest.mark.parametrize("other", ["services/{service}", "members/{member}"])
def test_nothing_is_corrected_by_whoever_does_not_read_what_the_form_shows(
    other: str, session: Session, family: Household, reader: User, enter: Enter
) -> None:
    entry = record_service(session, family, provided_by=staff_id(session), minutes=MINUTES)
    path = other.format(service=entry.id, member=family.current_members[0].id)

    answer = enter(reader.id).get(f"/families/{family.id}/{path}/correct")

    assert answer.status_code in {403, 404}
    assert f'value="{MINUTES}"' not in answer.text
    assert JOINED.isoformat() not in answer.text


@pytest.mark.parametrize("page", ["/families/", "/referrals/", "/shelter/"])
def test_the_lists_open_as_well(
    page: str, session: Session, family: Household, reader: User, enter: Enter
) -> None:
    referral = take_referral(session)
    visitor = enter(reader.id)

    answer = visitor.get(page)

    assert answer.status_code == 200
    assert visitor.get(f"/referrals/{referral.id}").status_code == 200
