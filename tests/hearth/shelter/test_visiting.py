"""A guest brings no family to where she works: it would stay open to her when her visit is over."""

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.accounts.policy_models import RoleRule
from hearth.families.models import Household
from hearth.shelter import services
from hearth.shelter.models import House, Place, Stay
from tests.factories.families import staff_id
from tests.factories.people import colleague, grant, team, works_in
from tests.factories.shelter import make_family, make_house, make_stay
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
TODAY = datetime.datetime.now(ZoneInfo("Europe/Moscow")).date()
TOMORROW = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
WHY = "Ask a colleague who accompanies the family to do it."


def _days(number: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=number)


@dataclass
class Visit:
    """A social worker who works in a house, too, and was let into a stranger's file for a day."""

    guest: uuid.UUID
    family: Household
    hers: House
    other: House

    def stay(self, session: Session, *places: Place | None, until: int = 20) -> Stay:
        return make_stay(
            session,
            household=self.family,
            places=places,
            admitted_on=_days(-10),
            planned_until=_days(until),
            today=TODAY,
        )


@pytest.fixture
def visit(session: Session) -> Visit:
    hers = make_house(session, "Lamp House", places=3, staffed=False)
    other = make_house(session, "Other House", places=3, staffed=False)
    family = make_family(session, children=1)
    guest = colleague(session, Role.SOCIAL_WORKER, Role.HOUSE_STAFF)
    works_in(session, guest.id, hers)
    grant(session, family, guest.id, ends_at=TOMORROW)
    return Visit(guest.id, family, hers, other)


def _move(session: Session, stay: Stay, number: int, place: Place, on: int) -> None:
    services.move(
        session,
        stay,
        person_id=_person(stay, number),
        place_id=place.id,
        moved_on=_days(on),
        recorded_by=staff_id(session),
        today=TODAY,
    )
    session.expire_all()


def _person(stay: Stay, number: int) -> uuid.UUID:
    admitted = [one for one in stay.stay_places if one.starts_on == stay.admitted_on]
    return sorted(admitted, key=lambda one: one.place.name if one.place else "~")[number].person_id


def _admission(family: Household, house: House) -> dict[str, str]:
    persons = [member.person_id for member in family.current_members]
    beds = {f"sleeps_{one.hex}": str(house.places[n].id) for n, one in enumerate(persons)}
    until = {"planned_until": _days(300).isoformat(), "note": "Two suitcases"}
    return {"admitted_on": TODAY.isoformat(), **until, **beds}


def _nights(session: Session, stay: Stay) -> list[tuple[uuid.UUID, uuid.UUID, object]]:
    session.expire_all()
    return [(row.person_id, row.house_id, row.nights) for row in stay.stay_places]


def test_a_guest_admits_a_family_to_no_house_in_which_she_works(
    session: Session, visit: Visit, enter: Enter
) -> None:
    guest, path = enter(visit.guest), f"/families/{visit.family.id}/admit"

    refused = guest.submit(path, _admission(visit.family, visit.hers))
    in_vain = session.scalars(select(Stay)).all()
    elsewhere = guest.submit(path, _admission(visit.family, visit.other))

    assert (refused.status_code, in_vain, elsewhere.status_code) == (422, [], 303)
    assert WHY in refused.text
    assert "Two suitcases" in refused.text


def test_a_guest_moves_nobody_into_a_house_in_which_she_works(
    session: Session, visit: Visit, enter: Enter
) -> None:
    stay = visit.stay(session, *visit.other.places[:2])
    before = _nights(session, stay)
    path = f"/shelter/stays/{stay.id}/move/{_person(stay, 0)}"
    wanted = {"moved_on": TODAY.isoformat(), "note": "Because of the stairs"}

    answer = enter(visit.guest).submit(path, {**wanted, "place": str(visit.hers.places[0].id)})

    assert answer.status_code == 422
    assert WHY in answer.text
    assert "Because of the stairs" in answer.text
    assert _nights(session, stay) == before


def test_a_guest_lets_nobody_share_a_bed_there_either(
    session: Session, visit: Visit, enter: Enter
) -> None:
    stay = visit.stay(session, *visit.other.places[:2])
    _move(session, stay, 0, visit.hers.places[0], -3)
    before = _nights(session, stay)
    path = f"/shelter/stays/{stay.id}/move/{_person(stay, 1)}"

    answer = enter(visit.guest).submit(path, {"moved_on": TODAY.isoformat(), "place": "shared"})

    assert answer.status_code == 422
    assert WHY in answer.text
    assert _nights(session, stay) == before


def test_a_guest_moves_a_family_that_is_there_already_to_another_bed_or_away(
    session: Session, visit: Visit, enter: Enter
) -> None:
    stay = visit.stay(session, *visit.hers.places[:2])
    path = f"/shelter/stays/{stay.id}/move/{_person(stay, 0)}"
    guest, day = enter(visit.guest), {"moved_on": TODAY.isoformat()}

    answers = [
        guest.submit(path, {**day, "place": str(place.id)}).status_code
        for place in (visit.hers.places[2], visit.other.places[0])
    ]

    assert answers == [303, 303]


def test_a_guest_lets_a_family_that_is_in_two_houses_stay_no_longer(
    session: Session, visit: Visit, enter: Enter
) -> None:
    stay = visit.stay(session, *visit.other.places[:2])
    _move(session, stay, 0, visit.hers.places[0], -3)
    path, guest = f"/shelter/stays/{stay.id}/extend", enter(visit.guest)

    longer = guest.submit(path, {"until": _days(200).isoformat()})
    shorter = guest.submit(path, {"until": _days(10).isoformat()})

    assert (longer.status_code, shorter.status_code) == (422, 303)
    assert WHY in longer.text


def test_a_guest_takes_no_later_nights_away_so_that_the_family_is_back_in_her_house(
    session: Session, visit: Visit, enter: Enter
) -> None:
    stay = visit.stay(session, *visit.hers.places[:2])
    for number in (0, 1):
        _move(session, stay, number, visit.other.places[number], -5)
    path, guest = f"/shelter/stays/{stay.id}", enter(visit.guest)
    ending = {"reason": "as_agreed", "destination": "rented_home"}

    shorter = guest.submit(f"{path}/extend", {"until": _days(-5).isoformat()})
    ended = guest.submit(f"{path}/end", {**ending, "ended_on": _days(-5).isoformat()})

    assert (shorter.status_code, ended.status_code) == (422, 422)
    assert "correct the move first" in shorter.text


def test_a_guest_agrees_with_a_family_of_her_house_what_her_colleagues_there_may_agree(
    session: Session, visit: Visit, enter: Enter
) -> None:
    stay = visit.stay(session, *visit.hers.places[:2])

    answer = enter(visit.guest).submit(
        f"/shelter/stays/{stay.id}/extend", {"until": _days(40).isoformat()}
    )

    session.refresh(stay)
    assert (answer.status_code, stay.planned_until) == (303, _days(40))


def test_whoever_accompanies_a_family_or_keeps_its_file_may_bring_it_to_where_she_works(
    session: Session, visit: Visit, enter: Enter
) -> None:
    keeper, mate = (
        colleague(session, Role.SOCIAL_WORKER, Role.HOUSE_STAFF, name=name)
        for name in ("Keeper", "Mate")
    )
    team(session, mate.id, staff_id(session))
    grant(session, visit.family, keeper.id)
    stay = visit.stay(session, *visit.other.places[:2])

    answers = []
    for number, colleague_id in enumerate((keeper.id, mate.id)):
        works_in(session, colleague_id, visit.hers)
        answers.append(
            enter(colleague_id).submit(
                f"/shelter/stays/{stay.id}/move/{_person(stay, number)}",
                {"moved_on": TODAY.isoformat(), "place": str(visit.hers.places[number].id)},
            )
        )

    assert [answer.status_code for answer in answers] == [303, 303]


def test_whoever_reads_the_stays_of_her_own_families_alone_admits_no_other(
    session: Session, visit: Visit, enter: Enter
) -> None:
    by = staff_id(session, Role.ADMINISTRATOR)
    session.add(RoleRule(role="social-worker", item="shelter.read", rule="own", set_by=by))
    mate = colleague(session, Role.SOCIAL_WORKER, Role.HOUSE_STAFF, name="Mate")
    team(session, mate.id, staff_id(session))
    works_in(session, mate.id, visit.hers)

    answer = enter(mate.id).get(f"/families/{visit.family.id}/admit")

    assert answer.status_code == 404
