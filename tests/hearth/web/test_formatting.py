from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time

import pytest
import time_machine
from flask import Flask
from flask_babel import Babel

from hearth.money import Money
from hearth.web import formatting


@contextmanager
def reading(locale: str, clock: str = "Europe/Moscow") -> Iterator[Flask]:
    app = Flask("hearth")
    Babel(app, default_locale=locale, default_timezone=clock)
    formatting.register(app)
    with app.test_request_context():
        yield app


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("en", "14 March 2026"),
        ("nl", "14 maart 2026"),
        ("sv", "14 mars 2026"),
        ("fr", "14 mars 2026"),
        ("ru", "14 марта 2026 г."),
    ],
)
def test_a_date_is_written_in_the_readers_language(locale: str, written: str) -> None:
    with reading(locale):
        text = formatting.format_date(date(2026, 3, 14))

    assert text.replace("\u202f", " ").replace("\u00a0", " ") == written


def test_a_moment_is_shown_on_the_organisations_clock() -> None:
    moment = datetime(2026, 3, 14, 20, 30, tzinfo=UTC)

    with reading("en", "Asia/Vladivostok"):
        day, whole = formatting.format_date(moment), formatting.format_datetime(moment)
        hour = formatting.format_time(moment)

    assert day == "15 March 2026"
    assert hour == "06:30"
    assert whole == "15 Mar 2026, 06:30"


def test_a_moment_without_a_zone_is_refused() -> None:
    moment = datetime(2026, 3, 14, 20, 30)  # noqa: DTZ001

    with reading("en"), pytest.raises(ValueError, match="time zone"):
        formatting.format_datetime(moment)


def test_a_time_of_day_has_no_clock_of_its_own() -> None:
    with reading("ru"):
        text = formatting.format_time(time(7, 5))

    assert text == "07:05"


@time_machine.travel(datetime(2026, 3, 14, 22, 0, tzinfo=UTC))
def test_today_may_already_be_tomorrow() -> None:
    with reading("en", "Asia/Krasnoyarsk"):
        day = formatting.today()

    assert day == date(2026, 3, 15)


@pytest.mark.parametrize("month", [date(2026, 3, 14), "2026-03"])
def test_a_month_stands_alone(month: date | str) -> None:
    with reading("ru"):
        text = formatting.format_month(month)

    assert text.startswith("март 2026")


@pytest.mark.parametrize(
    ("locale", "exact", "whole"),
    [
        ("en", "€1,500.00", "€1,500"),
        ("nl", "€ 1.500,00", "€ 1.500"),
        ("ru", "1 500,00 €", "1 500 €"),
    ],
)
def test_money_is_written_in_the_readers_way(locale: str, exact: str, whole: str) -> None:
    with reading(locale):
        written = formatting.format_money(Money(150_000, "EUR"))
        rounded = formatting.format_money((150_000, "EUR"), whole=True)

    assert written.replace("\u00a0", " ") == exact
    assert rounded.replace("\u00a0", " ") == whole


def test_cents_are_never_hidden() -> None:
    with reading("en"):
        text = formatting.format_money((1550, "EUR"), whole=True)

    assert text == "€15.50"


def test_yen_have_no_cents() -> None:
    with reading("en"):
        text = formatting.format_money((1550, "JPY"))

    assert text == "JP¥1,550"


def test_templates_know_the_filters_and_nothing_stays_nothing() -> None:
    with reading("nl") as app:
        text = app.jinja_env.from_string(
            "{{ 1234.5|number }} {{ 0.28|percent }} "
            "[{{ none|date }}{{ none|money }}{{ none|number }}]"
        ).render()

    assert text.replace("\u00a0", " ") == "1.234,5 28% []"
