"""Encrypts a stream in chunks, so that no chunk can be changed, moved, left out or cut off.

The file begins with ``HEARTH2`` and a line feed, the key's id (16 bytes) and a salt (32 bytes). Its
own key is HKDF-SHA256 of the given key with that salt. Chunks of 64 KiB follow, each AES-256-GCM:
the nonce is the chunk's number (11 bytes) and 1 for the last chunk, 0 before it; the additional
data is the whole beginning of the file and, not written there, what the file is and whose. A file
whose last chunk is missing does not open, and neither does one that is said to be somebody else's.
"""

import os
import uuid
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"HEARTH2\n"
SALT = 32
CHUNK = 64 * 1024
TAG = 16
HEADER = len(MAGIC) + 16 + SALT


class DamagedStreamError(RuntimeError):
    """What was read is not what was written, or the key is not the one it was written with."""


class Sealer:
    """A file to write to; what reaches the disk can be read with the key alone.

    ``subject`` says what the file is and whose; whoever reads it must say the same.
    """

    def __init__(self, file: BinaryIO, *, key_id: uuid.UUID, key: bytes, subject: str) -> None:
        self._file = file
        header = MAGIC + key_id.bytes + os.urandom(SALT)
        self._about = header + subject.encode()
        self._cipher = _cipher(header, key)
        self._held = bytearray()
        self._number = 0
        file.write(header)

    def write(self, data: bytes) -> int:
        """Take some more; chunks are written as they fill."""
        self._held += data
        while len(self._held) > CHUNK:
            self._write_chunk(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return len(data)

    def close(self) -> None:
        """Write the last chunk, without which the file does not open."""
        self._write_chunk(bytes(self._held), last=True)

    def _write_chunk(self, plain: bytes, *, last: bool) -> None:
        nonce = _nonce(self._number, last=last)
        self._file.write(self._cipher.encrypt(nonce, plain, self._about))
        self._number += 1


class Opener:
    """A sealed file to read from.

    :raises DamagedStreamError: while reading, at the first chunk that is not as it was written.
    """

    def __init__(self, file: BinaryIO, *, key: bytes, subject: str) -> None:
        self._file = file
        header = _read_header(file)
        self._about = header + subject.encode()
        self._cipher = _cipher(header, key)
        self._plain = bytearray()
        self._number = 0
        self._next = file.read(CHUNK + TAG)
        self._ended = False

    def read(self, size: int) -> bytes:
        """Up to so many bytes; fewer only at the end."""
        while len(self._plain) < size and not self._ended:
            self._read_chunk()
        taken = bytes(self._plain[:size])
        del self._plain[:size]
        return taken

    def _read_chunk(self) -> None:
        sealed, self._next = self._next, self._file.read(CHUNK + TAG)
        self._ended = not self._next
        try:
            nonce = _nonce(self._number, last=self._ended)
            self._plain += self._cipher.decrypt(nonce, sealed, self._about)
        except InvalidTag:
            raise DamagedStreamError("the backup is damaged, or its key is another one") from None
        self._number += 1


def key_id_of(file: BinaryIO) -> uuid.UUID:
    """Which key a sealed file was written with; the file is read from its beginning again."""
    header = _read_header(file)
    file.seek(0)
    return uuid.UUID(bytes=header[len(MAGIC) : len(MAGIC) + 16])


def _read_header(file: BinaryIO) -> bytes:
    header = file.read(HEADER)
    if len(header) != HEADER or not header.startswith(MAGIC):
        raise DamagedStreamError("this is no sealed backup")
    return header


def _cipher(header: bytes, key: bytes) -> AESGCM:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=header[-SALT:], info=b"sealed stream")
    return AESGCM(kdf.derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
