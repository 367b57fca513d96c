"""Signed heads: what was the newest event, said by a key that the database does not hold."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from config.settings import Settings
from hearth.audit.chain import canonical
from tenants.passwords import derive

PURPOSE = "audit-heads"


@dataclass(frozen=True, kw_only=True)
class SignedHead:
    """Which event was the newest of an organisation at a moment, with a signature over it."""

    organisation: str
    seq: int
    hash: bytes
    made_at: datetime
    public_key: bytes
    signature: bytes = b""

    def told(self) -> bytes:
        """What is signed."""
        return canonical(self._plain())

    def to_line(self) -> str:
        """The head as one line of text."""
        return canonical({**self._plain(), "signature": self.signature.hex()}).decode()

    @classmethod
    def from_line(cls, line: str) -> "SignedHead":
        """Read a line back.

        :raises ValueError: it is not such a line.
        """
        told = json.loads(line)
        try:
            return cls(
                organisation=str(told["organisation"]),
                seq=int(told["seq"]),
                hash=bytes.fromhex(told["hash"]),
                made_at=datetime.fromisoformat(told["made_at"]),
                public_key=bytes.fromhex(told["public_key"]),
                signature=bytes.fromhex(told["signature"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("this line is no signed head") from error

    def _plain(self) -> dict[str, Any]:
        return {
            "organisation": self.organisation,
            "seq": self.seq,
            "hash": self.hash.hex(),
            "made_at": self.made_at.astimezone(UTC).isoformat(timespec="microseconds"),
            "public_key": self.public_key.hex(),
        }


def signing_key(settings: Settings) -> Ed25519PrivateKey:
    """The installation's key for heads, derived from a secret of its own or from the common one."""
    secret = settings.audit_signing_key or settings.secret_key
    return Ed25519PrivateKey.from_private_bytes(derive(secret, PURPOSE))


def trusted_keys(settings: Settings) -> frozenset[bytes]:
    """The public keys whose signatures count: today's, and those that were used before."""
    today = signing_key(settings).public_key().public_bytes_raw()
    return frozenset({today, *settings.audit_former_keys})


def sign(settings: Settings, *, organisation: str, seq: int, head: bytes) -> SignedHead:
    """Sign the head of an organisation's chain."""
    key = signing_key(settings)
    unsigned = SignedHead(
        organisation=organisation,
        seq=seq,
        hash=head,
        made_at=datetime.now(UTC),
        public_key=key.public_key().public_bytes_raw(),
    )
    return replace(unsigned, signature=key.sign(unsigned.told()))


def is_genuine(head: SignedHead, trusted: Collection[bytes]) -> bool:
    """Whether one of our keys has signed exactly this."""
    if head.public_key not in trusted:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(head.public_key).verify(head.signature, head.told())
    except InvalidSignature:
        return False
    return True
