"""Every text a person sees stands in every language; English is the language of the source."""

import re
import tomllib
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from hearth.web.languages import LOCALES
from tests.architecture.test_stdlib import ROOT

FOLDER = ROOT / "platform/hearth/translations"
TRANSLATED = [locale for locale in LOCALES if locale != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]")
KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}


@cache
def source() -> set[str]:
    """Every text in the code and the templates, as `make translations` collects them."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    methods = [(entry["pattern"], entry["method"]) for entry in mappings]
    options = {entry["pattern"]: entry.get("options", {}) for entry in mappings}
    found = set()
    for folder in ("platform", "config", "tenants", "workers"):
        for _file, _line, message, *_ in extract_from_dir(
            ROOT / folder, methods, options, keywords=KEYWORDS
        ):
            found.add(message[0] if isinstance(message, tuple) else message)
    return found


@cache
def catalogue(locale: str) -> Catalog:
    """One language's texts."""
    with (FOLDER / locale / "LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=locale)


def _key(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


def _forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def test_the_source_has_texts() -> None:
    assert len(source()) > 800


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_text_of_the_source_is_in_the_catalogue(locale: str) -> None:
    known = {_key(message) for message in catalogue(locale) if message.id}

    assert source() - known == set()


@pytest.mark.parametrize("locale", TRANSLATED)
def test_nothing_is_untranslated_or_fuzzy(locale: str) -> None:
    open_ends = [
        _key(message)
        for message in catalogue(locale)
        if message.id and (message.fuzzy or not all(_forms(message)))
    ]

    assert open_ends == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_translation_uses_no_placeholder_that_the_source_does_not_fill(locale: str) -> None:
    strange = []
    for message in catalogue(locale):
        texts = message.id if isinstance(message.id, tuple | list) else (message.id,)
        filled = {name for text in texts for name in PLACEHOLDER.findall(text)}
        used = {name for text in _forms(message) for name in PLACEHOLDER.findall(text)}
        if message.id and used - filled:
            strange.append(_key(message))

    assert strange == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_plural_forms_are_as_many_as_the_language_has(locale: str) -> None:
    wanted = catalogue(locale).num_plurals

    for message in catalogue(locale):
        if isinstance(message.id, tuple | list):
            assert len(_forms(message)) == wanted, _key(message)
