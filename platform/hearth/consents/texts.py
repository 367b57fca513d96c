"""The texts people agree to: versioned files, each told by its hash."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from hearth.consents.models import ConsentPurpose

NEWEST = "2026-11"


@dataclass(frozen=True, kw_only=True)
class ConsentText:
    """One text in one language."""

    version: str
    language: str
    words: str

    @property
    def hash(self) -> str:
        """What proves later that it was this text."""
        return hashlib.sha256(self.words.encode()).hexdigest()


def text_of(purpose: ConsentPurpose, language: str, *, version: str = NEWEST) -> ConsentText:
    """The text for a purpose, in English where the language has none."""
    known = _texts(version)[purpose.value]
    spoken = language if language in known else "en"
    return ConsentText(version=version, language=spoken, words=known[spoken])


@cache
def _texts(version: str) -> Mapping[str, Mapping[str, str]]:
    file = resources.files("hearth.consents") / "texts" / f"{version}.toml"
    return tomllib.loads(file.read_text("utf-8"))
