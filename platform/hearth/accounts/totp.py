"""Codes of an authenticator app (RFC 6238): six figures every half minute, each taken once."""

import hmac
import os
import uuid
from datetime import datetime

import pyotp
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenants.passwords import derive

STEP_SECONDS = 30
DIGITS = 6
# A phone's clock may be half a minute off, and somebody types slowly.
STEPS_AROUND = (-1, 0, 1)
NONCE_BYTES = 12


def new_secret() -> str:
    """A fresh secret as apps take it: 160 bits in Base32."""
    return pyotp.random_base32()


def address_for_app(secret: str, *, account: str, issuer: str) -> str:
    """What the picture says that an app scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def step_of(secret: str, code: str, *, at: datetime, after: int) -> int | None:
    """The half minute a code belongs to, or None; one at or before ``after`` has had its turn."""
    now = int(at.timestamp()) // STEP_SECONDS
    typed = "".join(code.split())
    if len(typed) != DIGITS or not typed.isascii() or not typed.isdigit():
        return None
    generator = pyotp.TOTP(secret)
    matching = [
        now + away
        for away in STEPS_AROUND
        if hmac.compare_digest(generator.generate_otp(now + away), typed)
    ]
    return next((step for step in matching if step > after), None)


def seal(secret: str, *, secret_key: str, user_id: uuid.UUID) -> bytes:
    """Encrypt a secret for its owner's row (AES-256-GCM); moved to another row it is worthless."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(secret_key).encrypt(nonce, secret.encode(), user_id.bytes)


def unseal(sealed: bytes, *, secret_key: str, user_id: uuid.UUID) -> str:
    """The secret in a row.

    :raises cryptography.exceptions.InvalidTag: it belongs to another row or to another key.
    """
    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    return _cipher(secret_key).decrypt(nonce, ciphertext, user_id.bytes).decode()


def _cipher(secret_key: str) -> AESGCM:
    return AESGCM(derive(secret_key, "authenticator-apps"))
