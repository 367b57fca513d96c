"""Whom a family's file names is seen with the eyes of that file, never as she is recorded.

What is recorded about a person may be another family's to tell. ``families.seen.see_known`` asks
what one file knows of her; ``see_person`` shows whatever is recorded.
"""

import ast
from pathlib import Path

from tests.architecture.test_stdlib import ROOT

HEARTH = ROOT / "platform/hearth"
# Who shows somebody as she is recorded all the same, and why no family's words come out by it.
SHOW_WHAT_IS_RECORDED = {
    ("incidents/people.py", "_concerned"): "who is hidden in any of her families is left out",
    ("subject_rights/reading.py", "_name"): "a name, for whoever has every family of hers",
}


def test_nobody_shows_one_of_a_family_as_she_is_recorded_without_a_reason() -> None:
    asked = {found for path in HEARTH.rglob("*.py") for found in _showing(path)}

    assert asked == SHOW_WHAT_IS_RECORDED.keys()


def _showing(path: Path) -> set[tuple[str, str]]:
    return {
        (str(path.relative_to(HEARTH)), function.name)
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == "see_person"
    }
