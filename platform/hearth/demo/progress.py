"""Tells on the terminal what is being done, how far it is, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

BAR_WIDTH = 24
TITLE_WIDTH = 44
# A log file that is no terminal gets a line only this often.
QUIET_SECONDS = 10.0


class Progress:
    """Writes one line per step; on a terminal a long step grows a bar in its line."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._began = time.monotonic()
        self._line_open = False

    def say(self, text: str) -> None:
        """Write a line of its own."""
        self._out.write(("\n" if self._line_open else "") + text + "\n")
        self._out.flush()
        self._line_open = False

    @contextmanager
    def step(self, title: str) -> Iterator["Step"]:
        """Announce a step, and finish its line with the time it took when it is done."""
        step = Step(self, title)
        self.show(title, "…")
        yield step
        self.show(title, f"{time.monotonic() - step.began:6.1f} s", final=True)

    def show(self, title: str, state: str, *, final: bool = False) -> None:
        """Write, or rewrite on a terminal, the line of a step."""
        elapsed = time.monotonic() - self._began
        line = f"{elapsed:6.1f} s  {title:<{TITLE_WIDTH}} {state}"
        if self._out.isatty():
            # Clear to the end of the line: a bar is longer than the time that replaces it.
            self._out.write(f"\r{line}\x1b[K" + ("\n" if final else ""))
            self._line_open = not final
        elif final or "/" in state:
            self._out.write(line + "\n")
        self._out.flush()

    @property
    def is_terminal(self) -> bool:
        """Tell whether somebody watches, so that redrawing makes sense."""
        return self._out.isatty()


class Step:
    """A step in progress, whose doer may tell how far it is."""

    def __init__(self, progress: Progress, title: str) -> None:
        self.began = time.monotonic()
        self._progress = progress
        self._title = title
        self.shown_at = self.began

    def advance(self, done: int, total: int) -> None:
        """Show that `done` of `total` is done."""
        now = time.monotonic()
        if now - self.shown_at < (0.1 if self._progress.is_terminal else QUIET_SECONDS):
            return
        self.shown_at = now
        filled = BAR_WIDTH * done // max(total, 1)
        bar = "█" * filled + "░" * (BAR_WIDTH - filled)
        self._progress.show(self._title, f"{bar} {done}/{total}")
