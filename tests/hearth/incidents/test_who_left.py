"""Who left a family is neither called nor told for others: it may be whom the family fled from."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families.membership import NewMember, PersonDetails, leave
from hearth.families.models import Household, HouseholdMember
from hearth.families.vocabulary import LeavingReason, MemberRole
from hearth.incidents import people
from hearth.incidents.models import Incident, Way
from hearth.incidents.people import Concerned, UnsafeWayError
from hearth.incidents.searching import Criteria, freeze
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.people import as_role
from tests.factories.rights import open_incident, take_request
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
HIS_NUMBER = "+7 900 666"
HIS_NOTE = "Rings in the evening"


def adult(name: str, role: MemberRole, **changes: object) -> NewMember:
    known = {"given_name": name, "safe_to_call": True, **changes}
    return NewMember(person=PersonDetails(**known), role=role)  # type: ignore[arg-type]


def partner() -> NewMember:
    return adult("Violent", MemberRole.PARTNER, phone=HIS_NUMBER, contact_note=HIS_NOTE)


def member_named(family: Household, name: str) -> HouseholdMember:
    return next(one for one in family.members if one.person.given_name == name)


def left(session: Session, family: Household, name: str) -> HouseholdMember:
    member = member_named(family, name)
    leave(
        session,
        member,
        left_on=TODAY - timedelta(days=30),
        reason=LeavingReason.OTHER,
        recorded_by=staff_id(session),
        today=TODAY,
    )
    return member


@pytest.fixture
def fled(session: Session) -> Household:
    family = open_family(session, members=[mother(safe_to_call=True), partner(), child()])
    left(session, family, "Violent")
    return family


@pytest.fixture
def without_mother(session: Session) -> Household:
    family = open_family(session, members=[partner(), child()])
    left(session, family, "Violent")
    return family


def incident_of(session: Session) -> Incident:
    incident = open_incident(session)
    freeze(session, incident, Criteria(), by=staff_id(session, Role.PRIVACY_OFFICER))
    return incident


def by_name(session: Session, incident: Incident) -> dict[str, Concerned]:
    officer = as_role(session, Role.PRIVACY_OFFICER)
    found = [
        people.one_concerned(session, incident, one.person.id, user=officer)
        for one in people.concerned(session, incident, user=officer)
    ]
    return {one.person.given_name: one for one in found if one}


@pytest.mark.usefixtures("fled")
def test_who_left_is_not_called(session: Session) -> None:
    incident = incident_of(session)

    found = by_name(session, incident)

    him = found["Violent"]
    assert (him.has_left, him.reach, him.may_be_called) == (True, None, False)
    assert him.person.phone is him.person.contact_note is None
    by = staff_id(session, Role.PRIVACY_OFFICER)
    with pytest.raises(UnsafeWayError):
        people.tell(session, incident, him, way=Way.CALL, note=None, by=by)
    assert [one.has_left for name, one in found.items() if name != "Violent"] == [False, False]


@pytest.mark.usefixtures("without_mother")
def test_a_child_is_not_told_through_somebody_who_left(session: Session) -> None:
    incident = incident_of(session)

    kid = by_name(session, incident)["Test-Child-1"]

    assert kid.reach is None
    assert not kid.may_be_called


@pytest.mark.parametrize(
    ("role", "through"),
    [(MemberRole.CARER, "Granny"), (MemberRole.PARTNER, None), (MemberRole.OTHER, None)],
)
def test_a_child_is_told_through_a_mother_or_carer_alone(
    session: Session, role: MemberRole, through: str | None
) -> None:
    family = open_family(session, members=[partner(), adult("Granny", role), child()])
    left(session, family, "Violent")
    incident = incident_of(session)

    kid = by_name(session, incident)["Test-Child-1"]

    assert (kid.reach.given_name if kid.reach else None) == through
    assert kid.may_be_called is (through is not None)


def test_who_came_back_is_told_like_everybody_else(session: Session, fled: Household) -> None:
    gone = member_named(fled, "Violent")
    session.add(
        HouseholdMember(
            household_id=fled.id,
            person_id=gone.person_id,
            role=MemberRole.PARTNER,
            joined_on=TODAY - timedelta(days=3),
            recorded_by=staff_id(session),
        )
    )
    session.flush()
    incident = incident_of(session)

    him = by_name(session, incident)["Violent"]

    assert (him.has_left, him.may_be_called) == (False, True)


@pytest.mark.parametrize("role", [Role.PRIVACY_OFFICER, Role.DIRECTOR])
def test_the_desk_lists_who_left_apart_and_shows_no_telephone(
    sign_in: SignIn, session: Session, without_mother: Household, role: Role
) -> None:
    incident = incident_of(session)
    visitor = sign_in(role)
    ids = {one.person.given_name: one.person_id for one in without_mother.members}

    page = visitor.get(f"/incidents/{incident.id}").text
    his, hers = (
        visitor.get(f"/incidents/{incident.id}/people/{ids[name]}").text
        for name in ("Violent", "Test-Child-1")
    )

    before, _heading, after = page.partition("Left the family")
    assert "Violent" not in before.partition("<h1")[2]
    assert "Violent" in after
    assert "Test-Child-1" in before
    for text in (his, hers, page):
        assert HIS_NUMBER not in text
        assert HIS_NOTE not in text
        assert "Safe to call" not in text
    assert "Decide with whoever accompanies the family" in his
    assert "told through the key worker" in hers


@pytest.mark.parametrize("carer", [MemberRole.CARER, MemberRole.OTHER])
def test_a_request_is_not_answered_by_the_rules_of_who_left(
    sign_in: SignIn, session: Session, carer: MemberRole
) -> None:
    granny = adult("Granny", carer, phone="+7 900 111")
    family = open_family(session, members=[partner(), granny, child()])
    left(session, family, "Violent")
    session.expire(family)
    request = take_request(session, family)

    page = sign_in(Role.PRIVACY_OFFICER).get(f"/data-protection/requests/{request.id}").text

    assert HIS_NUMBER not in page
    assert ("+7 900 111" in page) is (carer is MemberRole.CARER)
    assert ("Do not call and do not write" in page) is (carer is MemberRole.OTHER)


def test_a_familys_people_are_listed_with_who_left_at_the_end(
    sign_in: SignIn, session: Session, without_mother: Household
) -> None:
    page = sign_in(Role.PRIVACY_OFFICER).get(f"/data-protection/families/{without_mother.id}").text

    assert page.index("Test-Child-1") < page.index("Violent")
