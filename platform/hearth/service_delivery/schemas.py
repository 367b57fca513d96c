"""What may come in from the forms about services."""

import uuid
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError, fields, post_load, validate

from hearth.families.seen import SeenHousehold
from hearth.families.words import MEMBER_ROLES
from hearth.service_delivery.models import ServiceDelivery
from hearth.service_delivery.services import ServiceDetails
from hearth.service_delivery.vocabulary import ServiceKind, ServiceMode
from hearth.service_delivery.words import SERVICE_KINDS, SERVICE_MODES
from hearth.web.fields import LocalDate, PlainText, UuidChoice


class ServiceSchema(Schema):
    """What was done, when, where and for whom."""

    kind = fields.Enum(
        ServiceKind,
        by_value=True,
        required=True,
        metadata={"label": _l("What was done"), "choices": SERVICE_KINDS.items()},
    )
    delivered_on = LocalDate(required=True, not_future=True, metadata={"label": _l("Day")})
    began_at = fields.Time(
        "%H:%M", load_default=None, metadata={"label": _l("Began at"), "hint": _l("Such as 14:30.")}
    )
    minutes = fields.Integer(
        load_default=None,
        validate=validate.Range(min=1, max=1440),
        metadata={"label": _l("How many minutes")},
    )
    mode = fields.Enum(
        ServiceMode,
        by_value=True,
        required=True,
        metadata={"label": _l("Where"), "choices": SERVICE_MODES.items(), "widget": "radios"},
    )
    recipient_ids = fields.List(
        fields.UUID(),
        load_default=list,
        metadata={"label": _l("For whom"), "widget": "checkboxes", "optional": False},
    )
    note = PlainText(
        max_length=1000,
        multiline=True,
        load_default=None,
        metadata={
            "label": _l("Note"),
            "hint": _l("Short: what colleagues need to know. Nothing a court should not read."),
            "rows": 3,
        },
    )

    sealed = fields.Boolean(
        load_default=False,
        metadata={
            "label": _l("Seal this note"),
            "hint": _l(
                "Colleagues see that it exists. Its text is yours and theirs whom you choose."
            ),
            "widget": "checkbox",
        },
    )

    @post_load
    def details(self, data: dict[str, Any], **_kwargs: Any) -> ServiceDetails:
        """The service these answers describe."""
        if not data["recipient_ids"]:
            raise ValidationError({"recipient_ids": [_("Choose at least one of the family.")]})
        return ServiceDetails(**data)


class NoteReaderSchema(Schema):
    """A colleague who may read a sealed note."""

    user_id = UuidChoice(required=True, metadata={"label": _l("Who may read this note")})


class CancelSchema(Schema):
    """An entry that never happened."""

    note = PlainText(
        max_length=500,
        load_default=None,
        metadata={"label": _l("Why"), "hint": _l("Such as: she was not at home.")},
    )


def service_schema(*, may_seal: bool, may_write: bool = True) -> Schema:
    """The form about a service; the seal is offered to those whose notes may be sealed.

    Another's words are no part of it.
    """
    left_out = [] if may_seal else ["sealed"]
    return ServiceSchema(exclude=left_out if may_write else [*left_out, "note"])


def recipient_choices(
    household: SeenHousehold, service: ServiceDelivery | None = None
) -> list[tuple[uuid.UUID, str]]:
    """Who can have received a service: the family as it is, and whom the entry names already."""
    members = list(household.current_members)
    named = {recipient.person_id for recipient in service.recipients} if service else set()
    missing = named - {member.person_id for member in members}
    members += [m for m in household.members if m.is_valid and m.person_id in missing]
    return [(m.person_id, m.person.full_name or str(MEMBER_ROLES[m.role])) for m in members]


def service_answers(service: ServiceDelivery) -> dict[str, Any]:
    """What the form that corrects a service shows at first."""
    return {
        "kind": service.kind,
        "delivered_on": service.delivered_on,
        "began_at": service.began_at,
        "minutes": service.minutes,
        "mode": service.mode,
        "recipient_ids": [recipient.person_id for recipient in service.recipients],
        "note": service.note,
        "sealed": service.sealed,
    }
