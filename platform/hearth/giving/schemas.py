"""What the forms of giving ask for, and when an answer will do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, EmailSyntaxError, validate_email
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import (
    Schema,
    ValidationError,
    fields,
    post_load,
    pre_load,
    validate,
    validates_schema,
)

from hearth.giving.models import FundKind, GiftState
from hearth.giving.services import LARGEST_GIFT, SMALLEST_GIFT
from hearth.giving.words import FUND_KINDS, GIFT_STATES
from hearth.web.fields import (
    LONGEST_ADDRESS,
    Choice,
    LocalDate,
    MoneyAmount,
    PlainText,
    UuidChoice,
)
from hearth.web.languages import NATIVE_NAMES
from hearth.web.request import organisation

PRESETS = (1500, 3000, 6000)
OTHER = "other"


def currency() -> str:
    """The currency in which this house takes gifts."""
    return organisation().currency


@dataclass(frozen=True)
class GiveAnswers:
    """What a donor filled in."""

    amount_minor: int
    fund_id: UUID
    name: str | None
    email: str
    news: bool


@dataclass(frozen=True)
class FundAnswers:
    """What was filled in about a fund; texts by language."""

    code: str
    kind: FundKind
    titles: dict[str, str]
    purposes: dict[str, str]
    goal: int | None
    opened_on: Any
    closed_on: Any


class EmailAddress(fields.String):
    """An address that mail can be sent to, in the form in which its provider knows it."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            # What is longer than any address is refused before it is looked at.
            if len(text) > LONGEST_ADDRESS:
                raise EmailSyntaxError
            return validate_email(text, check_deliverability=False).normalized
        except EmailNotValidError:
            raise ValidationError(_("Enter an email address such as name@example.org.")) from None


class GiveSchema(Schema):
    """One gift, once."""

    amount = Choice(
        required=True,
        validate=validate.OneOf([*(str(preset) for preset in PRESETS), OTHER]),
        metadata={"label": _l("How much would you like to give?"), "widget": "radios"},
    )
    own_amount = MoneyAmount(
        currency=currency,
        minimum=SMALLEST_GIFT,
        limit=LARGEST_GIFT,
        metadata={"label": _l("Your own amount")},
    )
    fund_id = UuidChoice(
        required=True, metadata={"label": _l("What is it for?"), "widget": "radios"}
    )
    email = EmailAddress(
        required=True,
        metadata={
            "label": _l("Your email address"),
            "hint": _l("For the thank-you and the receipt."),
            "widget": "email",
            "autocomplete": "email",
        },
    )
    name = PlainText(
        max_length=500,
        metadata={
            "label": _l("Your name"),
            "hint": _l("If you want it on the receipt."),
            "autocomplete": "name",
            "spellcheck": False,
        },
    )
    news = fields.Boolean(
        load_default=False,
        metadata={"label": _l("Write to me now and then about how the families are doing")},
    )

    @pre_load
    def _forget_unused_amount(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        chosen = data.get("amount") == OTHER
        return {key: value for key, value in data.items() if chosen or key != "own_amount"}

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _ask_for_own_amount(
        self, _data: dict[str, Any], original: dict[str, Any], **_kwargs: Any
    ) -> None:
        if original.get("amount") == OTHER and not original.get("own_amount"):
            raise ValidationError(_("Enter the amount you would like to give."), "own_amount")

    @post_load
    def _answers(self, data: dict[str, Any], **_kwargs: Any) -> GiveAnswers:
        return GiveAnswers(
            amount_minor=data.get("own_amount") or int(data["amount"]),
            fund_id=data["fund_id"],
            name=data.get("name"),
            email=data["email"],
            news=data["news"],
        )


class RefundSchema(Schema):
    """Money to be given back."""

    amount = MoneyAmount(
        currency=currency, required=True, metadata={"label": _l("Amount to give back")}
    )
    reason = PlainText(
        required=True,
        max_length=500,
        multiline=True,
        metadata={"label": _l("Why"), "hint": _l("Only colleagues read this."), "rows": 3},
    )


class GiftFilterSchema(Schema):
    """Which gifts the list shows."""

    state = fields.Enum(
        GiftState,
        by_value=True,
        metadata={
            "label": _l("State"),
            "choices": [(state.value, GIFT_STATES[state]) for state in GiftState],
            "placeholder": _l("Any"),
        },
    )
    fund_id = UuidChoice(metadata={"label": _l("Purpose"), "placeholder": _l("Any")})
    month = LocalDate(metadata={"label": _l("Month"), "widget": "month"})
    donor_id = fields.UUID(metadata={"widget": "hidden"})

    @pre_load
    def _first_day(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {**data, "month": f"{data['month']}-01"} if data.get("month") else data


class FindSchema(Schema):
    """One gift or one donor."""

    text = PlainText(
        required=True,
        max_length=320,
        metadata={
            "label": _l("Number of the gift or email address of the donor"),
            "spellcheck": False,
        },
    )


class FundSchema(Schema):
    """A purpose people can give for; ``fund_schema`` adds its texts in each language."""

    code = PlainText(
        required=True,
        max_length=40,
        validate=validate.Regexp(
            r"[a-z][a-z0-9-]*\Z",
            error=_l("Use small letters, figures and hyphens, beginning with a letter."),
        ),
        metadata={
            "label": _l("Short name"),
            "hint": _l("For addresses and exports, such as warm-coats."),
            "spellcheck": False,
        },
    )
    kind = fields.Enum(
        FundKind,
        by_value=True,
        required=True,
        metadata={
            "label": _l("Kind of purpose"),
            "choices": [(kind.value, FUND_KINDS[kind]) for kind in FundKind],
        },
    )
    goal = MoneyAmount(
        currency=currency,
        limit=10_000_000_000,
        metadata={"label": _l("Goal"), "hint": _l("Leave it empty when there is none.")},
    )
    opened_on = LocalDate(required=True, metadata={"label": _l("First day")})
    closed_on = LocalDate(
        metadata={"label": _l("Last day"), "hint": _l("Leave it empty while it stays open.")}
    )

    @validates_schema
    def _close_after_opening(self, data: dict[str, Any], **_kwargs: Any) -> None:
        opened, closed = data.get("opened_on"), data.get("closed_on")
        if opened and closed and closed < opened:
            raise ValidationError(_("The last day cannot come before the first."), "closed_on")

    @post_load
    def _answers(self, data: dict[str, Any], **_kwargs: Any) -> FundAnswers:
        return FundAnswers(
            code=data["code"],
            kind=data["kind"],
            titles=_by_language(data, "title"),
            purposes=_by_language(data, "purpose"),
            goal=data.get("goal"),
            opened_on=data["opened_on"],
            closed_on=data.get("closed_on"),
        )


def fund_schema(locales: Sequence[str]) -> Schema:
    """The form of a fund with a title and a purpose in each language of the house's donors."""
    texts: dict[str, fields.Field[Any]] = {}
    for locale in locales:
        language = NATIVE_NAMES[locale]
        texts[f"title_{locale}"] = PlainText(
            required=locale == locales[0],
            max_length=120,
            metadata={"label": _("Title (%(language)s)", language=language)},
        )
        texts[f"purpose_{locale}"] = PlainText(
            max_length=600,
            multiline=True,
            metadata={"label": _("What it is for (%(language)s)", language=language), "rows": 3},
        )
    kind: type[Schema] = type("TranslatedFundSchema", (FundSchema,), texts)
    return kind()


def _by_language(data: dict[str, Any], name: str) -> dict[str, str]:
    return {
        locale: data[f"{name}_{locale}"] for locale in NATIVE_NAMES if data.get(f"{name}_{locale}")
    }
