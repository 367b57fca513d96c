"""A bed is free or taken for everybody; until when, for those who see its family."""

import datetime
import uuid
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families import membership
from hearth.families.models import Household
from hearth.families.vocabulary import MemberRole
from hearth.shelter import services
from hearth.shelter.models import House, Stay
from hearth.web.formatting import format_date
from tests.factories.families import open_family, staff_id
from tests.factories.people import colleague, restriction, works_in
from tests.factories.shelter import make_family, make_house, make_stay
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
TODAY = datetime.datetime.now(ZoneInfo("Europe/Moscow")).date()


def _days(number: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=number)


def _admission(family: Household, house: House, *, until: datetime.date) -> dict[str, str]:
    sleeper, *others = (f"sleeps_{one.person_id.hex}" for one in family.current_members)
    return {
        "admitted_on": TODAY.isoformat(),
        "planned_until": until.isoformat(),
        sleeper: str(house.places[0].id),
        **dict.fromkeys(others, "away"),
        "note": "Two suitcases",
    }


@pytest.fixture
def house(session: Session) -> House:
    return make_house(session, "Lamp House", places=2, staffed=False)


@pytest.fixture
def stay(session: Session, house: House) -> Stay:
    """The stay of a family that few may see."""
    family = make_family(session, children=0)
    restriction(session, family)
    return make_stay(
        session,
        household=family,
        places=house.places[:1],
        admitted_on=_days(-20),
        planned_until=_days(41),
        today=TODAY,
    )


def test_the_form_of_admission_does_not_say_when_a_hidden_family_leaves(
    session: Session, stay: Stay, enter: Enter
) -> None:
    admitting = colleague(session, Role.SOCIAL_WORKER)
    family = open_family(session, key_worker_id=admitting.id)

    page = enter(admitting.id).get(f"/families/{family.id}/admit").text

    assert "Bed 1 – taken<" in page
    assert "Bed 2 – free" in page
    assert "taken until" not in page


@pytest.mark.parametrize("lingers", [False, True])
def test_the_refusal_does_not_say_when_a_hidden_family_leaves(
    lingers: bool, session: Session, stay: Stay, house: House, enter: Enter
) -> None:
    if lingers:
        services.extend_stay(
            session, stay, until=_days(-1), recorded_by=staff_id(session), today=TODAY
        )
    admitting = colleague(session, Role.SOCIAL_WORKER)
    family = open_family(session, key_worker_id=admitting.id)

    answer = enter(admitting.id).submit(
        f"/families/{family.id}/admit", _admission(family, house, until=_days(90))
    )

    assert answer.status_code == 422
    assert "Bed 1 in Lamp House is taken on some of these days." in answer.text
    assert "Two suitcases" in answer.text
    assert "signed out" not in answer.text
    assert not any(str(format_date(_days(day))) in answer.text for day in (-20, 41, -1))


def test_whoever_sees_the_stay_reads_until_when_its_bed_is_taken(
    session: Session, house: House, enter: Enter
) -> None:
    make_stay(session, places=house.places[:1], admitted_on=TODAY, today=TODAY)
    accompanying = staff_id(session)
    family = open_family(session, key_worker_id=accompanying)

    page = enter(accompanying).get(f"/families/{family.id}/admit").text

    assert "Bed 1 – taken until" in page


def test_a_house_that_a_family_left_does_not_tell_how_long_it_sleeps_in_another(
    session: Session, house: House, enter: Enter
) -> None:
    hidden = make_house(session, "Hidden House", places=1, staffed=False)
    stay = make_stay(
        session,
        places=house.places[:1],
        admitted_on=_days(-20),
        today=TODAY,
        planned_until=_days(41),
    )
    services.move(
        session,
        stay,
        person_id=stay.stay_places[0].person_id,
        place_id=hidden.places[0].id,
        moved_on=TODAY,
        recorded_by=staff_id(session),
        today=TODAY,
    )
    admitting = colleague(session, Role.SOCIAL_WORKER, Role.HOUSE_STAFF)
    works_in(session, admitting.id, house)
    family = open_family(session, key_worker_id=admitting.id)

    visitor = enter(admitting.id)

    assert visitor.get(f"/shelter/stays/{stay.id}").status_code == 200
    assert "taken until" not in visitor.get(f"/families/{family.id}/admit").text


@pytest.mark.parametrize("is_restricted", [False, True])
def test_the_refusal_does_not_say_when_one_of_them_sleeps_elsewhere_with_a_hidden_family(
    is_restricted: bool, session: Session, house: House, enter: Enter
) -> None:
    admitting = colleague(session, Role.SOCIAL_WORKER)
    family, other = (open_family(session, key_worker_id=admitting.id) for _ in range(2))
    person, by = family.current_members[0].person, admitting.id
    membership.join(
        session, other, person, role=MemberRole.OTHER, joined_on=TODAY, recorded_by=by, today=TODAY
    )
    services.admit_family(
        session,
        household_id=other.id,
        places={person.id: house.places[1].id},
        admitted_on=TODAY,
        planned_until=_days(7),
        recorded_by=by,
        today=TODAY,
    )
    if is_restricted:
        restriction(session, other)

    answer = enter(by).submit(
        f"/families/{family.id}/admit", _admission(family, house, until=_days(90))
    )

    told = [one in answer.text for one in ("on some of these days.", format_date(_days(7)))]
    assert answer.status_code == 422
    assert "One of them sleeps in another place" in answer.text
    assert told == [is_restricted, not is_restricted]
