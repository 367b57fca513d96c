"""A house reads the story of what was decided about its own places, whatever happens elsewhere."""

import datetime
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import event as database
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.services import SignedIn
from hearth.families.models import Household
from hearth.shelter import services
from hearth.shelter.decisions import decisions_read, names_read
from hearth.shelter.models import Destination, EndReason, House, Stay, StayChange
from hearth.shelter.occupancy import place_names
from hearth.shelter.refusals import StayError
from hearth.shelter.seen import find_stay, houses_that_bind, see_persons, see_stay
from hearth.shelter.story import story_of
from tests.factories.families import staff_id
from tests.factories.people import as_user, colleague, works_in
from tests.factories.shelter import make_family, make_house
from tests.support.visitors import Visitor

TODAY = datetime.datetime.now(ZoneInfo("Europe/Moscow")).date()
READ = Permission.SHELTER_READ
ADMITTED, AGREED = -12, 30
Act = dict[str, Any]
Enter = Callable[[uuid.UUID], Visitor]


def _days(number: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=number)


@pytest.fixture
def ticking() -> Iterator[Callable[[], None]]:
    """Every decision at a moment of its own, as in a request of its own; the answer moves on."""
    now = [datetime.datetime.now(datetime.UTC)]

    def stamp(_mapper: object, _connection: object, change: StayChange) -> None:
        change.recorded_at = now[0]

    def tick() -> None:
        now[0] += datetime.timedelta(milliseconds=1)

    database.listen(StayChange, "before_insert", stamp)
    yield tick
    database.remove(StayChange, "before_insert", stamp)


@dataclass
class World:
    """A family admitted to one house, another house, a third, and who decides in each."""

    session: Session
    family: Household
    houses: dict[str, House]
    people: dict[str, SignedIn]
    tick: Callable[[], None]

    @property
    def stay(self) -> Stay:
        return services.stays_of(self.session, self.family.id)[0]

    @property
    def persons(self) -> list[uuid.UUID]:
        return sorted({one.person_id for one in self.stay.changes if one.person_id})

    def admit(self, shares: list[bool]) -> None:
        """The mother comes with as many children, each into a cot or into somebody's bed."""
        members = [member.person_id for member in self.family.current_members]
        beds = zip(members, [False, *shares], self.houses["Lamp"].places, strict=False)
        services.admit_family(
            self.session,
            household_id=self.family.id,
            places={person: None if shared else place.id for person, shared, place in beds},
            admitted_on=_days(ADMITTED),
            planned_until=_days(AGREED),
            recorded_by=self.people["key worker"].id,
            today=TODAY,
        )
        self.session.expire_all()

    def act(self, who: str, act: Act) -> bool:
        """Let somebody decide as the pages would let her; False where she is refused."""
        user, stay = self.people[who], self.stay
        write = Permission.SHELTER_WRITE
        self.tick()
        if find_stay(self.session, stay.id, user=user, permission=write) is None:
            return False
        houses = houses_that_bind(self.session, stay, user=user, permission=write)
        how = {"recorded_by": user.id, "today": TODAY, "houses": houses, "note": f"by {who}"}
        try:
            with self.session.begin_nested():
                self._decide(act, how)
        except StayError:
            return False
        finally:
            self.session.expire_all()
        return True

    def _decide(self, act: Act, how: dict[str, Any]) -> None:
        session, stay, on = self.session, self.stay, _days(act["on"])
        if act["kind"] == "extend":
            services.extend_stay(session, stay, until=on, **how)
        elif act["kind"] == "end":
            reason, destination = EndReason.OTHER_HELP, Destination.UNSAFE_HOME
            services.end_stay(
                session, stay, ended_on=on, reason=reason, destination=destination, **how
            )
        else:
            where = self.houses[act["house"]].places[act["place"]].id if act["house"] else None
            person_id = self.persons[act["person"] % len(self.persons)]
            services.move(session, stay, person_id=person_id, place_id=where, moved_on=on, **how)

    def read(self, who: str) -> tuple[list[Act], *tuple[object, ...]]:
        """What somebody reads of the stay: its story, its nights, since when and until when."""
        session, user = self.session, self.people[who]
        shown = see_stay(session, self.stay, user=user)
        if not shown.rows:
            # A house in which nobody of the family ever slept is shown no page of the stay.
            assert find_stay(session, self.stay.id, user=user, permission=READ) is None
            return [], [], "", ()
        persons = see_persons(session, self.stay, user=user)
        places = place_names(session, shown.houses)
        names = names_read(session, shown, user=user)
        rows = [(row.person_id, row.place_id, row.starts_on, row.ends_on) for row in shown.rows]
        told = story_of(shown, persons=persons, places=places, names=names, notes=True)
        ends = (shown.admitted_on, shown.left_on, shown.has_ended, shown.nights(TODAY))
        return told, sorted(rows, key=str), shown.house.name, ends

    def decided(self, who: str) -> set[str]:
        """Who took the decisions that somebody reads."""
        session, user = self.session, self.people[who]
        shown = see_stay(session, self.stay, user=user)
        read = decisions_read(shown, place_names(session, shown.houses))
        known = {one.id: name for name, one in self.people.items()}
        return {known[one.recorded_by] for one in read}

    def nights(self, house: str, *, since: int) -> list[uuid.UUID]:
        """Who of the family has nights in a house after a day."""
        here = [row for row in self.stay.stay_places if row.house_id == self.houses[house].id]
        return [row.person_id for row in here if row.ends_on > _days(since)]

    def is_elsewhere(self, house: str) -> bool:
        rows = [row for row in self.stay.stay_places if row.ends_on == self.stay.until]
        return bool(rows) and all(row.house_id != self.houses[house].id for row in rows)


@pytest.fixture
def world(session: Session, ticking: Callable[[], None]) -> World:
    """Three houses with somebody who works in each, and a family of three in none of them yet."""
    houses = {
        name: make_house(session, f"{name} House", places=5, staffed=False)
        for name in ("Lamp", "Hidden", "Third")
    }
    people = {"key worker": as_user(session, staff_id(session))}
    for name, house in houses.items():
        staff = colleague(session, Role.HOUSE_STAFF, name=f"Staff of {name}")
        works_in(session, staff.id, house)
        people[name] = as_user(session, staff.id)
    return World(session, make_family(session, children=2), houses, people, ticking)


def _acts(houses: list[str | None], days: st.SearchStrategy[int]) -> st.SearchStrategy[Act]:
    move = st.fixed_dictionaries(
        {
            "kind": st.just("move"),
            "person": st.integers(0, 2),
            "house": st.sampled_from(houses),
            "place": st.integers(0, 4),
            "on": days,
        }
    )
    extend = st.fixed_dictionaries({"kind": st.just("extend"), "on": st.integers(1, 60)})
    return st.one_of(move, move, extend)


DAY = st.integers(ADMITTED, 0)
ANYBODY = st.sampled_from(["key worker", "key worker", "Lamp", "Hidden", "Third"])
ANYTHING = st.tuples(ANYBODY, _acts(["Lamp", "Hidden", None], DAY))
AT_HOME = st.tuples(st.just("Lamp"), _acts(["Lamp"], st.integers(-3, 0)))
LATER = st.sampled_from([-4, -2, -1, 0])
SETTINGS = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@SETTINGS
@given(data=st.data())
def test_nothing_that_happens_elsewhere_after_a_family_left_changes_what_its_house_reads(
    world: World, data: st.DataObject
) -> None:
    with world.session.begin_nested() as example:
        world.admit(data.draw(st.lists(st.booleans(), max_size=2)))
        for who, act in data.draw(st.lists(st.one_of(ANYTHING, AT_HOME), max_size=4)):
            world.act(who, act)
        left_on = data.draw(LATER)
        told = [
            world.act("key worker", {"kind": "move", "house": "Hidden", "on": left_on, **leaving})
            for leaving in ({"person": one, "place": one} for one in range(len(world.persons)))
        ]
        has_left = world.is_elsewhere("Lamp")
        is_back = all(told) and bool(world.nights("Lamp", since=left_on))
        before = world.read("Lamp")

        then = st.integers(left_on, 0)
        acts = st.one_of(
            _acts(["Hidden", "Third", None], then),
            st.fixed_dictionaries({"kind": st.just("end"), "on": st.integers(left_on + 1, 0)})
            if left_on
            else st.nothing(),
        )
        deciding = st.tuples(st.sampled_from(["key worker", "Hidden", "Third"]), acts)
        done = [
            world.act(who, act)
            for who, act in data.draw(st.lists(deciding, min_size=1, max_size=5))
            if has_left
        ]
        after = world.read("Lamp")
        example.rollback()

    event(f"{sum(done)} decisions elsewhere")
    assert not is_back
    assert after == before


@SETTINGS
@given(data=st.data())
def test_no_decision_of_another_house_is_read_by_this_one_wherever_the_family_went(
    world: World, data: st.DataObject
) -> None:
    with world.session.begin_nested() as example:
        world.admit(data.draw(st.lists(st.booleans(), max_size=2)))
        for who, act in data.draw(st.lists(ANYTHING, min_size=2, max_size=9)):
            world.act(who, act)

        read = {name: (world.decided(name), str(world.read(name)[0])) for name in world.houses}
        example.rollback()

    for name, (deciders, told) in read.items():
        assert deciders <= {name, "key worker"}
        for other in {"Lamp", "Hidden", "Third"} - {name}:
            assert f"{other} House" not in told
            assert f"Staff of {other}" not in told


def _texts(world: World, who: str) -> list[str]:
    return [one["text"] for one in world.read(who)[0]]


def _story(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("What was decided")[1]))


def test_another_bed_on_the_day_of_arrival_is_not_told_in_the_house_that_was_left(
    world: World, enter: Enter
) -> None:
    world.admit([False])
    for number in range(2):
        moving = {"kind": "move", "person": number, "house": "Hidden", "place": number, "on": 0}
        world.act("key worker", moving)
    lamp, path = enter(world.people["Lamp"].id), f"/shelter/stays/{world.stay.id}"
    before = _story(lamp.get(path).text)

    world.tick()
    answers = [
        enter(world.people["Hidden"].id)
        .submit(
            f"{path}/move/{world.persons[0]}",
            {"place": place, "moved_on": TODAY.isoformat(), "note": "nearer to the door"},
        )
        .status_code
        for place in (str(world.houses["Hidden"].places[3].id), "shared")
    ]

    assert answers == [303, 303]
    assert _story(lamp.get(path).text) == before


def test_a_baby_that_comes_along_is_told_in_both_houses(world: World) -> None:
    world.admit([True])
    mother = next(one.person_id for one in world.stay.stay_places if one.place_id)
    leaving = {"person": world.persons.index(mother), "house": "Hidden", "place": 0, "on": -1}

    world.act("key worker", {"kind": "move", **leaving})

    left, arrived = (_texts(world, name) for name in ("Lamp", "Hidden"))
    assert sorted(left[0].split(" · ")) == ["Anna: left the house", "Child 1: left the house"]
    assert "Child 1: in somebody’s bed" in arrived[0]
    assert len(arrived) == 1


def test_whose_name_stands_beside_a_decision_is_known_in_the_house(
    world: World,
) -> None:
    world.admit([])
    session = world.session
    mate = colleague(session, Role.SUPERVISOR, name="Mate of another house")
    services.extend_stay(session, world.stay, until=_days(40), recorded_by=mate.id, today=TODAY)
    world.act("Lamp", {"kind": "extend", "on": 50})

    told = [one["who"] for one in world.read("Lamp")[0]]

    assert told == ["Staff of Lamp", "", world.people["key worker"].name]
    assert "Mate of another house" in str(world.read("key worker")[0])


def test_what_is_written_about_a_departure_is_not_read_where_it_was_left(
    world: World,
) -> None:
    world.admit([])
    there = {"person": 0, "place": 1, "on": -1}
    world.act("key worker", {"kind": "move", **there, "house": "Lamp"})

    at_home = str(world.read("Lamp")[0])
    world.act("key worker", {"kind": "move", **there, "house": "Hidden"})

    assert "by key worker" in at_home
    assert str(world.read("Lamp")[0]).count("by key worker") == 1
    assert "by key worker" in str(world.read("Hidden")[0])
