"""Asks a virus scanner (clamd, by its INSTREAM command) about a file before anybody opens it."""

import socket
from urllib.parse import urlsplit

from hearth.files.kinds import FileRefusedError, Refusal

PATIENCE = 20.0
CHUNK = 64 * 1024


def examine(data: bytes, scanner: str | None) -> None:
    """Let the configured scanner look at a file; without one configured there is nothing to ask.

    :raises FileRefusedError: it found something, or it did not answer. A house that has a scanner
        takes no file that the scanner has not seen.
    """
    if scanner is None:
        return
    try:
        answer = _ask(data, scanner)
    except (OSError, ValueError) as error:
        raise FileRefusedError(Refusal.NOT_EXAMINED) from error
    if answer.endswith(b"FOUND"):
        raise FileRefusedError(Refusal.INFECTED)
    if answer != b"stream: OK":
        raise FileRefusedError(Refusal.NOT_EXAMINED)


def _ask(data: bytes, scanner: str) -> bytes:
    parts = urlsplit(scanner)
    address = (parts.hostname or "", parts.port or 3310)
    with socket.create_connection(address, timeout=PATIENCE) as wire:
        wire.sendall(b"zINSTREAM\0")
        for start in range(0, len(data), CHUNK):
            part = data[start : start + CHUNK]
            wire.sendall(len(part).to_bytes(4, "big") + part)
        wire.sendall(bytes(4))
        with wire.makefile("rb") as answers:
            return answers.read(4096).rstrip(b"\0\r\n")
