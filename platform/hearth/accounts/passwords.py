"""Passwords: how they are kept, how they are checked, and which ones are too easy to guess."""

import math
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Iterable
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import ARGON2_VERSION
from argon2.profiles import RFC_9106_LOW_MEMORY
from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS
from zxcvbn.matching import L33T_TABLE

HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
SHORTEST = 12
LONGEST = 1000
# zxcvbn is shown no more than this; what begins like a well-known password is one.
LOOKED_AT = 40
# It tries every way to read figures and marks as letters; from so many on, one has to do.
READINGS = 32
# Ten to this power guesses: out of reach where each costs a verification of argon2id.
HARD_ENOUGH = 9.0
# How many letters and figures must be left of a password without the words that everybody knows.
OWN_SIGNS = 8
_LETTERS = {sign: letter for letter, signs in L33T_TABLE.items() for sign in signs}
_COMMON = frozenset(FREQUENCY_LISTS["passwords"])


class Weakness(StrEnum):
    """Why a password is not taken."""

    SHORT = "short"
    LONG = "long"
    COMMON = "common"
    GUESSABLE = "guessable"


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return HASHER.hash(_one_form(password))


def verified(password_hash: str | None, password: str) -> bool:
    """Whether a password is the one; takes as long where there is none to compare it with."""
    try:
        return HASHER.verify(password_hash or _nobodys(), _one_form(password))
    except VerifyMismatchError:
        return False


def weakness_of(password: str, *, about: Iterable[str] = ()) -> Weakness | None:
    """What is wrong with a password somebody has just chosen; any signs are welcome in it.

    Leaked passwords are known from the lists that come with zxcvbn, offline. ``about`` holds words
    that everybody could guess: the person's name and address, and the organisation's name.
    """
    text = _one_form(password)
    if len(text) < SHORTEST:
        return Weakness.SHORT
    if len(text) > LONGEST:
        return Weakness.LONG
    if _bare(text) in _COMMON or text.lower() in _COMMON:
        return Weakness.COMMON
    words = [word for phrase in about for word in _words(phrase)]
    if _rest(text, words) < OWN_SIGNS:
        return Weakness.GUESSABLE
    found = zxcvbn(_readable(text[:LOOKED_AT]), user_inputs=words)
    return Weakness.GUESSABLE if float(found["guesses_log10"]) < HARD_ENOUGH else None


def _nobodys() -> str:
    """A hash of no password that costs as much to compare with as a true one."""
    cost = f"m={HASHER.memory_cost},t={HASHER.time_cost},p={HASHER.parallelism}"
    salt, digest = (
        b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (HASHER.salt_len, HASHER.hash_len)
    )
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


def _one_form(password: str) -> str:
    # The same letters typed on two keyboards may come as different code points.
    return unicodedata.normalize("NFKC", password)


def _bare(text: str) -> str:
    """The word that is left of "Password2024!!!"."""
    return text.lower().strip("0123456789!?.,-_*#$%&+ ")


def _readable(text: str) -> str:
    """The text, read as letters alone where figures and marks could stand for too many."""
    used = [len(set(signs) & set(text)) for signs in L33T_TABLE.values()]
    readings = math.prod(number for number in used if number)
    return text if readings <= READINGS else text.translate(str.maketrans(_LETTERS))


def _rest(text: str, words: Iterable[str]) -> int:
    """How many letters and figures a password has beside words that everybody knows."""
    left = text.lower()
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, " ")
    return sum(sign.isalnum() for sign in left) if left != text.lower() else len(text)


def _words(phrase: str) -> list[str]:
    parts = "".join(sign if sign.isalnum() else " " for sign in phrase.lower()).split()
    return [part for part in (*parts, "".join(parts)) if len(part) > 2]
