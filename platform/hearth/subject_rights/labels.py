"""What stands in somebody's data in words: codes by their labels, ids by the names behind them."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from enum import Enum
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from hearth.accounts.permissions import PERMISSION_LABELS, ROLE_LABELS
from hearth.accounts.services import names_of
from hearth.audit.words import ACTIONS, PURPOSES
from hearth.data_records import SubjectKind
from hearth.data_register.words import CLASSES, SUBJECTS
from hearth.families import words as families
from hearth.families.births import BirthPrecision
from hearth.families.fields import language_choices
from hearth.families.vocabulary import ClosingReason, LeavingReason, MemberRole, Need, Sex
from hearth.giving import words as giving
from hearth.intake import words as intake
from hearth.intake.vocabulary import Channel, DecisionReason, ReferralState, Source, Urgency
from hearth.sealing.markers import UnreadableRecord
from hearth.service_delivery.vocabulary import ServiceKind, ServiceMode
from hearth.service_delivery.words import SERVICE_KINDS, SERVICE_MODES
from hearth.shelter import words as shelter
from hearth.shelter.models import ChangeKind, Destination, EndReason, House, Place
from hearth.subject_rights import words
from hearth.subject_rights.gathering import Told
from hearth.subject_rights.vocabulary import Asker, ErasureKind, RequestKind, Step
from hearth.web.formatting import format_date, format_datetime, format_number, format_time

Names = Mapping[uuid.UUID, str]
Codes = Mapping[Any, LazyString | str]
KILOBYTE = 1024
PRECISIONS: Codes = {
    BirthPrecision.DAY: _l("To the day"),
    BirthPrecision.MONTH: _l("To the month"),
    BirthPrecision.YEAR: _l("To the year"),
    BirthPrecision.UNKNOWN: _l("Not known"),
    BirthPrecision.EXPECTED: _l("Not born yet"),
}
# The features above this one add theirs when the application is put together.
CODES: dict[type[Enum], Codes] = {
    Asker: words.ASKERS,
    BirthPrecision: PRECISIONS,
    ChangeKind: shelter.CHANGE_KINDS,
    Channel: intake.CHANNELS,
    ClosingReason: families.CLOSING_REASONS,
    DecisionReason: intake.REASONS,
    Destination: shelter.DESTINATIONS,
    EndReason: shelter.END_REASONS,
    ErasureKind: words.ERASURE_KINDS,
    LeavingReason: families.LEAVING_REASONS,
    MemberRole: families.MEMBER_ROLES,
    Need: families.NEEDS,
    ReferralState: intake.STATES,
    RequestKind: words.KINDS,
    ServiceKind: SERVICE_KINDS,
    ServiceMode: SERVICE_MODES,
    Sex: families.SEXES,
    Source: intake.SOURCES,
    Step: words.STEPS,
    SubjectKind: SUBJECTS,
    Urgency: intake.URGENCIES,
}
# What the database keeps as a text or a list of texts, and is a code all the same.
TEXTS: Mapping[tuple[str, str], Codes] = {
    ("account_events", "kind"): {
        action.removeprefix("account."): label for action, label in ACTIONS.items()
    },
    ("api_tokens", "scopes"): PERMISSION_LABELS,
    ("audit_events", "action"): ACTIONS,
    ("consents", "categories"): CLASSES,
    ("gifts", "channel"): giving.CHANNELS,
    ("gifts", "state"): giving.GIFT_STATES,
    ("payment_events", "state"): giving.PAYMENT_STATES,
    ("payments", "flag"): giving.FLAGS,
    ("payments", "method"): giving.METHODS,
    ("payments", "state"): giving.PAYMENT_STATES,
    ("person_corrections", "birth_precision"): PRECISIONS,
    ("person_corrections", "sex"): families.SEXES,
    ("person_reads", "purpose"): PURPOSES,
    ("referrals", "needs"): families.NEEDS,
    ("refunds", "state"): giving.REFUND_STATES,
    ("role_assignments", "role"): ROLE_LABELS,
    ("users", "roles"): ROLE_LABELS,
}
LANGUAGES = frozenset({"preferred_language", "language"})


def names_in(session: Session, values: Iterable[Any]) -> Names:
    """The names behind the ids among these values: of colleagues, and of places to sleep."""
    ids = {value for value in values if isinstance(value, uuid.UUID)}
    places = select(Place.id, Place.name, House.name).join(House, House.id == Place.house_id)
    rows = session.execute(places.where(Place.id.in_(ids))) if ids else ()
    return {**names_of(session, ids), **{row[0]: f"{row[2]}, {row[1]}" for row in rows}}


def names_told(session: Session, told: Iterable[Told]) -> Names:
    """The names behind the ids in rows that are handed out."""
    return names_in(session, [value for one in told for value in one.values.values()])


def in_words(table: str, field: str, value: Any, names: Names) -> str:
    """One value as its reader understands it."""
    match value:
        case UnreadableRecord():
            return value.text
        case dict():
            return "; ".join(
                f"{words.field_word(name)}: {in_words(table, name, one, names)}"
                for name, one in value.items()
                if one is not None
            )
        case list() | tuple():
            return ", ".join(in_words(table, field, one, names) for one in value)
        case uuid.UUID():
            return names.get(value) or str(_("not known any more"))
        case Enum():
            return str(CODES.get(type(value), {}).get(value, value.value))
        case str():
            return _text(table, field, value)
    return _measured(field, value)


def _text(table: str, field: str, value: str) -> str:
    if field in LANGUAGES:
        return dict(language_choices()).get(value, value)
    return str(TEXTS.get((table, field), {}).get(value, value))


def _measured(field: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case bool() if field == "safe_to_call":
            return str(families.SAFE_TO_CALL[value])
        case bool():
            return str(_("yes") if value else _("no"))
        case int():
            return format_number(value)
        case bytes():
            return str(_("%(size)s kB", size=format_number(-(-len(value) // KILOBYTE))))
        case Range():
            return f"{format_date(value.lower)} – {format_date(value.upper)}"
        case datetime():
            return format_datetime(value)
        case date():
            return format_date(value)
        case time():
            return format_time(value)
    return str(value)
