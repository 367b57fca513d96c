"""Our own log records are constant names of events; whatever varies goes through the allow-list."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

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
