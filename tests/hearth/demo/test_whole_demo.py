"""The demo as somebody runs it who has just cloned the repository."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.child_processes import LOOPBACK, port_is_free
from hearth.accounts.permissions import Role
from hearth.demo.sample_staff import PASSWORD

SITES = ("spb", "pskov", "ussuriysk", "krasnoyarsk", "federation")


@pytest.mark.slow
def test_the_demo_opens_the_house_and_leaves_nothing_behind(tmp_path: Path) -> None:
    port = _three_free_ports()
    told: list[str] = []

    with _demo(tmp_path, port) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            told.append(line)
            if "Ctrl-C stops everything" in line:
                break
        answers = {site: _status(port, f"{site}.localhost") for site in SITES}
        running = _left_running(tmp_path)
        demo.send_signal(signal.SIGINT)
        told += demo.stdout
        code = demo.wait(60)

    shown = "".join(told)
    assert code == 0, shown
    assert all(f"http://{site}.localhost:{port}/" in shown for site in SITES)
    assert all(f".{role}@" in shown for role in Role)
    assert PASSWORD in shown
    assert set(answers.values()) == {200}
    assert running
    assert _eventually(lambda: not _left_running(tmp_path))


@contextlib.contextmanager
def _demo(data: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    environ = {name: value for name, value in os.environ.items() if name not in _REPLACEMENTS}
    demo = subprocess.Popen(
        [sys.executable, "-m", "hearth.demo", "--port", str(port), "--data", str(data)],
        env=environ | {"DEMO_UNDER_TEST": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield demo
    finally:
        # Its parts end with it, however it ends.
        demo.kill()
        demo.wait()
        if demo.stdout is not None:
            demo.stdout.close()


# Servers of somebody else's: this demo brings its own.
_REPLACEMENTS = {"DATABASE_URL", "REDIS_URL"}


def _status(port: int, host: str) -> int:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", "/sign-in", headers={"Host": f"{host}:{port}"})
        return connection.getresponse().status


def _left_running(data: Path) -> list[str]:
    """Every process that this demo started: by its own word, or by what it was told."""
    mark, found = os.fsencode(data), []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.name != str(os.getpid()) and any(
                mark in (process / name).read_bytes() for name in ("cmdline", "environ")
            ):
                found.append((process / "cmdline").read_text(errors="replace"))
    return found


def _three_free_ports() -> int:
    """The first of three neighbouring ports that nobody listens on."""
    return next(
        port
        for port in range(20_000 + os.getpid() % 10_000, 60_000, 3)
        if all(port_is_free(port + step) for step in range(3))
    )


def _eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
