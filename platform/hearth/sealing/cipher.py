"""The one place where bytes are encrypted: AES-256-GCM, bound to the place they stand in."""

import os
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hearth.sealing.errors import BrokenSealError

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
# The format's version, then the generation of the subject's key, of which there is one so far.
PREFIX = b"\x01\x01"
OVERHEAD = len(PREFIX) + NONCE_BYTES + TAG_BYTES


class Ciphertext(bytes):
    """Bytes that came out of ``seal``: nothing else may go into a sealed column."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value stands; the same bytes open nowhere else."""

    schema: str
    subject_id: UUID
    row_id: UUID
    column: str

    def bound(self) -> bytes:
        """What the encryption authenticates beside the text."""
        return f"{self.schema}|{self.subject_id}|{self.row_id}|{self.column}".encode()


def new_key() -> bytes:
    """A key for one subject."""
    return AESGCM.generate_key(KEY_BYTES * 8)


def seal(key: AESGCM, text: bytes, place: Place) -> Ciphertext:
    """Encrypt a value for its place."""
    nonce = os.urandom(NONCE_BYTES)
    return Ciphertext(PREFIX + nonce + key.encrypt(nonce, text, PREFIX + place.bound()))


def unseal(key: AESGCM, sealed: bytes, place: Place) -> bytes:
    """Decrypt a value in its place.

    :raises BrokenSealError: it was sealed for another place or with another key, or was changed.
    """
    if len(sealed) < OVERHEAD or not sealed.startswith(PREFIX):
        raise BrokenSealError("this is nothing that we sealed")
    nonce = sealed[len(PREFIX) : len(PREFIX) + NONCE_BYTES]
    try:
        return key.decrypt(nonce, sealed[len(PREFIX) + NONCE_BYTES :], PREFIX + place.bound())
    except InvalidTag as error:
        raise BrokenSealError("this was sealed for another place, or changed since") from error


def wrap(wrapping: AESGCM, key: bytes, bound: bytes) -> bytes:
    """Encrypt a key with another one."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + wrapping.encrypt(nonce, key, bound)


def unwrap(wrapping: AESGCM, wrapped: bytes, bound: bytes) -> bytes:
    """Decrypt a key.

    :raises BrokenSealError: it was wrapped by another key or for another subject.
    """
    try:
        return wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError) as error:
        raise BrokenSealError("this key was wrapped by another one") from error
