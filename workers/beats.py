"""Signs of life: a file that a background process touches as long as its loop turns."""

import tempfile
import time
from pathlib import Path

DEAD_AFTER_SECONDS = 180.0


def beat_file(process: str) -> Path:
    """Where the worker of a queue, or the scheduler, leaves its sign of life."""
    return Path(tempfile.gettempdir()) / f"hearth-{process}.beat"


def is_alive(process: str) -> bool:
    """Whether this machine's worker of a queue, or its scheduler, has turned its loop lately."""
    try:
        return time.time() - beat_file(process).stat().st_mtime < DEAD_AFTER_SECONDS
    except FileNotFoundError:
        return False
