"""The process in which one file is opened: `python -m hearth.files.child pdf`, file in, file out.

What comes in was made by a stranger and is read by libraries of many lines. Whatever it does to
them, it does to this process, which holds no secret, serves nobody, sees no other process, and has
little of everything.
"""

import os
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hearth.files.confined import confine
from hearth.files.kinds import KINDS, FileRefusedError, Kind

MEGABYTE = 1024 * 1024
CPU_SECONDS = 8
# A picture of the most pixels takes 200 MB, and a see-through one twice that for a moment.
MEMORY = {"jpg": 512 * MEGABYTE, "png": 704 * MEGABYTE, "pdf": 384 * MEGABYTE}
OPEN_FILES = 16
# Pages go before files.
NICE = 5
TAKEN = b"taken\n"
REFUSED = b"refused "


def main() -> int:
    """Clean the file on standard input; tell on standard output what became of it."""
    kind = KINDS[sys.argv[1]]
    clean = _cleaner(kind)
    _go_first()
    confine()
    _limit(MEMORY[kind.name])
    try:
        cleaned = clean(sys.stdin.buffer.read())
    except FileRefusedError as refusal:
        answer = REFUSED + refusal.reason.value.encode()
    else:
        answer = TAKEN + cleaned
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    # Without tidying up: what is left of a hostile file is the kernel's to throw away.
    os._exit(0)


def _cleaner(kind: Kind) -> Callable[[bytes], bytes]:
    # Each kind's library alone, and before anything is limited.
    if kind.name == "pdf":
        from hearth.files.papers import clean_paper  # noqa: PLC0415

        return clean_paper
    from hearth.files.pictures import clean_picture  # noqa: PLC0415

    return lambda data: clean_picture(data, kind)


def _limit(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    os.nice(NICE)


def _go_first() -> None:
    # Where memory runs out all the same, this process ends and not the one that serves pages.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


if __name__ == "__main__":
    sys.exit(main())
