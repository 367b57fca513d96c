from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families import listing, membership, services
from hearth.families.listing import (
    FamilyQuery,
    FamilySort,
    FamilyView,
    count_families,
    find_families,
)
from hearth.families.models import Household
from hearth.families.vocabulary import ClosingReason, LeavingReason
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.people import as_role, team


def found(session: Session, query: FamilyQuery, **limits: Any) -> list[Household]:
    known: dict[str, Any] = {"limit": 25, "offset": 0} | limits
    return find_families(session, query, user=as_role(session), **known)[0]


def close(session: Session, household: Household) -> None:
    services.close_case(
        session,
        household,
        closed_on=TODAY,
        reason=ClosingReason.GOALS_MET,
        note=None,
        closed_by=staff_id(session),
        today=TODAY,
    )


@pytest.mark.parametrize("text", ["ёлкина", "ЕЛКИНА", "мария ёлк", "ёлкина мария", "Ёлк"])
def test_a_family_is_found_by_any_part_of_a_name(session: Session, text: str) -> None:
    wanted = open_family(
        session, members=[mother(given_name="Мария", family_name="Ёлкина"), child()]
    )
    open_family(session)

    assert found(session, FamilyQuery(text=text)) == [wanted]


@pytest.mark.parametrize("text", ["лкин", "ёл", "мари", "555 01"])
def test_part_of_a_word_that_the_index_does_not_hold_finds_nobody(
    session: Session, text: str
) -> None:
    details = {"given_name": "Мария", "family_name": "Ёлкина", "phone": "+7 921 555 01 99"}
    open_family(session, members=[mother(**details)])

    assert found(session, FamilyQuery(text=text)) == []


@pytest.mark.parametrize("text", ["+7 921 555-01-99", "8 (921) 555 01 99", "5550199"])
def test_a_family_is_found_by_telephone(session: Session, text: str) -> None:
    wanted = open_family(session, members=[mother(phone="+7 921 555 01 99"), child()])
    open_family(session, members=[mother(phone="+7 921 555 01 98")])

    assert found(session, FamilyQuery(text=text)) == [wanted]


def test_a_name_with_a_hyphen_is_found_by_either_half(session: Session) -> None:
    wanted = open_family(session, members=[mother(family_name="Римская-Корсакова")])

    for text in ("корсак", "римская-корсакова", "римская"):
        assert found(session, FamilyQuery(text=text)) == [wanted]


def test_a_list_too_long_to_open_every_name_is_ordered_by_number(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_NAMES", 1)
    first = open_family(session, members=[mother(family_name="Omega")])
    second = open_family(session, members=[mother(family_name="Alpha")])
    by_name = FamilyQuery(sort=FamilySort.NAME, ascending=True)

    assert found(session, by_name) == [first, second]
    assert listing.is_too_long_to_sort(by_name, 2)


def test_a_family_is_found_by_its_case_number(session: Session) -> None:
    open_family(session)
    wanted = open_family(session)

    assert found(session, FamilyQuery(text=wanted.case_number)) == [wanted]


def test_words_of_two_people_do_not_find_a_family(session: Session) -> None:
    open_family(session, members=[mother(given_name="Anna"), child(given_name="Boris")])

    assert found(session, FamilyQuery(text="anna boris")) == []


@pytest.mark.parametrize("text", ["%", "_", "\\", "100%", "' OR 1=1 --", "\x00"])
def test_signs_of_the_query_language_are_letters_like_others(session: Session, text: str) -> None:
    open_family(session)

    matches = found(session, FamilyQuery(text=text))

    assert matches == ([] if text.strip("\x00") else matches)


def test_who_has_left_is_found_too(session: Session) -> None:
    household = open_family(session, members=[mother(), child(given_name="Vanished")])
    membership.leave(
        session,
        household.current_members[1],
        left_on=TODAY,
        reason=LeavingReason.TO_RELATIVES,
        recorded_by=staff_id(session),
        today=TODAY,
    )

    assert found(session, FamilyQuery(text="vanished")) == [household]


def test_each_way_of_looking_shows_its_own_families(session: Session) -> None:
    mine = open_family(session)
    director = staff_id(session, Role.DIRECTOR)
    others = open_family(session, key_worker_id=director)
    team(session, staff_id(session), director)
    closed = open_family(session)
    close(session, closed)

    assert set(found(session, FamilyQuery(view=FamilyView.MINE))) == {mine}
    assert set(found(session, FamilyQuery(view=FamilyView.OPEN))) == {mine, others}
    assert set(found(session, FamilyQuery(view=FamilyView.CLOSED))) == {closed}
    assert set(found(session, FamilyQuery(view=FamilyView.ALL))) == {mine, others, closed}
    assert count_families(session, user=as_role(session)) == {
        FamilyView.MINE: 1,
        FamilyView.OPEN: 2,
        FamilyView.CLOSED: 1,
        FamilyView.NOBODY: 0,
        FamilyView.ALL: 3,
    }


def test_pages_divide_the_list_without_gap_or_repetition(session: Session) -> None:
    all_of_them = {open_family(session).id for _ in range(5)}

    pages = [found(session, FamilyQuery(), limit=2, offset=offset) for offset in (0, 2, 4, 6)]

    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert {household.id for page in pages for household in page} == all_of_them


def test_the_list_is_sorted_as_asked(session: Session) -> None:
    late = open_family(
        session, members=[mother(family_name="Alpha")], opened_on=TODAY - timedelta(days=1)
    )
    early = open_family(
        session, members=[mother(family_name="Omega")], opened_on=TODAY - timedelta(days=9)
    )

    by_name = FamilyQuery(sort=FamilySort.NAME, ascending=True)
    by_day = FamilyQuery(sort=FamilySort.OPENED, ascending=True)

    assert found(session, by_name) == [late, early]
    assert found(session, by_day) == [early, late]
