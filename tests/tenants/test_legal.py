"""Periods as laws count them, and the profile of a country."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.legal import PROFILES, Period, Retention, profile, profile_for

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("begun", "period", "ends"),
    [
        (date(2026, 1, 31), Period(months=1), date(2026, 2, 28)),
        (date(2024, 2, 29), Period(years=1), date(2025, 2, 28)),
        (date(2026, 12, 15), Period(months=1), date(2027, 1, 15)),
        (date(2026, 11, 20), Period(working_days=10), date(2026, 12, 4)),
        (date(2026, 11, 21), Period(working_days=1), date(2026, 11, 23)),
    ],
)
def test_a_period_ends_where_the_law_says(begun: date, period: Period, ends: date) -> None:
    found = period.after(begun)

    assert found == ends


@given(day=DAYS, months=st.integers(0, 60), days=st.integers(0, 40))
def test_a_period_never_ends_before_it_began_nor_on_a_weekend_it_counted(
    day: date, months: int, days: int
) -> None:
    end = Period(months=months, working_days=days).after(day)

    assert end >= day + timedelta(days=days)
    assert days == 0 or end.weekday() < 5


@given(first=DAYS, later=st.integers(0, 4000), years=st.integers(1, 20))
def test_who_began_later_is_kept_no_shorter(first: date, later: int, years: int) -> None:
    rule = Retention(after="closure", years=years)

    assert rule.until(first) <= rule.until(first + timedelta(days=later))


def test_books_are_kept_from_the_end_of_the_year() -> None:
    rule = Retention(after="year_end", years=5, duty=True)

    assert rule.until(date(2026, 3, 1)) == date(2031, 12, 31)


@pytest.mark.parametrize(
    ("country", "code"), [("RU", "ru"), ("nl", "eu"), ("SE", "eu"), ("UA", "elsewhere")]
)
def test_a_country_finds_its_law(country: str, code: str) -> None:
    found = profile_for(country)

    assert found.code == code


def test_the_clocks_of_an_incident_are_those_of_the_law() -> None:
    hours = {code: (profile(code).notices.first_hours, profile(code).notices.result_hours)
             for code in PROFILES}  # fmt: skip

    assert hours == {"ru": (24, 72), "eu": (72, None), "elsewhere": (24, 72)}
    assert not any(profile(code).reviewed_by_counsel for code in PROFILES)
