"""Whoever sleeps in somebody's bed goes where the family goes, and is left behind nowhere."""

import datetime
import importlib
import uuid
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

import migrations.tenant.versions
from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent
from hearth.shelter import services
from hearth.shelter.models import (
    ChangeKind,
    Destination,
    EndReason,
    House,
    Place,
    Stay,
    StayChange,
)
from tests.factories.families import staff_id
from tests.factories.shelter import make_family, make_house, make_stay
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
TODAY = datetime.datetime.now(ZoneInfo("Europe/Moscow")).date()
Span = tuple[str, int, int]


def _days(number: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=number)


@pytest.fixture
def left(session: Session) -> House:
    return make_house(session, "Lamp House", places=3)


@pytest.fixture
def hidden(session: Session) -> House:
    return make_house(session, "Hidden House", places=3, staffed=False)


def _stay(session: Session, places: list[Place | None]) -> Stay:
    family = make_family(session, children=len(places) - 1)
    return make_stay(
        session,
        household=family,
        places=places,
        admitted_on=_days(-10),
        planned_until=_days(20),
        today=TODAY,
    )


def _move(session: Session, stay: Stay, person_id: uuid.UUID, place: Place | None, on: int) -> None:
    services.move(
        session,
        stay,
        person_id=person_id,
        place_id=place.id if place else None,
        moved_on=_days(on),
        recorded_by=staff_id(session),
        today=TODAY,
    )


def _nights(session: Session, stay: Stay, person_id: uuid.UUID) -> list[Span]:
    session.expire_all()
    return [
        (row.house.name, (row.starts_on - TODAY).days, (row.ends_on - TODAY).days)
        for row in stay.stay_places
        if row.person_id == person_id
    ]


def test_a_baby_goes_where_its_mothers_bed_goes(
    session: Session, left: House, hidden: House
) -> None:
    stay = _stay(session, [left.places[0], None])
    mother, baby = stay.stay_places[0].person_id, stay.stay_places[1].person_id

    _move(session, stay, mother, hidden.places[0], -5)

    assert _nights(session, stay, baby) == [("Lamp House", -10, -5), ("Hidden House", -5, 20)]
    assert stay.house_id == hidden.id
    moved = [one for one in stay.changes if one.kind is ChangeKind.MOVED]
    assert {(one.person_id, one.effective_on) for one in moved} == {
        (mother, _days(-5)),
        (baby, _days(-5)),
    }
    session.commit()
    recorded = select(func.count()).where(AuditEvent.action == "stay.moved")
    assert session.scalar(recorded) == 2


def test_moving_the_baby_into_her_bed_as_well_pulls_nobody_back(
    session: Session, left: House, hidden: House
) -> None:
    stay = _stay(session, [left.places[0], None])
    mother, baby = stay.stay_places[0].person_id, stay.stay_places[1].person_id
    _move(session, stay, mother, hidden.places[0], -5)

    _move(session, stay, baby, None, -5)

    assert _nights(session, stay, baby)[-1] == ("Hidden House", -5, 20)
    assert stay.house_id == hidden.id


def test_a_baby_stays_while_somebody_has_a_bed_in_the_house_and_leaves_with_the_last(
    session: Session, left: House, hidden: House
) -> None:
    stay = _stay(session, [left.places[0], left.places[1], None])
    mother, sister, baby = (row.person_id for row in stay.stay_places)

    _move(session, stay, mother, hidden.places[0], -5)
    between = _nights(session, stay, baby)
    _move(session, stay, sister, hidden.places[1], -3)

    assert between == [("Lamp House", -10, 20)]
    assert _nights(session, stay, baby) == [("Lamp House", -10, -3), ("Hidden House", -3, 20)]


def test_a_baby_may_go_to_the_others_while_its_sister_stays(
    session: Session, left: House, hidden: House
) -> None:
    stay = _stay(session, [left.places[0], left.places[1], None])
    mother, _sister, baby = (row.person_id for row in stay.stay_places)
    _move(session, stay, mother, hidden.places[0], -5)

    _move(session, stay, baby, None, -4)

    assert _nights(session, stay, baby) == [("Lamp House", -10, -4), ("Hidden House", -4, 20)]
    assert stay.house_id == hidden.id


def test_a_child_that_gives_up_its_cot_shares_a_bed_in_the_same_house(
    session: Session, left: House, hidden: House
) -> None:
    stay = _stay(session, [left.places[0], left.places[1]])
    mother, child = (row.person_id for row in stay.stay_places)
    _move(session, stay, mother, hidden.places[0], -5)

    _move(session, stay, child, None, -5)

    assert _nights(session, stay, child) == [("Lamp House", -10, -5), ("Hidden House", -5, 20)]


def test_a_move_recorded_later_for_an_earlier_day_takes_the_baby_along_for_good(
    session: Session, left: House, hidden: House
) -> None:
    stay = _stay(session, [left.places[0], None])
    mother, baby = stay.stay_places[0].person_id, stay.stay_places[1].person_id
    _move(session, stay, mother, left.places[1], -2)

    _move(session, stay, mother, hidden.places[0], -5)

    assert _nights(session, stay, baby) == [
        ("Lamp House", -10, -5),
        ("Hidden House", -5, 20),
    ]


def test_staff_of_the_house_that_was_left_see_neither_baby_nor_destination(
    session: Session, left: House, hidden: House, sign_in: SignIn
) -> None:
    stay = _stay(session, [left.places[0], None])
    worker, staff = sign_in(Role.SOCIAL_WORKER), sign_in(Role.HOUSE_STAFF)

    answer = worker.submit(
        f"/shelter/stays/{stay.id}/move/{stay.stay_places[0].person_id}",
        {"place": str(hidden.places[0].id), "moved_on": _days(-5).isoformat()},
    )
    services.end_stay(
        session,
        stay,
        ended_on=TODAY,
        reason=EndReason.OTHER_HELP,
        destination=Destination.SUPPORTED_HOUSING,
        recorded_by=staff_id(session),
        today=TODAY,
    )

    assert answer.status_code == 303
    assert str(stay.id) not in staff.get("/shelter/").text
    assert staff.get(f"/shelter/stays/{stay.id}").status_code == 404
    assert "Hidden House" in worker.get(f"/families/{stay.household_id}").text


def test_what_was_left_behind_before_is_repaired_with_a_dated_decision(
    session: Session, left: House, hidden: House
) -> None:
    stay, untouched = (_stay(session, [left.places[n], None]) for n in (0, 1))
    mother, baby = stay.stay_places[0].person_id, stay.stay_places[1].person_id
    _move(session, stay, mother, hidden.places[0], -5)
    _put_back(session, stay, baby, left)
    before = session.scalars(select(StayChange.id)).all()

    _repair(session)
    _repair(session)

    assert _nights(session, stay, baby) == [("Lamp House", -10, -5), ("Hidden House", -5, 20)]
    assert stay.house_id == hidden.id
    added = session.scalars(select(StayChange).where(StayChange.id.not_in(before))).all()
    assert [(one.stay_id, one.person_id, one.effective_on) for one in added] == [
        (stay.id, baby, _days(-5))
    ]
    assert added[0].recorded_by == staff_id(session)
    assert {row.house_id for row in untouched.stay_places} == {left.id}


def _put_back(session: Session, stay: Stay, person_id: uuid.UUID, house: House) -> None:
    """The nights as an earlier release wrote them."""
    first, second = (row for row in stay.stay_places if row.person_id == person_id)
    session.delete(second)
    session.flush()
    first.nights = Range(first.starts_on, stay.planned_until)
    stay.house_id = house.id
    session.flush()
    session.expire_all()


def _repair(session: Session) -> None:
    found = next(Path(migrations.tenant.versions.__file__).parent.glob("*_shared_beds.py"))
    module = importlib.import_module(f"migrations.tenant.versions.{found.stem}")
    for statement in module.REPAIR:
        session.execute(text(statement))
    session.expire_all()
