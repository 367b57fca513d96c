"""Ciphertext opens in its own place with its own key, and anything else fails."""

import uuid
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine.default import DefaultDialect

from hearth.sealing.cipher import OVERHEAD, Ciphertext, Place, new_key, seal, unseal, unwrap, wrap
from hearth.sealing.columns import SealedBytes
from hearth.sealing.errors import BrokenSealError, SealingError

KEY = AESGCM(new_key())
PLACE = Place("org_0001", uuid.uuid4(), uuid.uuid4(), "people.phone")


@given(st.text())
def test_every_text_comes_back_and_never_looks_the_same_twice(text: str) -> None:
    first, second = (seal(KEY, text.encode(errors="surrogatepass"), PLACE) for _ in range(2))

    assert unseal(KEY, first, PLACE).decode(errors="surrogatepass") == text
    assert first != second
    assert len(first) == len(text.encode(errors="surrogatepass")) + OVERHEAD


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(PLACE, schema="org_0002"),
        replace(PLACE, subject_id=uuid.uuid4()),
        replace(PLACE, row_id=uuid.uuid4()),
        replace(PLACE, column="people.contact_note"),
        replace(PLACE, column="referrals.phone"),
    ],
    ids=["organisation", "subject", "row", "column", "table"],
)
def test_moved_ciphertext_opens_nowhere(elsewhere: Place) -> None:
    sealed = seal(KEY, b"+7 000 000 00 00", PLACE)

    with pytest.raises(BrokenSealError):
        unseal(KEY, sealed, elsewhere)


@given(st.binary(max_size=60), st.data())
def test_a_changed_bit_or_a_lost_byte_is_noticed(text: bytes, data: st.DataObject) -> None:
    sealed = seal(KEY, text, PLACE)
    at = data.draw(st.integers(0, len(sealed) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytes([*sealed[:at], sealed[at] ^ (1 << bit), *sealed[at + 1 :]])

    for broken in (changed, sealed[:at], sealed + b"\0"):
        with pytest.raises(BrokenSealError):
            unseal(KEY, broken, PLACE)


def test_another_key_opens_nothing() -> None:
    sealed = seal(KEY, b"x", PLACE)

    with pytest.raises(BrokenSealError):
        unseal(AESGCM(new_key()), sealed, PLACE)


def test_a_key_wrapped_for_one_subject_is_not_unwrapped_for_another() -> None:
    wrapped = wrap(KEY, new_key(), b"org_0001|one|fields")

    for broken in (wrapped[:20], wrapped[::-1], b""):
        with pytest.raises(BrokenSealError):
            unwrap(KEY, broken, b"org_0001|one|fields")
    with pytest.raises(BrokenSealError):
        unwrap(KEY, wrapped, b"org_0001|other|fields")


@pytest.mark.parametrize(
    "value",
    ["+7 921 555 01 99", b"+7 921 555 01 99", b"\x01\x01" + b"plain " * 10, Ciphertext(b"short")],
)
def test_a_sealed_column_refuses_what_was_not_sealed_without_telling_it(value: object) -> None:
    with pytest.raises(SealingError) as refused:
        SealedBytes().process_bind_param(value, DefaultDialect())

    assert "921" not in str(refused.value)
