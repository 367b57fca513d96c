"""What may come in from the forms about referrals."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields, post_load, validate

from hearth.families.fields import (
    name_field,
    needs_field,
    phone_field,
    read_safety,
    safe_to_call_field,
)
from hearth.intake.services import ReferralDetails
from hearth.intake.vocabulary import Channel, DecisionReason, ReferralState, Source, Urgency
from hearth.intake.words import CHANNELS, REASONS, SOURCES, URGENCIES
from hearth.web.fields import PlainText

OUTCOMES = {
    ReferralState.DECLINED: _l("We decline"),
    ReferralState.REFERRED_ON: _l("We refer them on to somebody who can help"),
    ReferralState.WITHDRAWN: _l("It was withdrawn"),
}


class SearchSchema(Schema):
    """What somebody looks for among the referrals."""

    text = PlainText(
        max_length=200,
        load_default="",
        metadata={
            "label": _l("Name of the mother or of who referred her"),
            "widget": "search",
            "spellcheck": False,
        },
    )


class ReferralSchema(Schema):
    """A request for help, in the order in which it is told on the telephone."""

    urgency = fields.Enum(
        Urgency,
        by_value=True,
        required=True,
        metadata={
            "label": _l("How urgent is it?"),
            "choices": URGENCIES.items(),
            "widget": "radios",
        },
    )
    mother_name = name_field(
        _l("Name of the mother"),
        required=True,
        hint=_l("As you heard it. If she does not say, write what you call her."),
    )
    mother_contact = PlainText(
        max_length=500,
        load_default=None,
        metadata={
            "label": _l("How to reach her"),
            "hint": _l("Telephone, or where she is now."),
            "autocomplete": "off",
        },
    )
    safe_to_call = safe_to_call_field()
    children_count = fields.Integer(
        load_default=None,
        validate=validate.Range(min=0, max=30),
        metadata={"label": _l("How many children")},
    )
    children_ages = PlainText(
        max_length=200,
        load_default=None,
        metadata={
            "label": _l("Ages of the children"),
            "hint": _l("As told, such as: 3 years and 5 months."),
        },
    )
    needs = needs_field(_l("What is asked for"))
    situation = PlainText(
        max_length=4000,
        multiline=True,
        load_default=None,
        metadata={"label": _l("What happened"), "hint": _l("Only what is needed to act now.")},
    )
    source = fields.Enum(
        Source,
        by_value=True,
        required=True,
        metadata={"label": _l("Who asks for help?"), "choices": SOURCES.items()},
    )
    channel = fields.Enum(
        Channel,
        by_value=True,
        load_default=Channel.PHONE,
        metadata={
            "label": _l("How did it reach you?"),
            "choices": CHANNELS.items(),
            "optional": False,
        },
    )
    referrer_body = PlainText(
        max_length=300,
        load_default=None,
        metadata={"label": _l("Authority or organisation"), "autocomplete": "off"},
    )
    referrer_name = name_field(_l("Name of who refers"))
    referrer_phone = phone_field(_l("Telephone of who refers"))

    @post_load
    def details(self, data: dict[str, Any], **_kwargs: Any) -> ReferralDetails:
        """The referral these answers describe."""
        return ReferralDetails(**{**data, "safe_to_call": read_safety(data["safe_to_call"])})


@dataclass(frozen=True)
class DeclineAnswers:
    """Why no case is opened, and who helps instead."""

    state: ReferralState
    reason: DecisionReason | None
    referred_on_to: str | None
    note: str | None


class DeclineSchema(Schema):
    """The decision not to open a case."""

    state = fields.Enum(
        ReferralState,
        by_value=True,
        required=True,
        metadata={
            "label": _l("What do you decide?"),
            "choices": OUTCOMES.items(),
            "widget": "radios",
        },
    )
    reason = fields.Enum(
        DecisionReason,
        by_value=True,
        required=True,
        metadata={"label": _l("Why"), "choices": REASONS.items()},
    )
    referred_on_to = PlainText(
        max_length=300,
        load_default=None,
        metadata={
            "label": _l("Referred on to"),
            "hint": _l("Only if you refer them on: who can help, and whom they should ask for."),
        },
    )
    note = PlainText(
        max_length=1000,
        multiline=True,
        load_default=None,
        metadata={"label": _l("Note"), "rows": 3},
    )

    @post_load
    def answers(self, data: dict[str, Any], **_kwargs: Any) -> DeclineAnswers:
        """The decision these answers describe."""
        if data["state"] is ReferralState.REFERRED_ON and not data["referred_on_to"]:
            raise ValidationError({"referred_on_to": [_("Write down who can help them.")]})
        return DeclineAnswers(**data)
