"""Whose names the incident desk shows: a file that opens to others is not even a number."""

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.accounts.policy_models import RoleRule
from hearth.audit.models import PersonRead
from hearth.families.models import Household, HouseholdMember
from hearth.families.vocabulary import MemberRole
from hearth.incidents.models import Incident, PersonNotice
from hearth.incidents.searching import Criteria, freeze
from hearth.incidents.services import close
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.people import colleague, grant, narrowed, restriction
from tests.factories.rights import open_incident
from tests.factories.shelter import make_house, make_stay
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
FURTHER = "There may be further people, whose files open to others only."
REACHED = {"phone": "+7 900 111", "contact_note": "Ring twice", "safe_to_call": True}


def family_of(session: Session, name: str, **changes: object) -> Household:
    reached = {**REACHED, **changes}
    members = [mother(given_name=name, family_name=f"{name}ova", **reached), child()]
    return open_family(session, members=members)


def incident_about_all(session: Session) -> Incident:
    incident = open_incident(session)
    freeze(session, incident, Criteria(), by=staff_id(session, Role.PRIVACY_OFFICER))
    return incident


def page_of(incident: Incident, family: Household, member: int = 0) -> str:
    return f"/incidents/{incident.id}/people/{family.current_members[member].person_id}"


def test_a_file_that_opens_to_others_does_not_exist_for_whoever_reads_files(
    sign_in: MakeVisitor, session: Session
) -> None:
    open_one, hidden = family_of(session, "Agata"), family_of(session, "Kanareika")
    restriction(session, hidden)
    incident = incident_about_all(session)
    director = sign_in(Role.DIRECTOR)

    page = director.get(f"/incidents/{incident.id}").text
    hers = director.get(page_of(incident, open_one))
    theirs = [director.get(page_of(incident, hidden, member)) for member in (0, 1)]

    assert "Agata Agataova" in page
    assert "Kanareika" not in page
    assert hidden.case_number not in page
    assert FURTHER in page
    assert "+7 900 111" in hers.text
    assert [answer.status_code for answer in theirs] == [404, 404]


def test_nobody_ticks_off_somebody_whom_she_may_not_see(
    sign_in: MakeVisitor, session: Session
) -> None:
    seen, hidden = family_of(session, "Agata"), family_of(session, "Kanareika")
    restriction(session, hidden)
    incident = incident_about_all(session)
    director = sign_in(Role.DIRECTOR)
    token = director.token_on(page_of(incident, seen))

    answer = director.post(
        page_of(incident, hidden), data={"form_token": token, "way": "in_person"}
    )

    assert answer.status_code == 404
    assert session.scalars(select(PersonNotice)).all() == []


def test_a_grant_opens_it_by_name(sign_in: MakeVisitor, session: Session) -> None:
    hidden = family_of(session, "Kanareika")
    restriction(session, hidden)
    grant(session, hidden, staff_id(session, Role.DIRECTOR))
    incident = incident_about_all(session)

    page = sign_in(Role.DIRECTOR).get(f"/incidents/{incident.id}").text

    assert "Kanareika" in page
    assert FURTHER in page


def test_who_belongs_to_a_hidden_family_too_is_hidden(
    sign_in: MakeVisitor, session: Session
) -> None:
    before, hidden = family_of(session, "Agata"), family_of(session, "Kanareika")
    session.add(
        HouseholdMember(
            household_id=hidden.id,
            person_id=before.current_members[0].person_id,
            role=MemberRole.OTHER,
            joined_on=TODAY,
            recorded_by=staff_id(session),
        )
    )
    session.flush()
    restriction(session, hidden)
    incident = incident_about_all(session)
    director = sign_in(Role.DIRECTOR)

    page = director.get(f"/incidents/{incident.id}").text
    answers = [director.get(page_of(incident, before, member)) for member in (0, 1)]

    # Her child of the open family would be told through her.
    assert "Agata" not in page
    assert [answer.status_code for answer in answers] == [404, 404]


def test_the_officer_is_asked_about_every_family_and_reads_how_to_reach_one_person(
    sign_in: MakeVisitor, session: Session
) -> None:
    hidden = family_of(session, "Kanareika")
    restriction(session, hidden)
    incident = incident_about_all(session)
    officer = sign_in(Role.PRIVACY_OFFICER)

    page = officer.get(f"/incidents/{incident.id}").text
    one = officer.get(page_of(incident, hidden)).text
    told = officer.submit(page_of(incident, hidden), {"way": "call"})

    assert hidden.case_number in page
    assert FURTHER not in page
    assert "Kanareika" in page
    assert "Kanareikaova" not in page
    assert "+7 900 111" not in page
    for word in ("Kanareikaova", "+7 900 111", "Ring twice"):
        assert word in one
    assert told.status_code == 303


def test_once_nobody_is_told_any_more_the_officer_reads_no_telephone(
    sign_in: MakeVisitor, session: Session
) -> None:
    family = family_of(session, "Kanareika")
    incident = incident_about_all(session)
    officer_id = staff_id(session, Role.PRIVACY_OFFICER)
    close(session, incident, lessons="Lock it", why_not_told="Nobody read it", by=officer_id)

    page = sign_in(Role.PRIVACY_OFFICER).get(page_of(incident, family)).text

    for word in ("Kanareikaova", "+7 900 111", "Ring twice"):
        assert word not in page


def test_a_way_that_is_not_read_is_not_called_unknown(
    sign_in: MakeVisitor, session: Session
) -> None:
    family = family_of(session, "Agata")
    incident = incident_about_all(session)
    by = staff_id(session, Role.ADMINISTRATOR)
    session.add_all(
        RoleRule(role=Role.DIRECTOR.value, item=f"field:{one}", rule="withheld", set_by=by)
        for one in ("contact", "identity")
    )
    session.flush()

    page = sign_in(Role.DIRECTOR).get(page_of(incident, family)).text

    assert "Agata" in page
    for word in ("Agataova", "+7 900 111", "Ring twice", "not recorded"):
        assert word not in page


def test_every_look_stands_on_the_familys_own_page(sign_in: MakeVisitor, session: Session) -> None:
    first, second = family_of(session, "Agata"), family_of(session, "Berta")
    incident = incident_about_all(session)
    officer = sign_in(Role.PRIVACY_OFFICER)

    officer.get(f"/incidents/{incident.id}")
    officer.get(page_of(incident, first))
    cells = officer.get(f"/records/families/{first.id}").text.partition("<tbody")[2]

    assert looks(session) == sorted([first.id, first.id, second.id])
    assert cells.count("An incident") == 2


def looks(session: Session) -> list[uuid.UUID]:
    rows = session.scalars(select(PersonRead.household_id).where(PersonRead.purpose == "incident"))
    return sorted(one for one in rows if one is not None)


def test_a_hidden_family_has_not_been_looked_at(sign_in: MakeVisitor, session: Session) -> None:
    hidden = family_of(session, "Kanareika")
    restriction(session, hidden)
    incident = incident_about_all(session)

    sign_in(Role.DIRECTOR).get(f"/incidents/{incident.id}")

    assert looks(session) == []


@pytest.mark.parametrize(
    ("asked", "officer_finds"),
    [({"part": "whole", "house_id": "house"}, [4]), ({"part": "stays"}, [])],
    ids=["house", "stays"],
)
def test_where_somebody_lives_is_asked_by_those_alone_who_read_it(
    sign_in: MakeVisitor, session: Session, asked: dict[str, str], officer_finds: list[int]
) -> None:
    family, house = family_of(session, "Agata"), make_house(session, "Kanareika House")
    make_stay(session, household=family, places=house.places)
    family_of(session, "Berta")
    by_officer, by_director = open_incident(session), open_incident(session)
    sent = {"state": "any", **{k: str(house.id) if v == "house" else v for k, v in asked.items()}}
    officer, director = sign_in(Role.PRIVACY_OFFICER), sign_in(Role.DIRECTOR)

    page = officer.get(f"/incidents/{by_officer.id}/search").text
    officer.submit(f"/incidents/{by_officer.id}/search", sent)
    director.submit(f"/incidents/{by_director.id}/search", sent)

    session.expire_all()
    assert "Kanareika House" not in page
    assert "Stays in our houses" not in page
    assert [search.found for search in by_director.searches] == [2]
    # A house that was not offered narrows nothing; a part that was not offered asks nothing.
    assert [search.found for search in by_officer.searches] == officer_finds


def test_searching_and_telling_ask_once_more_who_it_is(
    sign_in: MakeVisitor, session: Session
) -> None:
    family = family_of(session, "Agata")
    incident = incident_about_all(session)
    officer = sign_in(Role.PRIVACY_OFFICER, fresh=False)

    answers = [
        officer.get(path)
        for path in (f"/incidents/{incident.id}/search", page_of(incident, family))
    ]

    assert all("/confirm" in answer.headers.get("Location", "") for answer in answers)
    assert officer.get(f"/incidents/{incident.id}").status_code == 200


@pytest.mark.parametrize(
    ("withheld", "is_hidden"),
    [(["families.read"], True), (["field:identity", "field:contact"], False)],
)
def test_what_was_taken_from_a_director_is_taken_at_the_desk_too(
    session: Session,
    enter: Callable[[uuid.UUID], Visitor],
    withheld: list[str],
    is_hidden: bool,
) -> None:
    family = family_of(session, "Agata")
    incident = incident_about_all(session)
    board = enter(colleague(session, narrowed(session, Role.DIRECTOR, *withheld)).id)

    shown = board.get(f"/incidents/{incident.id}").text
    page = board.get(page_of(incident, family))

    for secret in ("Agataova", "+7 900 111", "Ring twice"):
        assert secret not in shown + page.text
    assert page.status_code == (404 if is_hidden else 200)
    assert ("Agata" in shown) is not is_hidden
