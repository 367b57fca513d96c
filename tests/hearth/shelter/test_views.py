"""The pages of the houses, asked what every page is asked."""

import datetime
import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import Scope
from hearth.audit.models import PersonRead
from hearth.families.models import Household
from hearth.shelter.models import House, Place, Stay
from tests.factories.families import open_family
from tests.factories.people import colleague, narrowed, team, works_in
from tests.factories.shelter import make_family, make_house, make_stay
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
TODAY = datetime.datetime.now(ZoneInfo("Europe/Moscow")).date()
NOBODY = uuid.UUID(int=0)


def _days(number: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=number)


def _admission(family: Household, places: list[Place | str], **changes: str) -> dict[str, str]:
    persons = [member.person for member in family.current_members]
    return {
        "admitted_on": TODAY.isoformat(),
        "planned_until": _days(30).isoformat(),
        **{
            f"sleeps_{person.id.hex}": place if isinstance(place, str) else str(place.id)
            for person, place in zip(persons, places, strict=True)
        },
        **changes,
    }


def _current_stay(session: Session, days_ago: int = 3, places: int = 2) -> Stay:
    house = make_house(session, places=places)
    return make_stay(
        session,
        places=[house.places[0]],
        admitted_on=_days(-days_ago),
        planned_until=_days(20),
        today=TODAY,
    )


def test_house_staff_see_who_is_in_and_which_places_are_free(
    session: Session, sign_in: SignIn
) -> None:
    _current_stay(session)

    page = sign_in(Role.HOUSE_STAFF).get("/shelter/").text

    assert "Anna" in page
    assert "Voorbeeld" not in page
    assert "1 of 2" in page
    assert "Bed 2" in page


def test_a_house_without_families_says_so(session: Session, sign_in: SignIn) -> None:
    make_house(session)

    page = sign_in(Role.HOUSE_STAFF).get("/shelter/").text

    assert "Nobody sleeps here tonight." in page


def test_a_family_that_should_have_left_is_pointed_out(session: Session, sign_in: SignIn) -> None:
    house = make_house(session)
    make_stay(
        session,
        places=[house.places[0]],
        admitted_on=_days(-9),
        planned_until=_days(-2),
        today=TODAY,
    )

    page = sign_in(Role.HOUSE_STAFF).get("/shelter/").text

    assert "Was to leave on" in page


def test_a_social_worker_admits_a_mother_whose_baby_shares_her_bed(
    session: Session, sign_in: SignIn
) -> None:
    house, family = make_house(session), make_family(session)
    worker = sign_in(Role.SOCIAL_WORKER)

    answer = worker.submit(
        f"/families/{family.id}/admit", _admission(family, [house.places[0], "shared"])
    )

    stay = session.scalars(select(Stay)).one()
    assert answer.status_code == 303
    assert answer.location.endswith(f"/shelter/stays/{stay.id}")
    assert sorted(row.place_id is None for row in stay.stay_places) == [False, True]
    assert "The family is admitted." in worker.get(answer.location).text


def test_whose_file_is_not_read_is_not_admitted(
    session: Session, enter: Callable[[uuid.UUID], Visitor]
) -> None:
    own = narrowed(session, Role.SOCIAL_WORKER, scopes={Permission.FAMILIES_READ: Scope.OWN})
    worker = colleague(session, own)
    mate = colleague(session, Role.SOCIAL_WORKER)
    team(session, worker.id, mate.id)
    hers, another = (open_family(session, key_worker_id=one.id) for one in (worker, mate))

    answers = [enter(worker.id).get(f"/families/{one.id}/admit") for one in (hers, another)]

    assert [one.status_code for one in answers] == [200, 404]


def test_a_child_that_does_not_come_along_has_no_nights(session: Session, sign_in: SignIn) -> None:
    house, family = make_house(session), make_family(session)

    sign_in(Role.SOCIAL_WORKER).submit(
        f"/families/{family.id}/admit", _admission(family, [house.places[0], "away"])
    )

    assert len(session.scalars(select(Stay)).one().stay_places) == 1


def test_a_taken_place_is_explained_at_its_field_and_the_answers_are_kept(
    session: Session, sign_in: SignIn
) -> None:
    taken = _current_stay(session).stay_places[0]
    family = make_family(session, children=0)
    place = session.get_one(Place, taken.place_id)

    answer = sign_in(Role.SOCIAL_WORKER).submit(
        f"/families/{family.id}/admit", _admission(family, [place], note="Two suitcases")
    )

    assert answer.status_code == 422
    assert "Bed 1 in Lamp House is taken from" in answer.text
    assert 'class="field-error"' in answer.text
    assert "Two suitcases" in answer.text
    assert session.scalars(select(Stay.household_id)).all() != [family.id]


@pytest.mark.parametrize(
    "changes",
    [
        {"admitted_on": ""},
        {"admitted_on": "9999-99-99"},
        {"admitted_on": _days(2).isoformat()},
        {"planned_until": _days(-1).isoformat()},
        {"planned_until": "9999-12-31"},
        {"note": "x" * 2001},
    ],
    ids=["no day", "no such day", "tomorrow", "before admission", "year 9999", "a long note"],
)
def test_an_admission_that_cannot_be_is_sent_back(
    session: Session, sign_in: SignIn, changes: dict[str, str]
) -> None:
    house, family = make_house(session), make_family(session)

    answer = sign_in(Role.SOCIAL_WORKER).submit(
        f"/families/{family.id}/admit", _admission(family, [house.places[0], "shared"], **changes)
    )

    assert answer.status_code == 422
    assert session.scalars(select(Stay)).all() == []


@pytest.mark.parametrize("place", ["", "somewhere", str(NOBODY)])
def test_a_place_that_was_not_offered_is_sent_back(
    session: Session, sign_in: SignIn, place: str
) -> None:
    make_house(session)
    family = make_family(session, children=0)

    answer = sign_in(Role.SOCIAL_WORKER).submit(
        f"/families/{family.id}/admit", _admission(family, [place])
    )

    assert answer.status_code == 422


def test_the_same_form_sent_twice_admits_once(session: Session, sign_in: SignIn) -> None:
    house, family = make_house(session), make_family(session)
    worker = sign_in(Role.SOCIAL_WORKER)
    path = f"/families/{family.id}/admit"
    data = _admission(family, [house.places[0], "shared"]) | {"form_token": worker.token_on(path)}

    first, second = worker.post(path, data=data), worker.post(path, data=data)

    assert first.location == second.location
    assert len(session.scalars(select(Stay)).all()) == 1


def test_a_new_day_is_agreed(session: Session, sign_in: SignIn) -> None:
    stay = _current_stay(session)

    answer = sign_in(Role.HOUSE_STAFF).submit(
        f"/shelter/stays/{stay.id}/extend", {"until": _days(40).isoformat()}
    )

    session.refresh(stay)
    assert (answer.status_code, stay.planned_until) == (303, _days(40))


def test_a_day_before_the_admission_is_sent_back(session: Session, sign_in: SignIn) -> None:
    stay = _current_stay(session)

    answer = sign_in(Role.HOUSE_STAFF).submit(
        f"/shelter/stays/{stay.id}/extend", {"until": _days(-30).isoformat()}
    )

    assert answer.status_code == 422
    assert "Enter a day after the day of admission." in answer.text


def test_somebody_moves_to_another_place(session: Session, sign_in: SignIn) -> None:
    stay = _current_stay(session)
    person_id = stay.stay_places[0].person_id
    place = session.scalars(select(Place).where(Place.name == "Bed 2")).one()

    answer = sign_in(Role.HOUSE_STAFF).submit(
        f"/shelter/stays/{stay.id}/move/{person_id}",
        {"moved_on": TODAY.isoformat(), "place": str(place.id)},
    )

    session.expire_all()
    assert answer.status_code == 303
    assert [row.ends_on for row in stay.stay_places] == [TODAY, _days(20)]


def test_a_stay_ends_with_a_destination(session: Session, sign_in: SignIn) -> None:
    stay = _current_stay(session)
    worker = sign_in(Role.SOCIAL_WORKER)

    answer = worker.submit(f"/shelter/stays/{stay.id}/end", _departure())

    session.refresh(stay)
    assert (answer.status_code, stay.ended_on) == (303, TODAY)
    assert "A rented home" in worker.get(answer.location).text


@pytest.mark.parametrize(
    "changes",
    [
        {"destination": ""},
        {"destination": "the moon"},
        {"reason": ""},
        {"ended_on": _days(1).isoformat()},
        {"ended_on": _days(-60).isoformat()},
    ],
)
def test_an_end_that_cannot_be_is_sent_back(
    session: Session, sign_in: SignIn, changes: dict[str, str]
) -> None:
    stay = _current_stay(session)

    answer = sign_in(Role.SOCIAL_WORKER).submit(
        f"/shelter/stays/{stay.id}/end", _departure() | changes
    )

    session.refresh(stay)
    assert (answer.status_code, stay.ended_on) == (422, None)


def _departure() -> dict[str, str]:
    return {
        "ended_on": TODAY.isoformat(),
        "reason": "as_agreed",
        "destination": "rented_home",
    }


def test_looking_at_a_stay_is_looking_into_the_file(session: Session, sign_in: SignIn) -> None:
    stay = _current_stay(session)

    sign_in(Role.HOUSE_STAFF).get(f"/shelter/stays/{stay.id}")

    assert session.scalars(select(PersonRead.household_id)).all() == [stay.household_id]


def test_no_name_stands_in_the_title_of_a_page(session: Session, sign_in: SignIn) -> None:
    stay = _current_stay(session)

    page = sign_in(Role.HOUSE_STAFF).get(f"/shelter/stays/{stay.id}").text

    title = page.partition("<title>")[2].partition("</title>")[0]
    assert "Anna" not in title
    assert "Anna" in page


def test_a_director_opens_a_house_with_a_place(session: Session, sign_in: SignIn) -> None:
    director = sign_in(Role.DIRECTOR)

    director.submit(
        "/shelter/houses/new",
        {"name": "Дом у реки", "kind": "family_house", "open_from": TODAY.isoformat()},
    )
    house = session.scalars(select(House)).one()
    director.submit(
        f"/shelter/houses/{house.id}/places/new",
        {"name": "Комната 1", "kind": "cot", "open_from": TODAY.isoformat()},
    )

    page = director.get("/shelter/houses").text
    assert "Дом у реки" in page
    assert "Комната 1" in page


def test_a_house_with_a_name_that_is_taken_is_sent_back(session: Session, sign_in: SignIn) -> None:
    make_house(session, "Lamp House")

    answer = sign_in(Role.DIRECTOR).submit(
        "/shelter/houses/new",
        {"name": "Lamp House", "kind": "shelter", "open_from": TODAY.isoformat()},
    )

    assert answer.status_code == 422
    assert "Another house has this name." in answer.text


def test_a_place_is_not_closed_over_the_heads_of_those_who_sleep_there(
    session: Session, sign_in: SignIn
) -> None:
    stay = _current_stay(session)
    director = sign_in(Role.DIRECTOR)
    path = f"/shelter/places/{stay.stay_places[0].place_id}/close"

    refused = director.submit(path, {"open_to": TODAY.isoformat()})
    agreed = director.submit(path, {"open_to": _days(20).isoformat()})

    assert (refused.status_code, agreed.status_code) == (422, 303)


PAGES: list[tuple[str, str, Role]] = [
    ("GET", "/shelter/", Role.FUNDRAISER),
    ("GET", "/shelter/houses", Role.SPECIALIST),
    ("GET", "/shelter/stays/{stay}", Role.BOOKKEEPER),
    ("GET", "/families/{family}/admit", Role.DUTY_OPERATOR),
    ("POST", "/families/{family}/admit", Role.DIRECTOR),
    ("POST", "/shelter/stays/{stay}/extend", Role.DUTY_OPERATOR),
    ("POST", "/shelter/stays/{stay}/end", Role.DIRECTOR),
    ("POST", "/shelter/stays/{stay}/move/{person}", Role.SPECIALIST),
    ("POST", "/shelter/houses/new", Role.HOUSE_STAFF),
    ("POST", "/shelter/houses/{house}/places/new", Role.SOCIAL_WORKER),
    ("POST", "/shelter/places/{place}/close", Role.HOUSE_STAFF),
]
WITH_ID = [path for method, path, _role in PAGES if "{" in path]
READERS = {
    "/families/{family}/admit": Role.SOCIAL_WORKER,
    "/shelter/houses/{house}/places/new": Role.DIRECTOR,
    "/shelter/places/{place}/close": Role.DIRECTOR,
}


def _ids(session: Session) -> dict[str, Any]:
    stay = _current_stay(session)
    return {
        "stay": stay.id,
        "family": stay.household_id,
        "house": stay.house_id,
        "place": stay.stay_places[0].place_id,
        "person": stay.stay_places[0].person_id,
    }


@pytest.mark.parametrize(("method", "path", "role"), PAGES)
def test_a_role_without_the_permission_is_refused(
    session: Session, sign_in: SignIn, method: str, path: str, role: Role
) -> None:
    address = path.format(**_ids(session))

    answer = sign_in(role).open(address, method=method)

    assert answer.status_code == 403


@pytest.mark.parametrize("path", WITH_ID)
def test_what_does_not_exist_is_not_found(sign_in: SignIn, path: str) -> None:
    visitor = sign_in(READERS.get(path, Role.SOCIAL_WORKER))

    answers = [
        visitor.get(
            path.format(**dict.fromkeys(["stay", "family", "house", "place", "person"], it))
        )
        for it in (NOBODY, "not-an-id")
    ]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize("path", WITH_ID)
def test_another_organisations_ids_are_not_found(
    session: Session, sign_in: SignIn, path: str
) -> None:
    address = path.format(**_ids(session))
    role = READERS.get(path, Role.SOCIAL_WORKER)

    answers = [sign_in(role, site).get(address) for site in ("spb", "pskov")]

    assert [answer.status_code for answer in answers] == [200, 404]


@pytest.mark.parametrize("path", ["/shelter/", "/shelter/houses", "/shelter/stays/{stay}"])
def test_a_page_that_only_shows_takes_no_form(session: Session, sign_in: SignIn, path: str) -> None:
    address = path.format(**_ids(session))

    answer = sign_in(Role.SOCIAL_WORKER).post(address)

    assert answer.status_code == 405


def test_a_visitor_who_has_not_signed_in_is_led_to_the_door(
    visitor: Callable[..., Visitor],
) -> None:
    answer = visitor().get("/shelter/")

    assert answer.status_code == 302
    assert "/sign-in" in answer.location


def test_who_may_not_manage_roles_sends_nobody_out_of_a_house(
    session: Session, enter: Callable[[uuid.UUID], Visitor]
) -> None:
    mate, house = colleague(session, Role.HOUSE_STAFF), make_house(session, staffed=False)
    works_in(session, mate.id, house)
    own = narrowed(session, Role.ADMINISTRATOR, Permission.ROLES_MANAGE)
    path = f"/colleagues/houses/{house.id}/workers/{mate.id}/end"

    answers = [
        enter(colleague(session, role).id).submit(path, page="/account/").status_code
        for role in (own, Role.ADMINISTRATOR)
    ]

    assert answers == [403, 303]
