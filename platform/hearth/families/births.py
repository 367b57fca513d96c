"""Birth dates as exactly as they are known: a day, a month, a year, nothing, or still to come."""

import calendar
import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class BirthPrecision(StrEnum):
    """How much of a birth date is known."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    UNKNOWN = "unknown"
    EXPECTED = "expected"
    """The child is not born yet; the date is the expected one."""


class BirthDateError(ValueError):
    """What was written is no date of birth."""


class BirthInFutureError(ValueError):
    """Nobody is born after today; only an expected birth may lie ahead."""


_DAY_FIRST = re.compile(r"(?:(?:(\d{1,2})[./ -])?(\d{1,2})[./ -])?(\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Birth:
    """A date of birth with its precision; ``on`` is the first day of what is known."""

    on: date | None = None
    precision: BirthPrecision = BirthPrecision.UNKNOWN

    def __post_init__(self) -> None:
        if (self.on is None) != (self.precision is BirthPrecision.UNKNOWN):
            raise BirthDateError("a known birth has a date and an unknown one has none")

    @classmethod
    def written(cls, text: str) -> "Birth":
        """Read "14.03.2024", "2024-03-14", "03.2024", "2024" or nothing at all.

        :raises BirthDateError: it is none of these.
        """
        text = text.strip()
        if not text:
            return cls()
        year, month, day = _parts(text)
        try:
            on = date(year, month or 1, day or 1)
        except ValueError as error:
            raise BirthDateError("no such day") from error
        if day:
            return cls(on, BirthPrecision.DAY)
        return cls(on, BirthPrecision.MONTH if month else BirthPrecision.YEAR)

    def as_expected(self) -> "Birth":
        """The same date for a child not born yet; one given roughly means the end of it.

        :raises BirthDateError: there is no date.
        """
        if self.on is None:
            raise BirthDateError("an expected birth needs a date")
        on = self.on
        if self.precision is BirthPrecision.YEAR:
            on = on.replace(month=12, day=31)
        elif self.precision is BirthPrecision.MONTH:
            on = on.replace(day=calendar.monthrange(on.year, on.month)[1])
        return Birth(on, BirthPrecision.EXPECTED)

    @property
    def is_expected(self) -> bool:
        """Whether the child is not born yet."""
        return self.precision is BirthPrecision.EXPECTED

    def as_written(self) -> str:
        """The form in which ``written`` reads it back."""
        if self.on is None:
            return ""
        if self.precision is BirthPrecision.YEAR:
            return f"{self.on.year:04d}"
        if self.precision is BirthPrecision.MONTH:
            return f"{self.on.month:02d}.{self.on.year:04d}"
        return f"{self.on.day:02d}.{self.on.month:02d}.{self.on.year:04d}"

    def refuse_future(self, today: date) -> None:
        """Refuse a birth that has not happened; an expected one may lie ahead, not years ahead.

        :raises BirthInFutureError: the date lies after today, or the expected one over ten months.
        """
        if self.on is None:
            return
        ahead = (self.on - today).days
        if ahead > (305 if self.is_expected else 0):
            raise BirthInFutureError("the date lies too far ahead")

    def months_on(self, day: date) -> int | None:
        """Age in completed months; None when unborn or unknown. A bare year counts from July."""
        if self.on is None or self.is_expected:
            return None
        month, of_month = self.on.month, self.on.day
        if self.precision is BirthPrecision.YEAR:
            month, of_month = 7, 1
        months = (day.year - self.on.year) * 12 + day.month - month - (day.day < of_month)
        return max(months, 0)


UNKNOWN_BIRTH = Birth()


def _parts(text: str) -> tuple[int, int | None, int | None]:
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = found.groups()
    else:
        raise BirthDateError("not a date")
    if not 1900 <= int(year) <= 2200 or month == "00" or day == "00":
        raise BirthDateError("no such year, month or day")
    return int(year), int(month) if month else None, int(day) if day else None
