"""Whatever somebody does while she is let in for an hour, nothing is open to her afterwards."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import Scope
from hearth.families.access import ways_in
from hearth.families.access_models import CaseGrant
from hearth.families.models import Household
from hearth.families.services import close_case
from hearth.families.vocabulary import ClosingReason
from hearth.shelter.models import House
from hearth.staff.leaving import end_memberships
from tests.factories.families import TODAY, mother, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import as_user, colleague, grant, team
from tests.factories.shelter import make_house
from tests.hearth.families.test_views import member_answers
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
P = Permission
YESTERDAY, LATER = TODAY - timedelta(days=1), TODAY + timedelta(days=9)


@dataclass
class Visit:
    """A supervisor of one team who was let into a family of another, for an hour."""

    guest: uuid.UUID
    family: Household
    referral: uuid.UUID
    house: House
    grant: CaseGrant

    def answers(self) -> dict[str, dict[str, Any]]:
        """What she sends to the pages that change something, by their addresses."""
        path, day = f"/families/{self.family.id}", TODAY.isoformat()
        member, bed = self.family.current_members[0], self.house.places[0]
        sleeps = {f"sleeps_{member.person_id.hex}": str(bed.id)}
        return {
            f"{path}/reopen": {"opened_on": day},
            f"/referrals/{self.referral}/known/{self.family.id}": {},
            f"{path}/key-worker": {"user_id": str(self.guest), "from_on": day},
            f"{path}/admit": {"admitted_on": day, "planned_until": LATER.isoformat(), **sleeps},
            f"{path}/members/new": member_answers(given_name="New", joined_on=day),
            f"{path}/services/new": {
                "kind": "conversation",
                "mode": "home",
                "delivered_on": day,
                "recipient_ids": str(member.person_id),
            },
        }


def _visit(session: Session, state: str) -> Visit:
    worker, guest = (colleague(session, one) for one in (Role.SOCIAL_WORKER, Role.SUPERVISOR))
    for one in (worker, guest):
        team(session, one.id)
    family = open_family(session, members=[mother()], key_worker_id=worker.id)
    if "closed" in state:
        close_case(
            session,
            family,
            closed_on=YESTERDAY,
            reason=ClosingReason.GOALS_MET,
            note=None,
            closed_by=worker.id,
            today=TODAY,
        )
    if "left" in state:
        worker.disabled_at = datetime.now(UTC)
        end_memberships(session, worker.id, ended_by=staff_id(session, Role.ADMINISTRATOR))
    ends_at = datetime.now(UTC) + timedelta(hours=1)
    let_in = grant(session, family, guest.id, ends_at=ends_at)
    return Visit(guest.id, family, take_referral(session).id, make_house(session), let_in)


def _ways(session: Session, visit: Visit) -> set[str]:
    """On which ways the family is hers, whatever of it she asks for."""
    user = as_user(session, visit.guest)
    asked = (
        one for one in P if user.scopes_of(one) and Scope.ORGANISATION not in user.scopes_of(one)
    )
    found = (ways_in(session, visit.family.id, [user], one) for one in asked)
    return {way.value for ways in found for way in ways.get(visit.guest, set())}


@pytest.mark.parametrize(
    ("state", "answered"),
    [
        ("accompanied", [404, 303, 404, 303, 303, 303]),
        ("left", [404, 303, 404, 303, 303, 303]),
        ("left and closed", [404, 404, 404, 303, 422, 303]),
    ],
)
def test_nothing_that_a_guest_did_outlasts_her_visit(
    state: str, answered: list[int], session: Session, enter: Enter
) -> None:
    visit = _visit(session, state)
    visitor, path = enter(visit.guest), f"/families/{visit.family.id}"
    let_in = visitor.get(path)

    answers = [
        visitor.submit(page, sent, page="/referrals/new").status_code
        for page, sent in visit.answers().items()
    ]

    visit.grant.revoked_at, visit.grant.revoked_by = datetime.now(UTC), staff_id(session)
    session.flush()
    session.expire_all()
    assert (let_in.status_code, answers) == (200, answered)
    assert _ways(session, visit) == set()
    assert visitor.get(path).status_code == 404


@pytest.mark.parametrize(("ends", "shown"), [(timedelta(hours=1), False), (None, True)])
def test_a_closed_case_is_opened_anew_by_whoever_was_let_in_for_good(
    ends: timedelta | None, shown: bool, session: Session, enter: Enter
) -> None:
    visit = _visit(session, "left and closed")
    visit.grant.ends_at = datetime.now(UTC) + ends if ends else None
    session.flush()

    visitor = enter(visit.guest)

    path = f"/families/{visit.family.id}"
    referral = visitor.get(f"/referrals/{visit.referral}").text
    assert visit.family.case_number in referral
    assert ("It is this family" in referral) is shown
    assert (f"{path}/reopen" in visitor.get(path).text) is shown
    assert visitor.get(f"{path}/reopen").status_code == (200 if shown else 404)
