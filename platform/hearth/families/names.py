"""Names as people write them, and the plainer form under which they are found again."""

import re
import unicodedata
from dataclasses import dataclass

from hearth.sealing.kinds import plain

LONGEST = 500
# A woman's: what ends like a man's is, in a woman's name, her family name.
_PATRONYMIC = re.compile(r".{2,}(вна|ична|ўна|vna|ichna)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class FullName:
    """A name in its parts; the first name is never more than one word."""

    given_name: str = ""
    patronymic: str = ""
    family_name: str = ""


def read_full_name(text: str) -> FullName:
    """The likely parts of a woman's name that somebody told in one breath, for a human to correct.

    Whoever reads the first name reads no other part of it, so what is in doubt is family name.
    """
    given, *rest = tidy(text).split() or [""]
    match rest:
        case [last] if _is_patronymic(last):
            return FullName(given_name=given, patronymic=last)
        case [middle, last] if _is_patronymic(middle):
            return FullName(given_name=given, patronymic=middle, family_name=last)
        case [middle, last] if _is_patronymic(last):
            return FullName(given_name=middle, patronymic=last, family_name=given)
    return FullName(given_name=given, family_name=" ".join(rest))


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


def _is_patronymic(word: str) -> bool:
    return _PATRONYMIC.fullmatch(word) is not None


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")
