"""No end of a stay gives a family back to a house that it had left, whoever writes it down."""

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
from tests.factories.shelter import make_house, make_stay
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
Enter = Callable[[uuid.UUID], Visitor]
TODAY = datetime.datetime.now(ZoneInfo("Europe/Moscow")).date()
WHY = "Enter a day after the move, or correct the move first."
ENDING = {"reason": "other_help", "destination": "rented_home", "note": "To Lime street"}


def _days(number: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=number)


def _move(session: Session, stay: Stay, house: House, number: int) -> None:
    session.expire_all()
    persons = sorted({row.person_id for row in stay.stay_places})
    for person_id, place in zip(persons, house.places, strict=False):
        services.move(
            session,
            stay,
            person_id=person_id,
            place_id=place.id,
            moved_on=_days(number),
            recorded_by=staff_id(session),
            today=TODAY,
        )
    session.expire_all()


@pytest.fixture
def left(session: Session) -> House:
    return make_house(session, "Lamp House")


@pytest.fixture
def fled(session: Session, left: House) -> Stay:
    """A family that fled to another house five days ago."""
    stay = make_stay(
        session,
        places=left.places,
        admitted_on=_days(-20),
        planned_until=_days(40),
        today=TODAY,
    )
    _move(session, stay, make_house(session, "Hidden House", staffed=False), -5)
    return stay


def test_nobody_ends_a_stay_before_the_first_night_in_the_last_house(
    session: Session, fled: Stay, sign_in: SignIn, enter: Enter
) -> None:
    before = [(row.house_id, row.nights) for row in fled.stay_places]
    path = f"/shelter/stays/{fled.id}/end"

    answers = [
        enter(staff_id(session)).submit(path, {**ENDING, "ended_on": _days(day).isoformat()})
        for day in (-5, -8)
    ]

    session.expire_all()
    assert [one.status_code for one in answers] == [422, 422]
    assert all(WHY in one.text and "To Lime street" in one.text for one in answers)
    assert fled.is_open
    assert [(row.house_id, row.nights) for row in fled.stay_places] == before
    assert sign_in(Role.HOUSE_STAFF).get(f"/shelter/stays/{fled.id}").status_code == 404


def test_nobody_agrees_a_day_before_the_first_night_in_the_last_house(
    session: Session, fled: Stay, sign_in: SignIn, enter: Enter
) -> None:
    sent = {"until": _days(-5).isoformat(), "note": "To Lime street"}

    answer = enter(staff_id(session)).submit(f"/shelter/stays/{fled.id}/extend", sent)

    session.expire_all()
    assert answer.status_code == 422
    assert WHY in answer.text
    assert "To Lime street" in answer.text
    assert fled.planned_until == _days(40)
    assert str(fled.id) not in sign_in(Role.HOUSE_STAFF).get("/shelter/").text


def test_one_night_in_the_last_house_stands_and_is_made_longer_there(
    session: Session, fled: Stay, left: House, sign_in: SignIn, enter: Enter
) -> None:
    worker, path = enter(staff_id(session)), f"/shelter/stays/{fled.id}/end"

    answers = [
        worker.submit(path, {**ENDING, "ended_on": _days(day).isoformat()}) for day in (-4, 0)
    ]

    session.expire_all()
    assert [one.status_code for one in answers] == [303, 303]
    former = [row.ends_on for row in fled.stay_places if row.house_id == left.id]
    assert former == [_days(-5), _days(-5)]
    assert sign_in(Role.HOUSE_STAFF).get(f"/shelter/stays/{fled.id}").status_code == 404


def test_a_family_that_never_came_to_the_other_house_leaves_when_the_move_is_corrected(
    session: Session, fled: Stay, left: House, enter: Enter
) -> None:
    _move(session, fled, left, -5)

    answer = enter(staff_id(session)).submit(
        f"/shelter/stays/{fled.id}/end", {**ENDING, "ended_on": _days(-5).isoformat()}
    )

    session.expire_all()
    assert answer.status_code == 303
    assert {(row.house_id, row.ends_on) for row in fled.stay_places} == {(left.id, _days(-5))}


def test_a_stay_in_two_houses_entered_by_mistake_has_no_nights(
    session: Session, fled: Stay, enter: Enter
) -> None:
    mistake = {**ENDING, "reason": "entered_by_mistake", "ended_on": _days(-20).isoformat()}

    answer = enter(staff_id(session)).submit(f"/shelter/stays/{fled.id}/end", mistake)

    session.expire_all()
    assert answer.status_code == 303
    assert not fled.stay_places


def test_who_stayed_behind_for_a_day_is_not_left_there_by_an_end_on_it(
    session: Session, fled: Stay, left: House, enter: Enter
) -> None:
    child = fled.stay_places[0].person_id
    services.move(
        session,
        fled,
        person_id=child,
        place_id=left.places[0].id,
        moved_on=_days(-5),
        recorded_by=staff_id(session),
        today=TODAY,
    )
    _move(session, fled, make_house(session, "Third House", staffed=False), -3)

    answer = enter(staff_id(session)).submit(
        f"/shelter/stays/{fled.id}/end", {**ENDING, "ended_on": _days(-4).isoformat()}
    )

    assert answer.status_code == 422
    assert WHY in answer.text
