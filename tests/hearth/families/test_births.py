from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.families.births import Birth, BirthDateError, BirthInFutureError, BirthPrecision

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "on", "precision"),
    [
        ("14.03.2024", date(2024, 3, 14), BirthPrecision.DAY),
        ("2024-03-14", date(2024, 3, 14), BirthPrecision.DAY),
        ("14/3/2024", date(2024, 3, 14), BirthPrecision.DAY),
        (" 03.2024 ", date(2024, 3, 1), BirthPrecision.MONTH),
        ("2024-03", date(2024, 3, 1), BirthPrecision.MONTH),
        ("2024", date(2024, 1, 1), BirthPrecision.YEAR),
        ("", None, BirthPrecision.UNKNOWN),
    ],
)
def test_a_birth_is_read_as_exactly_as_it_is_written(
    text: str, on: date | None, precision: BirthPrecision
) -> None:
    birth = Birth.written(text)

    assert birth == Birth(on, precision)


@pytest.mark.parametrize(
    "text",
    ["31.02.2024", "03/14/2024", "0000", "1.1.1", "yesterday", "2024-13-01", "14.03.24", "٢٠٢٤x"],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(BirthDateError):
        Birth.written(text)


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)), st.sampled_from(["%d.%m.%Y", "%Y-%m-%d"]))
def test_a_day_is_written_as_it_was_read(day: date, form: str) -> None:
    birth = Birth.written(day.strftime(form))

    assert birth == Birth(day, BirthPrecision.DAY)
    assert Birth.written(birth.as_written()) == birth


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)))
def test_a_birth_after_today_is_refused_and_no_other(day: date) -> None:
    birth = Birth(day, BirthPrecision.DAY)

    if day > TODAY:
        with pytest.raises(BirthInFutureError):
            birth.refuse_future(TODAY)
    else:
        birth.refuse_future(TODAY)


def test_an_expected_birth_may_lie_ahead() -> None:
    birth = Birth.written("05.2027").as_expected()

    birth.refuse_future(TODAY)

    assert birth == Birth(date(2027, 5, 31), BirthPrecision.EXPECTED)


def test_no_child_is_expected_in_years_from_now() -> None:
    birth = Birth.written("2029").as_expected()

    with pytest.raises(BirthInFutureError):
        birth.refuse_future(TODAY)


@given(st.integers(0, 20_000))
def test_an_age_never_falls_and_counts_whole_months(days: int) -> None:
    birth = Birth(date(1970, 1, 31), BirthPrecision.DAY)
    day = birth.on + timedelta(days=days) if birth.on else TODAY

    today, tomorrow = birth.months_on(day), birth.months_on(day + timedelta(days=1))

    assert today is not None
    assert tomorrow is not None
    assert today <= tomorrow <= today + 1
    assert abs(today - days / 30.44) < 1.5
