"""Two roles together give nobody what neither of them gives."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import (
    ABOUT_FAMILIES,
    POLICY,
    WITHIN,
    HeldRole,
    Scope,
    scopes_offered,
    standing,
)
from hearth.accounts.policy_models import OwnRole, RoleRule
from hearth.data_classes import FieldClass
from hearth.shelter.seen import seen_tonight
from tests.factories.families import TODAY, mother, open_family, staff_id
from tests.factories.people import as_user, colleague, grant
from tests.isolation.doors import Door
from tests.security.questions import Knock, leaks, pages, told
from tests.security.world import STAFF, Kind, World, build_for
from tests.support.visitors import Visitor

Enter = Callable[[World], Visitor]
MINE = (Kind.OWN, Kind.SERVED, Kind.TEAM, Kind.GRANTED)
NAMES = ("Lastcanary", "Pattercanary")


@pytest.fixture
def overview(session: Session) -> OwnRole:
    """A role that reaches every family and reads nothing but that it is there."""
    by = staff_id(session, Role.ADMINISTRATOR)
    own = OwnRole(name="overview", base=Role.DIRECTOR.value, created_by=by)
    session.add(own)
    session.flush()
    withheld = POLICY[Role.DIRECTOR].fields - {FieldClass.CASEWORK}
    session.add_all(
        RoleRule(role=own.code, item=f"field:{one}", rule="withheld", set_by=by) for one in withheld
    )
    return own


@pytest.fixture
def world(session: Session, worlds: dict[Role, World], overview: OwnRole) -> World:
    """A supervisor who holds that role besides."""
    return worlds[Role.SUPERVISOR].held_by(session, overview.code, Role.SUPERVISOR)


def test_a_wide_role_lends_nothing_to_one_that_reads_more(
    world: World, doors: list[Door], enter: Enter, knock: Knock
) -> None:
    foreign = world.only(Kind.FOREIGN, Kind.FORMER_TEAM)

    classes = told(pages(foreign, enter(world), doors, knock))

    assert leaks(classes, {FieldClass.CASEWORK}) == {}


def test_her_own_families_are_read_as_before(
    world: World, doors: list[Door], enter: Enter, knock: Knock
) -> None:
    mine = world.only(*MINE)

    classes = told(pages(mine, enter(world), doors, knock))

    read = POLICY[Role.SUPERVISOR].fields - {FieldClass.CASEWORK, FieldClass.MONEY}
    assert classes["case_file.show"] == {one.value for one in read}


def test_the_list_names_her_own_alone_and_nobody_else_is_found_by_name(
    world: World, enter: Enter
) -> None:
    supervisor = enter(world)

    page = supervisor.get("/families/?view=all").text
    found = supervisor.submit("/families/", {"text": "Lastcanary"}).text

    numbers = {kind: thing.case_number for kind, thing in world.things.items()}
    assert numbers[Kind.FOREIGN] in page
    assert numbers[Kind.OWN] in page
    rows = {
        kind: page.split(number)[1].split("</tr>")[0]
        for kind, number in numbers.items()
        if number in page
    }
    assert any(name in rows[Kind.OWN] for name in NAMES)
    assert not any(name in rows[Kind.FOREIGN] for name in NAMES)
    assert numbers[Kind.FOREIGN] not in found


@given(st.lists(st.tuples(st.sampled_from(STAFF), st.sampled_from(list(Scope))), max_size=4))
def test_facets_read_what_one_role_reads_there_and_no_more(
    chosen: list[tuple[Role, Scope]],
) -> None:
    held = [
        HeldRole(base=role, layers=(dict.fromkeys(POLICY[role].scopes, scope.value),))
        for role, scope in chosen
    ]

    came_to = standing(held)

    for permission, facets in came_to.facets.items():
        for scope in Scope:
            single = frozenset[FieldClass]().union(
                *(
                    role.fields()
                    for role in held
                    if scope in WITHIN[role.scopes().get(permission, Scope.OWN)]
                    and permission in role.scopes()
                )
            )
            together = frozenset[FieldClass]().union(
                *(
                    facet.fields
                    for facet in facets
                    if any(scope in WITHIN[wide] for wide in facet.scopes)
                )
            )
            assert together == single
        assert all(came_to.fields[permission] <= facet.fields for facet in facets)


def test_whoever_reads_no_telephone_finds_nobody_by_one(session: Session, enter: Enter) -> None:
    by = staff_id(session, Role.ADMINISTRATOR)
    own = OwnRole(name="no telephones", base=Role.SOCIAL_WORKER.value, created_by=by)
    session.add(own)
    session.flush()
    session.add(RoleRule(role=own.code, item="field:contact", rule="withheld", set_by=by))
    family = open_family(session, members=[mother(phone="+7 000 555-01-63")])
    numbers = {}

    for role in (own.code, Role.SOCIAL_WORKER.value):
        user = colleague(session, role)
        grant(session, family, user.id)
        visitor = enter(World(Role.SOCIAL_WORKER, user.id))
        page = visitor.submit("/families/", {"text": "+7 000 555-01-63"}).text
        numbers[role] = family.case_number in page

    assert numbers == {own.code: False, Role.SOCIAL_WORKER.value: True}


@pytest.mark.parametrize("role", STAFF)
def test_a_permission_that_counts_on_no_family_is_held_or_not(role: Role) -> None:
    for permission, widest in POLICY[role].scopes.items():
        for asked in WITHIN[widest]:
            held = HeldRole(base=role, layers=({permission: asked.value},))

            left = held.scopes().get(permission)

            counts = asked if asked in scopes_offered(permission, widest) else None
            assert left is counts, f"{permission} narrowed to {asked}"


def test_what_is_asked_about_families_is_what_can_be_narrowed(doors: list[Door]) -> None:
    asked = {door.guard for door in doors if {"household_id", "stay_id"} & set(door.parameters)}

    # The law's and the records' questions are put to whoever holds them, about every family.
    everybody = {
        Permission.SUBJECT_RIGHTS,
        Permission.AUDIT_READ,
        Permission.BREAK_GLASS,
        Permission.BREAK_GLASS_REVIEW,
    }
    assert asked - everybody <= ABOUT_FAMILIES


def test_who_works_in_a_house_and_answers_the_telephone_still_sees_her_guests(
    session: Session,
) -> None:
    user = colleague(session, Role.HOUSE_STAFF)
    user.roles = [Role.HOUSE_STAFF.value, Role.DUTY_OPERATOR.value]
    stranger = colleague(session, Role.SOCIAL_WORKER)
    world = build_for(session, Role.HOUSE_STAFF, user.id, stranger.id)

    houses = seen_tonight(session, TODAY, user=as_user(session, user.id))

    seen = {str(one.stay.id): one.guests[0].person for house in houses for one in house.families}
    stays = {kind: thing.ids["stay_id"] for kind, thing in world.things.items()}
    assert seen[stays[Kind.RESIDENT]].given_name
    assert seen[stays[Kind.RESIDENT]].family_name == ""
    assert stays[Kind.FOREIGN] not in seen
