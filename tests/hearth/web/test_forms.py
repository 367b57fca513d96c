import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema
from werkzeug.datastructures import MultiDict

from hearth.giving import schemas
from hearth.giving.schemas import EmailAddress
from hearth.web import fields as web_fields
from hearth.web import formatting
from hearth.web.fields import (
    Choice,
    LocalDate,
    MailAddress,
    MoneyAmount,
    PlainText,
    UuidChoice,
)
from hearth.web.forms import Form

ROOM = uuid.UUID("0198c0de-0000-7000-8000-000000000001")


class Need(StrEnum):
    COT = "cot"
    COAT = "coat"


@dataclass(frozen=True)
class Admit:
    name: str
    needs: tuple[str, ...]


class AdmitSchema(Schema):
    name = PlainText(required=True, max_length=20, metadata={"label": _l("Family name")})
    room = UuidChoice([(ROOM, "Room 1")], metadata={"label": "Place"})
    needs = fields.List(
        fields.String(),
        load_default=list,
        metadata={"label": "Needs", "choices": [("cot", "Cot"), ("coat", "Coat")]},
    )

    @post_load
    def command(self, data: dict[str, Any], **_: Any) -> Admit:
        return Admit(data["name"], tuple(data["needs"]))


@pytest.fixture
def page() -> Iterator[Flask]:
    app = Flask("hearth")
    Babel(app)
    formatting.register(app)
    app.jinja_env.globals["form_token"] = lambda: Markup('<input type="hidden" name="token">')
    with app.test_request_context():
        yield app


def render(page: Flask, source: str, **values: Any) -> str:
    macros = '{% from "macros/forms.html" import form_start, form_end, field, submit, confirm %}'
    return page.jinja_env.from_string(macros + source).render(**values)


def test_answers_become_what_the_schema_makes_of_them(page: Flask) -> None:
    typed = MultiDict([("name", "  Åkerström "), ("needs", "cot"), ("needs", "coat")])

    form = Form(AdmitSchema(), typed)

    assert form.validate()
    assert form.loaded == Admit("Åkerström", ("cot", "coat"))


def test_an_empty_form_is_not_valid_and_says_nothing_yet(page: Flask) -> None:
    form = Form(AdmitSchema(), None)

    valid = form.validate()

    assert not valid
    assert not form.errors


def test_blank_text_counts_as_no_answer(page: Flask) -> None:
    form = Form(AdmitSchema(), MultiDict({"name": "   "}))

    form.validate()

    assert form["name"].errors == ["Fill this in."]
    assert form["name"].value == "   "


def test_an_answer_that_was_not_offered_is_refused(page: Flask) -> None:
    typed = MultiDict({"name": "Aspen", "room": str(uuid.uuid4()), "needs": "gold"})

    form = Form(AdmitSchema(), typed)

    assert not form.validate()
    assert form["room"].error == "Choose one of the answers offered here."
    assert form["needs"].error == "Choose one of the answers offered here."
    assert form.loaded is None


def test_a_view_can_offer_its_own_choices(page: Flask) -> None:
    other = uuid.uuid4()
    typed = MultiDict({"name": "Aspen", "room": str(other)})

    form = Form(AdmitSchema(), typed, choices={"room": [("House", [(other, "Room 2")])]})

    assert form.validate()
    assert form["room"].grouped_options[0][0] == "House"


def test_fields_nobody_asked_for_are_left_alone(page: Flask) -> None:
    form = Form(AdmitSchema(), MultiDict({"name": "Aspen", "form_token": "x", "is_admin": "1"}))

    valid = form.validate()

    assert valid


def test_a_prefix_keeps_two_children_apart(page: Flask) -> None:
    typed = MultiDict({"child-0-name": "Mira", "child-1-name": "Lev"})

    forms = [Form(AdmitSchema(), typed, prefix=f"child-{index}") for index in range(2)]

    assert all(form.validate() for form in forms)
    assert [form.loaded.name for form in forms] == ["Mira", "Lev"]
    assert forms[1]["name"].id == "f-child-1-name"


def test_initial_values_appear_as_controls_send_them(page: Flask) -> None:
    class AnswerSchema(Schema):
        amount = MoneyAmount()
        need = fields.Enum(Need, by_value=True)
        room = UuidChoice([(ROOM, "Room 1")])
        quiet = fields.Boolean()

    form = Form(
        AnswerSchema(), initial={"amount": 1550, "need": Need.COAT, "room": ROOM, "quiet": True}
    )

    assert form["amount"].value == "15.50"
    assert form["need"].value == "coat"
    assert form["room"].value == str(ROOM)
    assert form["quiet"].checked


def test_an_unticked_box_is_a_no_unless_it_must_be_ticked(page: Flask) -> None:
    class AnswerSchema(Schema):
        letters = fields.Boolean()
        agreed = fields.Boolean(required=True)

    form = Form(AnswerSchema(), MultiDict({"other": "x"}))

    assert not form.validate()
    assert form.errors == {"agreed": ["Tick this box to go on."]}


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        (fields.Integer(), "many", "Enter a number in figures."),
        (
            fields.Integer(validate=validate.Range(min=1, max=9)),
            "10",
            "Enter a number from 1 to 9.",
        ),
        (fields.Integer(validate=validate.Range(min=1)), "0", "Enter a number that is 1 or more."),
        (MailAddress(), "nobody", "Enter an email address such as name@example.org."),
        (fields.Email(), "nobody", "Enter an email address such as name@example.org."),
        (fields.String(validate=validate.Length(max=2)), "abc", "Write no more than 2 characters."),
        (fields.String(validate=validate.Length(equal=1)), "abc", "Write exactly 1 character."),
        (fields.String(validate=validate.OneOf(["a"])), "b", "Choose one of the answers offered"),
        (fields.String(validate=validate.Regexp("a", error="Begin with a.")), "b", "Begin with a."),
        (fields.UUID(), "x", "This does not look right. Please check it."),
        (fields.Date(), "2026-02-30", "Enter a date that exists in the calendar."),
        (fields.Time(), "25:00", "Enter a time of day, such as 14:30."),
        (fields.URL(), "x", "Enter a web address that begins with https://."),
    ],
)
def test_every_refusal_is_a_sentence_of_ours(
    page: Flask, field: fields.Field[Any], typed: str, sentence: str
) -> None:
    schema = Schema.from_dict({"answer": field})()
    if isinstance(field, fields.Time):
        field.metadata = {"widget": "time"}

    form = Form(schema, MultiDict({"answer": typed}))

    assert not form.validate()
    assert form["answer"].errors[0].startswith(sentence)


def test_words_written_for_a_field_are_kept(page: Flask) -> None:
    message = _l("Enter the name the family goes by.")
    schema = Schema.from_dict(
        {"name": fields.String(required=True, error_messages={"required": message})}
    )()

    form = Form(schema, MultiDict())

    assert not form.validate()
    assert form["name"].error == "Enter the name the family goes by."


def test_what_is_wrong_between_two_fields_is_said_at_one_or_for_the_whole(page: Flask) -> None:
    class Stay(Schema):
        arrives_on = LocalDate()
        leaves_on = LocalDate()

        @validates_schema
        def order(self, data: dict[str, Any], **_: Any) -> None:
            if data["leaves_on"] < data["arrives_on"]:
                raise ValidationError("Leave after arriving.", "leaves_on")
            raise ValidationError("Too long.")

    backwards = Form(Stay(), MultiDict({"arrives_on": "2026-03-02", "leaves_on": "2026-03-01"}))
    long = Form(Stay(), MultiDict({"arrives_on": "2026-03-02", "leaves_on": "2026-03-03"}))

    assert not backwards.validate()
    assert not long.validate()
    assert backwards.errors == {"leaves_on": ["Leave after arriving."]}
    assert long.errors == {None: ["Too long."]}


def test_errors_found_later_undo_what_was_loaded(page: Flask) -> None:
    form = Form(AdmitSchema(), MultiDict({"name": "Aspen"}))
    form.validate()

    form.add_error("room", _l("This place was just taken."))
    form.add_error("gone", "Something else.")

    assert form.loaded is None
    assert [(line.label, line.message) for line in form.error_list] == [
        ("", "Something else."),
        ("Place", "This place was just taken."),
    ]


def test_the_page_links_each_error_to_its_field_and_keeps_the_answer(page: Flask) -> None:
    form = Form(AdmitSchema(), MultiDict({"name": "<b>" + "x" * 40, "needs": "coat"}))
    form.validate()

    html = render(
        page,
        '{{ form_start(form, "/x") }}{{ field(form, "name") }}{{ field(form, "needs") }}'
        "{{ form_end() }}",
        form=form,
    )

    assert 'href="#f-name"' in html
    assert 'role="alert" tabindex="-1" autofocus' in html
    assert 'aria-describedby="f-name-error" aria-invalid="true"' in html
    assert "&lt;b&gt;xxx" in html
    assert re.search(r'value="coat"\s+id="f-needs-2" checked', html)
    assert '<input type="hidden" name="token">' in html
    assert "(optional)" in html
    assert "style=" not in html


def test_a_password_is_never_given_back(page: Flask) -> None:
    schema = Schema.from_dict(
        {"password": fields.String(required=True, metadata={"widget": "password"})}
    )()
    form = Form(schema, MultiDict({"password": " s3cret "}))
    form.validate()

    html = render(page, '{{ field(form, "password") }}', form=form)

    assert form.loaded == {"password": " s3cret "}
    assert "s3cret" not in html


def test_a_question_is_asked_without_any_script(page: Flask) -> None:
    source = '{% call confirm("End it?", "/end", "End the stay", "/back") %}Really.{% endcall %}'

    html = render(page, source)

    assert 'action="/end" method="post"' in html
    assert 'href="/back"' in html


def test_choices_are_asked_for_when_the_page_is_drawn(page: Flask) -> None:
    free = ["1"]
    schema = Schema.from_dict({"room": Choice(lambda: [(room, room) for room in free])})()
    form = Form(schema, MultiDict({"room": "2"}))

    free.append("2")

    assert form.validate()


@pytest.mark.parametrize("field", [MailAddress(), EmailAddress()])
def test_what_is_longer_than_any_address_is_refused_unread(
    page: Flask, monkeypatch: pytest.MonkeyPatch, field: fields.Field[Any]
) -> None:
    read: list[str] = []
    monkeypatch.setattr(validate.Email, "__call__", lambda _self, text: read.append(text))
    monkeypatch.setattr(schemas, "validate_email", lambda text, **_: read.append(text))

    with pytest.raises(ValidationError, match="Enter an email address such as"):
        field.deserialize("a" * 250 + "@b.nl")

    assert not read


def test_a_text_that_is_far_too_long_is_refused_unread(
    page: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    monkeypatch.setattr(web_fields, "_is_unsafe", read.append)

    with pytest.raises(ValidationError, match="no more than 254"):
        PlainText(max_length=254).deserialize("a" * 1_900_000)

    assert not read


def test_what_a_form_takes_for_granted_is_seen_on_its_buttons(page: Flask) -> None:
    class Asked(Schema):
        urgency = fields.String(
            load_default="usual",
            metadata={"widget": "radios", "choices": [("usual", "Usual"), ("high", "High")]},
        )
        needs = fields.List(
            fields.String(),
            load_default=list,
            metadata={"widget": "radios", "choices": [("cot", "Cot")]},
        )

    with page.test_request_context():
        assert Form(Asked())["urgency"].values == ["usual"]
        assert Form(Asked(), None, {"urgency": "high"})["urgency"].values == ["high"]
        assert Form(Asked(), MultiDict())["urgency"].values == []
        assert Form(Asked())["needs"].values == []
