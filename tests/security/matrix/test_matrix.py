"""Role by route by kind of family by class of data: exactly what the policy says, no surprise."""

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import POLICY
from hearth.accounts.policy_models import OwnRole, RoleRule
from hearth.data_classes import FieldClass
from hearth.families.access import permissions_on
from tests.factories.families import staff_id
from tests.factories.people import as_role
from tests.isolation.doors import Door
from tests.security.lists import lists_of
from tests.security.questions import Knock, answers, leaks, pages, surprises, told
from tests.security.world import STAFF, Kind, World, reaches
from tests.support.visitors import Visitor

Enter = Callable[[World], Visitor]
P = Permission
# Her own family, and one for each other reason for which a file or a stay opens, or does not.
EACH_WAY_IN = (Kind.OWN, Kind.SERVED, Kind.RESIDENT, Kind.GRANTED, Kind.FOREIGN)
CASEWORKERS = (Role.SOCIAL_WORKER, Role.SPECIALIST, Role.SUPERVISOR, Role.DIRECTOR)


@pytest.mark.parametrize("role", STAFF)
def test_a_role_opens_the_families_and_reads_the_data_it_may_and_no_other(
    role: Role, worlds: dict[Role, World], doors: list[Door], enter: Enter, knock: Knock
) -> None:
    world = worlds[role]

    found = list(answers(world, enter(world), doors, knock))

    classes = told(found)
    assert dict(surprises(role, found)) == {}
    assert leaks(classes, POLICY[role].fields) == {}
    if role in CASEWORKERS:
        shown = POLICY[role].fields - {FieldClass.CASEWORK, FieldClass.MONEY}
        assert classes["case_file.show"] == {one.value for one in shown}


@pytest.mark.parametrize("withheld", sorted(POLICY[Role.SUPERVISOR].fields - {FieldClass.CASEWORK}))
def test_a_kind_of_data_taken_from_a_role_is_on_no_page(
    withheld: FieldClass, session: Session, worlds: dict[Role, World],
    doors: list[Door], enter: Enter, knock: Knock,
) -> None:  # fmt: skip
    administrator = staff_id(session, Role.ADMINISTRATOR)
    own = OwnRole(name="narrow", base=Role.SUPERVISOR.value, created_by=administrator)
    session.add(own)
    session.flush()
    _take_away(session, own.code, f"field:{withheld}", administrator)
    world = worlds[Role.SUPERVISOR].held_by(session, own.code).only(*EACH_WAY_IN)

    classes = told(pages(world, enter(world), doors, knock))

    left = POLICY[Role.SUPERVISOR].fields - {withheld}
    assert leaks(classes, left) == {}
    # A doctor's note is a note: who reads no notes reads none of hers either.
    notes = {FieldClass.HEALTH, FieldClass.LEGAL} if withheld is FieldClass.FREE_TEXT else set()
    shown = left - {FieldClass.CASEWORK} - notes
    assert classes["case_file.show"] == {one.value for one in shown}


def test_lists_counts_and_searches_obey_the_same_rule(
    session: Session, worlds: dict[Role, World]
) -> None:
    wrong: dict[str, object] = {}

    for role in worlds:
        wrong |= lists_of(session, worlds, role)

    assert wrong == {}


@pytest.mark.parametrize("role", [Role.SOCIAL_WORKER, Role.HOUSE_STAFF, Role.DUTY_OPERATOR])
def test_tonights_page_names_those_alone_whom_a_role_may_see(
    role: Role, worlds: dict[Role, World], enter: Enter
) -> None:
    world = worlds[role]

    page = enter(world).get("/shelter/").text

    shown = {kind for kind, thing in world.things.items() if thing.ids["stay_id"] in page}
    may_read = FieldClass.LOCATION in POLICY[role].fields
    seen = {kind for kind in Kind if may_read and reaches(role, P.SHELTER_READ, kind, stay=True)}
    right = seen - {Kind.DEPARTED}
    assert shown == right
    assert ("Lastcanary" in page) == (FieldClass.IDENTITY in POLICY[role].fields and bool(right))
    assert ("Firstname" in page) == bool(right)


def test_buttons_of_a_file_are_those_that_lead_somewhere(
    session: Session, worlds: dict[Role, World]
) -> None:
    wrong = {}

    for role, world in worlds.items():
        user = as_role(session, role)
        for kind, thing in world.things.items():
            allowed = permissions_on(session, thing.household_id, user=user)
            right = {one for one in POLICY[role].scopes if reaches(role, one, kind)}
            if allowed != right:
                wrong[f"{role}: {kind}"] = (allowed, right)

    assert wrong == {}


@pytest.mark.parametrize("role", CASEWORKERS)
def test_a_family_that_may_not_be_seen_is_answered_like_one_that_does_not_exist(
    role: Role, worlds: dict[Role, World], enter: Enter
) -> None:
    world = worlds[role]
    visitor, hidden = enter(world), world.things[Kind.RESTRICTED].household_id

    theirs = visitor.get(f"/families/{hidden}")
    missing = visitor.get(f"/families/{world.user_id}")

    assert theirs.status_code == missing.status_code == 404
    assert theirs.text.replace(str(hidden), "") == missing.text.replace(str(world.user_id), "")


def _take_away(session: Session, code: str, item: str, by: uuid.UUID) -> None:
    session.add(RoleRule(role=code, item=item, rule="withheld", set_by=by))
    session.flush()
