"""Staff of a house see the stays of that house, and never where else a family is or was."""

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy_models import RoleRule
from hearth.families.models import Household
from hearth.shelter import services
from hearth.shelter.models import Destination, EndReason, House, Stay
from hearth.shelter.seen import (
    find_stay,
    houses_that_bind,
    see_stays,
    seen_houses,
    seen_tonight,
)
from tests.factories.families import staff_id
from tests.factories.people import (
    as_role,
    as_user,
    colleague,
    grant,
    narrowed,
    restriction,
    works_in,
)
from tests.factories.shelter import make_family, make_house, make_stay, some_user_id
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
TODAY = datetime.datetime.now(ZoneInfo("Europe/Moscow")).date()
READ, WRITE = Permission.SHELTER_READ, Permission.SHELTER_WRITE
ENDING = {
    "ended_on": TODAY.isoformat(),
    "reason": "other_help",
    "destination": "supported_housing",
}


def _days(number: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=number)


def _long(number: int) -> str:
    return f"{_days(number).day} {_days(number):%B %Y}"


@dataclass
class Moved:
    """A family that left the house somebody works in for one where she does not."""

    household: Household
    left: House
    hidden: House
    former: Stay
    present: Stay


def _end(session: Session, stay: Stay, on: datetime.date) -> None:
    services.end_stay(
        session,
        stay,
        ended_on=on,
        reason=EndReason.OTHER_HELP,
        destination=Destination.SUPPORTED_HOUSING,
        recorded_by=some_user_id(session),
        today=TODAY,
    )


@pytest.fixture
def moved(session: Session) -> Moved:
    left = make_house(session, "Lamp House", places=5)
    hidden = make_house(session, "Hidden House", places=3, staffed=False)
    for place in hidden.places:
        place.name = f"Secret {place.name}"
    household = make_family(session, children=1)
    former = make_stay(
        session,
        household=household,
        places=left.places[:2],
        admitted_on=_days(-10),
        today=TODAY,
    )
    _end(session, former, TODAY)
    present = make_stay(
        session, household=household, places=hidden.places[:2], admitted_on=TODAY, today=TODAY
    )
    return Moved(household, left, hidden, former, present)


@pytest.fixture
def split(session: Session, moved: Moved) -> Stay:
    """A family of which the first sleeps in the hidden house since today, in the same stay."""
    stay = make_stay(
        session,
        household=make_family(session, children=1),
        places=moved.left.places[3:],
        admitted_on=_days(-3),
        today=TODAY,
    )
    services.move(
        session,
        stay,
        person_id=next(
            r.person_id for r in stay.stay_places if r.place_id == moved.left.places[3].id
        ),
        place_id=moved.hidden.places[2].id,
        moved_on=TODAY,
        recorded_by=some_user_id(session),
        today=TODAY,
    )
    session.expire_all()
    return stay


def test_who_left_is_seen_leaving_and_not_where_she_went(
    session: Session, moved: Moved, sign_in: SignIn
) -> None:
    staff = sign_in(Role.HOUSE_STAFF)

    tonight = staff.get("/shelter/").text
    departure = staff.get(f"/shelter/stays/{moved.former.id}")

    assert str(moved.present.id) not in tonight
    assert "Anna" not in tonight
    assert "Hidden House" not in tonight
    assert "Hidden House" not in staff.get("/shelter/houses").text
    assert departure.status_code == 200
    assert "Left on" in departure.text
    assert "Hidden House" not in departure.text
    assert "Secret" not in departure.text


@pytest.mark.parametrize("page", ["", "/end", "/extend", "/move/{person}"])
def test_the_stay_in_another_house_does_not_exist_for_them(
    page: str, moved: Moved, sign_in: SignIn
) -> None:
    staff = sign_in(Role.HOUSE_STAFF)
    person = moved.present.stay_places[0].person_id
    path = f"/shelter/stays/{moved.present.id}{page.format(person=person)}"

    assert staff.get(path).status_code == 404
    if page:
        assert staff.submit(path, ENDING, page="/account/").status_code == 404


def test_staff_of_the_new_house_do_not_read_where_a_family_was(
    session: Session, moved: Moved
) -> None:
    newcomer = colleague(session, Role.HOUSE_STAFF)
    works_in(session, newcomer.id, moved.hidden)
    user = as_user(session, newcomer.id)

    assert find_stay(session, moved.present.id, user=user, permission=WRITE) is not None
    assert find_stay(session, moved.former.id, user=user, permission=READ) is None


def test_a_departure_is_seen_until_the_next_day_is_over(session: Session, moved: Moved) -> None:
    user = as_role(session, Role.HOUSE_STAFF)
    seen = {}

    for days_ago in (1, 2):
        _end(session, moved.former, _days(-days_ago))
        seen[days_ago] = find_stay(session, moved.former.id, user=user, permission=READ)

    assert seen == {1: moved.former, 2: None}


@pytest.mark.parametrize(("clock_time", "is_seen"), [((1, 23, 30), True), ((2, 0, 30), False)])
def test_the_day_after_ends_when_the_house_goes_to_bed_and_not_in_greenwich(
    session: Session, moved: Moved, *, clock_time: tuple[int, int, int], is_seen: bool
) -> None:
    user = as_user(session, staff_id(session, Role.HOUSE_STAFF))
    days, hour, minute = clock_time
    moment = datetime.datetime.combine(
        _days(days), datetime.time(hour, minute), ZoneInfo("Europe/Moscow")
    )

    with time_machine.travel(moment, tick=False):
        stay = find_stay(session, moved.former.id, user=user, permission=READ)

    assert (stay is not None) is is_seen


def test_a_departure_is_not_moved_later_through_the_house_alone(
    session: Session, moved: Moved, sign_in: SignIn
) -> None:
    _end(session, moved.former, _days(-1))
    path, staff = f"/shelter/stays/{moved.former.id}/end", sign_in(Role.HOUSE_STAFF)

    later = staff.submit(path, ENDING)
    earlier = staff.submit(path, {**ENDING, "ended_on": _days(-2).isoformat()})

    assert later.status_code == 422
    assert "sleeps elsewhere" not in later.text
    assert earlier.status_code == 303
    session.refresh(moved.former)
    assert moved.former.ended_on == _days(-2)


def test_whoever_accompanies_the_family_corrects_a_departure_to_a_later_day(
    session: Session, sign_in: SignIn
) -> None:
    house = make_house(session)
    stay = make_stay(session, places=house.places[:1], admitted_on=_days(-9), today=TODAY)
    _end(session, stay, _days(-1))

    answer = sign_in(Role.SOCIAL_WORKER).submit(f"/shelter/stays/{stay.id}/end", ENDING)

    assert answer.status_code == 303
    session.refresh(stay)
    assert stay.ended_on == TODAY


def test_a_departure_leads_nobody_back_into_the_family(moved: Moved, sign_in: SignIn) -> None:
    path = f"/families/{moved.household.id}/admit"

    assert sign_in(Role.HOUSE_STAFF).get(path).status_code == 404
    assert sign_in(Role.SOCIAL_WORKER).get(path).status_code == 200


def test_a_family_in_two_houses_is_half_seen_in_each(
    session: Session, moved: Moved, split: Stay, sign_in: SignIn
) -> None:
    staff = sign_in(Role.HOUSE_STAFF)

    tonight = staff.get("/shelter/").text
    page = staff.get(f"/shelter/stays/{split.id}")

    assert "Child 1: Bed 5" in tonight
    assert "Anna" not in tonight
    assert page.status_code == 200
    assert "Child 1" in page.text
    assert "Anna: left the house" in page.text
    assert "Hidden House" not in page.text
    assert "Secret" not in page.text


@pytest.mark.parametrize("page", ["end", "extend", "move/{person}"])
def test_a_family_in_two_houses_is_changed_by_those_who_accompany_it(
    page: str, split: Stay, sign_in: SignIn
) -> None:
    person = split.stay_places[0].person_id
    path = f"/shelter/stays/{split.id}/{page.format(person=person)}"

    assert sign_in(Role.HOUSE_STAFF).get(path).status_code == 404
    assert sign_in(Role.SOCIAL_WORKER).get(path).status_code == 200


def test_a_family_that_moved_to_another_house_has_left_this_one(
    session: Session, moved: Moved, split: Stay, sign_in: SignIn
) -> None:
    child = next(r for r in split.stay_places if r.place_id == moved.left.places[4].id)
    services.move(
        session,
        split,
        person_id=child.person_id,
        place_id=None,
        moved_on=_days(-1),
        recorded_by=some_user_id(session),
        today=TODAY,
    )
    session.flush()
    _end(session, moved.present, TODAY)
    services.move(
        session,
        split,
        person_id=child.person_id,
        place_id=moved.hidden.places[1].id,
        moved_on=TODAY,
        recorded_by=some_user_id(session),
        today=TODAY,
    )
    session.expire_all()

    page = sign_in(Role.HOUSE_STAFF).get(f"/shelter/stays/{split.id}").text

    assert "Left on" in page
    assert "In the house" not in page
    assert "Agreed until" not in page
    assert "Hidden House" not in page
    assert "Secret" not in page
    assert "/end" not in page


def test_house_staff_move_people_within_their_houses_alone(
    session: Session, moved: Moved, sign_in: SignIn
) -> None:
    stay = make_stay(session, places=moved.left.places[2:3], admitted_on=_days(-3), today=TODAY)
    path = f"/shelter/stays/{stay.id}/move/{stay.stay_places[0].person_id}"
    staff = sign_in(Role.HOUSE_STAFF)
    wanted = {"moved_on": TODAY.isoformat(), "place": str(moved.hidden.places[2].id)}

    page, answer = staff.get(path), staff.submit(path, wanted)

    assert "Secret" not in page.text
    assert answer.status_code == 422
    assert sign_in(Role.SOCIAL_WORKER).submit(path, wanted).status_code == 303


def test_the_file_shows_no_other_houses_to_whoever_sees_stays_through_a_house(
    session: Session, moved: Moved
) -> None:
    director = staff_id(session, Role.DIRECTOR)
    by = staff_id(session, Role.ADMINISTRATOR)
    session.add(RoleRule(role="director", item="shelter.read", rule="house", set_by=by))
    works_in(session, director, moved.left)
    user = as_role(session, Role.DIRECTOR)

    stays = see_stays(session, moved.household.id, user=user)

    assert [one.stay for one in stays] == [moved.former]


def test_a_grant_opens_every_stay_of_the_family(session: Session, moved: Moved) -> None:
    grant(session, moved.household, staff_id(session, Role.HOUSE_STAFF))
    user = as_role(session, Role.HOUSE_STAFF)

    tonight = seen_tonight(session, TODAY, user=user)

    assert find_stay(session, moved.present.id, user=user, permission=WRITE) == moved.present
    assert [len(house.families) for house in tonight] == [1, 0]


def test_a_restricted_family_is_a_number_in_its_own_house(session: Session, moved: Moved) -> None:
    works_in(session, staff_id(session, Role.HOUSE_STAFF), moved.hidden)
    restriction(session, moved.household)
    user = as_role(session, Role.HOUSE_STAFF)

    tonight = seen_tonight(session, TODAY, user=user)

    assert find_stay(session, moved.present.id, user=user, permission=READ) is None
    assert [house.hidden_families for house in tonight] == [1, 0]


@pytest.fixture
def arrived(session: Session) -> Stay:
    """A family that came to the hidden house in the middle of its stay, with a new day agreed."""
    left = make_house(session, "Lamp House", staffed=False)
    hidden = make_house(session, "Hidden House")
    olga = colleague(session, Role.HOUSE_STAFF, name="Olga of Lamp House")
    family = make_family(session)
    mother, baby = (member.person_id for member in family.current_members)
    stay = services.admit_family(
        session,
        household_id=family.id,
        places={mother: left.places[0].id, baby: None},
        admitted_on=_days(-10),
        planned_until=_days(20),
        recorded_by=olga.id,
        today=TODAY,
    )
    services.extend_stay(session, stay, until=_days(30), recorded_by=olga.id, today=_days(-6))
    services.move(
        session,
        stay,
        person_id=mother,
        place_id=hidden.places[0].id,
        moved_on=_days(-3),
        recorded_by=staff_id(session),
        today=TODAY,
    )
    session.expire_all()
    return stay


def test_staff_of_the_new_house_do_not_read_what_was_decided_in_the_old_one(
    session: Session, arrived: Stay, sign_in: SignIn
) -> None:
    mara = colleague(session, Role.HOUSE_STAFF, name="Mara of Hidden House")
    works_in(session, mara.id, arrived.house)
    services.extend_stay(session, arrived, until=_days(25), recorded_by=mara.id, today=TODAY)
    session.expire_all()
    staff, path = sign_in(Role.HOUSE_STAFF), f"/shelter/stays/{arrived.id}"

    page = staff.get(path).text
    others = [staff.get(one).text for one in ("/shelter/", f"{path}/extend", f"{path}/end")]

    assert "Mara of Hidden House" in page
    assert "Hidden House, Bed 1" in page
    assert "Child 1: in somebody’s bed" in page
    for text in (page, *others):
        assert "Olga" not in text
        assert "Lamp House" not in text
        assert _long(-10) not in text
        assert _long(-3) in text


def test_whoever_accompanies_the_family_reads_everything_that_was_decided(
    arrived: Stay, sign_in: SignIn
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)

    page = worker.get(f"/shelter/stays/{arrived.id}").text
    extending = worker.get(f"/shelter/stays/{arrived.id}/extend").text

    assert "Olga of Lamp House" in page
    assert _long(-10) in page
    assert _long(-10) in extending


@pytest.mark.parametrize("day", [-8, -3])
def test_through_a_house_no_night_in_another_one_is_taken_away(
    day: int, session: Session, arrived: Stay, sign_in: SignIn
) -> None:
    staff, path = sign_in(Role.HOUSE_STAFF), f"/shelter/stays/{arrived.id}"
    before = [(row.house_id, row.nights) for row in arrived.stay_places]

    shorter = staff.submit(f"{path}/extend", {"until": _days(day).isoformat()})
    ended = staff.submit(f"{path}/end", {**ENDING, "ended_on": _days(day).isoformat()})

    session.expire_all()
    assert (shorter.status_code, ended.status_code) == (422, 422)
    assert [(row.house_id, row.nights) for row in arrived.stay_places] == before
    assert arrived.is_open


def test_through_a_house_its_own_nights_are_agreed_anew(
    session: Session, arrived: Stay, sign_in: SignIn
) -> None:
    path = f"/shelter/stays/{arrived.id}/extend"

    answer = sign_in(Role.HOUSE_STAFF).submit(path, {"until": _days(-2).isoformat()})

    session.expire_all()
    assert answer.status_code == 303
    assert arrived.planned_until == _days(-2)


def test_who_may_not_read_the_stays_of_her_house_changes_none_of_them(
    session: Session, arrived: Stay, enter: Callable[[uuid.UUID], Visitor]
) -> None:
    writer = colleague(session, narrowed(session, Role.HOUSE_STAFF, "shelter.read"))
    works_in(session, writer.id, arrived.house)
    visitor, path = enter(writer.id), f"/shelter/stays/{arrived.id}"

    answers = [visitor.get(f"{path}/{form}").status_code for form in ("extend", "end")]

    assert answers == [403, 403]


def test_who_reads_her_own_families_only_reads_others_through_her_house_alone(
    session: Session, arrived: Stay
) -> None:
    own = narrowed(session, Role.SOCIAL_WORKER, "shelter.write")
    by = staff_id(session, Role.ADMINISTRATOR)
    session.add(RoleRule(role=own, item="shelter.read", rule="own", set_by=by))
    writer = colleague(session, own, narrowed(session, Role.HOUSE_STAFF, "shelter.read"))
    works_in(session, writer.id, arrived.house)
    user = as_user(session, writer.id)

    bounds = {
        permission: houses_that_bind(session, arrived, user=user, permission=permission)
        for permission in (READ, WRITE)
    }

    hers = frozenset({arrived.house_id})
    assert bounds == {READ: hers, WRITE: hers}


def test_a_file_read_through_a_house_does_not_say_who_admitted_the_family_elsewhere(
    session: Session, arrived: Stay
) -> None:
    user = as_role(session, Role.HOUSE_STAFF)

    through_the_house = see_stays(session, arrived.household_id, user=user)
    by_role = see_stays(session, arrived.household_id, user=as_role(session))

    assert [one.admitted_by for one in through_the_house] == [None]
    assert [one.admitted_by for one in by_role] == [arrived.admitted_by]


def test_houses_are_no_more_than_her_own_to_whoever_reads_no_places(session: Session) -> None:
    make_house(session, "Hidden House", staffed=False)
    own = narrowed(session, Role.SOCIAL_WORKER, "field:location")

    seen = seen_houses(session, user=as_user(session, colleague(session, own).id))

    assert seen == []
