"""Dates, amounts and numbers as the reader writes them, in the organisation's own clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any, Literal

from babel import Locale, dates, numbers
from flask import Flask, has_app_context
from flask_babel import get_locale, get_timezone

from hearth.money import Money

EUROPEAN_ENGLISH = Locale("en", "GB")
Width = Literal["full", "long", "medium", "short"]
Clock = Literal["full", "long", "medium", "short"]


def reader_locale() -> Locale:
    """Return the locale of whoever reads the page; English where nobody reads.

    The English read here is Europe's: the day before the month, the week from Monday.
    """
    locale = get_locale() or Locale("en")
    return EUROPEAN_ENGLISH if str(locale) == "en" else locale


def organisation_clock() -> tzinfo:
    """Return the clock of the organisation whose page or job this is; UTC where there is none."""
    clock: tzinfo | None = get_timezone() if has_app_context() else None
    return clock or UTC


def today() -> date:
    """Return today's date in the organisation's clock, which may be tomorrow in another town."""
    return datetime.now(organisation_clock()).date()


def format_date(value: date | datetime | None, width: Width = "long") -> str:
    """Write a date, "14 March 2026"; a moment becomes its date on the organisation's clock."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = _on_the_clock(value).date()
    return dates.format_date(value, width, reader_locale())


def format_datetime(value: datetime | None, width: Width = "medium", clock: Clock = "short") -> str:
    """Write a moment with its date and its time on the organisation's clock."""
    if value is None:
        return ""
    # Babel's own medium pattern shows seconds, which nobody asked for, so the halves are joined
    # here by the pattern that the locale keeps for that.
    moment = _on_the_clock(value)
    pattern = str(dates.get_datetime_format(width, reader_locale()))
    return (
        pattern.replace("'", "")
        .replace("{0}", format_time(moment, clock))
        .replace("{1}", format_date(moment, width))
    )


def format_time(value: datetime | time | None, width: Clock = "short") -> str:
    """Write a time of day; a moment becomes the time it was on the organisation's clock."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = _on_the_clock(value).time()
    return dates.format_time(value, width, locale=reader_locale())


def format_month(value: date | str | None) -> str:
    """Write a month, "March 2026"; takes any day of it or "2026-03"."""
    if value is None:
        return ""
    day = date.fromisoformat(f"{value}-01") if isinstance(value, str) else value
    return dates.format_skeleton("yMMMM", day, locale=reader_locale())


def format_short_month(value: date) -> str:
    """Write a month in so few letters that twelve of them stand side by side."""
    return dates.format_skeleton("MMM", value, locale=reader_locale()).rstrip(".")


def currency_exponent(currency: str) -> int:
    """Return how many decimals a currency is written with: 2 for EUR, 0 for JPY."""
    return numbers.get_currency_precision(currency)


def major_units(value: Money) -> Decimal:
    """Return an amount as people write it, exactly."""
    return Decimal(value.amount_minor).scaleb(-currency_exponent(value.currency))


def format_money(value: Money | tuple[int, str] | None, *, whole: bool = False) -> str:
    """Write an amount with its currency; whole=True drops the decimals of a round amount."""
    if value is None:
        return ""
    money = value if isinstance(value, Money) else Money(*value)
    amount = major_units(money)
    locale = reader_locale()
    if whole and amount == amount.to_integral_value():
        pattern = locale.currency_formats["standard"].pattern.replace("0.00", "0")
        return numbers.format_currency(
            amount, money.currency, pattern, locale=locale, currency_digits=False
        )
    return numbers.format_currency(amount, money.currency, locale=locale)


def format_number(value: float | Decimal | None) -> str:
    """Write a number with the reader's own separators."""
    return "" if value is None else numbers.format_decimal(value, locale=reader_locale())


def format_percent(value: float | Decimal | None) -> str:
    """Write a share of one as a percentage."""
    return "" if value is None else numbers.format_percent(value, locale=reader_locale())


def _on_the_clock(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be shown on anybody's clock")
    return moment.astimezone(organisation_clock())


FILTERS: dict[str, Callable[..., Any]] = {
    "date": format_date,
    "datetime": format_datetime,
    "time": format_time,
    "month": format_month,
    "money": format_money,
    "number": format_number,
    "percent": format_percent,
}


def register(app: Flask) -> None:
    """Give every template the filters above."""
    app.jinja_env.filters.update(FILTERS)
