from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields

from hearth.web.fields import LocalDate, MoneyAmount, PlainText


def load(field: fields.Field[Any], typed: str, locale: str = "en") -> Any:
    app = Flask("hearth")
    Babel(app, default_locale=locale, default_timezone="Asia/Vladivostok")
    with app.test_request_context():
        return Schema.from_dict({"answer": field})().load({"answer": typed})["answer"]


def refusal(field: fields.Field[Any], typed: str, locale: str = "en") -> str:
    with pytest.raises(ValidationError) as caught:
        load(field, typed, locale)
    return str(caught.value.messages_dict["answer"][0])


@pytest.mark.parametrize(
    ("typed", "locale", "cents"),
    [
        ("15", "en", 1500),
        ("15,00", "en", 1500),
        ("15.00", "nl", 1500),
        ("15,5", "ru", 1550),
        ("15.", "en", 1500),
        (".50", "en", 50),
        (" €15 ", "nl", 1500),
        ("15 EUR", "fr", 1500),
        ("1\u00a0500,00", "fr", 150000),
        ("1\u202f500", "fr", 150000),
        ("1 500", "ru", 150000),
        ("1.500", "nl", 150000),
        ("1.500,00", "nl", 150000),
        ("1,500", "en", 150000),
        ("1,234,567.89", "en", 123456789),
        ("１５", "en", 1500),
    ],
)
def test_amounts_are_read_the_way_people_write_them(typed: str, locale: str, cents: int) -> None:
    amount = load(MoneyAmount(limit=10**12), typed, locale)

    assert amount == cents


@pytest.mark.parametrize(
    ("typed", "locale"),
    [
        ("15.001", "en"),
        ("0.001", "en"),
        ("1,500", "nl"),
        ("1.500", "en"),
        ("0,500", "nl"),
        ("12,34.56", "en"),
        ("1 50 0", "en"),
        ("1.500.00", "nl"),
        ("fifteen", "en"),
        ("1e3", "en"),
        ("NaN", "en"),
        ("Infinity", "en"),
        ("0x10", "en"),
        ("--5", "en"),
        ("€", "en"),
        (".", "en"),
        ("", "en"),
    ],
)
def test_what_is_not_clearly_an_amount_is_refused(typed: str, locale: str) -> None:
    message = refusal(MoneyAmount(), typed, locale)

    assert message


@pytest.mark.parametrize("typed", ["0", "0,00", "-15", "−15", "-0.01"])
def test_nothing_and_less_than_nothing_are_no_gift(typed: str) -> None:
    message = refusal(MoneyAmount(), typed)

    assert message == "Enter an amount greater than zero."


def test_limits_are_told_in_the_readers_own_writing() -> None:
    too_much = refusal(MoneyAmount(limit=100_000_00), "1000000000000", "nl")
    too_little = refusal(MoneyAmount(minimum=100), "0,50", "nl")

    assert "€ 100.000 " in too_much.replace("\u00a0", " ")
    assert "€ 1 " in too_little.replace("\u00a0", " ")


def test_a_number_of_a_thousand_digits_only_meets_the_limit() -> None:
    message = refusal(MoneyAmount(), "9" * 1000)

    assert "or less" in message


@pytest.mark.parametrize(
    ("currency", "typed", "minor"), [("JPY", "1500", 1500), ("KWD", "1.5", 1500)]
)
def test_each_currency_has_its_own_smallest_coin(currency: str, typed: str, minor: int) -> None:
    amount = load(MoneyAmount(currency=currency), typed)

    assert amount == minor


def test_half_a_yen_is_refused() -> None:
    message = refusal(MoneyAmount(currency="JPY"), "1.5")

    assert message == "Leave out fractions smaller than the smallest coin."


@given(
    minor=st.integers(min_value=1, max_value=10**11),
    locale=st.sampled_from(["en", "nl", "sv", "fr", "ru", "de_CH"]),
    currency=st.sampled_from(["EUR", "RUB", "SEK", "JPY", "KWD"]),
)
def test_an_amount_survives_being_shown_and_sent_back(
    minor: int, locale: str, currency: str
) -> None:
    app = Flask("hearth")
    Babel(app, default_locale=locale)
    field = MoneyAmount(currency=currency, limit=10**11)

    with app.test_request_context():
        shown = field.serialize("amount", {"amount": minor})
        read = field.deserialize(shown)

    assert read == minor


@given(typed=st.text(max_size=40))
def test_any_text_is_either_a_sound_amount_or_a_refusal(typed: str) -> None:
    field = MoneyAmount()

    try:
        amount = field.deserialize(typed)
    except ValidationError:
        return

    assert 0 < amount <= field.limit


@given(
    text=st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1)
)
def test_a_name_in_any_script_stays_what_it_is(text: str) -> None:
    field = PlainText(max_length=1000)

    try:
        kept = field.deserialize(text)
    except ValidationError:
        assert set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
        return

    assert field.deserialize(kept) == kept


@pytest.mark.parametrize(
    "name", ["Анна-Мария", "Åsa Öberg", "Zoë", "李娜", "فاطمة", "👩‍👧‍👦", "O’Brien"]
)
def test_names_and_emoji_are_welcome(name: str) -> None:
    kept = load(PlainText(), name)

    assert kept == name


def test_two_ways_to_write_one_letter_become_one() -> None:
    kept = load(PlainText(), "Zoe\u0308")

    assert kept == "Zo\u00eb"


@pytest.mark.parametrize("hidden", ["\x00", "\u202e", "\u2066", "\x1b", "\n", "\ud800"])
def test_invisible_commands_are_refused(hidden: str) -> None:
    message = refusal(PlainText(), f"Anna{hidden}Sample")

    assert message == "This holds a character that cannot be seen. Please type it anew."


def test_a_longer_text_may_have_lines() -> None:
    kept = load(PlainText(multiline=True), "one\r\ntwo\rthree")

    assert kept == "one\ntwo\nthree"


def test_a_text_too_long_is_told_both_lengths() -> None:
    message = refusal(PlainText(max_length=200), "x" * 500)

    assert message == "Write no more than 200 characters; these are 500."


@time_machine.travel(datetime(2026, 3, 14, 20, 0, tzinfo=UTC))
def test_today_is_today_on_the_organisations_clock() -> None:
    tomorrow_in_london = load(LocalDate(not_future=True), "2026-03-15")

    assert tomorrow_in_london == date(2026, 3, 15)
    assert "still to come" in refusal(LocalDate(not_future=True), "2026-03-16")
    assert "has passed" in refusal(LocalDate(not_past=True), "2026-03-14")


@pytest.mark.parametrize(
    "typed", ["14.03.2026", "20260314", "2026-W11-1", "2026-02-30", "x", "٢٠٢٦-٠٣-١٤"]
)
def test_only_a_day_of_the_calendar_is_a_date(typed: str) -> None:
    message = refusal(LocalDate(), typed)

    assert message


@pytest.mark.parametrize("typed", ["0001-01-01", "1899-12-31", "9999-12-31"])
def test_a_year_out_of_reach_is_refused(typed: str) -> None:
    message = refusal(LocalDate(), typed)

    assert message.startswith("Enter a day no")
