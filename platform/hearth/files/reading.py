"""Has a file opened and written anew in a process of its own, which may die of it."""

import subprocess
import sys
import threading
from pathlib import Path

import hearth
from hearth.files.child import REFUSED, TAKEN
from hearth.files.kinds import FileRefusedError, Kind, Refusal

# More than the child's own seconds of work, for a machine on which it has to wait for its turn.
DEADLINE = 12.0
SOURCE_ROOT = str(Path(hearth.__file__).parents[1])

_turns: dict[str, threading.Lock] = {}


def clean(data: bytes, kind: Kind, *, organisation: str) -> bytes:
    """Return a file as it was written anew; one of an organisation is read at a time.

    :raises FileRefusedError: it is not taken, or whoever read it did not live to tell.
    """
    with _turns.setdefault(organisation, threading.Lock()):
        answer = _ask_child(data, kind)
    if answer.startswith(TAKEN):
        return answer.removeprefix(TAKEN)
    if answer.startswith(REFUSED):
        raise FileRefusedError(Refusal(answer.removeprefix(REFUSED).decode()))
    raise FileRefusedError(Refusal.UNREADABLE)


def _ask_child(data: bytes, kind: Kind) -> bytes:
    # What this process has compiled is of use to the child, too, which writes nothing itself.
    kept = ["-X", f"pycache_prefix={sys.pycache_prefix}"] if sys.pycache_prefix else []
    command = [sys.executable, "-B", "-P", *kept, "-m", "hearth.files.child", kind.name]
    try:
        done = subprocess.run(  # noqa: S603 - the kind is one of ours.
            command,
            input=data,
            stdout=subprocess.PIPE,
            # A library's complaint may quote the file.
            stderr=subprocess.DEVNULL,
            timeout=DEADLINE,
            check=False,
            # None of our settings, and so none of our secrets.
            env={"PYTHONPATH": SOURCE_ROOT},
            cwd="/",
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise FileRefusedError(Refusal.UNREADABLE) from error
    return done.stdout if done.returncode == 0 else b""
