"""By what a search finds people: by nothing that whoever asks does not read elsewhere."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import Scope
from hearth.families.models import Household
from hearth.families.services import record_read
from hearth.incidents.models import Incident
from hearth.shelter.models import House
from tests.factories.families import open_family, staff_id
from tests.factories.people import colleague, narrowed, works_in
from tests.factories.rights import open_incident
from tests.factories.shelter import make_house, make_stay
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
LOOKED_BY, STAYED_IN, STAYS = "Looked at by", "Stayed in this house", "Stays in our houses"
SOME = [Scope.OWN, Scope.TEAM, Scope.HOUSE]


@pytest.fixture
def empty_house(session: Session) -> House:
    return make_house(session, "House One")


@pytest.fixture
def house(session: Session) -> House:
    return make_house(session, "House Two")


def sleeping(session: Session, house: House, **known: Any) -> Household:
    family = open_family(session, **known)
    make_stay(session, household=family, places=house.places)
    return family


def offered(visitor: Visitor, incident: Incident) -> list[str]:
    page = visitor.get(f"/incidents/{incident.id}/search").text
    return [one for one in (LOOKED_BY, STAYED_IN, STAYS) if one in page]


def finds(
    session: Session, visitor: Visitor, family: Household, asked: Sequence[Mapping[str, object]]
) -> list[bool]:
    """Whether each of these searches, in an incident of its own, shows her the family."""
    found = []
    for one in asked:
        incident = open_incident(session)
        sent = {"state": "any", "part": "whole"} | {name: str(is_) for name, is_ in one.items()}
        visitor.submit(f"/incidents/{incident.id}/search", sent)
        found.append(family.case_number in visitor.get(f"/incidents/{incident.id}").text)
    return found


def test_who_has_no_word_about_stays_asks_for_no_house(
    session: Session, enter: Enter, house: House
) -> None:
    board = enter(colleague(session, narrowed(session, Role.DIRECTOR, "shelter.read")).id)
    incident = open_incident(session)

    page = board.get(f"/incidents/{incident.id}/search").text

    # Who works in a house looks at those who sleep there: whom she saw would tell it.
    assert LOOKED_BY not in page
    assert house.name not in page
    assert "Stays in our houses" not in page


@pytest.mark.parametrize("scope", SOME)
def test_a_search_does_not_tell_where_a_family_sleeps_to_who_reads_it_of_some(
    scope: Scope, session: Session, enter: Enter, house: House, empty_house: House
) -> None:
    family = sleeping(session, house)
    few = narrowed(session, Role.DIRECTOR, scopes={Permission.SHELTER_READ: scope})
    board = enter(colleague(session, few).id)

    by_house = finds(session, board, family, [{"house_id": one.id} for one in (house, empty_house)])
    by_stay = finds(session, board, family, [{"part": "stays"}])

    assert by_house == [True, True]
    assert by_stay == [False]
    assert offered(board, open_incident(session)) == []


def test_a_role_that_reads_houses_lends_nothing_to_another_that_searches(
    session: Session, enter: Enter, house: House, empty_house: House
) -> None:
    me = colleague(session, Role.SPECIALIST, Role.PRIVACY_OFFICER, Role.HOUSE_STAFF)
    works_in(session, me.id, empty_house)
    family = sleeping(session, house, key_worker_id=me.id)
    visitor = enter(me.id)

    by_house = finds(
        session, visitor, family, [{"house_id": one.id} for one in (house, empty_house)]
    )

    assert by_house == [True, True]
    assert offered(visitor, open_incident(session)) == []
    assert house.name not in visitor.get(f"/families/{family.id}").text


def test_two_roles_search_by_house_only_where_one_of_them_reads_all_houses(
    session: Session, enter: Enter
) -> None:
    no_houses = narrowed(session, Role.DIRECTOR, "field:location")
    both = colleague(session, no_houses, Role.SOCIAL_WORKER)
    director = colleague(session, Role.DIRECTOR, Role.HOUSE_STAFF)
    incident = open_incident(session)

    lists = [offered(enter(one.id), incident) for one in (both, director)]

    assert lists == [[], [LOOKED_BY, STAYED_IN, STAYS]]


def test_whoever_reads_all_houses_finds_by_house_and_by_stay(
    session: Session, sign_in: Callable[..., Visitor], house: House, empty_house: House
) -> None:
    family = sleeping(session, house)
    director = sign_in(Role.DIRECTOR)

    by_house = finds(
        session, director, family, [{"house_id": one.id} for one in (house, empty_house)]
    )
    by_stay = finds(session, director, family, [{"part": "stays"}])

    assert (by_house, by_stay) == ([True, False], [True])


def test_a_search_does_not_tell_who_looked_to_whoever_reads_no_records(
    session: Session, enter: Enter
) -> None:
    family = open_family(session)
    record_read(session, household_id=family.id, user_id=staff_id(session, Role.SPECIALIST))
    board = enter(colleague(session, narrowed(session, Role.DIRECTOR, "audit.read")).id)
    looked = [{"looked_by": staff_id(session, one)} for one in (Role.SPECIALIST, Role.HOUSE_STAFF)]

    found = finds(session, board, family, looked)

    assert found == [True, True]
    assert offered(board, open_incident(session)) == [STAYED_IN, STAYS]


@pytest.mark.parametrize("asked", ["house_id", "part"])
def test_whom_a_colleagues_search_by_house_found_is_not_shown_to_who_may_not_ask_it(
    asked: str, session: Session, enter: Enter, sign_in: Callable[..., Visitor], house: House
) -> None:
    sleeps, another = sleeping(session, house), open_family(session)
    incident = open_incident(session)
    here = f"/incidents/{incident.id}"
    board = enter(colleague(session, narrowed(session, Role.DIRECTOR, "shelter.read")).id)
    director = sign_in(Role.DIRECTOR)

    sent = {
        "state": "any",
        "part": "whole",
        asked: str(house.id) if asked == "house_id" else "stays",
    }
    director.submit(f"{here}/search", sent)
    first = [visitor.get(here).text for visitor in (director, board)]
    director.submit(f"{here}/search", {"state": "any", "part": "whole"})
    then = [visitor.get(here).text for visitor in (director, board)]

    assert [sleeps.case_number in page for page in first] == [True, False]
    assert [another.case_number in page for page in first] == [False, False]
    assert [another.case_number in page for page in then] == [True, True]
