import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.families.names import search_key, tidy, tidy_or_none


@pytest.mark.parametrize(
    ("written", "looked_for"),
    [
        ("Ёлкина", "елкина"),
        ("Zoë", "ZOE"),
        ("Åsa", "asa"),
        ("Strauß", "strauss"),
        ("Հայկ", "հայկ"),
    ],
)
def test_a_name_is_found_without_its_diacritics_and_capitals(written: str, looked_for: str) -> None:
    assert search_key(looked_for) == search_key(written)


def test_a_family_of_emoji_keeps_its_joiners() -> None:
    assert tidy("👩‍👧‍👦") == "👩‍👧‍👦"


def test_white_space_and_control_characters_go() -> None:
    assert tidy("  Test\x00\t Mother \n") == "Test Mother"
    assert tidy_or_none(" \n ") is None


@given(st.text(max_size=500))
def test_a_tidy_name_is_composed_and_stays_as_it_is(text: str) -> None:
    name = tidy(text)

    assert tidy(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert name == name.strip()


@given(st.text(max_size=100))
def test_a_search_key_is_the_key_of_itself_in_capitals(text: str) -> None:
    key = search_key(text)

    assert search_key(key.upper()) == search_key(key)
