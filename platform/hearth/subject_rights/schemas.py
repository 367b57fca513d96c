"""What the forms about requests, erasures and holds may hold."""

from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields, missing, validate, validates_schema

from hearth.subject_rights.vocabulary import (
    Asker,
    Decision,
    IdentityProof,
    RequestKind,
    Step,
    Verdict,
)
from hearth.subject_rights.words import ASKERS, DECISIONS, FIELDS, KINDS, PROOFS, STEPS
from hearth.web.fields import LocalDate, PlainText

REASON_LENGTH = 20
CORRECTABLE = (
    "given_name",
    "family_name",
    "patronymic",
    "preferred_language",
    "phone",
    "contact_note",
)


def reason_field(label: LazyString, *, required: bool = True, least: int = 3) -> PlainText:
    """A reason in a person's own words."""
    return PlainText(
        max_length=2000,
        multiline=True,
        required=required,
        load_default=missing if required else None,
        validate=validate.Length(min=least, error=_l("Please say it in a few words more."))
        if required
        else [],
        metadata={"label": label, "rows": 3},
    )


class StartSchema(Schema):
    """About whom somebody asks, by the number on the file or on the gift."""

    number = PlainText(
        max_length=40,
        required=True,
        metadata={
            "label": _l("Number of the case or of the gift"),
            "hint": _l("Such as 2026-0001. A name is not asked here, so that nobody is listed."),
            "spellcheck": False,
            "autocomplete": "off",
        },
    )


class RequestSchema(Schema):
    """A request as it came."""

    kind = fields.Enum(
        RequestKind,
        by_value=True,
        required=True,
        metadata={"label": _l("What is asked"), "choices": KINDS.items(), "widget": "radios"},
    )
    asked_by = fields.Enum(
        Asker,
        by_value=True,
        required=True,
        metadata={"label": _l("Who asks"), "choices": ASKERS.items(), "widget": "radios"},
    )
    asker_name = PlainText(
        max_length=300,
        load_default=None,
        metadata={
            "label": _l("Name of whoever asks"),
            "hint": _l("Where it is not the person herself."),
            "spellcheck": False,
        },
    )
    received_on = LocalDate(required=True, not_future=True, metadata={"label": _l("It came on")})
    whole_family = fields.Boolean(
        load_default=False,
        metadata={
            "label": _l("It is about the whole family, not about one person"),
            "widget": "checkbox",
        },
    )
    wish = reason_field(_l("In her own words"), required=False)

    @validates_schema
    def name_others(self, data: dict[str, Any], **_: Any) -> None:
        """Whoever asks for somebody else is named."""
        if data.get("asked_by") not in (None, Asker.SELF) and not data.get("asker_name"):
            raise ValidationError({"asker_name": [str(_l("Write down who asks."))]})


class IdentitySchema(Schema):
    """How it was made sure who asks."""

    proof = fields.Enum(
        IdentityProof,
        by_value=True,
        required=True,
        metadata={"label": _l("How do we know"), "choices": PROOFS.items(), "widget": "radios"},
    )
    certain = fields.Boolean(
        load_default=False,
        metadata={"label": _l("It is certain who asks"), "widget": "checkbox"},
    )
    note = reason_field(_l("What was seen; no numbers of papers"), required=False)


class SafetySchema(Schema):
    """Whether an answer could bring somebody into danger."""

    step = fields.String(
        required=True,
        validate=validate.OneOf([Step.SAFE.value, Step.UNSAFE.value]),
        metadata={
            "label": _l("Could an answer bring the mother or a child into danger?"),
            "choices": [
                (Step.SAFE.value, _l("No: whoever asks is no danger to anybody in the file")),
                (Step.UNSAFE.value, _l("Yes, or it is not certain: nothing is given out")),
            ],
            "widget": "radios",
        },
    )
    note = reason_field(_l("What you looked at and whom you asked"), least=REASON_LENGTH)


class NoteSchema(Schema):
    """A step with its reason."""

    note = reason_field(_l("Why"))


class DecisionSchema(Schema):
    """Whether a field goes to the requester."""

    decision = fields.Enum(
        Decision,
        by_value=True,
        required=True,
        metadata={"label": _l("This entry"), "choices": DECISIONS.items(), "widget": "radios"},
    )
    read_mark = fields.String(load_default="", metadata={"widget": "hidden"})


class CorrectionSchema(Schema):
    """One thing that is not right."""

    field = fields.String(
        required=True,
        validate=validate.OneOf(CORRECTABLE),
        metadata={
            "label": _l("What is not right"),
            "choices": [(name, FIELDS[name]) for name in CORRECTABLE],
            "widget": "select",
        },
    )
    value = PlainText(
        max_length=500,
        load_default="",
        metadata={"label": _l("What is right"), "spellcheck": False, "autocomplete": "off"},
    )
    note = reason_field(_l("What proves it"))


class ErasureSchema(Schema):
    """Why an erasure is asked for."""

    reason = reason_field(_l("What was checked"), required=False)


class VerdictSchema(Schema):
    """What the second person decides."""

    verdict = fields.Enum(
        Verdict,
        by_value=True,
        required=True,
        metadata={
            "label": _l("Your decision"),
            "choices": [
                (Verdict.APPROVED, _l("Erase it now; this cannot be undone")),
                (Verdict.REFUSED, _l("Do not erase it")),
            ],
            "widget": "radios",
        },
    )
    note = reason_field(_l("Why"), required=False)


class ClosingSchema(Schema):
    """How a request ends."""

    outcome = fields.String(
        required=True,
        validate=validate.OneOf([Step.ANSWERED.value, Step.REFUSED.value, Step.WITHDRAWN.value]),
        metadata={
            "label": _l("How it ended"),
            "choices": [(s.value, STEPS[s]) for s in (Step.ANSWERED, Step.REFUSED, Step.WITHDRAWN)],
            "widget": "radios",
        },
    )
    note = reason_field(_l("What was answered, and by which safe way"))
