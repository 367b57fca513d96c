"""Takes every guard away, one at a time, and demands that the generated matrix notices.

Run by ``make mutate``, by no ordinary run. Three kinds of guard: the permission that a page
asks for, each place that asks whose family something is, and the class of each field that is shown.
"""

import ast
import dataclasses
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import true
from sqlalchemy.orm import Session

from hearth.accounts import guard
from hearth.accounts.permissions import Role
from hearth.accounts.policy import POLICY
from hearth.accounts.policy_models import OwnRole, RoleRule
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.families.seen import SeenEpisode, SeenMember, SeenPerson
from hearth.intake.seen import SeenReferral
from hearth.service_delivery.sealed import SeenService
from hearth.web.request import HearthFlask
from tests.architecture.test_stdlib import ROOT
from tests.factories.families import staff_id
from tests.factories.people import colleague
from tests.isolation.belongings import ids_in
from tests.isolation.doors import doors_of
from tests.security.lists import lists_of
from tests.security.questions import Knock, about_families, leaks, surprises, told
from tests.security.world import STAFF, World, build, build_for
from tests.support.visitors import Visitor

HEARTH = ROOT / "platform/hearth"
FILTERS = (
    "visible_households",
    "visible_stays",
    "find_household",
    "find_referral",
    "find_stay",
    "visible_referrals",
)
Enter = Callable[[World], Visitor]


def _module(path: Path) -> str:
    return ".".join(path.relative_to(HEARTH.parent).with_suffix("").parts)


def guarded_endpoints() -> list[str]:
    """Every view that asks for a permission, read from the source."""
    found = []
    for path in sorted(HEARTH.glob("*/views.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(one, ast.Call) and getattr(one.func, "id", "") == "permit"
                for one in node.decorator_list
            ):
                found.append(f"{path.parent.name}.{node.name}")
    return found


def filter_sites() -> list[tuple[str, str, int]]:
    """Every place that asks whose family something is: module, name of the filter, line."""
    found = []
    for path in sorted(HEARTH.rglob("*.py")):
        if "demo" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in FILTERS:
                found.append((_module(path), str(getattr(node.func, "id", "")), node.lineno))
    return found


def shown_fields() -> list[tuple[type[Any], str]]:
    """Every field of a view that is of a class of data a canary is written into."""
    canaried = {
        (SeenPerson, "family_name"),
        (SeenPerson, "patronymic"),
        (SeenPerson, "phone"),
        (SeenPerson, "contact_note"),
        (SeenReferral, "mother_name"),
        (SeenReferral, "mother_contact"),
        (SeenReferral, "situation"),
        (SeenService, "note"),
    }
    views = (SeenPerson, SeenMember, SeenEpisode, SeenReferral, SeenService)
    fields = [(view, one.name) for view in views for one in dataclasses.fields(view)]
    return [pair for pair in fields if pair in canaried]


@pytest.mark.parametrize("endpoint", guarded_endpoints())
def test_a_page_without_its_guard_is_noticed(
    endpoint: str, app: HearthFlask, session: Session, monkeypatch: pytest.MonkeyPatch,
    sign_in: Callable[..., Visitor], knock: Knock,
) -> None:  # fmt: skip
    ids = ids_in(session, "spb")
    doors = [door for door in doors_of(app) if door.endpoint == endpoint]
    monkeypatch.setitem(app.view_functions, endpoint, _unguarded(app, endpoint))

    opened = [
        door
        for door in doors
        for role in STAFF
        if not door.opens_to(role) and door.site == "spb"
        if knock(sign_in(role), door, ids).status_code != 403
    ]
    federal = [door for door in doors if door.site == "federation"]

    assert opened or federal


@pytest.mark.parametrize(("module_name", "name", "line"), filter_sites())
def test_a_place_that_no_longer_asks_whose_family_it_is_is_noticed(
    module_name: str, name: str, line: int, app: HearthFlask, session: Session,
    monkeypatch: pytest.MonkeyPatch, enter: Enter, knock: Knock,
) -> None:  # fmt: skip
    module = importlib.import_module(module_name)
    monkeypatch.setattr(module, name, _open_at(getattr(module, name), module, line))
    # The director is who reads files and answers for everybody's data, too.
    roles = [Role.SUPERVISOR, Role.SPECIALIST, Role.HOUSE_STAFF, Role.DIRECTOR]
    worlds = build(session, roles)

    noticed = _ask(worlds, app, session, enter, knock)

    assert noticed


@pytest.mark.parametrize(("view", "name"), shown_fields())
def test_a_field_without_its_class_is_noticed(
    view: type[Any], name: str, app: HearthFlask, session: Session,
    monkeypatch: pytest.MonkeyPatch, enter: Enter, knock: Knock,
) -> None:  # fmt: skip
    field = next(one for one in dataclasses.fields(view) if one.name == name)
    monkeypatch.setattr(field, "metadata", {"field_class": None, "hidden": None})
    world = _blindfolded(session)

    classes = told(enter(world), world.things.values(), doors_of(app), knock)

    assert leaks(classes, {FieldClass.CASEWORK})


def _ask(
    worlds: dict[Role, World], app: HearthFlask, session: Session, enter: Enter, knock: Knock
) -> bool:
    """Whether any page, list or search answers otherwise than the policy says."""
    doors = about_families([door for door in doors_of(app) if door.guard is not None])
    if any(lists_of(session, worlds, role) for role in worlds):
        return True
    if _tonight(worlds[Role.HOUSE_STAFF], enter):
        return True
    if any(surprises(world, enter(world), doors, knock) for world in worlds.values()):
        return True
    # What a file shows of the houses is no address of its own, and no specialist's to know.
    blind = worlds[Role.SPECIALIST]
    classes = told(enter(blind), blind.things.values(), doors, knock)
    return bool(leaks(classes, POLICY[blind.role].fields))


def _tonight(world: World, enter: Enter) -> bool:
    page = enter(world).get("/shelter/").text
    shown = {kind for kind, thing in world.things.items() if thing.ids["stay_id"] in page}
    return {kind.value for kind in shown} != {"resident", "granted"}


def _blindfolded(session: Session) -> World:
    """Somebody who opens families and referrals, and reads no kind of data beside casework."""
    own = OwnRole(name="blind", base="supervisor", created_by=staff_id(session, Role.DIRECTOR))
    session.add(own)
    session.flush()
    session.add_all(
        RoleRule(role=own.code, item=f"field:{one}", rule="withheld", set_by=own.created_by)
        for one in POLICY[Role.SUPERVISOR].fields - {FieldClass.CASEWORK}
    )
    user, stranger = colleague(session, own.code), colleague(session, Role.SOCIAL_WORKER)
    return build_for(session, Role.SUPERVISOR, user.id, stranger.id)


def _unguarded(app: Flask, endpoint: str) -> Callable[..., Any]:
    """The view as it would be if its decorator let everybody in who has signed in."""
    kept: Any = app.view_functions[endpoint]
    inner = inspect.unwrap(kept)

    def opened(**arguments: Any) -> Any:
        return guard._answer(inner, arguments, forms=True) if guard.signed_in() else kept()

    opened.guard = kept.guard  # type: ignore[attr-defined]
    opened.asks = kept.asks  # type: ignore[attr-defined]
    return opened


def _open_at(real: Callable[..., Any], module: Any, line: int) -> Callable[..., Any]:
    """A filter that lets everything through when it is asked on one line."""
    everything = _everywhere()

    def asked(*given: Any, **named: Any) -> Any:
        frame = sys._getframe(1)
        node = _call_at(module.__file__, line)
        if not node[0] <= frame.f_lineno <= node[1] or frame.f_code.co_filename != module.__file__:
            return real(*given, **named)
        if real.__name__.startswith("visible_"):
            return true()
        return everything(real, *given, **named)

    return asked


def _everywhere() -> Callable[..., Any]:
    def ask(real: Callable[..., Any], *given: Any, **named: Any) -> Any:
        owner = sys.modules[real.__module__]
        names = [one for one in FILTERS if one.startswith("visible_") and hasattr(owner, one)]
        kept = {one: getattr(owner, one) for one in names}
        sees = SignedIn.sees
        try:
            for one in names:
                setattr(owner, one, lambda *_a, **_n: true())
            SignedIn.sees = lambda *_a, **_n: True  # type: ignore[method-assign]
            return real(*given, **named)
        finally:
            for one, function in kept.items():
                setattr(owner, one, function)
            SignedIn.sees = sees  # type: ignore[method-assign]

    return ask


def _call_at(file: str, line: int) -> tuple[int, int]:
    calls: Iterator[ast.Call] = (
        node
        for node in ast.walk(ast.parse(Path(file).read_text()))
        if isinstance(node, ast.Call)
        and node.lineno == line
        and getattr(node.func, "id", "") in FILTERS
    )
    call = next(calls)
    return call.lineno, call.end_lineno or call.lineno
