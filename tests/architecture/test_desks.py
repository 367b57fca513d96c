"""Desks whose work is about everybody's data read of a family what is read in its file.

A desk's own permission counts on every family, so what it reads says nothing about one of them:
``user.eyes`` of it gives out, through a log or a list, what somebody does not read in the file.
``families.facing.eyes_at_desk`` asks by the family.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_stdlib import ROOT

HEARTH = ROOT / "platform/hearth"
DESKS = ("break_glass", "consents", "incidents", "records", "retention", "subject_rights")
MODULES = sorted(path for desk in DESKS for path in (HEARTH / desk).glob("*.py"))
# What is read of a family through the permission that opens its file is asked of that family.
OF_THE_FILE = "Permission.FAMILIES_READ"
# Where a desk asks by another permission all the same, and why that tells nothing of a family.
ASKS_ANYWHERE = {
    ("consents/views.py", "_people"): "by the guard of the page, cut to the family it is about",
    ("incidents/views.py", "_search_form"): "which houses are offered; no family stands there",
    ("subject_rights/eyes.py", "_beyond_files"): "a donor or a colleague, who has no family",
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_a_desk_reads_of_a_family_what_is_read_in_its_file(path: Path) -> None:
    asked = set(_asked_anywhere(ast.parse(path.read_text())))

    unreasoned = {(str(path.relative_to(HEARTH)), name) for name in asked} - ASKS_ANYWHERE.keys()

    assert unreasoned == set()


@pytest.mark.parametrize(
    "source",
    [
        "def look():\n    see(row, user.eyes(MINE))",
        "def look():\n    see(row, person().eyes(permission=Permission.AUDIT_READ))",
        "def look():\n    return user.sees(FieldClass.HEALTH, MINE)",
        "def look():\n    return user.sees(FieldClass.HEALTH)",
        "def look():\n    return partial(user.eyes, MINE)",
        "class Page:\n    def look(self):\n        return self.user.eyes(MINE)",
    ],
)
def test_a_question_by_the_role_alone_is_noticed(source: str) -> None:
    assert list(_asked_anywhere(ast.parse(source))) == ["look"]


@pytest.mark.parametrize(
    "source",
    [
        "def look():\n    return user.eyes(Permission.FAMILIES_READ)",
        "def look():\n    return user.sees(FieldClass.HEALTH, Permission.FAMILIES_READ)",
        "def look():\n    return sees(FieldClass.HEALTH)",
    ],
)
def test_a_question_about_the_file_is_none(source: str) -> None:
    assert list(_asked_anywhere(ast.parse(source))) == []


def _asked_anywhere(tree: ast.Module) -> Iterator[str]:
    """The functions that ask what somebody reads by her role alone."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            of_the_file = {
                id(node.func)
                for node in ast.walk(function)
                if isinstance(node, ast.Call) and _names_the_file(node)
            }
            for node in ast.walk(function):
                asks = isinstance(node, ast.Attribute) and node.attr in {"eyes", "sees"}
                if asks and id(node) not in of_the_file:
                    yield function.name


def _names_the_file(call: ast.Call) -> bool:
    through = [*call.args, *(keyword.value for keyword in call.keywords)]
    return bool(through) and ast.unparse(through[-1]) == OF_THE_FILE
