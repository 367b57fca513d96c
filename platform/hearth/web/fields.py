"""The kinds of answer our forms ask for, beyond those marshmallow knows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from babel import numbers
from flask_babel import gettext as _
from flask_babel import ngettext
from marshmallow import ValidationError, fields

from hearth.money import Money
from hearth.web import formatting

EARLIEST_BELIEVABLE = date(1900, 1, 1)
FURTHEST_PLAN = timedelta(days=365 * 30)
# Embeddings, overrides and isolates turn the order of a text round for everyone who reads it later.
BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
UNSAFE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
Choices = Collection[Any] | Callable[[], Collection[Any]]
# RFC 5321, 4.5.3.1.3, without the brackets around it.
LONGEST_ADDRESS = 254
# A text in its Unicode form may be some times shorter than it came; more is refused unread.
AS_IT_CAME = 4
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class MailAddress(fields.Email):
    """An address of mail; what is longer than any of them is refused before it is looked at."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > LONGEST_ADDRESS:
            raise ValidationError(_("Enter an email address such as name@example.org."))
        return text


class PlainText(fields.String):
    """Text in any script with any emoji, in one Unicode form, without invisible commands."""

    def __init__(self, *, max_length: int = 200, multiline: bool = False, **kwargs: Any) -> None:
        self.max_length = max_length
        self.multiline = multiline
        super().__init__(**kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > AS_IT_CAME * self.max_length:
            self._refuse_long(text)
        text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
        allowed = "\n\t" if self.multiline else ""
        if any(_is_unsafe(character) and character not in allowed for character in text):
            raise ValidationError(
                _("This holds a character that cannot be seen. Please type it anew.")
            )
        if len(text) > self.max_length:
            self._refuse_long(text)
        return text

    def _refuse_long(self, text: str) -> NoReturn:
        raise ValidationError(
            ngettext(
                "Write no more than %(limit)s characters; this is %(num)s.",
                "Write no more than %(limit)s characters; these are %(num)s.",
                len(text),
                limit=formatting.format_number(self.max_length),
            )
        )


def _is_unsafe(character: str) -> bool:
    return character in BIDI_OVERRIDES or unicodedata.category(character) in UNSAFE_CATEGORIES


class LocalDate(fields.Date):
    """A day in the calendar as the browser's own date control sends it, within reason."""

    def __init__(
        self,
        *,
        earliest: date = EARLIEST_BELIEVABLE,
        latest: date | None = None,
        not_future: bool = False,
        not_past: bool = False,
        **kwargs: Any,
    ) -> None:
        self.earliest = earliest
        self.latest = latest
        self.not_future = not_future
        self.not_past = not_past
        super().__init__(**kwargs)

    def bounds(self) -> tuple[date, date]:
        """Return the first and the last day this field takes, seen from today."""
        today = formatting.today()
        first = max(self.earliest, today) if self.not_past else self.earliest
        last = self.latest or today + FURTHEST_PLAN
        return first, min(last, today) if self.not_future else last

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if not isinstance(value, str) or not ISO_DATE.fullmatch(value):
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        day = super()._deserialize(value, attr, data, **kwargs)
        first, last = self.bounds()
        if day > last:
            raise ValidationError(self._too_late(last))
        if day < first:
            raise ValidationError(self._too_early(first))
        return day

    def _too_late(self, last: date) -> str:
        if self.not_future and last == formatting.today():
            return str(_("This day is still to come. Enter today or a day before it."))
        return str(_("Enter a day no later than %(day)s.", day=formatting.format_date(last)))

    def _too_early(self, first: date) -> str:
        if self.not_past and first == formatting.today():
            return str(_("This day has passed. Enter today or a day after it."))
        return str(_("Enter a day no earlier than %(day)s.", day=formatting.format_date(first)))


class MoneyAmount(fields.Field[int]):
    """An amount of one currency as people type it, kept as a whole number of minor units."""

    def __init__(
        self,
        *,
        currency: str | Callable[[], str] = "EUR",
        minimum: int = 1,
        limit: int = 100_000_000,
        **kwargs: Any,
    ) -> None:
        self._currency = currency
        self.minimum = minimum
        self.limit = limit
        super().__init__(**kwargs)

    @property
    def currency(self) -> str:
        """The ISO code of the currency, which may depend on the organisation."""
        return self._currency() if callable(self._currency) else self._currency

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str:
        if value is None:
            return ""
        symbol = numbers.get_decimal_symbol(formatting.reader_locale())
        return f"{formatting.major_units(Money(value, self.currency)):f}".replace(".", symbol)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        minor = self._minor_units(str(value))
        if minor <= 0:
            raise ValidationError(_("Enter an amount greater than zero."))
        if minor < self.minimum:
            raise ValidationError(
                _("Enter %(amount)s or more.", amount=self._in_words(self.minimum))
            )
        if minor > self.limit:
            raise ValidationError(
                _(
                    "Enter %(amount)s or less. Please write to us if you mean more.",
                    amount=self._in_words(self.limit),
                )
            )
        return minor

    def _in_words(self, minor: int) -> str:
        return formatting.format_money((minor, self.currency), whole=True)

    def _minor_units(self, typed: str) -> int:
        text = unicodedata.normalize("NFKC", typed).replace("\u2212", "-")
        for mark in (self.currency, _symbol(self.currency)):
            text = text.strip().removeprefix(mark).removesuffix(mark).strip()
        if re.fullmatch(r"-[\d.,' ]+", text):
            raise ValidationError(_("Enter an amount greater than zero."))
        whole, decimals = self._parts(text)
        places = formatting.currency_exponent(self.currency)
        if len(decimals) > places:
            raise ValidationError(_("Leave out fractions smaller than the smallest coin."))
        # Nobody types twenty digits and means it; the limit answers before a huge number is built.
        if len(whole) > 20:
            whole = whole[:20]
        return int(Decimal(f"{whole or 0}.{decimals or 0}").scaleb(places))

    def _parts(self, text: str) -> tuple[str, str]:
        """Split into digits before and after the decimal sign, whichever it is."""
        match = re.fullmatch(r"([0-9][0-9.,'’ ]*)?([.,])([0-9]*)", text) or re.fullmatch(
            r"([0-9][0-9.,'’ ]*)()()", text
        )
        if match is None or not re.search(r"[0-9]", text):
            raise ValidationError(_("Enter an amount in figures, such as 15."))
        before, sign, after = match[1] or "", match[2], match[3]
        if sign and len(after) == 3 and before and self._groups_thousands(sign, before):
            before, sign, after = before + sign + after, "", ""
        if not _well_grouped(before, sign):
            raise ValidationError(_("Enter an amount in figures, such as 15."))
        return re.sub(r"[^0-9]", "", before), after

    def _groups_thousands(self, sign: str, before: str) -> bool:
        # "1.500" is one and a half thousand to a Dutch reader and a slip of the finger to an
        # English one, who would have written "1,500".
        locale = formatting.reader_locale()
        groups_here = numbers.get_group_symbol(locale) == sign
        return groups_here and before != "0" and numbers.get_decimal_symbol(locale) != sign


def _symbol(currency: str) -> str:
    return unicodedata.normalize(
        "NFKC", numbers.get_currency_symbol(currency, formatting.reader_locale())
    )


def _well_grouped(before: str, decimal_sign: str) -> bool:
    separators = set(re.findall(r"[^0-9]", before))
    if not separators:
        return True
    if len(separators) > 1 or decimal_sign in separators:
        return False
    return re.fullmatch(r"[0-9]{1,3}([^0-9][0-9]{3})+", before) is not None


class Choice(fields.String):
    """One of the answers offered; the form refuses any other."""

    def __init__(self, choices: Choices | None = None, **kwargs: Any) -> None:
        super().__init__(metadata=_offering(choices, kwargs.pop("metadata", None)), **kwargs)


class UuidChoice(fields.UUID):
    """One of the things offered, by its id; the form refuses any other."""

    def __init__(self, choices: Choices | None = None, **kwargs: Any) -> None:
        super().__init__(metadata=_offering(choices, kwargs.pop("metadata", None)), **kwargs)


def _offering(choices: Choices | None, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    offered = {} if choices is None else {"choices": choices}
    return {"widget": "select", **offered, **(metadata or {})}
