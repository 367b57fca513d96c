"""The column type of sealed values: it takes ciphertext, and nothing else ever reaches SQL."""

from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from hearth.sealing.cipher import OVERHEAD, PREFIX, Ciphertext
from hearth.sealing.errors import SealingError


class SealedBytes(TypeDecorator[bytes]):
    """Bytes that were sealed; plaintext is refused before it becomes a statement's parameter."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Let ciphertext pass."""
        if value is None:
            return None
        looks_sealed = type(value) is Ciphertext and len(value) >= OVERHEAD
        if not looks_sealed or not value.startswith(PREFIX):
            # The value itself stays out of the message: it is what must not be told.
            raise SealingError("only what was sealed may be stored in a sealed column")
        return bytes(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Give what the driver gives: a page loads hundreds of these and opens a few."""
        return
