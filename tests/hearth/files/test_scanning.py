"""A house that has a virus scanner takes no file the scanner has not seen."""

import socketserver
import threading
from collections.abc import Iterator

import pytest

from config.child_processes import free_port
from hearth.files.kinds import FileRefusedError, Refusal
from hearth.files.scanning import examine

# In two parts, so that a scanner on the developer's machine leaves this file alone.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Scanner(socketserver.StreamRequestHandler):
    """Speaks as clamd does about what it is sent in pieces."""

    def handle(self) -> None:
        order = self.rfile.read(10)
        assert order == b"zINSTREAM\0"
        seen = b""
        while size := int.from_bytes(self.rfile.read(4), "big"):
            seen += self.rfile.read(size)
        if b"silence" in seen:
            return
        found = EICAR in seen
        self.wfile.write(b"stream: Eicar-Test FOUND\0" if found else b"stream: OK\0")


@pytest.fixture
def scanner() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Scanner) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_harmless_file_passes(scanner: str) -> None:
    examine(b"x" * 200_000, scanner)


def test_without_a_scanner_there_is_nothing_to_ask() -> None:
    examine(EICAR, None)


@pytest.mark.parametrize("data", [EICAR, b"a" * 70_000 + EICAR])
def test_what_the_scanner_finds_is_refused(scanner: str, data: bytes) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        examine(data, scanner)

    assert refusal.value.reason is Refusal.INFECTED


def test_a_scanner_that_does_not_answer_lets_nothing_in(scanner: str) -> None:
    away = f"tcp://127.0.0.1:{free_port()}"

    for asked in (scanner, away, "tcp://127.0.0.1:notaport"):
        with pytest.raises(FileRefusedError) as refusal:
            examine(b"silence", asked)
        assert refusal.value.reason is Refusal.NOT_EXAMINED
