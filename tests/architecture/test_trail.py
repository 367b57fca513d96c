"""Whatever changes something about families, houses or colleagues records it, or says why not."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.test_stdlib import ROOT

HEARTH = ROOT / "platform/hearth"
SLICES = (
    "break_glass",
    "case_access",
    "case_file",
    "documents",
    "families",
    "intake",
    "service_delivery",
    "shelter",
    "staff",
)
NOT_SERVICES = {"views", "models", "access_models", "schemas", "words", "indicators"}
CHANGES = {"session.add", "session.add_all", "session.delete", "session.flush", "insert", "update"}
RECORDS = {"audit.record", "trail.record"}
# Parts of a change that the function which calls them records as a whole.
RECORDED_BY_CALLER = {
    "families.membership.add_person": "open_household, and joining a family",
    "families.services.lock": "a lock, and no change",
    "service_delivery.note_readers.carry_over": "service_delivery.services.correct_service",
    "shelter.nights.cut": "shelter.services",
    "shelter.nights.move_end": "shelter.services",
    "staff.openings.end_rows": "staff.openings.end_opened",
}


def _services() -> list[Path]:
    paths = [path for one in SLICES for path in sorted((HEARTH / one).glob("*.py"))]
    return [path for path in paths if path.stem not in NOT_SERVICES]


@cache
def _functions(path: Path) -> dict[str, ast.FunctionDef]:
    body = ast.parse(path.read_text()).body
    return {one.name: one for one in body if isinstance(one, ast.FunctionDef)}


def _called(function: ast.FunctionDef) -> set[str]:
    calls = [one.func for one in ast.walk(function) if isinstance(one, ast.Call)]
    return {ast.unparse(one) for one in calls if isinstance(one, ast.Attribute | ast.Name)}


def _reaches(path: Path, name: str, wanted: set[str]) -> bool:
    """Whether a function calls one of these, itself or through others of its module."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        called = _called(_functions(path)[waiting.pop()])
        if called & wanted:
            return True
        waiting += [one for one in called & _functions(path).keys() if one not in seen]
        seen |= called
    return False


def _writing() -> list[tuple[str, Path, str]]:
    return [
        (f"{path.parent.name}.{path.stem}.{name}", path, name)
        for path in _services()
        for name in _functions(path)
        if not name.startswith("_") and _reaches(path, name, CHANGES)
    ]


@pytest.mark.parametrize(("place", "path", "name"), _writing(), ids=lambda one: str(one)[-60:])
def test_what_changes_something_records_it(place: str, path: Path, name: str) -> None:
    records = _reaches(path, name, RECORDS)

    assert records or place in RECORDED_BY_CALLER, f"{place} changes something and records nothing"


def test_those_that_are_recorded_elsewhere_still_are() -> None:
    writing = {place: _reaches(path, name, RECORDS) for place, path, name in _writing()}

    assert {place for place in RECORDED_BY_CALLER if writing.get(place, True)} == set()
