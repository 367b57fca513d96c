"""Referrals as a reader sees them, and which referrals she sees at all."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.policy import Scope
from hearth.accounts.policy_models import TeamMember
from hearth.accounts.redaction import of_class, seen, view
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.families.models import CaseEpisode, Household
from hearth.families.reach import Asks, is_restricted, reached, visible_households
from hearth.families.seen import seen_needs
from hearth.families.serving import began_anew_since
from hearth.families.vocabulary import Need
from hearth.intake.models import Referral
from hearth.intake.vocabulary import Channel, DecisionReason, ReferralState, Source, Urgency

F = FieldClass
OF_FAMILY = frozenset({Permission.FAMILIES_READ, Permission.REFERRALS_READ})
"""Through which somebody reads a referral that belongs to a family's case: both of them."""
TOLD_WITHIN = timedelta(days=30)


class Colleague(Protocol):
    """Somebody of the staff, as far as a page names her."""

    @property
    def name(self) -> str:
        """What colleagues call her."""


@view
class SeenReferral:
    """A request for help, as its reader sees it."""

    id: uuid.UUID = of_class(None)
    received_at: datetime = of_class(None)
    source: Source = of_class(None)
    channel: Channel = of_class(F.CASEWORK)
    urgency: Urgency = of_class(None)
    state: ReferralState = of_class(None)
    is_waiting: bool = of_class(None)
    referrer_body: str | None = of_class(F.FREE_TEXT)
    referrer_name: str | None = of_class(F.IDENTITY)
    referrer_phone: str | None = of_class(F.CONTACT)
    mother_name: str = of_class(F.IDENTITY, hidden="")
    mother_contact: str | None = of_class(F.CONTACT)
    safe_to_call: bool | None = of_class(None)
    children_count: int | None = of_class(None)
    children_ages: str | None = of_class(F.FREE_TEXT)
    needs: tuple[Need, ...] = of_class(F.CASEWORK, hidden=())
    situation: str | None = of_class(F.FREE_TEXT)
    decided_at: datetime | None = of_class(None)
    decision_reason: DecisionReason | None = of_class(F.CASEWORK)
    decision_note: str | None = of_class(F.FREE_TEXT)
    referred_on_to: str | None = of_class(F.FREE_TEXT)
    receiver: Colleague = of_class(None)
    decider: Colleague | None = of_class(None)
    household_id: uuid.UUID | None = of_class(None)


def see_referral(session: Session, referral: Referral, user: SignedIn) -> SeenReferral:
    """A referral as far as somebody sees it; with a family, as far as she sees the family, too.

    What she took down herself she goes on seeing as the referral it was.
    """
    return see_referrals(session, [referral], user)[0]


def see_referrals(
    session: Session, referrals: Sequence[Referral], user: SignedIn
) -> list[SeenReferral]:
    """Referrals as far as somebody sees each of them."""
    ids = [one.id for one in referrals if one.household_id and one.received_by == user.id]
    taken = select(Referral.id).where(Referral.id.in_(ids), took_down(user))
    hers = set(session.scalars(taken)) if ids else set()
    return [_see(one, user, one.household_id is None or one.id in hers) for one in referrals]


def took_down(user: Asks) -> ColumnElement[bool]:
    """The condition on ``Referral`` that somebody took it down herself.

    What she took down before her account was opened again, or her roles were changed, is hers no
    more.
    """
    since_then = ~began_anew_since(user.id, Referral.recorded_at.expression)
    return and_(Referral.received_by == user.id, since_then)


def _see(referral: Referral, user: SignedIn, is_hers: bool) -> SeenReferral:
    through = {Permission.REFERRALS_READ} if is_hers else OF_FAMILY

    def sees(field_class: FieldClass) -> bool:
        return all(user.sees(field_class, one) for one in through)

    needs = tuple(seen_needs([Need(code) for code in referral.needs], sees))
    return seen(SeenReferral, referral, sees, needs=needs)


def visible_referrals(user: Asks, permission: Permission) -> ColumnElement[bool]:
    """The condition on ``Referral`` for what a permission of this person counts on.

    One that opened a case or belongs to one is seen with its family, by those who see the family
    and on whose families the permission counts; whoever took it down can look it up for a while
    longer, to say what became of it. A family under restriction takes its referrals along.
    """
    if not user.may(permission):
        return false()
    taken = and_(
        took_down(user),
        Referral.decided_at > datetime.now(UTC) - TOLD_WITHIN,
        _of_family(~is_restricted()),
    )
    waiting = and_(Referral.episode_id.is_(None), _received(user, permission))
    opens = [visible_households(user, one) for one in (Permission.FAMILIES_READ, permission)]
    return or_(waiting, _of_family(and_(*opens)), taken)


def of_families_read(user: SignedIn, field_class: FieldClass) -> ColumnElement[bool]:
    """The condition on ``Referral`` that it has a family of which somebody reads such data.

    In its file as in its referrals: what only one of them tells is not told by the other.
    """
    readers = [(one, user.reading(field_class, one)) for one in sorted(OF_FAMILY)]
    read = [
        reached(user, one, reader.scopes_of(one), leads=reader.leads(one))
        for one, reader in readers
    ]
    return _of_family(and_(*read))


def find_referral(
    session: Session, referral_id: uuid.UUID, *, user: SignedIn, permission: Permission
) -> Referral | None:
    """One referral, or None for one this person may not see."""
    condition: Any = visible_referrals(user, permission)
    return session.scalars(
        select(Referral).where(Referral.id == referral_id, condition)
    ).one_or_none()


def _of_family(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return (
        select(CaseEpisode.id)
        .join(Household, Household.id == CaseEpisode.household_id)
        .where(CaseEpisode.id == Referral.episode_id, condition)
        .correlate(Referral)
        .exists()
    )


def _received(user: Asks, permission: Permission) -> ColumnElement[bool]:
    """Who sees a referral without a family: all, her team, or whoever took it down."""
    scopes = user.scopes_of(permission)
    if Scope.ORGANISATION in scopes:
        return true()
    mine = took_down(user)
    if Scope.TEAM in scopes:
        together = select(TeamMember.user_id).where(
            TeamMember.team_id.in_(sorted(user.teams)), TeamMember.until_at.is_(None)
        )
        return or_(mine, Referral.received_by.in_(together))
    return mine if Scope.OWN in scopes else false()
