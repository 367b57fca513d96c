"""Which kinds of file are taken, told by their first bytes and their ending together."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

MEGABYTE = 1024 * 1024


class Refusal(StrEnum):
    """Why a file is not taken."""

    NOTHING = "nothing"
    TOO_LARGE = "too-large"
    UNKNOWN_KIND = "unknown-kind"
    WRONG_ENDING = "wrong-ending"
    UNREADABLE = "unreadable"
    TOO_MANY_PIXELS = "too-many-pixels"
    TOO_MANY_PAGES = "too-many-pages"
    LOCKED = "locked"
    ACTIVE = "active"
    INFECTED = "infected"
    NOT_EXAMINED = "not-examined"


class FileRefusedError(ValueError):
    """A file is not taken; the reason is told, its name and content are not."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Kind:
    """One kind of file; what can hold other files (archives, office documents) is none of them."""

    name: str
    media_type: str
    begins: bytes
    endings: frozenset[str]
    largest: int

    @property
    def ending(self) -> str:
        """The ending a file of this kind is handed out with."""
        return f".{self.name}"


KINDS = {
    kind.name: kind
    for kind in (
        Kind("jpg", "image/jpeg", b"\xff\xd8\xff", frozenset({".jpg", ".jpeg"}), 10 * MEGABYTE),
        Kind("png", "image/png", b"\x89PNG\r\n\x1a\n", frozenset({".png"}), 10 * MEGABYTE),
        Kind("pdf", "application/pdf", b"%PDF-", frozenset({".pdf"}), 10 * MEGABYTE),
    )
}
LARGEST = max(kind.largest for kind in KINDS.values())


def kind_of(data: bytes, filename: str) -> Kind:
    """The kind of a file; its first bytes and its ending must say the same.

    :raises FileRefusedError: they do not, or it is no kind that is taken, or it is too large.
    """
    if not data:
        raise FileRefusedError(Refusal.NOTHING)
    if len(data) > LARGEST:
        raise FileRefusedError(Refusal.TOO_LARGE)
    kind = next((kind for kind in KINDS.values() if data.startswith(kind.begins)), None)
    if kind is None:
        raise FileRefusedError(Refusal.UNKNOWN_KIND)
    if PurePath(filename).suffix.lower() not in kind.endings:
        raise FileRefusedError(Refusal.WRONG_ENDING)
    if len(data) > kind.largest:
        raise FileRefusedError(Refusal.TOO_LARGE)
    return kind
