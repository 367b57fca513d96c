"""The kinds of words under which sealed values are found again, and how each is made plain."""

import unicodedata
from collections.abc import Callable, Iterator
from enum import StrEnum

import phonenumbers

PREFIX_FROM, PREFIX_TO = 3, 12
PHONE_ENDS_WITH = 7


class Kind(StrEnum):
    """What a word of the blind index is; free text never has a kind."""

    SURNAME = "surname"
    """Whole, and by its first letters from the third on."""
    GIVEN_NAME = "given_name"
    """Whole words alone."""
    PHONE = "phone"
    """The whole number and its last seven figures."""
    BODY = "body"
    """The name of an authority or organisation, in whole words."""
    EMAIL = "email"
    """The whole address."""


def plain(text: str) -> str:
    """Lower case without diacritics: "Ёлкина" is found as "елкина" and "Zoë" as "zoe"."""
    decomposed = unicodedata.normalize(
        "NFKD", unicodedata.normalize("NFC", text).upper().casefold()
    )
    kept = (c for c in decomposed if not unicodedata.combining(c))
    return "".join(" " if c.isspace() else c for c in kept if c.isspace() or c.isprintable())


def words_of(kind: Kind, value: str) -> set[str]:
    """Everything under which a value of a kind is to be found."""
    return set(_WORDS[kind](value))


def phone_words(value: str) -> list[str]:
    """What a telephone number is looked up by: itself where it is whole, and its end."""
    digits = "".join(c for c in value if c.isdecimal() and c.isascii())
    found = [digits[-PHONE_ENDS_WITH:]] if len(digits) >= PHONE_ENDS_WITH else []
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return found
    return [phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), *found]


def _parts(value: str) -> Iterator[str]:
    for word in plain(value).split():
        yield word
        yield from (part for part in word.split("-") if part)


def _surname(value: str) -> Iterator[str]:
    for word in _parts(value):
        yield word
        yield from (word[:length] for length in range(PREFIX_FROM, min(PREFIX_TO, len(word)) + 1))


def _email(value: str) -> Iterator[str]:
    yield value.strip().casefold()


_WORDS: dict[Kind, Callable[[str], Iterator[str] | list[str]]] = {
    Kind.SURNAME: _surname,
    Kind.GIVEN_NAME: _parts,
    Kind.PHONE: phone_words,
    Kind.BODY: _parts,
    Kind.EMAIL: _email,
}
