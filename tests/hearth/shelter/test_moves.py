"""Whoever leaves a house on a day is not back in it by what was written down for later days."""

import datetime
import uuid
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.shelter import services
from hearth.shelter.models import House, Stay
from tests.factories.families import staff_id
from tests.factories.shelter import make_family, make_house
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
TODAY = datetime.datetime.now(ZoneInfo("Europe/Moscow")).date()
WHY = "Where this person sleeps was changed after this day."


def _days(number: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=number)


@pytest.fixture
def lamp(session: Session) -> House:
    return make_house(session, "Lamp House", places=3)


@pytest.fixture
def hidden(session: Session) -> House:
    return make_house(session, "Hidden House", places=3, staffed=False)


@pytest.fixture
def stay(session: Session, lamp: House) -> Stay:
    """A mother in a bed of the first house, with her child in the same bed."""
    family = make_family(session, children=1)
    mother, baby = (member.person_id for member in family.current_members)
    return services.admit_family(
        session,
        household_id=family.id,
        places={mother: lamp.places[0].id, baby: None},
        admitted_on=_days(-10),
        planned_until=_days(20),
        recorded_by=staff_id(session),
        today=TODAY,
    )


def _mother(stay: Stay) -> uuid.UUID:
    return next(one.person_id for one in stay.stay_places if one.place_id)


def _move(visitor: Visitor, stay: Stay, person_id: uuid.UUID, place: str, number: int) -> int:
    sent = {"moved_on": _days(number).isoformat(), "place": place}
    answer = visitor.submit(f"/shelter/stays/{stay.id}/move/{person_id}", sent)
    assert answer.status_code == 303 or WHY in answer.text
    return answer.status_code


def _nights(session: Session, stay: Stay, person_id: uuid.UUID) -> list[tuple[str, int, int]]:
    session.expire_all()
    return sorted(
        (
            (row.house.name, (row.starts_on - TODAY).days, (row.ends_on - TODAY).days)
            for row in stay.stay_places
            if row.person_id == person_id
        ),
        key=lambda one: one[1],
    )


def test_a_bed_that_her_house_gave_her_for_later_does_not_bring_back_a_family_that_left(
    session: Session, stay: Stay, lamp: House, hidden: House, sign_in: SignIn
) -> None:
    staff, worker, mother = sign_in(Role.HOUSE_STAFF), sign_in(Role.SOCIAL_WORKER), _mother(stay)
    _move(staff, stay, mother, str(lamp.places[1].id), 0)

    answer = _move(worker, stay, mother, str(hidden.places[0].id), -1)

    assert answer == 303
    for person_id in {one.person_id for one in stay.stay_places}:
        told = _nights(session, stay, person_id)
        assert told == [("Lamp House", -10, -1), ("Hidden House", -1, 20)]
    assert stay.house_id == hidden.id
    assert str(stay.id) not in staff.get("/shelter/").text
    assert staff.get(f"/shelter/stays/{stay.id}/end").status_code == 404


def test_the_house_that_was_left_reads_no_later_decision_about_the_end(
    session: Session, stay: Stay, lamp: House, hidden: House, sign_in: SignIn
) -> None:
    staff, worker, mother = sign_in(Role.HOUSE_STAFF), sign_in(Role.SOCIAL_WORKER), _mother(stay)
    _move(staff, stay, mother, str(lamp.places[1].id), 0)
    _move(worker, stay, mother, str(hidden.places[0].id), -1)

    worker.submit(f"/shelter/stays/{stay.id}/extend", {"until": _days(50).isoformat()})

    session.expire_all()
    told = staff.get(f"/shelter/stays/{stay.id}").text
    assert stay.planned_until == _days(50)
    assert "left the house" in told
    assert "Stays longer" not in told
    assert "Stays longer" in worker.get(f"/shelter/stays/{stay.id}").text


def test_another_house_to_which_she_went_later_keeps_its_nights(
    session: Session, stay: Stay, hidden: House, sign_in: SignIn
) -> None:
    third, worker = make_house(session, "Third House", staffed=False), sign_in(Role.SOCIAL_WORKER)
    _move(worker, stay, _mother(stay), str(hidden.places[0].id), -2)

    _move(worker, stay, _mother(stay), str(third.places[0].id), -5)

    assert _nights(session, stay, _mother(stay)) == [
        ("Lamp House", -10, -5),
        ("Third House", -5, -2),
        ("Hidden House", -2, 20),
    ]
    assert stay.house_id == hidden.id


def test_a_return_that_was_decided_by_itself_is_changed_first(
    session: Session, stay: Stay, lamp: House, hidden: House, sign_in: SignIn
) -> None:
    third, worker = make_house(session, "Third House", staffed=False), sign_in(Role.SOCIAL_WORKER)
    mother, elsewhere = _mother(stay), str(third.places[0].id)
    _move(worker, stay, mother, str(hidden.places[0].id), -5)
    _move(worker, stay, mother, str(lamp.places[0].id), -2)

    answers = [_move(worker, stay, mother, elsewhere, day) for day in (-8, -2, -8)]

    assert answers == [422, 303, 303]
    assert _nights(session, stay, mother) == [
        ("Lamp House", -10, -8),
        ("Third House", -8, -5),
        ("Hidden House", -5, -2),
        ("Third House", -2, 20),
    ]


def test_another_bed_in_the_same_house_leaves_what_was_decided_later(
    session: Session, stay: Stay, lamp: House, hidden: House, sign_in: SignIn
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    _move(worker, stay, _mother(stay), str(hidden.places[0].id), -2)

    _move(worker, stay, _mother(stay), str(lamp.places[2].id), -5)

    assert _nights(session, stay, _mother(stay)) == [
        ("Lamp House", -10, -5),
        ("Lamp House", -5, -2),
        ("Hidden House", -2, 20),
    ]
    assert stay.house_id == hidden.id
