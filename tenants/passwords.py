"""Derives every database role's password, so that none is stored and rotation is one number."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive(secret: str, purpose: str, *, length: int = 32) -> bytes:
    """Key material for one purpose by HKDF-SHA256 (RFC 5869), the same for the same inputs."""
    kdf = HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=purpose.encode())
    return kdf.derive(secret.encode())


def role_password(secret: str, role: str, generation: int) -> str:
    """The password of a login role in one generation, 64 hexadecimal digits."""
    return derive(secret, f"database-role/{role}/{generation}").hex()
