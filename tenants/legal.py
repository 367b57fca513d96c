"""The law an organisation works under, as data: clocks, periods and grounds of its country."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any

ELSEWHERE = "elsewhere"
PROFILES = ("ru", "eu", ELSEWHERE)
WEEKEND = 5


@dataclass(frozen=True, kw_only=True)
class Period:
    """A length of time as laws write it."""

    years: int = 0
    months: int = 0
    working_days: int = 0

    def after(self, day: date) -> date:
        """The last day of the period that begins on a day.

        Public holidays are not known here, so that a deadline may be shown too early, never late.
        """
        end = _months_later(day, self.years * 12 + self.months)
        left = self.working_days
        while left:
            end += timedelta(days=1)
            left -= end.weekday() < WEEKEND
        return end


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long a group of data is kept, from when, and whether a law forbids to erase earlier."""

    after: str
    years: int = 0
    duty: bool = False

    @property
    def ends(self) -> bool:
        """Whether the data are erased at all, rather than kept because they name nobody."""
        return self.after != "never"

    def until(self, day: date) -> date:
        """The day on which the period that began on a day is over."""
        start = date(day.year, 12, 31) if self.after == "year_end" else day
        return Period(years=self.years).after(start)


@dataclass(frozen=True, kw_only=True)
class Notices:
    """Whom an incident is reported to, and how soon."""

    authority: str
    article: str
    first_hours: int
    result_hours: int | None = None


@dataclass(frozen=True, kw_only=True)
class LegalProfile:
    """One legal profile; see the files for the source of each figure."""

    code: str
    law: str
    others: str
    countries: tuple[str, ...]
    reviewed_by_counsel: bool
    localisation: tuple[str, ...]
    assent_age: int
    notices: Notices
    answers: Mapping[str, Period]
    extension: Period
    bases: Mapping[str, str]
    purposes: tuple[str, ...]
    retention: Mapping[str, Retention]


@cache
def profile(code: str) -> LegalProfile:
    """Read one of the profiles that come with the service."""
    file = resources.files("tenants").joinpath(f"profiles/legal/{code}.toml")
    return _parse(code, tomllib.loads(file.read_text("utf-8")))


@cache
def profile_for(country: str) -> LegalProfile:
    """The profile of an organisation's country (ISO 3166, two letters)."""
    for code in PROFILES:
        if country.upper() in profile(code).countries:
            return profile(code)
    return profile(ELSEWHERE)


def _parse(code: str, text: dict[str, Any]) -> LegalProfile:
    return LegalProfile(
        code=code,
        law=text["law"],
        others=text["others"],
        countries=tuple(text["countries"]),
        reviewed_by_counsel=text["reviewed_by_counsel"],
        localisation=tuple(text["localisation"]),
        assent_age=text["assent_age"],
        notices=Notices(**text["notices"]),
        answers={kind: Period(**period) for kind, period in text["answers"].items()},
        extension=Period(**text["extension"]),
        bases=text["bases"],
        purposes=tuple(text["purposes"]["names"]),
        retention={group: Retention(**entry) for group, entry in text["retention"].items()},
    )


def _months_later(day: date, months: int) -> date:
    # The month may be too short for the day: a month after 31 January ends with February.
    number = day.year * 12 + day.month - 1 + months
    year, month = divmod(number, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(
        date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1)
    )
