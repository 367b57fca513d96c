"""Which families open to somebody because of what she did for them lately."""

import uuid
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Select,
    String,
    Uuid,
    and_,
    cast,
    column,
    func,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP

from hearth.accounts.policy import WITHIN, Scope

# Services belong to a feature that stands above this one, and an account's events to its owner. Of
# both only the columns that decide about access are named here.
_MOMENT = TIMESTAMP(timezone=True)
_SERVICES = table(
    "service_deliveries",
    column("household_id", Uuid()),
    column("provided_by", Uuid()),
    column("delivered_on", Date()),
    column("opens_from", Date()),
    column("through_grant", Boolean()),
    column("recorded_at", _MOMENT),
    column("supersedes_id", Uuid()),
    column("superseded_at", _MOMENT),
    column("cancelled_at", _MOMENT),
)
_EVENTS = table(
    "account_events",
    column("user_id", Uuid()),
    column("kind", String()),
    column("happened_at", _MOMENT),
)
# After each of these her account is another one: opened again, or with roles that read otherwise.
ANEW = ("opened", "roles-changed")
Condition = ColumnElement[bool]


def came_as_far(scopes: Collection[Scope], recorded: Collection[Collection[Scope]]) -> bool:
    """Whether scopes came by themselves to every family that an entry of hers opens.

    ``recorded`` are those of each permission through which it was recorded: where one of them came
    no further, neither did the entry, and nobody wins by it what her role does not reach. They are
    asked of her roles as they are: an entry opens nothing any more when these were others.
    """
    within = {narrower for scope in scopes for narrower in WITHIN[scope]}
    return any(held and within.issuperset(held) for held in recorded)


def served_by(user_id: uuid.UUID, *, since: date) -> Select[Any]:
    """Without what she did by grant alone, which would make every grant endless."""
    services = _SERVICES.c
    served = select(services.household_id).where(
        services.provided_by == user_id,
        services.superseded_at.is_(None),
        services.cancelled_at.is_(None),
        ~services.through_grant,
        func.coalesce(services.opens_from, services.delivered_on) >= since,
        ~_began_anew_afterwards(user_id),
    )
    return served.correlate(None)


def began_anew_since(user_id: uuid.UUID, recorded_at: ColumnElement[datetime]) -> Condition:
    """The condition on what somebody recorded that her account or her roles began anew after it."""
    return _began_anew(user_id, _EVENTS.c.happened_at >= recorded_at)


def _began_anew_afterwards(user_id: uuid.UUID) -> Condition:
    """The condition on an entry that her account was opened again, or her roles changed, after it.

    A correction is younger than what it corrects; the earliest day that stood there is not. Of one
    that a restored backup did not hold, that day is left. A day is added because the organisation's
    day may begin half a day before UTC's.
    """
    services, happened_at = _SERVICES.c, _EVENTS.c.happened_at
    began_on = cast(func.timezone("UTC", happened_at), Date)
    first_day = func.coalesce(services.opens_from, services.delivered_on)
    was_corrected = or_(services.supersedes_id.is_not(None), services.opens_from.is_not(None))
    before = and_(was_corrected, first_day <= began_on + 1)
    return _began_anew(user_id, or_(happened_at >= services.recorded_at, before))


def _began_anew(user_id: uuid.UUID, when: Condition) -> Condition:
    events = _EVENTS.c
    began = select(events.user_id).where(events.user_id == user_id, events.kind.in_(ANEW), when)
    return began.correlate_except(_EVENTS).exists()
