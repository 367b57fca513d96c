"""Starts child processes that cannot outlive their parent, and ends them in good order."""

import contextlib
import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

LOOPBACK = "127.0.0.1"
_PR_SET_PDEATHSIG = 1


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environ: Mapping[str, str] | None = None,
    account: pwd.struct_passwd | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, its output appended to `log`.

    The child receives `death_signal` when the thread that called this ends, however that comes
    about, so that a parent killed outright leaves nothing behind (on Linux).
    """
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - callers name fixed programs, never a visitor's words.
            [os.fspath(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environ is None else dict(environ),
            # A session of its own keeps the terminal's Ctrl-C away: the parent decides the order.
            start_new_session=True,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=_die_with_parent(death_signal),
        )


def stop(
    process: subprocess.Popen[bytes],
    *,
    signum: signal.Signals = signal.SIGTERM,
    patience: float = 15.0,
) -> None:
    """Ask `process` to end, wait, and then end whatever is left of its process group."""
    if process.poll() is None:
        process.send_signal(signum)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    # Grandchildren (a worker's fork, a web worker) share the group even when their parent is gone.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    while _group_lives(process.pid):
        time.sleep(0.01)


def processes_matching(belongs: Callable[[str], bool]) -> Iterator[int]:
    """Ids of running processes whose command line `belongs` accepts (none where there is no /proc).

    The command line is the one thing about another account's process that may always be read.
    """
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if int(entry.name) != os.getpid() and belongs(command):
                yield int(entry.name)


def end_matching(
    belongs: Callable[[str], bool], *, signum: signal.Signals, patience: float = 15.0
) -> None:
    """End every process that `belongs` accepts: politely with `signum`, then without asking."""
    deadline = time.monotonic() + patience
    for pid in processes_matching(belongs):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signum)
    while pids := list(processes_matching(belongs)):
        if time.monotonic() > deadline:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def free_port() -> int:
    """Return a loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on `port` now."""
    with socket.socket() as probe:
        # Connections of an earlier run that linger in TIME_WAIT do not stop a server from binding.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log, for an error message."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _group_lives(group: int) -> bool:
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # What follows the name in brackets: state, parent, group. The dead (Z) are only
            # waiting to be collected, which is not ours to do for a grandchild.
            state, _parent, its_group = status.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                return True
    return False


def _die_with_parent(signum: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    # Everything is looked up before the fork; after it only system calls are safe.
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signum))
        if os.getppid() != parent:
            os._exit(1)

    return arrange
