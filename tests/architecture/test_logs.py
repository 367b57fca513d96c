"""Our own log records are constant names of events; whatever varies goes through the allow-list."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.logs import ALLOWED
from tests.architecture.test_stdlib import ROOT

LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})
MODULES = sorted(
    path
    for folder in ("config", "tenants", "platform/hearth", "workers")
    for path in (ROOT / folder).rglob("*.py")
    if "demo" not in path.parts and "sandbox" not in path.parts
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_record_is_named_by_a_constant(path: Path) -> None:
    strange = [ast.unparse(call) for call in _records(path) if not _is_constant(call)]

    assert strange == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_record_says_nothing_that_would_be_dropped(path: Path) -> None:
    tree = ast.parse(path.read_text())

    said = {key for call in _records(path) for key in _keys_of(call, tree)}

    assert said <= ALLOWED


def _keys_of(call: ast.Call, tree: ast.Module) -> Iterator[str]:
    """The keys of a record's extra, also of one that was put together a few lines before."""
    for keyword in call.keywords:
        for found in _dictionaries(keyword.value, tree):
            for key in found.keys:
                assert isinstance(key, ast.Constant), ast.unparse(found)
                yield str(key.value)


def _dictionaries(value: ast.expr, tree: ast.Module) -> list[ast.Dict]:
    if isinstance(value, ast.Dict):
        return [value]
    if isinstance(value, ast.Name):
        return [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Dict)
            and any(isinstance(name, ast.Name) and name.id == value.id for name in node.targets)
        ]
    assert isinstance(value, ast.Call), ast.unparse(value)
    assert isinstance(value.func, ast.Name), ast.unparse(value)
    asked = value.func.id
    return [
        inner.value
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == asked
        for inner in ast.walk(node)
        if isinstance(inner, ast.Return) and isinstance(inner.value, ast.Dict)
    ]


def test_no_record_of_ours_escapes_these_tests() -> None:
    # A logger under another name would be seen by neither test above.
    strange = [
        str(path.relative_to(ROOT))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assign)
        and "getLogger(__name__)" in ast.unparse(node.value)
        and ast.unparse(node.targets[0]) != "log"
    ]

    assert strange == []


def _records(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in {"log", "logger", "logging"}
            and node.func.attr in LEVELS
        ):
            yield node


def _is_constant(call: ast.Call) -> bool:
    if len(call.args) != 1 or {keyword.arg for keyword in call.keywords} - {"extra"}:
        return False
    name = call.args[0]
    return (
        isinstance(name, ast.Constant)
        and isinstance(name.value, str)
        and re.fullmatch(r"[a-z_]+", name.value) is not None
    )
