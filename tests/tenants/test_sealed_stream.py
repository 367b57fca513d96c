"""A sealed file opens with its key as it was written, and otherwise not at all."""

import io
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.sealed_stream import CHUNK, HEADER, TAG, DamagedStreamError, Opener, Sealer, key_id_of

KEY = b"k" * 32
ID = uuid.UUID(int=7)


def sealed(plain: bytes, *, step: int = 1000) -> bytes:
    file = io.BytesIO()
    sealer = Sealer(file, key_id=ID, key=KEY, subject="rows of org_0001")
    for start in range(0, len(plain), step):
        sealer.write(plain[start : start + step])
    sealer.close()
    return file.getvalue()


def opened(data: bytes, key: bytes = KEY, subject: str = "rows of org_0001") -> bytes:
    opener = Opener(io.BytesIO(data), key=key, subject=subject)
    found = b""
    while block := opener.read(10_000):
        found += block
    return found


@given(st.binary(max_size=300), st.integers(0, 3), st.integers(1, CHUNK * 2))
def test_what_is_sealed_opens_as_it_was(some: bytes, chunks: int, step: int) -> None:
    plain = b"x" * (CHUNK * chunks) + some

    assert opened(sealed(plain, step=step)) == plain


@given(st.data())
def test_a_changed_byte_anywhere_is_noticed(data: st.DataObject) -> None:
    whole = bytearray(sealed(b"y" * (CHUNK + 10)))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(DamagedStreamError):
        opened(bytes(whole))


def test_a_tail_that_was_cut_off_is_noticed() -> None:
    whole = sealed(b"z" * (CHUNK * 2))

    for end in (HEADER, HEADER + CHUNK + TAG, len(whole) - 1):
        with pytest.raises(DamagedStreamError):
            opened(whole[:end])


def test_chunks_that_changed_places_are_noticed() -> None:
    whole = sealed(b"1" * CHUNK + b"2" * CHUNK + b"3")
    first, second = (whole[HEADER + n * (CHUNK + TAG) :][: CHUNK + TAG] for n in (0, 1))

    with pytest.raises(DamagedStreamError):
        opened(whole[:HEADER] + second + first + whole[HEADER + 2 * (CHUNK + TAG) :])


def test_another_key_opens_nothing() -> None:
    with pytest.raises(DamagedStreamError):
        opened(sealed(b"plain"), key=b"o" * 32)


@pytest.mark.parametrize("other", ["rows of org_0002", "keys of org_0001", ""])
def test_a_file_does_not_open_as_something_else_or_somebody_elses(other: str) -> None:
    with pytest.raises(DamagedStreamError):
        opened(sealed(b"plain"), subject=other)


def test_a_file_names_its_key_and_two_are_never_alike() -> None:
    first, second = sealed(b"plain"), sealed(b"plain")

    assert key_id_of(io.BytesIO(first)) == ID
    assert first[HEADER:] != second[HEADER:]
