"""Guards with one of them taken away: where each stands, and how the code runs without it.

Also a plugin of pytest: with ``HEARTH_MUTANT=module:name:line`` the tests run with that one place
open, so that the tests of a slice can be asked whether they notice.
"""

import ast
import dataclasses
import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import true

from hearth import app as factory
from hearth.accounts import guard
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.web.request import HearthFlask
from tests.architecture.test_stdlib import ROOT

HEARTH = ROOT / "platform/hearth"
CHOSEN = "HEARTH_MUTANT"
# What answers with a condition of SQL …
CONDITIONS = (
    "entrusted_households",
    "visible_households",
    "visible_referrals",
    "visible_stays",
)
# … and what answers with the thing itself, or with yes.
FINDERS = ("find_entrusted", "find_household", "find_referral", "find_stay", "is_visible")
# … and what only says yes or no of somebody's lasting right.
VERDICTS = ("is_hers_for_good", "is_hers_to_hand_over", "is_reached_by_role", "may_reopen")
FILTERS = CONDITIONS + FINDERS + VERDICTS
Site = tuple[str, str, int]


def guarded_endpoints() -> list[str]:
    """Every view that asks for a permission, read from the source."""
    found = []
    for path in sorted(HEARTH.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(one, ast.Call) and getattr(one.func, "id", "") == "permit"
                for one in node.decorator_list
            ):
                found.append(f"{path.parent.name}.{node.name}")
    return found


def filter_sites() -> list[Site]:
    """Every place that asks whose family something is: module, name of the filter, line."""
    return [
        (_module(path), name, node.lineno)
        for path in sorted(HEARTH.rglob("*.py"))
        if "demo" not in path.parts
        for node, name in _asks_in(path)
    ]


def users_of(module_name: str) -> list[str]:
    """The slices that use what stands in a module of another one."""
    package, _, module = module_name.rpartition(".")
    told = re.compile(
        rf"^from {re.escape(module_name)} import|^from {re.escape(package)} import .*\b{module}\b",
        re.MULTILINE,
    )
    paths = [path for path in sorted(HEARTH.rglob("*.py")) if told.search(path.read_text())]
    return sorted({path.relative_to(HEARTH).parts[0] for path in paths} - {"demo", "app.py"})


def shown_fields() -> list[tuple[type[Any], str]]:
    """Every field of what readers see that is of a class of data."""
    views = [
        view
        for path in sorted(HEARTH.rglob("*.py"))
        if re.search(r"^@view$", path.read_text(), re.MULTILINE)
        for view in vars(importlib.import_module(_module(path))).values()
        if getattr(view, "__module__", "") == _module(path) and _is_view(view)
    ]
    return [
        (view, one.name)
        for view in views
        for one in dataclasses.fields(view)
        if one.metadata.get("field_class") not in {None, FieldClass.CASEWORK}
    ]


def open_from_the_start(chosen: str) -> None:
    """Take one guard away before anybody has imported what it guards."""
    module_name, name, where = chosen.split(":")
    if module_name == "endpoint":
        create = factory.create_app
        factory.create_app = lambda settings: _with_open_door(create(settings), name)
    elif where.isdecimal():
        module = importlib.import_module(module_name)
        setattr(module, name, open_at(getattr(module, name), module, int(where)))
    else:
        setattr(*without_class(getattr(importlib.import_module(module_name), name), where))


def without_class(view: type[Any], name: str) -> tuple[object, str, object]:
    """What to set so that a field is shown to everybody: the object, its attribute, the value."""
    field = next(one for one in dataclasses.fields(view) if one.name == name)
    return field, "metadata", {"field_class": None, "hidden": None}


def open_at(real: Callable[..., Any], module: Any, line: int) -> Callable[..., Any]:
    """A filter that lets everything through when it is asked on one line."""

    def asked(*given: Any, **named: Any) -> Any:
        frame = sys._getframe(1)
        first, last = _lines_of_call(module.__file__, line)
        if not first <= frame.f_lineno <= last or frame.f_code.co_filename != module.__file__:
            return real(*given, **named)
        if real.__name__ in CONDITIONS:
            return true()
        if real.__name__ in VERDICTS:
            return True
        return _wide_open(real, *given, **named)

    return asked


def unguarded(app: Flask, endpoint: str) -> Callable[..., Any]:
    """The view as it would be if its decorator let everybody in who has signed in."""
    kept: Any = app.view_functions[endpoint]
    inner = inspect.unwrap(kept)

    def opened(**arguments: Any) -> Any:
        return guard._answer(inner, arguments, forms=True) if guard.signed_in() else kept()

    opened.guard = kept.guard  # type: ignore[attr-defined]
    opened.asks = kept.asks  # type: ignore[attr-defined]
    return opened


def _with_open_door(app: HearthFlask, endpoint: str) -> HearthFlask:
    app.view_functions[endpoint] = unguarded(app, endpoint)
    return app


def _is_view(kind: Any) -> bool:
    fields = getattr(kind, "__dataclass_fields__", {}).values()
    return bool(fields) and all("field_class" in one.metadata for one in fields)


def _wide_open(real: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What a finder answers when no condition holds anything back from it."""
    owner = sys.modules[real.__module__]
    kept = {one: getattr(owner, one) for one in CONDITIONS if hasattr(owner, one)}
    sees = SignedIn.sees
    try:
        for one in kept:
            setattr(owner, one, lambda *_a, **_n: true())
        SignedIn.sees = lambda *_a, **_n: True  # type: ignore[method-assign]
        return real(*given, **named)
    finally:
        for one, function in kept.items():
            setattr(owner, one, function)
        SignedIn.sees = sees  # type: ignore[method-assign]


def _module(path: Path) -> str:
    return ".".join(path.relative_to(HEARTH.parent).with_suffix("").parts)


def _asks_in(path: Path) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in FILTERS:
            yield node, str(getattr(node.func, "id", ""))


@cache
def _lines_of_call(file: str, line: int) -> tuple[int, int]:
    call = next(node for node, _name in _asks_in(Path(file)) if node.lineno == line)
    return call.lineno, call.end_lineno or call.lineno


if CHOSEN in os.environ:
    open_from_the_start(os.environ[CHOSEN])
