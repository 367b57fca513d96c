"""The database keeps the rules of the houses, whatever a program sends it."""

import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from hearth.shelter.models import Stay, StayPlace
from tests.factories.shelter import TODAY, make_family, make_house, make_stay

INSERT = text(
    "INSERT INTO stay_places (id, stay_id, person_id, house_id, place_id, nights)"
    " VALUES (gen_random_uuid(), :stay_id, :person_id, :house_id, :place_id,"
    " daterange(:start, :end))"
)


def _row(stay: Stay, **changes: object) -> dict[str, object]:
    slept = stay.stay_places[0]
    return {
        "stay_id": stay.id,
        "person_id": slept.person_id,
        "house_id": slept.house_id,
        "place_id": slept.place_id,
        "start": slept.starts_on,
        "end": slept.ends_on,
        **changes,
    }


def _other_person(session: Session) -> object:
    return make_family(session, children=0).current_members[0].person_id


def test_two_people_cannot_sleep_in_one_place_on_one_night(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(session, places=[house.places[0]])
    last_night = stay.planned_until - datetime.timedelta(days=1)

    row = _row(stay, person_id=_other_person(session), start=last_night)
    with pytest.raises(IntegrityError) as refusal, session.begin_nested():
        session.execute(INSERT, row)

    assert "ex_stay_places_place_id" in str(refusal.value)


def test_the_next_family_may_come_on_the_day_the_first_one_leaves(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(session, places=[house.places[0]])

    leaving = stay.planned_until
    row = _row(
        stay,
        person_id=_other_person(session),
        start=leaving,
        end=leaving + datetime.timedelta(days=3),
    )
    session.execute(INSERT, row)

    assert session.query(StayPlace).filter_by(place_id=house.places[0].id).count() == 2


def test_one_person_cannot_sleep_in_two_places_on_one_night(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(session, places=[house.places[0]])

    row = _row(stay, place_id=house.places[1].id)
    with pytest.raises(IntegrityError) as refusal, session.begin_nested():
        session.execute(INSERT, row)

    assert "ex_stay_places_person_id" in str(refusal.value)


def test_a_place_always_lies_in_its_house(session: Session) -> None:
    house, other = make_house(session), make_house(session, "Garden House")
    stay = make_stay(session, places=[house.places[0]])

    row = _row(stay, person_id=_other_person(session), place_id=other.places[0].id)
    with pytest.raises(IntegrityError) as refusal, session.begin_nested():
        session.execute(INSERT, row)

    assert "fk_stay_places_place_id_places" in str(refusal.value)


@pytest.mark.parametrize(
    ("start", "end"), [(TODAY, TODAY), (None, TODAY), (TODAY, None)], ids=["empty", "past", "open"]
)
def test_nights_have_a_beginning_and_an_end(
    session: Session, start: datetime.date | None, end: datetime.date | None
) -> None:
    house = make_house(session)
    stay = make_stay(session, places=[house.places[0]])

    row = _row(stay, place_id=None, person_id=_other_person(session), start=start, end=end)
    with pytest.raises(IntegrityError) as refusal, session.begin_nested():
        session.execute(INSERT, row)

    assert "ck_stay_places_nights" in str(refusal.value)


@pytest.mark.parametrize(
    "statement", ["UPDATE stay_changes SET note_sealed = NULL", "DELETE FROM stay_changes"]
)
def test_what_was_decided_cannot_be_rewritten(session: Session, statement: str) -> None:
    house = make_house(session)
    make_stay(session, places=[house.places[0]])

    with pytest.raises(ProgrammingError) as refusal, session.begin_nested():
        session.execute(text(statement))

    assert "permission denied" in str(refusal.value)


def test_a_stay_that_ended_says_why_and_where_to(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(session, places=[house.places[0]])

    with pytest.raises(IntegrityError) as refusal, session.begin_nested():
        session.execute(
            text("UPDATE stays SET ended_on = admitted_on WHERE id = :id"), {"id": stay.id}
        )

    assert "ck_stays_ended" in str(refusal.value)
