"""Binds what a person typed to a marshmallow schema and keeps it until it is right."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, missing
from marshmallow.exceptions import SCHEMA
from werkzeug.datastructures import MultiDict

from hearth.web.fields import LocalDate, MoneyAmount, PlainText
from hearth.web.messages import NOT_OFFERED, flatten, translate
from hearth.web.widgets import (
    CHOICE_WIDGETS,
    NEVER_KEPT,
    NEVER_STRIPPED,
    Option,
    as_text,
    options_of,
    usual_widget,
)

WHOLE_FORM = None


@dataclass(frozen=True)
class FormError:
    """One line of the error summary; without a field it is about the form as a whole."""

    message: str
    label: str = ""
    field_id: str = ""


class BoundField:
    """One field of one form: what is asked, what was answered, what is wrong with it."""

    def __init__(self, form: Form, name: str, field: fields.Field[Any]) -> None:
        self._form = form
        self.field = field
        self.name = name
        self.html_name = f"{form.prefix}{name}"
        self.id = f"f-{self.html_name}"
        self.widget: str = field.metadata.get("widget") or usual_widget(field)
        self.choices: Any = field.metadata.get("choices")

    @property
    def label(self) -> str:
        """What is asked."""
        return str(self.field.metadata.get("label") or self.name.replace("_", " ").capitalize())

    @property
    def hint(self) -> str:
        """What helps to answer."""
        return str(self.field.metadata.get("hint") or "")

    @property
    def placeholder(self) -> str:
        """The words of a select that nothing has been chosen in yet."""
        return str(self.field.metadata.get("placeholder") or "")

    @property
    def required(self) -> bool:
        """Whether the form cannot do without an answer; metadata "optional" overrules it."""
        optional = self.field.metadata.get("optional")
        return self.field.required if optional is None else not optional

    @property
    def multiple(self) -> bool:
        """Whether several answers may be given."""
        return isinstance(self.field, fields.List)

    @property
    def errors(self) -> list[str]:
        """What is wrong with the answer, in whole sentences."""
        return self._form.errors.get(self.name, [])

    @property
    def error(self) -> str:
        """The first thing that is wrong, or nothing."""
        return next(iter(self.errors), "")

    @property
    def values(self) -> list[str]:
        """The answers as text: what was typed if anything was, otherwise the initial value."""
        if self.widget in NEVER_KEPT:
            return []
        if self._form.is_bound:
            return self._form.raw(self.name)
        return [as_text(part) for part in self._initial()]

    @property
    def value(self) -> str:
        """The one answer as text; a password is never given back."""
        return next(iter(self.values), "")

    @property
    def checked(self) -> bool:
        """Whether a single box is ticked."""
        return self.value in fields.Boolean.truthy

    @property
    def options(self) -> list[Option]:
        """The answers offered."""
        offered = self.choices() if callable(self.choices) else self.choices
        return list(options_of(offered or ()))

    @property
    def grouped_options(self) -> list[tuple[str, list[Option]]]:
        """The answers offered, those of one group together."""
        grouped = itertools.groupby(self.options, key=lambda option: option.group)
        return [(group, list(members)) for group, members in grouped]

    @property
    def has_blank_option(self) -> bool:
        """Whether one of the answers offered is already "none"."""
        return any(option.value == "" for option in self.options)

    @property
    def autocomplete(self) -> str:
        """What the browser may fill in."""
        return str(self.field.metadata.get("autocomplete") or "")

    @property
    def tiles(self) -> bool:
        """Whether the answers stand side by side, as short ones may."""
        return bool(self.field.metadata.get("tiles"))

    @property
    def rows(self) -> int:
        """How tall a text area opens."""
        return int(self.field.metadata.get("rows", 5))

    @property
    def currency(self) -> str:
        """The currency of an amount."""
        return self.field.currency if isinstance(self.field, MoneyAmount) else ""

    @property
    def max_length(self) -> int | None:
        """How many characters the answer may have."""
        return self.field.max_length if isinstance(self.field, PlainText) else None

    @property
    def min_value(self) -> str:
        """The first day a date control offers."""
        return self.field.bounds()[0].isoformat() if isinstance(self.field, LocalDate) else ""

    @property
    def max_value(self) -> str:
        """The last day a date control offers."""
        return self.field.bounds()[1].isoformat() if isinstance(self.field, LocalDate) else ""

    @property
    def dir_auto(self) -> bool:
        """Whether the writing direction follows what is typed."""
        return self.widget in ("text", "textarea", "search")

    @property
    def spellcheck(self) -> bool | None:
        """False where a name or an address would only be underlined in red."""
        spellcheck: bool | None = self.field.metadata.get("spellcheck")
        return spellcheck

    def _initial(self) -> list[Any]:
        value = self._form.initial.get(self.name)
        if value is None and self.widget == "radios":
            # What the form takes for granted is seen, not only meant.
            usual = self.field.load_default
            value = None if usual is missing or callable(usual) else usual
        if value is None:
            return []
        if self.multiple:
            return list(value)
        return [self.field.serialize(self.name, {}, accessor=lambda *_args: value)]


class Form:
    """A schema, what was typed into it, and what came of it.

    data is request.form or None; request.args serves a filter form. initial holds values as the
    program knows them (dates, ids, minor units). choices gives a select its answers by field name.
    The schema instance must be fresh, because its messages are put into the reader's language.
    """

    def __init__(
        self,
        schema: Schema,
        data: Mapping[str, Any] | None = None,
        initial: Mapping[str, Any] | None = None,
        prefix: str = "",
        *,
        choices: Mapping[str, Any] | None = None,
    ) -> None:
        self.schema = schema
        self.prefix = f"{prefix}-" if prefix else ""
        self.initial = initial or {}
        self.is_bound = data is not None
        self.errors: dict[str | None, list[str]] = {}
        self.loaded: Any = None
        self.fields = {
            name: BoundField(self, name, field)
            for name, field in schema.fields.items()
            if not field.dump_only
        }
        for bound in self.fields.values():
            translate(bound.field, bound.widget)
        for name, offered in (choices or {}).items():
            self.fields[name].choices = offered
        self._raw = {name: _read(bound, data) for name, bound in self.fields.items()}

    def __getitem__(self, name: str) -> BoundField:
        return self.fields[name]

    def __iter__(self) -> Iterator[BoundField]:
        return iter(self.fields.values())

    def __contains__(self, name: object) -> bool:
        return name in self.fields

    def raw(self, name: str) -> list[str]:
        """Return what was typed into a field, untouched."""
        return self._raw[name]

    def validate(self) -> bool:
        """Load the answers through the schema; afterwards either loaded or errors is filled."""
        self.errors = {}
        self.loaded = None
        if not self.is_bound:
            return False
        for bound in self:
            self._refuse_what_was_not_offered(bound)
        if self.errors:
            # The other fields are judged too, but nothing is built from what was never offered.
            self._take(self.schema.validate(self._payload()))
            return False
        try:
            self.loaded = self.schema.load(self._payload(), unknown=EXCLUDE)
        except ValidationError as refusal:
            self._take(refusal.messages)
        return not self.errors

    def add_error(self, name: str | None, message: object) -> None:
        """Say what is wrong with a field, or with the form as a whole when name is None."""
        known = name if name in self.fields else WHOLE_FORM
        self.errors.setdefault(known, []).append(str(message))
        self.loaded = None

    @property
    def error_list(self) -> list[FormError]:
        """The error summary: the form as a whole first, then the fields in their order."""
        lines = [FormError(message) for message in self.errors.get(WHOLE_FORM, [])]
        for bound in self:
            field_id = "" if bound.widget == "hidden" else bound.id
            lines += [FormError(message, bound.label, field_id) for message in bound.errors]
        return lines

    def _payload(self) -> dict[str, Any]:
        payload = {}
        for name, bound in self.fields.items():
            answers = _answers(bound, self._raw[name])
            if answers:
                payload[bound.field.data_key or name] = answers if bound.multiple else answers[0]
        return payload

    def _refuse_what_was_not_offered(self, bound: BoundField) -> None:
        if bound.widget not in CHOICE_WIDGETS or bound.choices is None:
            return
        offered = {option.value for option in bound.options}
        if not offered.issuperset(_answers(bound, self._raw[bound.name])):
            self.add_error(bound.name, NOT_OFFERED)

    def _take(self, messages: Any) -> None:
        by_key = messages if isinstance(messages, dict) else {SCHEMA: messages}
        names = {bound.field.data_key or name: name for name, bound in self.fields.items()}
        for key, found in by_key.items():
            name = names.get(str(key))
            for message in flatten(found):
                if message not in self.errors.get(name, []):
                    self.errors.setdefault(name, []).append(message)


def _read(bound: BoundField, data: Mapping[str, Any] | None) -> list[str]:
    if data is None:
        return []
    if isinstance(data, MultiDict):
        return [str(part) for part in data.getlist(bound.html_name)]
    if bound.html_name not in data or data[bound.html_name] is None:
        return []
    given = data[bound.html_name]
    return [str(part) for part in (given if isinstance(given, (list, tuple)) else [given])]


def _answers(bound: BoundField, raw: Iterable[str]) -> list[str]:
    """Return what was answered: stripped, and without the empty text of an untouched control."""
    keep = bound.widget in NEVER_STRIPPED
    stripped = (text if keep else text.strip() for text in raw)
    answers = [text for text in stripped if text]
    if not answers and bound.widget == "checkbox" and not bound.field.required:
        return ["false"]
    return answers
