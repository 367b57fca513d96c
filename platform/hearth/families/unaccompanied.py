"""The families that nobody accompanies any more, and the team with which each of them waits."""

import uuid
from collections.abc import Collection
from datetime import tzinfo
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    String,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from hearth.accounts.access_models import AccountEvent
from hearth.accounts.events import Happened
from hearth.accounts.models import User
from hearth.accounts.policy_models import TeamMember
from hearth.families.models import Household, KeyWorker


def is_unaccompanied() -> ColumnElement[bool]:
    """The condition on ``Household`` that nobody who works here accompanies it any more."""
    ever = select(KeyWorker.household_id)
    now = (
        ever.join(User, User.id == KeyWorker.user_id)
        .where(KeyWorker.until_on.is_(None), User.disabled_at.is_(None))
        .correlate(None)
    )
    return and_(Household.id.in_(ever.correlate(None)), Household.id.not_in(now))


def left_with(teams: Collection[uuid.UUID], clock: tzinfo) -> Select[Any]:
    """The families whose last key worker belonged to one of these teams when she stopped.

    Closing an account ends both on one day: a team that she left on that day had her still, and one
    that she came to when her account was open again never had the family. Whoever stopped on no
    day, because an earlier release closed her account and nothing else, leaves it to no team.
    """
    stopped_on = KeyWorker.until_on
    belonged = and_(
        TeamMember.team_id.in_(sorted(teams)),
        _day(TeamMember.from_at, clock) <= stopped_on,
        or_(TeamMember.until_at.is_(None), _day(TeamMember.until_at, clock) >= stopped_on),
    )
    return (
        select(KeyWorker.household_id)
        .join(TeamMember, TeamMember.user_id == KeyWorker.user_id)
        .where(stopped_on.is_not(None), belonged, ~_came_anew(clock), ~_was_followed())
        .correlate(None)
    )


def _came_anew(clock: tzinfo) -> ColumnElement[bool]:
    """The condition on ``TeamMember`` that she came there when her account was opened anew."""
    opened = select(AccountEvent.id).where(
        AccountEvent.user_id == KeyWorker.user_id,
        AccountEvent.kind == Happened.OPENED,
        AccountEvent.happened_at <= TeamMember.from_at,
        _day(AccountEvent.happened_at, clock) >= KeyWorker.until_on,
    )
    return opened.correlate(KeyWorker, TeamMember).exists()


def _was_followed() -> ColumnElement[bool]:
    """The condition on ``KeyWorker`` that somebody accompanied the family after her, or does."""
    later = aliased(KeyWorker)
    after = tuple_(later.until_on, later.from_on, later.id) > tuple_(
        KeyWorker.until_on, KeyWorker.from_on, KeyWorker.id
    )
    followed = select(later.id).where(
        later.household_id == KeyWorker.household_id, or_(later.until_on.is_(None), after)
    )
    return followed.correlate(KeyWorker).exists()


def _day(moment: InstrumentedAttribute[Any], clock: tzinfo) -> ColumnElement[Any]:
    return cast(func.timezone(literal(str(clock), String), moment), Date)
