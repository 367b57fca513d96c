"""Names as people write them, and the plainer form under which they are found again."""

import unicodedata

from hearth.sealing.kinds import plain

LONGEST = 500


def tidy(text: str) -> str:
    """Compose the characters, drop control characters and spare white space."""
    composed = unicodedata.normalize("NFC", text)
    kept = (" " if c.isspace() else c for c in composed if c.isspace() or not _is_control(c))
    return " ".join("".join(kept).split())


def tidy_or_none(text: str | None) -> str | None:
    """The same, where nothing written means nothing known."""
    return tidy(text or "") or None


def search_key(*names: str | None) -> str:
    """Lower case without diacritics: "Ёлкина" is found as "елкина" and "Zoë" as "zoe"."""
    return " ".join(plain(" ".join(name for name in names if name)).split())


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")
