"""Keeps the parts of a running demo alive: starts in order, restarts, stops in reverse."""

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from config import child_processes

# A part that lived this long had not been failing: its next death counts as the first again.
STABLE_SECONDS = 30.0
LONGEST_PAUSE = 30.0
# From this many deaths in a row on, the end of the log is shown with every further one.
SHOW_LOG_FROM = 2

Say = Callable[[str], None]


class PartError(RuntimeError):
    """A part of the demo could not be started; the message shows the end of its log."""


class Part(Protocol):
    """Anything the supervisor can keep running; the embedded servers are such parts too."""

    title: str
    log: Path

    def start(self) -> object:
        """Start, and return when it can be used."""

    def stop(self) -> None:
        """Stop, together with every process it started."""

    def is_running(self) -> bool:
        """Tell whether it is alive."""


class ProcessPart:
    """A part that is one process with its children, its output kept in a log file."""

    def __init__(
        self,
        title: str,
        command: list[str | Path],
        *,
        environ: Mapping[str, str],
        log: Path,
        ready: Callable[[], bool] | None = None,
        start_patience: float = 180.0,
        stop_patience: float = 15.0,
    ) -> None:
        self.title = title
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self._command = command
        self._environ = environ
        self._ready = ready
        self._start_patience = start_patience
        self._stop_patience = stop_patience

    def start(self) -> None:
        """Start the process and wait until it says it is ready, where it can say so.

        :raises PartError: it ended, or was not ready in time.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.stop()
        self.process = child_processes.spawn(self._command, log=self.log, environ=self._environ)
        deadline = time.monotonic() + self._start_patience
        while self._ready is not None and not self._ready():
            if not self.is_running() or time.monotonic() > deadline:
                self.stop()
                raise PartError(f"{self.title} did not start.\n{end_of_log(self)}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Ask the process to end its work, then end what is left of its group."""
        if self.process is not None:
            child_processes.stop(self.process, patience=self._stop_patience)
            self.process = None

    def is_running(self) -> bool:
        """Tell whether the process is alive."""
        return self.process is not None and self.process.poll() is None


@dataclass
class _Kept:
    part: Part
    started_at: float
    deaths: int = 0
    again_at: float | None = None


@dataclass
class Supervisor:
    """Owns the running parts; call everything from one thread, in which they are started."""

    say: Say
    _kept: list[_Kept] = field(default_factory=list)

    def start(self, part: Part) -> None:
        """Start a part and keep it running from now on."""
        # Known before it starts: an interrupt at any moment must find it in the list.
        self._kept.append(_Kept(part, time.monotonic()))
        part.start()

    def watch(self, *, pause: float = 0.5) -> None:
        """Look after the parts until an exception (Ctrl-C) ends it."""
        while True:
            self.look_once()
            time.sleep(pause)

    def look_once(self) -> None:
        """Notice the dead, and start again those whose pause is over."""
        now = time.monotonic()
        for kept in self._kept:
            if kept.again_at is not None:
                if now >= kept.again_at:
                    self._start_again(kept)
            elif not kept.part.is_running():
                self._note_death(kept, now)

    def stop_all(self) -> None:
        """Stop every part, the last started first; one that resists does not keep the others."""
        while self._kept:
            part = self._kept.pop().part
            try:
                part.stop()
            except OSError as error:
                self.say(f"{part.title} could not be stopped: {error}")

    def _note_death(self, kept: _Kept, now: float) -> None:
        if now - kept.started_at >= STABLE_SECONDS:
            kept.deaths = 0
        kept.deaths += 1
        pause = 0.0 if kept.deaths == 1 else min(2.0 ** (kept.deaths - 1), LONGEST_PAUSE)
        kept.again_at = now + pause
        self.say(f"{kept.part.title} ended unexpectedly; starting it again in {pause:.0f} s.")
        if kept.deaths >= SHOW_LOG_FROM:
            self.say(end_of_log(kept.part))

    def _start_again(self, kept: _Kept) -> None:
        kept.again_at = None
        kept.started_at = time.monotonic()
        try:
            kept.part.start()
        except RuntimeError as error:
            # What keeps a part from starting may pass; the next look counts it as a death.
            self.say(str(error))


def end_of_log(part: Part) -> str:
    """The last lines of a part's log, with its address for the rest."""
    return f"The end of {part.log}:\n{child_processes.tail(part.log)}"
