"""Clearly made-up answers for the pages of the styleguide."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from marshmallow import Schema, fields, validate

from hearth.money import Money
from hearth.web.charts import Bar, Series, bar_chart, column_chart, line_chart, small_multiples
from hearth.web.fields import Choice, LocalDate, MoneyAmount, PlainText
from hearth.web.formatting import format_short_month

THEMES = {
    "spb": "Hearth St Petersburg",
    "pskov": "Hearth Pskov",
    "ussuriysk": "Hearth Ussuriysk",
    "krasnoyarsk": "Hearth Krasnoyarsk",
    "federation": "Hearth Federation",
}
MODES = ("light", "dark")
TODAY = date(2026, 3, 14)


@dataclass(frozen=True)
class SampleSite:
    """What base.html asks of a site."""

    name: str
    theme: str
    kind: str
    locales: tuple[str, ...] = ("en", "nl", "ru")


@dataclass(frozen=True)
class SampleUser:
    """What base.html asks of the signed-in person."""

    name: str = "Sample Worker"
    role_labels: tuple[str, ...] = ("Social worker",)

    def may(self, _permission: str) -> bool:
        """Nobody of the samples holds a permission."""
        return False


@dataclass(frozen=True)
class NavItem:
    """What the navigation macro asks of an entry."""

    label: str
    url: str
    icon: str
    active: bool = False


@dataclass(frozen=True)
class SamplePage:
    """What the pager asks of a page."""

    number: int = 2
    pages: int = 5
    total: int = 112
    previous_url: str = "#earlier"
    next_url: str = "#later"


@dataclass(frozen=True)
class SampleFamily:
    """One row of the work list."""

    name: str
    code: str
    children: int
    since: date
    place: str
    state: str
    kind: str
    url: str = field(default="#family")


class AdmitSchema(Schema):
    """One field for every control."""

    family_name = PlainText(
        required=True, metadata={"label": "Family name", "spellcheck": False}, max_length=80
    )
    born_on = LocalDate(
        required=True,
        not_future=True,
        metadata={
            "label": "Mother's date of birth",
            "hint": "If she only knows the year, 1 January.",
        },
    )
    place = Choice(
        [
            ("Linden House", [("1", "Room 1"), ("2", "Room 2")]),
            ("Flat on Sadovaya", [("3", "Bed 1")]),
        ],
        required=True,
        metadata={"label": "Place", "hint": "Only places that are free tonight are listed."},
    )
    reason = Choice(
        [
            ("violence", "Violence at home"),
            ("housing", "No roof tonight"),
            ("care-leaver", "Grew up in care", "No family of her own to turn to"),
        ],
        required=True,
        metadata={"label": "What brought her here", "widget": "radios"},
    )
    needs = fields.List(
        fields.String(),
        metadata={
            "label": "What is needed first",
            "choices": [("cot", "A cot"), ("clothes", "Clothes"), ("doctor", "A doctor")],
        },
    )
    telephone = PlainText(max_length=30, metadata={"label": "Telephone", "widget": "tel"})
    email = fields.Email(metadata={"label": "Email address", "autocomplete": "email"})
    children = fields.Integer(
        validate=validate.Range(min=1, max=12), metadata={"label": "How many children come along"}
    )
    deposit = MoneyAmount(metadata={"label": "Travel money given"})
    note = PlainText(multiline=True, max_length=2000, metadata={"label": "For tonight's shift"})
    agreed = fields.Boolean(
        required=True,
        validate=validate.Equal(True, error="She has to agree before we write anything down."),
        metadata={"label": "She has been told what we write down and who can read it, and agrees"},
    )


class GiveSchema(Schema):
    """The giving page on one screen of a phone."""

    amount = Choice(
        [("15", "€15"), ("30", "€30"), ("60", "€60"), ("other", "Other")],
        required=True,
        metadata={"label": "How much", "widget": "radios", "tiles": True},
    )
    rhythm = Choice(
        [("once", "Once"), ("weekly", "Every week")],
        required=True,
        metadata={"label": "How often", "widget": "radios", "tiles": True},
    )
    email = fields.Email(
        required=True,
        metadata={
            "label": "Your email address",
            "hint": "For the receipt. Nothing else comes unless you ask for it.",
            "autocomplete": "email",
        },
    )


class SignInSchema(Schema):
    """The two answers that open the door."""

    email = fields.Email(
        required=True, metadata={"label": "Email address", "autocomplete": "username"}
    )
    password = fields.String(
        required=True,
        metadata={"label": "Password", "widget": "password", "autocomplete": "current-password"},
    )


class FilterSchema(Schema):
    """Three ways to make a list shorter."""

    q = PlainText(metadata={"label": "Name or number", "widget": "search"})
    state = Choice(
        [("", "All"), ("open", "Accompanied"), ("closed", "Closed")], metadata={"label": "State"}
    )
    house = Choice([("", "All"), ("linden", "Linden House")], metadata={"label": "House"})


FAMILIES = [
    SampleFamily(
        "Sample-Aspen", "F-0112", 2, date(2026, 3, 12), "Linden House, room 2", "New", "info"
    ),
    SampleFamily("Sample-Birch", "F-0108", 1, date(2026, 2, 2), "At home", "Accompanied", "accent"),
    SampleFamily(
        "Sample-Cedar", "F-0097", 3, date(2025, 11, 20), "Flat, bed 1", "Visit overdue", "warning"
    ),
    SampleFamily(
        "Образец-Дубова", "F-0095", 1, date(2025, 11, 3), "At home", "In danger", "danger"
    ),
    SampleFamily(
        "Prov-Åkerström", "F-0081", 2, date(2025, 8, 17), "At home", "Closed well", "success"
    ),
]
EVENTS: list[dict[str, Any]] = [
    {
        "on": date(2026, 3, 13),
        "title": "Moved into Linden House, room 2",
        "text": "A cot stands ready. Planned until 12 June.",
        "who": "House staff",
        "drawing": "bed",
    },
    {
        "on": date(2026, 3, 12),
        "title": "First talk",
        "text": "She wants to keep both children with her and to finish her training.",
        "who": "Sample Worker",
        "drawing": "people",
        "chip": "Plan agreed",
        "kind": "success",
    },
    {
        "on": date(2026, 3, 12),
        "title": "Call to the day-and-night telephone",
        "who": "Duty operator",
        "drawing": "telephone",
        "chip": "Danger tonight",
        "kind": "danger",
    },
]
TASKS: list[dict[str, Any]] = [
    {
        "title": "Visit the Sample-Cedar family",
        "url": "#1",
        "due": date(2026, 3, 10),
        "overdue": True,
    },
    {
        "title": "Write the plan with Sample-Aspen",
        "url": "#2",
        "due": TODAY,
        "text": "First version",
    },
    {"title": "Call the clinic back", "url": "#3", "due": TODAY},
]


def navigation(active: str) -> list[NavItem]:
    """The entries of the rail."""
    entries = [
        ("My day", "my-day", "lamp"),
        ("Families", "work-list", "cradle"),
        ("Houses", "file", "bed"),
        ("Calls", "form", "telephone"),
        ("Gifts", "giving", "coin"),
        ("Numbers", "dashboard", "chart"),
    ]
    return [NavItem(label, kind, icon, kind == active) for label, kind, icon in entries]


def charts() -> dict[str, Any]:
    """One chart of every sort, with figures that were made up."""
    months = [
        format_short_month(date(2025 + (n + 2) // 12, (n + 2) % 12 + 1, 1)) for n in range(12)
    ]
    nights = [212, 240, 251, 198, 187, 230, 262, 270, 291, 305, 288, 316]
    regions: dict[str, list[float | None]] = {
        "St Petersburg": [31, 33, 36, 35, 38, 41, 40, 44, 47, 46, 49, 52],
        "Pskov": [18, 18, 21, 22, 22, 24, 26, 25, 27, 30, 29, 30],
        "Ussuriysk": [9, 12, 12, 15, 15, 15, None, 18, 21, 21, 24, 24],
        "Krasnoyarsk": [12, 12, 12, 15, 18, 18, 18, 21, 21, 21, 24, 27],
    }
    lines = [Series(name, values, name == "St Petersburg") for name, values in regions.items()]
    return {
        "bars": bar_chart(
            "What mothers said they needed most",
            [
                Bar("Moral and psychological support", 50, 44),
                Bar("Material help", 47, 49),
                Bar("Housing", 28, 21),
                Bar("Help with parenting", 22, None),
            ],
            describe="Support is named most, by half; help with parenting least, by 22 %.",
            label_heading="Need",
            value_heading="This year",
            before_heading="Last year",
            write=lambda value: f"{value:.0f} %",
        ),
        "columns": column_chart(
            "Bed nights by month",
            [Bar(month, value) for month, value in zip(months, nights, strict=True)],
            describe="Nights rise from 212 in the first month to 316 in the last.",
            label_heading="Month",
            value_heading="Nights",
        ),
        "lines": line_chart(
            "Families accompanied",
            months,
            lines,
            describe="All four regions grow; St Petersburg from 31 to 52.",
            point_heading="Month",
        ),
        "multiples": small_multiples(
            list(regions), months, lines, describe=lambda line: f"{line.label}, twelve months."
        ),
    }


FIGURES: list[dict[str, str]] = [
    {"label": "Families accompanied", "value": "133", "comparison": "118 a year ago",
     "definition": "Families with at least one service in the month."},
    {"label": "Bed nights", "value": "316", "comparison": "288 the month before"},
    {"label": "Children with their mother", "value": "97 %", "note": "rounded to 3 families"},
    {"label": "Given this month", "value": "€4,215", "comparison": "281 families for a week"},
]  # fmt: skip
GIVEN = Money(421_500, "EUR")


def site(theme: str) -> SampleSite:
    """The made-up house of a theme."""
    return SampleSite(
        THEMES[theme], theme, "federation" if theme == "federation" else "organisation"
    )
