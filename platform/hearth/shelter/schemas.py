"""What may come in from the forms about houses, places and stays."""

import datetime
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields, post_load, validate

from hearth.families.seen import SeenPerson
from hearth.shelter.models import Destination, EndReason, HouseKind, PlaceKind
from hearth.shelter.occupancy import PlaceOffer
from hearth.shelter.words import DESTINATIONS, END_REASONS, HOUSE_KINDS, PLACE_KINDS
from hearth.web.fields import Choice, LocalDate, PlainText, UuidChoice
from hearth.web.formatting import format_date
from hearth.web.messages import NOT_OFFERED

SLEEPS = "sleeps_"
AWAY = "away"
SHARED = "shared"
NOTE_LENGTH = 2000


@dataclass(frozen=True)
class Admission:
    """Who of a family comes, from when, until when, and where each of them sleeps."""

    admitted_on: datetime.date
    planned_until: datetime.date
    places: Mapping[uuid.UUID, uuid.UUID | None]
    note: str | None


@dataclass(frozen=True)
class Move:
    """From when on somebody sleeps elsewhere."""

    moved_on: datetime.date
    place_id: uuid.UUID | None
    note: str | None


class SleepingPlace(Choice):
    """A place by its id, None for somebody's bed, or AWAY for whoever does not come along."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        answer = super()._deserialize(value, attr, data, **kwargs)
        if answer in (AWAY, SHARED):
            return AWAY if answer == AWAY else None
        try:
            return uuid.UUID(answer)
        except ValueError as error:
            raise ValidationError(NOT_OFFERED) from error


def _note(hint: Any) -> PlainText:
    return PlainText(
        max_length=NOTE_LENGTH,
        multiline=True,
        load_default=None,
        metadata={"label": _l("Note"), "hint": hint, "rows": 3},
    )


class AdmissionSchema(Schema):
    """The days of a stay; `admission_schema` adds one question for each of the family."""

    admitted_on = LocalDate(
        required=True,
        not_future=True,
        metadata={"label": _l("First night"), "hint": _l("The day the family came or comes.")},
    )
    planned_until = LocalDate(
        required=True,
        metadata={
            "label": _l("Agreed until"),
            "hint": _l("The day on which the family is to leave. You can agree a new day later."),
        },
    )

    @post_load
    def _make(self, data: dict[str, Any], **_kwargs: Any) -> Admission:
        answers = {
            uuid.UUID(name.removeprefix(SLEEPS)): answer
            for name, answer in data.items()
            if name.startswith(SLEEPS) and answer != AWAY
        }
        return Admission(
            admitted_on=data["admitted_on"],
            planned_until=data["planned_until"],
            places=answers,
            note=data.get("note"),
        )


def admission_schema(persons: Iterable[SeenPerson], offers: list[PlaceOffer]) -> Schema:
    """The form that admits these persons to these places."""
    choices = [
        *_by_house(offers),
        (SHARED, _("In somebody’s bed, without a place of their own")),
        (AWAY, _("Does not stay here")),
    ]
    questions: dict[str, fields.Field[Any]] = {
        f"{SLEEPS}{person.id.hex}": SleepingPlace(
            choices,
            required=True,
            metadata={"label": _("Where %(name)s sleeps", name=_name(person))},
        )
        for person in persons
    }
    questions["note"] = _note(_l("What the house should know tonight."))
    return AdmissionSchema.from_dict(questions)()


class ExtendSchema(Schema):
    """A new day of leaving."""

    until = LocalDate(
        required=True,
        metadata={"label": _l("Agreed until"), "hint": _l("A later day or an earlier one.")},
    )
    note = _note(_l("Why the family stays longer or leaves earlier."))


class MoveSchema(Schema):
    """Another place for one person."""

    moved_on = LocalDate(
        required=True, not_future=True, metadata={"label": _l("First night in the other place")}
    )
    place = SleepingPlace(required=True, metadata={"label": _l("Place")})
    note = _note(_l("Why, if others should know."))

    @post_load
    def _make(self, data: dict[str, Any], **_kwargs: Any) -> Move:
        return Move(data["moved_on"], data["place"], data["note"])


def move_choices(offers: list[PlaceOffer]) -> list[tuple[str, Any]]:
    """What may be chosen as another place."""
    return [*_by_house(offers), (SHARED, _("In somebody’s bed, without a place of their own"))]


class EndSchema(Schema):
    """How a stay ended."""

    ended_on = LocalDate(
        required=True,
        not_future=True,
        metadata={
            "label": _l("Day of leaving"),
            "hint": _l("The night before it is the last one that counts."),
        },
    )
    reason = fields.Enum(
        EndReason,
        by_value=True,
        required=True,
        metadata={"label": _l("Why the stay ends"), "choices": list(END_REASONS.items())},
    )
    destination = fields.Enum(
        Destination,
        by_value=True,
        required=True,
        metadata={"label": _l("Where the family goes"), "choices": list(DESTINATIONS.items())},
    )
    note = _note(_l("What helps whoever accompanies the family from now on."))


class HouseSchema(Schema):
    """A house to be opened."""

    name = PlainText(
        required=True,
        validate=validate.Length(min=1),
        metadata={
            "label": _l("Name of the house"),
            "hint": _l("A name, never the address: it appears in lists."),
            "autocomplete": "off",
        },
    )
    kind = fields.Enum(
        HouseKind,
        by_value=True,
        required=True,
        metadata={"label": _l("Kind of house"), "choices": list(HOUSE_KINDS.items())},
    )
    open_from = LocalDate(required=True, metadata={"label": _l("Open from")})
    guideline_nights = fields.Integer(
        load_default=None,
        validate=validate.Range(min=1, max=1830),
        metadata={
            "label": _l("Usual longest stay, in nights"),
            "hint": _l("A guideline that fills in the form; the day is agreed with each family."),
        },
    )


class PlaceSchema(Schema):
    """A bed or cot to be added."""

    name = PlainText(
        required=True,
        validate=validate.Length(min=1),
        metadata={
            "label": _l("Name of the place"),
            "hint": _l("Such as “Room 2, bed by the window”."),
            "autocomplete": "off",
        },
    )
    kind = fields.Enum(
        PlaceKind,
        by_value=True,
        required=True,
        metadata={"label": _l("Bed or cot"), "choices": list(PLACE_KINDS.items())},
    )
    open_from = LocalDate(required=True, metadata={"label": _l("Open from")})


class ClosePlaceSchema(Schema):
    """The day from which nobody sleeps in a place."""

    open_to = LocalDate(
        required=True,
        metadata={
            "label": _l("Closed from"),
            "hint": _l("The first night on which nobody can sleep there."),
        },
    )


class WorkerSchema(Schema):
    """A colleague who begins to work in a house."""

    user_id = UuidChoice(required=True, metadata={"label": _l("Who works in this house")})


def _name(person: SeenPerson) -> str:
    return person.full_name or str(_("a member without a name"))


def _by_house(offers: list[PlaceOffer]) -> list[tuple[str, Any]]:
    """Places grouped by house; one that is taken says until when, if the reader may know it."""
    houses: dict[str, list[tuple[str, str]]] = {}
    for offer in offers:
        houses.setdefault(offer.place.house.name, []).append((str(offer.place.id), _offer(offer)))
    return list(houses.items())


def _offer(offer: PlaceOffer) -> str:
    if offer.is_free:
        return str(_("%(place)s – free", place=offer.place.name))
    if offer.taken_until is None:
        return str(_("%(place)s – taken", place=offer.place.name))
    until = format_date(offer.taken_until, "medium")
    return str(_("%(place)s – taken until %(until)s", place=offer.place.name, until=until))
