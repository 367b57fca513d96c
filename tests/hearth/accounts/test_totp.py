"""Codes of an app: each once, half a minute around, and the secret only in its owner's row."""

import uuid
from datetime import UTC, datetime

import pyotp
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from hearth.accounts import totp

SECRET = "CORRECTHORSEBATTERYSTAPLE2345673"
KEY = "a key of thirty-two signs or more"
MOMENT = datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC)
STEP = int(MOMENT.timestamp()) // 30


@pytest.mark.parametrize(
    ("away", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_counts_half_a_minute_around(away: int, taken: bool) -> None:
    code = pyotp.TOTP(SECRET).generate_otp(STEP + away)

    step = totp.step_of(SECRET, code, at=MOMENT, after=0)

    assert step == (STEP + away if taken else None)


@given(st.integers(min_value=-1, max_value=1), st.integers(min_value=-1, max_value=1))
def test_no_code_counts_at_or_before_one_that_was_used(used: int, shown: int) -> None:
    code = pyotp.TOTP(SECRET).generate_otp(STEP + shown)

    step = totp.step_of(SECRET, code, at=MOMENT, after=STEP + used)

    assert (step is not None) == (shown > used)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "१२३४५६", "-12345", "1e5"])
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert totp.step_of(SECRET, typed, at=MOMENT, after=0) is None


def test_a_code_may_be_typed_in_two_halves() -> None:
    code = pyotp.TOTP(SECRET).generate_otp(STEP)

    assert totp.step_of(SECRET, f" {code[:3]} {code[3:]} ", at=MOMENT, after=0) == STEP


def test_a_sealed_secret_opens_in_its_owners_row_alone() -> None:
    owner, other = uuid.uuid4(), uuid.uuid4()

    sealed = totp.seal(SECRET, secret_key=KEY, user_id=owner)

    assert SECRET.encode() not in sealed
    assert totp.unseal(sealed, secret_key=KEY, user_id=owner) == SECRET
    with pytest.raises(InvalidTag):
        totp.unseal(sealed, secret_key=KEY, user_id=other)
    with pytest.raises(InvalidTag):
        totp.unseal(sealed, secret_key=KEY + "!", user_id=owner)


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    owner = uuid.uuid4()

    sealed = {totp.seal(SECRET, secret_key=KEY, user_id=owner) for _ in range(3)}

    assert len(sealed) == 3
