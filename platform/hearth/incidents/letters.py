"""A letter to somebody who is concerned, in words that betray nothing to whoever opens it."""

from dataclasses import dataclass

from flask_babel import force_locale
from flask_babel import gettext as _

from hearth.web.languages import LOCALES, NATIVE_NAMES


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One language's letter: neither our name nor what we do stands in it."""

    lang: str
    language: str
    paragraphs: tuple[str, ...]


def letters() -> list[Letter]:
    """The letter in every language."""
    return [_letter(lang) for lang in LOCALES]


def _letter(lang: str) -> Letter:
    with force_locale(lang):
        paragraphs = (
            _("Hello,"),
            _("there is something I would like to tell you in person. It is about papers."),
            _("Please come by, or let me know by the way we agreed on. There is no hurry today."),
            _("With kind regards"),
        )
    return Letter(lang=lang, language=NATIVE_NAMES[lang], paragraphs=paragraphs)
