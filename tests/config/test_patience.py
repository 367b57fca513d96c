"""A request arrives in time or not at all: slow senders hold no thread for long."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from gunicorn.http.errors import NoMoreData

from config import child_processes, patience
from config.child_processes import LOOPBACK, free_port
from config.patience import PatientReader
from tests.architecture.test_stdlib import ROOT

GRACE = 1.0
RUN = (
    f"import sys; from config import patience; patience.GRACE_SECONDS = {GRACE};"
    "from gunicorn.app.wsgiapp import run; sys.argv = ['gunicorn', '-c', 'python:config.gunicorn',"
    "'tests.support.reading_app:app']; run()"
)
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A gunicorn with our settings and two threads, whose clock runs faster."""
    number = free_port()
    log = tmp_path_factory.mktemp("gunicorn") / "log"
    environ = {
        **os.environ,
        "HEARTH_WEB_BIND": f"{LOOPBACK}:{number}",
        "HEARTH_WEB_THREADS": "2",
        "WEB_CONCURRENCY": "1",
        "PYTHONPATH": os.fspath(ROOT),
    }
    server = child_processes.spawn([sys.executable, "-c", RUN], log=log, environ=environ)
    _wait_for(number, server, log)
    yield number
    child_processes.stop(server)


def _wait_for(number: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection((LOOPBACK, number), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"gunicorn does not answer:\n{log.read_text()}")


def say(port: int, words: bytes) -> socket.socket:
    wire = socket.create_connection((LOOPBACK, port), timeout=20)
    wire.sendall(words)
    return wire


def answer(wire: socket.socket) -> bytes:
    """Everything until the connection ends."""
    heard = b""
    with wire, suppress(ConnectionError):
        while piece := wire.recv(4096):
            heard += piece
    return heard


def test_what_comes_in_time_is_read(pair: tuple[socket.socket, socket.socket]) -> None:
    here, there = pair
    reader = PatientReader(here)
    there.sendall(b"abc")

    assert reader.chunk() == b"abc"
    assert here.gettimeout() is None


def test_a_trickle_ends_when_the_time_is_up_and_not_after_each_byte(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "GRACE_SECONDS", 0.3)
    here, there = pair
    reader = PatientReader(here)
    began = time.monotonic()

    with pytest.raises(NoMoreData):
        _read_a_trickle(reader, there)

    assert time.monotonic() - began < 5


def _read_a_trickle(reader: PatientReader, sender: socket.socket) -> None:
    while True:
        sender.sendall(b"x")
        assert reader.chunk() == b"x"
        time.sleep(0.05)


def test_who_sends_quickly_earns_the_time_for_a_large_file(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "GRACE_SECONDS", 0.2)
    monkeypatch.setattr(patience, "BYTES_A_SECOND", 10)
    here, there = pair
    reader = PatientReader(here)
    there.sendall(b"x" * 1000)
    reader.chunk()
    time.sleep(0.3)
    there.sendall(b"y")

    earned = reader.chunk()
    monkeypatch.setattr(patience, "LONGEST_SECONDS", 0.1)

    assert earned == b"y"
    with pytest.raises(NoMoreData):
        reader.chunk()


def test_the_next_request_has_time_of_its_own(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "GRACE_SECONDS", 0.2)
    here, there = pair
    reader = PatientReader(here)
    time.sleep(0.25)
    there.sendall(b"x")

    reader.begin()

    assert reader.chunk() == b"x"


def test_a_stricter_clock_of_gunicorns_own_is_kept(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    here, _there = pair
    here.settimeout(0.05)
    reader = PatientReader(here)
    began = time.monotonic()

    with pytest.raises(NoMoreData):
        reader.chunk()

    assert time.monotonic() - began < patience.GRACE_SECONDS / 2
    assert here.gettimeout() == 0.05


def test_the_server_reads_bodies_in_pieces_and_answers_again(port: int) -> None:
    wire = say(port, POST % 6 + b"abc")
    time.sleep(0.2)
    wire.sendall(b"def")

    assert answer(wire).endswith(b"6")
    assert answer(say(port, GET)).endswith(b"0")


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HTTP/1.1\r\nHost:", POST % 1000 + b"abc", CHUNKED],
    ids=["nothing", "half a header", "half a body", "half a chunked body"],
)
def test_slow_senders_hold_no_thread_for_long(port: int, begun: bytes) -> None:
    with ExitStack() as held:
        slow = [held.enter_context(say(port, begun)) for _ in range(6)]
        began = time.monotonic()

        told = answer(say(port, GET))

        assert told.endswith(b"0")
        # Six senders take turns at two threads, a second each.
        assert time.monotonic() - began < 10 * GRACE
        assert slow


def test_who_never_hangs_up_keeps_nobody_waiting(port: int) -> None:
    with ExitStack() as held:
        answered = [held.enter_context(say(port, GET)) for _ in range(8)]
        began = time.monotonic()

        told = answer(say(port, GET))

        # Each of the eight would otherwise be waited for two seconds, while nobody is let in.
        assert told.endswith(b"0")
        assert time.monotonic() - began < 8
        assert answered


@pytest.mark.parametrize("begun", [POST % 1000, CHUNKED], ids=["announced", "chunked"])
def test_a_trickle_over_the_wire_is_cut_off(port: int, begun: bytes) -> None:
    began = time.monotonic()

    with say(port, begun) as wire:
        wire.settimeout(0.1)
        ended = _trickle(wire, lambda: time.monotonic() - began < 10 * GRACE)

    assert ended


def _trickle(wire: socket.socket, patient: Callable[[], bool]) -> bool:
    """Send a byte now and then; whether the other side ended it."""
    while patient():
        try:
            wire.sendall(b"1")
            if wire.recv(4096) == b"":
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False
