"""The supervisor: what dies is started again, and what is stopped leaves nothing behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.child_processes import processes_matching
from hearth.demo.processes import PartError, ProcessPart, Supervisor

ROOT = Path(__file__).parents[3]

# A part with a child of its own, as web and workers have; both carry the marker in their command.
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]])
print("up", flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""
# A demo in small: what it runs, and how it ends.
DEMO = """
import signal, sys
from pathlib import Path
from hearth.demo.processes import ProcessPart, Supervisor
from hearth.demo.runner import stop_on_signals
root, part = Path(sys.argv[1]), sys.argv[2]
supervisor = Supervisor(say=print)
stop_on_signals()
try:
    for name in ("one", "two"):
        log = root / f"{name}.log"
        supervisor.start(ProcessPart(
            name, [sys.executable, "-c", part, f"{root}/marker"], environ={}, log=log,
            ready=lambda log=log: b"up" in log.read_bytes(),
        ))
    print("running", flush=True)
    supervisor.watch(pause=0.05)
except KeyboardInterrupt:
    pass
finally:
    supervisor.stop_all()
"""


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    running = Supervisor(say=said.append)
    yield running
    running.stop_all()


def _part(tmp_path: Path, script: str, *, patience: float = 10.0) -> ProcessPart:
    log = tmp_path / "part.log"
    return ProcessPart(
        "Part",
        [sys.executable, "-c", script, f"{tmp_path}/marker"],
        environ={},
        log=log,
        ready=lambda: b"up" in log.read_bytes(),
        start_patience=20.0,
        stop_patience=patience,
    )


def _marked(tmp_path: Path) -> list[int]:
    return list(processes_matching(lambda command: f"{tmp_path}/marker" in command))


def _eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_part_that_was_killed_is_started_again(
    tmp_path: Path, supervisor: Supervisor, said: list[str]
) -> None:
    part = _part(tmp_path, PARENT)
    supervisor.start(part)
    assert part.process is not None
    first = part.process.pid
    os.kill(first, signal.SIGKILL)
    part.process.wait()

    supervisor.look_once()
    supervisor.look_once()

    assert part.is_running()
    assert part.process.pid != first
    assert said == ["Part ended unexpectedly; starting it again in 0 s."]
    # The killed one's child went with it: one pair runs.
    assert _eventually(lambda: len(_marked(tmp_path)) == 2)


def test_a_part_that_keeps_dying_is_given_longer_pauses_and_its_log_is_shown(
    tmp_path: Path, supervisor: Supervisor, said: list[str]
) -> None:
    part = _part(tmp_path, "print('up: the reason it dies', flush=True); raise SystemExit(1)")
    supervisor.start(part)

    def died_three_times() -> bool:
        supervisor.look_once()
        return len([line for line in said if "again in" in line]) == 3

    assert _eventually(died_three_times)
    pauses = [line.rpartition(" in ")[2] for line in said if "again in" in line]
    assert pauses == ["0 s.", "2 s.", "4 s."]
    assert any("the reason it dies" in line for line in said)


def test_a_part_that_cannot_start_says_why(tmp_path: Path, supervisor: Supervisor) -> None:
    part = _part(tmp_path, "raise SystemExit('the disk is full')")

    with pytest.raises(PartError, match=r"Part did not start\.[\s\S]*the disk is full"):
        supervisor.start(part)

    assert _marked(tmp_path) == []


def test_stopping_ends_a_parts_own_children_too(tmp_path: Path, supervisor: Supervisor) -> None:
    supervisor.start(_part(tmp_path, PARENT))
    assert _eventually(lambda: len(_marked(tmp_path)) == 2)

    supervisor.stop_all()

    assert _marked(tmp_path) == []


def test_a_part_that_ignores_the_request_is_ended_all_the_same(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    supervisor.start(_part(tmp_path, STUBBORN, patience=0.5))

    supervisor.stop_all()

    assert _marked(tmp_path) == []


def test_parts_are_stopped_in_reverse_order() -> None:
    order: list[str] = []

    class Noting:
        log = Path(os.devnull)

        def __init__(self, title: str) -> None:
            self.title = title

        def start(self) -> None:
            order.append(f"start {self.title}")

        def stop(self) -> None:
            order.append(f"stop {self.title}")

        def is_running(self) -> bool:
            return True

    supervisor = Supervisor(say=order.append)
    supervisor.start(Noting("database"))
    supervisor.start(Noting("web"))

    supervisor.stop_all()

    assert order == ["start database", "start web", "stop web", "stop database"]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_orphan_is_left_however_the_demo_ends(tmp_path: Path, signum: signal.Signals) -> None:
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}
    # Where nobody asks the parts to stop, each must end its own children, as web and workers do.
    part = STUBBORN.replace("signal.SIG_IGN", "signal.SIG_DFL") if signum == 9 else PARENT
    demo = subprocess.Popen(
        [sys.executable, "-c", DEMO, str(tmp_path), part], env=environ, stdout=subprocess.PIPE
    )
    assert demo.stdout is not None
    with contextlib.closing(demo.stdout):
        assert demo.stdout.readline() == b"running\n"
        assert _eventually(lambda: len(_marked(tmp_path)) >= 2)

        demo.send_signal(signum)
        code = demo.wait(30)

    assert code == (-signal.SIGKILL if signum == signal.SIGKILL else 0)
    assert _eventually(lambda: _marked(tmp_path) == [])
