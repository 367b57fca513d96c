"""A file is opened to a colleague by name, closed to all but a few, and opened again."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import Scope
from hearth.audit.models import PersonRead
from hearth.case_access import services
from hearth.families.access_models import (
    CaseGrant,
    GrantKind,
    HouseholdRestriction,
    RestrictionKind,
)
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.people import colleague, grant, narrowed, restriction, team, works_in
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house, make_stay
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
REASON = "legal help with the lease"


def test_a_grant_opens_one_file_until_it_is_taken_back(session: Session, sign_in: SignIn) -> None:
    household, another = open_family(session), open_family(session)
    specialist, director = sign_in(Role.SPECIALIST), sign_in(Role.DIRECTOR)
    path, receiver = f"/families/{household.id}", staff_id(session, Role.SPECIALIST)
    assert specialist.get(path).status_code == 404

    director.submit(
        f"{path}/access/grants/new",
        {"user_id": str(receiver), "reason": REASON, "until": TODAY.isoformat()},
    )

    given = session.scalars(select(CaseGrant)).one()
    assert specialist.get(path).status_code == 200
    assert specialist.get(f"/families/{another.id}").status_code == 404
    assert REASON in director.get(f"{path}/access").text
    director.submit(f"{path}/access/grants/{given.id}")
    assert specialist.get(path).status_code == 404
    session.refresh(given)
    assert given.revoked_by == given.granted_by == staff_id(session, Role.DIRECTOR)


def test_a_supervisor_lets_in_for_her_teams_families_alone(
    session: Session, sign_in: SignIn
) -> None:
    supervisor, household = sign_in(Role.SUPERVISOR), open_family(session)
    path = f"/families/{household.id}/access/grants/new"
    assert supervisor.get(path).status_code == 404

    team(session, staff_id(session), staff_id(session, Role.SUPERVISOR))

    assert supervisor.get(path).status_code == 200


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.SUPERVISOR])
def test_a_restricted_file_opens_to_those_chosen_and_not_even_to_who_closed_it(
    role: Role, session: Session, sign_in: SignIn
) -> None:
    household, key_worker = open_family(session), staff_id(session)
    team(session, key_worker, staff_id(session, Role.SUPERVISOR))
    specialist = staff_id(session, Role.SPECIALIST)
    earlier = grant(session, household, specialist)
    other = Role.SUPERVISOR if role is Role.DIRECTOR else Role.DIRECTOR
    keeper, visitor = sign_in(other), sign_in(role)
    path = f"/families/{household.id}"

    answer = visitor.submit(
        f"{path}/access/restrict",
        {
            "kind": "staff_relative",
            "keeper_ids": [str(staff_id(session, other))],
            "reason": "goes on with them",
        },
    )

    assert answer.location == "/families/"
    assert visitor.get(path).status_code == 404
    assert sign_in(Role.SOCIAL_WORKER).get(path).status_code == 404
    assert sign_in(Role.SPECIALIST).get(path).status_code == 404
    session.refresh(earlier)
    assert earlier.revoked_at is not None
    assert keeper.get(path).status_code == 200
    held = session.scalars(select(HouseholdRestriction)).one()
    keeper.submit(f"{path}/access/restrictions/{held.id}")
    assert visitor.get(path).status_code == 200
    session.refresh(held)
    assert held.lifted_by == staff_id(session, other)


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": ""},
        {"user_id": str(uuid.uuid4())},
        {"user_id": "me"},
        {"reason": "short"},
        {"until": (TODAY - timedelta(days=1)).isoformat()},
        {"until": "soon"},
    ],
)
def test_a_grant_that_cannot_be_is_sent_back(
    changes: dict[str, str], session: Session, sign_in: SignIn
) -> None:
    household = open_family(session)
    usual = {"user_id": str(staff_id(session, Role.SPECIALIST)), "reason": REASON}
    if changes.get("user_id") == "me":
        changes = {"user_id": str(staff_id(session, Role.DIRECTOR))}

    answer = sign_in(Role.DIRECTOR).submit(
        f"/families/{household.id}/access/grants/new", {**usual, **changes}
    )

    assert answer.status_code == 422
    assert session.scalars(select(CaseGrant)).all() == []


def test_a_restriction_needs_somebody_who_goes_on(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)

    answer = sign_in(Role.DIRECTOR).submit(
        f"/families/{household.id}/access/restrict",
        {"kind": "threatened", "keeper_ids": [], "reason": "goes on with them"},
    )

    assert answer.status_code == 422
    assert session.scalars(select(HouseholdRestriction)).all() == []


def test_a_restriction_needs_somebody_who_can_lift_it(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    cannot = [str(staff_id(session, role)) for role in (Role.SOCIAL_WORKER, Role.SPECIALIST)]

    answer = sign_in(Role.DIRECTOR).submit(
        f"/families/{household.id}/access/restrict",
        {"kind": "threatened", "keeper_ids": cannot, "reason": "goes on with them"},
    )

    assert answer.status_code == 422
    assert "Choose at least one who may open the file again." in answer.text
    assert session.scalars(select(HouseholdRestriction)).all() == []


def test_the_last_who_can_lift_a_restriction_keeps_the_file(
    session: Session, sign_in: SignIn
) -> None:
    household = open_family(session)
    restriction(session, household)
    last = grant(session, household, staff_id(session, Role.SUPERVISOR))
    other = grant(session, household, staff_id(session))
    supervisor, path = sign_in(Role.SUPERVISOR), f"/families/{household.id}/access/grants"

    supervisor.submit(f"{path}/{other.id}")
    refused = supervisor.submit(f"{path}/{last.id}")

    session.refresh(last)
    session.refresh(other)
    assert refused.status_code == 303
    assert "Nobody else could open this file again" in supervisor.get(refused.location).text
    assert (last.revoked_at is None, other.revoked_at is None) == (True, False)


def test_lifting_a_restriction_asks_for_a_fresh_proof(session: Session, sign_in: SignIn) -> None:
    household, director = open_family(session), staff_id(session, Role.DIRECTOR)
    held = restriction(session, household)
    grant(session, household, director)
    path = f"/families/{household.id}/access/restrictions/{held.id}"

    answers = [sign_in(Role.DIRECTOR, fresh=fresh).get(path) for fresh in (True, False)]

    assert answers[0].status_code == 200
    assert answers[1].location == f"/confirm?next={path}"


def test_nobody_lets_herself_in(session: Session) -> None:
    household, me = open_family(session), staff_id(session, Role.DIRECTOR)

    with pytest.raises(services.ToOneselfError):
        services.give(session, household, user_id=me, reason=REASON, ends_at=None, granted_by=me)


def test_an_emergency_look_opens_a_restricted_file_to_one_person(
    session: Session, sign_in: SignIn
) -> None:
    household, me = open_family(session), staff_id(session, Role.DIRECTOR)
    restriction(session, household)
    soon = datetime.now(UTC) + timedelta(minutes=60)

    grant(session, household, me, kind=GrantKind.BREAK_GLASS, granted_by=None, ends_at=soon)

    assert sign_in(Role.DIRECTOR).get(f"/families/{household.id}").status_code == 200
    assert sign_in(Role.SOCIAL_WORKER).get(f"/families/{household.id}").status_code == 404


def test_the_page_tells_everybody_who_opens_the_file_and_why(
    session: Session, sign_in: SignIn
) -> None:
    household = open_family(session)
    served = colleague(session, Role.SPECIALIST, name="Test Served")
    record_service(session, household, provided_by=served.id)
    colleague(session, Role.SPECIALIST, name="Test Outsider")

    page = sign_in(Role.DIRECTOR).get(f"/families/{household.id}/access").text

    assert "Accompanies the family" in page
    assert "Has every family by her role" in page
    assert "Test Served" in page
    assert "Did something for it in the last three months" in page
    assert "Test Outsider" not in page


def test_who_has_a_file_because_of_a_house_is_named_to_those_who_read_of_stays(
    session: Session, enter: Callable[[uuid.UUID], Visitor], sign_in: SignIn
) -> None:
    scopes = {Permission.FAMILIES_READ: Scope.HOUSE, Permission.SHELTER_READ: Scope.HOUSE}
    house = make_house(session)
    stay = make_stay(session, places=house.places, today=TODAY)
    path = f"/families/{stay.household_id}/access"
    heads = [
        colleague(session, narrowed(session, Role.DIRECTOR, scopes=scopes), name=name)
        for name in ("Test Head", "Test Other")
    ]
    for one in heads:
        works_in(session, one.id, house)

    hers, directors = enter(heads[0].id).get(path).text, sign_in(Role.DIRECTOR).get(path).text

    assert "Test Head" in hers
    assert "Test Other" not in hers.partition("<main")[2]
    assert "Test Other" in directors


def test_the_page_tells_of_grants_that_are_over(session: Session, sign_in: SignIn) -> None:
    household, now = open_family(session), datetime.now(UTC)
    by = staff_id(session, Role.SUPERVISOR)
    session.get_one(User, by).name = "Test Taker"
    past = colleague(session, Role.SPECIALIST, name="Test Past")
    taken = colleague(session, Role.SPECIALIST, name="Test Taken")
    grant(session, household, past.id, reason="it ended", ends_at=now - timedelta(minutes=5))
    grant(session, household, taken.id, reason="taken away", revoked_at=now, revoked_by=by)

    page = sign_in(Role.DIRECTOR).get(f"/families/{household.id}/access").text

    assert "Let in by name before" in page
    for told in ("Test Past", "it ended", "Test Taken", "taken away", "Test Taker"):
        assert told in page
    assert "Take it back" not in page


def test_looking_at_who_opens_a_file_is_looking_into_it(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)

    sign_in(Role.DIRECTOR).get(f"/families/{household.id}/access")

    look = session.scalars(select(PersonRead)).one()
    assert (look.household_id, look.purpose) == (household.id, "access")


@pytest.mark.parametrize("restricted", [False, True])
def test_a_guest_opens_and_closes_no_doors(
    restricted: bool, session: Session, sign_in: SignIn
) -> None:
    household = open_family(session)
    me, friend = staff_id(session, Role.SUPERVISOR), colleague(session, Role.SOCIAL_WORKER)
    held = restriction(session, household).id if restricted else uuid.uuid4()
    theirs = grant(session, household, friend.id)
    grant(session, household, me, ends_at=datetime.now(UTC) + timedelta(hours=1))
    visitor, path = sign_in(Role.SUPERVISOR), f"/families/{household.id}/access"
    let_in = {"user_id": str(friend.id), "reason": REASON}
    closed = {
        "kind": "threatened",
        "reason": REASON,
        "keeper_ids": [str(staff_id(session, Role.DIRECTOR))],
    }

    page = visitor.get(path)
    answers: dict[str, dict[str, Any]] = {
        f"{path}/grants/new": let_in,
        f"{path}/restrict": closed,
        f"{path}/grants/{theirs.id}": {},
        f"{path}/restrictions/{held}": {},
    }
    asked = [visitor.get(one).status_code for one in answers]
    sent = [
        visitor.submit(one, data, page="/account/").status_code for one, data in answers.items()
    ]

    assert page.status_code == 200
    assert not [one for one in answers if one in page.text]
    assert set(asked) == set(sent) == {404}
    session.expire_all()
    assert [one.user_id for one in session.scalars(select(CaseGrant).order_by(CaseGrant.id))] == [
        friend.id,
        me,
    ]
    assert theirs.revoked_at is None
    assert len(services.restrictions(session, household.id)) == int(restricted)


def test_who_was_let_in_for_good_keeps_the_doors(session: Session, sign_in: SignIn) -> None:
    household, me = open_family(session), staff_id(session, Role.SUPERVISOR)
    held = restriction(session, household)
    grant(session, household, me, ends_at=datetime.now(UTC) + timedelta(hours=1))
    grant(session, household, me)
    path = f"/families/{household.id}/access"

    answer = sign_in(Role.SUPERVISOR).submit(f"{path}/restrictions/{held.id}")

    assert answer.status_code == 303
    session.refresh(held)
    assert held.lifted_by == me


def test_who_reaches_a_family_by_role_is_no_guest_for_a_grant(
    session: Session, sign_in: SignIn
) -> None:
    household, me = open_family(session), staff_id(session, Role.SUPERVISOR)
    team(session, staff_id(session), me)
    grant(session, household, me, ends_at=datetime.now(UTC) + timedelta(hours=1))
    friend = colleague(session, Role.SOCIAL_WORKER)

    answer = sign_in(Role.SUPERVISOR).submit(
        f"/families/{household.id}/access/grants/new",
        {"user_id": str(friend.id), "reason": REASON},
    )

    assert answer.status_code == 303
    assert friend.id in [one.user_id for one in services.active_grants(session, household.id)]


@pytest.mark.parametrize(("withheld", "reads"), [((), True), (("legal", "free_text"), False)])
def test_why_a_file_is_closed_and_opened_is_for_those_who_read_such_words(
    withheld: tuple[str, ...],
    reads: bool,
    session: Session,
    enter: Callable[[uuid.UUID], Visitor],
) -> None:
    role = narrowed(session, Role.SUPERVISOR, *(f"field:{one}" for one in withheld))
    me, household = colleague(session, role), open_family(session)
    restriction(session, household, RestrictionKind.THREATENED)
    grant(session, household, me.id, reason=REASON)
    over = datetime.now(UTC) - timedelta(minutes=5)
    grant(session, household, staff_id(session), reason="until the hearing", ends_at=over)

    page = enter(me.id).get(f"/families/{household.id}/access")

    assert page.status_code == 200
    assert "Test Colleague" in page.text
    for words in ("Somebody threatens this family", REASON, "until the hearing"):
        assert (words in page.text) is reads
