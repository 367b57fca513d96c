"""Working days, by which a review is due."""

from datetime import date, timedelta

SATURDAY = 5


def working_days_after(day: date, number: int) -> date:
    """The n-th working day, Monday to Friday, after a day."""
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < SATURDAY
    return day
