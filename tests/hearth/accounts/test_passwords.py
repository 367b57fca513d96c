"""Which passwords are taken: long ones that nobody else uses; any signs are welcome."""

import string
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.accounts.passwords import Weakness, hash_password, verified, weakness_of

ABOUT = ("anna@spb.example.org", "Anna Ivanova", "Mothers’ House St Petersburg")


@pytest.mark.parametrize(
    ("password", "weakness"),
    [
        ("short", Weakness.SHORT),
        ("elevenletter"[:11], Weakness.SHORT),
        ("password1234567", Weakness.COMMON),
        ("Password2026!!!", Weakness.COMMON),
        ("qwertyuiop123456", Weakness.COMMON),
        ("aaaaaaaaaaaaaaaa", Weakness.GUESSABLE),
        ("abcdefghijklmnop", Weakness.GUESSABLE),
        ("anna@spb.example.org", Weakness.GUESSABLE),
        ("Anna Ivanova 12", Weakness.GUESSABLE),
        ("mothershousestpetersburg", Weakness.GUESSABLE),
        ("x" * 1001, Weakness.LONG),
    ],
)
def test_what_would_be_guessed_is_refused(password: str, weakness: Weakness) -> None:
    found = weakness_of(password, about=ABOUT)

    assert found is weakness


@pytest.mark.parametrize(
    "password",
    [
        "seven herons under a rusty kettle",
        "семь цапель под ржавым чайником",
        "no-figures-and-no-capitals-at-all",
        "73910-55820-11947-2",
        "heron kettle " * 20,
        "чайник 🦩🦩 kettle ≈ π",
    ],
)
def test_length_is_all_that_is_asked_of_the_signs(password: str) -> None:
    found = weakness_of(password, about=ABOUT)

    assert found is None
    assert verified(hash_password(password), password)


@pytest.mark.parametrize(
    "password",
    [
        "4@8({[<369&#!iloq9|0$57+%2/" * 3,
        "4@4@8({[<3691!|1|7 0$5+7%2" * 3,
        "6<5$(1@4!|7{0[2%8+9" * 50,
        "p@$$w0rd1!|7+%2(<{[693" * 4,
    ],
)
def test_figures_and_marks_that_stand_for_letters_cost_no_seconds(password: str) -> None:
    begun = time.thread_time()

    weakness_of(password, about=ABOUT)

    assert time.thread_time() - begun < 0.5


@pytest.mark.parametrize("password", ["p@55w0rdp@55w0rd", "p4$5w0rdp@$5w0rd1!|7+"])
def test_words_written_in_figures_and_marks_are_known(password: str) -> None:
    found = weakness_of(password, about=ABOUT)

    assert found is Weakness.GUESSABLE


def test_what_a_machine_made_of_all_signs_is_taken() -> None:
    found = weakness_of("6<5$(1@4!|7{0[2%8+9k", about=ABOUT)

    assert found is None


@given(st.text(alphabet=string.ascii_letters + string.digits + " ", min_size=1, max_size=11))
def test_nothing_short_is_taken(password: str) -> None:
    assert weakness_of(password) is Weakness.SHORT


def test_the_same_letters_from_two_keyboards_are_the_same_password() -> None:
    composed, apart = "Zoë und Åke am Café", "Zoe\u0308 und A\u030ake am Cafe\u0301"

    kept = hash_password(composed)

    assert verified(kept, apart)


def test_nobody_has_the_password_of_an_account_without_one() -> None:
    assert not verified(None, "seven herons under a rusty kettle")


def test_a_password_and_none_at_all_cost_what_the_standard_recommends() -> None:
    asked = "from hearth.accounts import passwords as p; print(p.hash_password('x'), p._nobodys())"

    kept, nobodys = subprocess.check_output([sys.executable, "-c", asked], text=True).split()

    parts, of_nobody = kept.split("$"), nobodys.split("$")
    assert parts[1:4] == of_nobody[1:4] == ["argon2id", "v=19", "m=65536,t=3,p=4"]
    assert [len(part) for part in parts] == [len(part) for part in of_nobody]
