"""Whoever wants something from the network goes through a door that was made for it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_stdlib import ROOT

NETWORK = {
    "aiohttp", "ftplib", "http.client", "httpx", "poplib", "requests", "smtplib", "socket",
    "telnetlib", "urllib.request", "urllib3",
}  # fmt: skip
# Each speaks to one address of our own settings; hearth.web.outgoing is for everybody else's.
DOORS = {
    "config/child_processes.py": {"socket"},
    "config/embedded.py": {"socket"},
    "platform/hearth/files/scanning.py": {"socket"},
    "platform/hearth/outbox/mail.py": {"smtplib"},
    "platform/hearth/proof/doors.py": {"http.client"},
    "platform/hearth/sealing/transit.py": {"http.client", "urllib.request"},
    "platform/hearth/web/outgoing.py": {"http.client", "socket"},
}
MODULES = sorted(
    path
    for folder in ("config", "tenants", "platform/hearth", "workers", "migrations")
    for path in (ROOT / folder).rglob("*.py")
    if "demo" not in path.parts and "sandbox" not in path.parts
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_named_modules_speak_to_the_network(path: Path) -> None:
    used = NETWORK.intersection(_imported(path))

    assert used == DOORS.get(str(path.relative_to(ROOT)), set())


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
