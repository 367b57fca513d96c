"""Takes every guard away, one at a time, and demands that the generated matrix notices.

Run by ``make mutate``, by no ordinary run. Three kinds of guard: the permission that a page
asks for, each place that asks whose family something is, and the class of each field that is shown.
"""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from itertools import tee
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import FEDERATION_ROLES, Role
from hearth.accounts.policy import POLICY
from hearth.accounts.policy_models import OwnRole, RoleRule
from hearth.data_classes import FieldClass
from hearth.web.request import HearthFlask
from tests.architecture.test_stdlib import ROOT
from tests.factories.families import staff_id
from tests.isolation.belongings import Ids
from tests.isolation.conftest import furnished, ids, runtime
from tests.isolation.doors import Door, doors_of
from tests.security import mutants
from tests.security.lists import lists_of
from tests.security.questions import Answer, Knock, answers, leaks, pages, surprises, told
from tests.security.world import World
from tests.support.visitors import Visitor

__all__ = ["furnished", "ids", "runtime"]
Enter = Callable[[World], Visitor]
# The director is who reads files and answers for everybody's data, too.
WHO_ASKS = (Role.SUPERVISOR, Role.SPECIALIST, Role.HOUSE_STAFF, Role.DIRECTOR)
FIELDS_IN_WRITING = ("tests/security/test_field_classes.py",)


@pytest.mark.parametrize("endpoint", mutants.guarded_endpoints())
def test_a_page_without_its_guard_is_noticed(
    endpoint: str, app: HearthFlask, ids: dict[str, Ids],
    monkeypatch: pytest.MonkeyPatch, sign_in: Callable[..., Visitor], knock: Knock,
) -> None:  # fmt: skip
    doors = [door for door in doors_of(app) if door.endpoint == endpoint]
    monkeypatch.setitem(app.view_functions, endpoint, mutants.unguarded(app, endpoint))

    opened = [
        door
        for door in doors
        for role in _roles_on(door)
        if not door.opens_to(role)
        if knock(sign_in(role, door.site), door, ids["spb"]).status_code != 403
    ]

    assert opened or _its_tests_notice(f"hearth.{endpoint}", f"endpoint:{endpoint}:")


@pytest.mark.parametrize(("module_name", "name", "line"), mutants.filter_sites())
def test_a_place_that_no_longer_asks_whose_family_it_is_is_noticed(
    module_name: str, name: str, line: int, doors: list[Door], session: Session,
    worlds: dict[Role, World], monkeypatch: pytest.MonkeyPatch, enter: Enter, knock: Knock,
) -> None:  # fmt: skip
    module = importlib.import_module(module_name)
    real = getattr(module, name)
    monkeypatch.setattr(module, name, mutants.open_at(real, module, line))

    noticed = _ask(worlds, doors, session, enter, knock)

    chosen = f"{module_name}:{name}:{line}"
    assert noticed or _its_tests_notice(module_name, chosen, real.__module__, *_asking_too(name))


@pytest.mark.parametrize(("view", "name"), mutants.shown_fields())
def test_a_field_without_its_class_is_noticed(
    view: type[Any], name: str, app: HearthFlask, session: Session, worlds: dict[Role, World],
    monkeypatch: pytest.MonkeyPatch, enter: Enter, knock: Knock,
) -> None:  # fmt: skip
    monkeypatch.setattr(*mutants.without_class(view, name))
    world = _blindfolded(session, worlds[Role.SUPERVISOR])

    given = pages(world, enter(world), doors_of(app), knock)

    chosen = f"{view.__module__}:{view.__name__}:{name}"
    assert _gives_away(given, {FieldClass.CASEWORK}) or _its_tests_notice(view.__module__, chosen)


def _asking_too(name: str) -> list[str]:
    """The modules that ask for the same verdict: a test of one of them may be about all."""
    sites = mutants.filter_sites() if name in mutants.VERDICTS else []
    return [module for module, asked, _line in sites if asked == name]


def _ask(
    worlds: dict[Role, World], doors: list[Door], session: Session, enter: Enter, knock: Knock
) -> bool:
    """Whether any page, list or search answers otherwise than the policy says."""
    if any(lists_of(session, worlds, role) for role in WHO_ASKS):
        return True
    if _tonight(worlds[Role.HOUSE_STAFF], enter):
        return True
    for role in WHO_ASKS:
        first, second = tee(answers(worlds[role], enter(worlds[role]), doors, knock))
        if any(surprises(role, first)) or _gives_away(second, POLICY[role].fields):
            return True
    return False


def _gives_away(given: Iterable[Answer], may_read: Iterable[FieldClass]) -> bool:
    """Whether any page gives out more than may be read; asked no longer than until the first."""
    return any(leaks(told([one]), may_read) for one in given)


def _its_tests_notice(module_name: str, chosen: str, *asked: str) -> bool:
    """Whether tests of the slices that a guard stands in, asks or works for turn red without it."""
    slices = [one.split(".")[1] for one in (module_name, *asked)] + mutants.users_of(module_name)
    tests = [str(folder) for one in slices if (folder := ROOT / "tests/hearth" / one).is_dir()]
    pytest_with = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-p", mutants.__name__]
    done = subprocess.run(
        [*pytest_with, *dict.fromkeys(tests), *FIELDS_IN_WRITING],
        cwd=ROOT,
        env={**os.environ, mutants.CHOSEN: chosen},
        capture_output=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stdout.decode() + done.stderr.decode()
    return done.returncode == 1


def _roles_on(door: Door) -> list[Role]:
    return [role for role in Role if (role in FEDERATION_ROLES) == (door.site == "federation")]


def _tonight(world: World, enter: Enter) -> bool:
    page = enter(world).get("/shelter/").text
    shown = {kind for kind, thing in world.things.items() if thing.ids["stay_id"] in page}
    return {kind.value for kind in shown} != {"resident", "granted"}


def _blindfolded(session: Session, world: World) -> World:
    """Somebody who opens families and referrals, and reads no kind of data beside casework."""
    own = OwnRole(name="blind", base="supervisor", created_by=staff_id(session, Role.DIRECTOR))
    session.add(own)
    session.flush()
    session.add_all(
        RoleRule(role=own.code, item=f"field:{one}", rule="withheld", set_by=own.created_by)
        for one in POLICY[Role.SUPERVISOR].fields - {FieldClass.CASEWORK}
    )
    return world.held_by(session, own.code)
