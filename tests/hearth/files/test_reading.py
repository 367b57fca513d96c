"""A file is opened where it can harm nobody: with little memory, little time and no secrets."""

import ctypes
import io
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from PIL import Image

from hearth.files import child, reading
from hearth.files.kinds import KINDS, FileRefusedError, Kind, Refusal
from hearth.files.papers import MOST_UNPACKED, clean_paper
from tests.factories.files import (
    SECRET,
    huge_picture,
    paper,
    photograph,
    picture,
    scripted_paper,
    swelling_paper,
)

PDF, JPG, PNG = KINDS["pdf"], KINDS["jpg"], KINDS["png"]
# Whether the kernel answers which version of Landlock it has.
CAN_CONFINE = ctypes.CDLL(None).syscall(444, None, 0, 1) > 0
# Stands in for a library in which a file has found something to turn against it.
HARM = """
import sys, time
from hearth.files import child, kinds
def harm(data):
    {harm}
child._cleaner = lambda kind: harm
sys.exit(child.main())
"""


def clean(data: bytes, kind: Kind, organisation: str = "org_0001") -> bytes:
    return reading.clean(data, kind, organisation=organisation)


def harmed(monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    """Let the next child do this with its file in place of reading it."""
    run = subprocess.run

    def other(command: list[str], **options: Any) -> Any:
        return run([command[0], "-c", HARM.format(harm=harm), command[-1]], **options)

    monkeypatch.setattr(subprocess, "run", other)


@pytest.mark.parametrize(
    ("data", "kind"), [(photograph(), JPG), (picture("PNG"), PNG), (paper(pages=2), PDF)]
)
def test_a_file_comes_back_written_anew(data: bytes, kind: Kind) -> None:
    cleaned = clean(data, kind)

    assert cleaned.startswith(kind.begins)
    assert SECRET.encode() not in cleaned


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (scripted_paper(), PDF, Refusal.ACTIVE),
        (paper(locked=True), PDF, Refusal.LOCKED),
        (b"%PDF-1.7\nnothing", PDF, Refusal.UNREADABLE),
        (huge_picture(9_000, 9_000), PNG, Refusal.TOO_MANY_PIXELS),
    ],
)
def test_a_refusal_says_why_also_from_another_process(
    data: bytes, kind: Kind, reason: Refusal
) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        clean(data, kind)

    assert refusal.value.reason is reason


def test_a_picture_of_the_most_pixels_fits_into_the_memory_it_is_given() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (7_000, 7_000), (1, 2, 3, 100)).save(written, "PNG")

    cleaned = clean(written.getvalue(), PNG)

    assert cleaned.startswith(PNG.begins)


def test_a_small_paper_that_unpacks_to_very_much_is_refused_before_it_is_unpacked() -> None:
    swelling = swelling_paper(parts=20, megabytes=6)
    assert len(swelling) < 200_000
    began = time.process_time()

    with pytest.raises(FileRefusedError) as refusal:
        clean_paper(swelling)

    assert refusal.value.reason is Refusal.UNREADABLE
    # Unpacked as a whole it takes more than ten seconds of work.
    assert time.process_time() - began < 5


def test_a_paper_may_unpack_to_as_much_as_an_honest_one_does() -> None:
    honest = swelling_paper(parts=2, megabytes=1)

    assert clean_paper(honest).startswith(PDF.begins)
    assert MOST_UNPACKED > 2_000_000


@pytest.mark.parametrize(
    "harm",
    [
        "import os; os.kill(os.getpid(), 9)",
        "return bytes(2_000_000_000)",
        "sys.stdout.buffer.write(b'neither'); sys.stdout.flush(); import os; os._exit(0)",
        "import os; os._exit(3)",
        "import tempfile; tempfile.TemporaryFile(buffering=0).write(data); return b''",
    ],
    ids=["killed", "memory", "nonsense", "gives up", "writes"],
)
def test_whoever_dies_of_a_file_leaves_it_unread(
    monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    harmed(monkeypatch, harm)

    with pytest.raises(FileRefusedError) as refusal:
        clean(paper(), PDF)

    assert refusal.value.reason is Refusal.UNREADABLE


LOOK_AROUND = """
    import os, pathlib, socket
    seen = []
    for path in (f"/proc/{{os.getppid()}}/environ", f"/proc/{{os.getppid()}}/maps", "/etc/passwd"):
        try:
            seen.append(pathlib.Path(path).read_bytes())
        except OSError:
            pass
    try:
        os.kill(os.getppid(), 0)
        socket.create_connection(("127.0.0.1", {port}), timeout=1)
        seen.append(b"somebody")
    except OSError:
        pass
    return repr(seen).encode()
"""


@pytest.mark.skipif(not CAN_CONFINE, reason="this kernel confines no process (Landlock)")
def test_whoever_opens_a_file_sees_nothing_of_who_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        harmed(monkeypatch, LOOK_AROUND.format(port=listening.getsockname()[1]))

        seen = clean(paper(), PDF)

    assert seen == b"[]"


def test_a_process_that_keeps_to_itself_is_not_looked_into() -> None:
    ask = "import ctypes; confined.keep_to_oneself(); print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    order = [sys.executable, "-c", f"from hearth.files import confined; {ask}"]

    told = subprocess.run(order, capture_output=True, check=True, text=True)

    assert told.stdout.strip() == "0"


def test_whoever_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    harmed(monkeypatch, "time.sleep(60)")
    monkeypatch.setattr(reading, "DEADLINE", 1.0)
    began = time.monotonic()

    with pytest.raises(FileRefusedError) as refusal:
        clean(paper(), PDF)

    assert refusal.value.reason is Refusal.UNREADABLE
    assert time.monotonic() - began < 20


def test_the_child_is_limited_in_what_it_may_take_and_knows_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEARTH_SECRET_KEY", "known to the parent alone")
    harmed(
        monkeypatch,
        "import os, resource as r; return repr((sorted(os.environ), r.getrlimit(r.RLIMIT_AS)[1],"
        " r.getrlimit(r.RLIMIT_CPU)[0], r.getrlimit(r.RLIMIT_FSIZE)[0])).encode()",
    )

    told = clean(paper(), PDF).decode()

    assert "HEARTH" not in told
    assert told.endswith(f"{child.MEMORY['pdf']}, {child.CPU_SECONDS}, 0)")
    assert child.CPU_SECONDS < reading.DEADLINE


def test_one_organisations_file_is_not_waited_for_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def ask(data: bytes, _kind: Kind) -> bytes:
        if data == b"slow":
            asked.set()
            assert go_on.wait(timeout=20)
        return child.TAKEN + data

    monkeypatch.setattr(reading, "_ask_child", ask)
    slow = threading.Thread(target=clean, args=(b"slow", PDF, "org_0001"))
    second = threading.Thread(target=clean, args=(b"quick", PDF, "org_0001"))
    slow.start()
    assert asked.wait(timeout=20)
    second.start()

    elsewhere = clean(b"quick", PDF, "org_0002")

    second.join(timeout=0.2)
    waited = second.is_alive()
    go_on.set()
    for thread in (slow, second):
        thread.join(timeout=20)
    assert elsewhere == b"quick"
    assert waited


def test_files_are_read_from_many_threads_at_once() -> None:
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(clean(picture(), JPG, f"org_{n}")))
        for n in range(3)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(found) == 3
