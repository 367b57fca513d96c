"""The list of referrals people work from: the most urgent of those that wait come first."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select
from sqlalchemy.orm import Session, joinedload

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.intake.models import Referral
from hearth.intake.seen import OF_FAMILY, of_families_read, took_down, visible_referrals
from hearth.intake.vocabulary import ReferralState, Urgency
from hearth.sealing import Kind
from hearth.sealing.blind import has_words

P = Permission
# By which words of a referral somebody is found, by the class of what they are taken from.
FOUND_BY: Mapping[FieldClass, frozenset[Kind]] = {
    FieldClass.IDENTITY: frozenset({Kind.SURNAME}),
    FieldClass.FREE_TEXT: frozenset({Kind.BODY}),
    FieldClass.CONTACT: frozenset({Kind.PHONE}),
}


class ReferralView(StrEnum):
    """Ways to look at the list."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    ALL = "all"


_STATES: dict[ReferralView, tuple[ReferralState, ...]] = {
    ReferralView.WAITING: (ReferralState.RECEIVED,),
    ReferralView.ACCEPTED: (ReferralState.ACCEPTED,),
    ReferralView.NOT_ACCEPTED: (
        ReferralState.DECLINED,
        ReferralState.REFERRED_ON,
        ReferralState.WITHDRAWN,
    ),
    ReferralView.ALL: tuple(ReferralState),
}


@dataclass(frozen=True, kw_only=True)
class ReferralQuery:
    """What somebody wants to see of the list."""

    view: ReferralView = ReferralView.WAITING
    text: str = ""


def find_referrals(
    session: Session, query: ReferralQuery, *, user: SignedIn, limit: int, offset: int
) -> tuple[list[Referral], int]:
    """One page of the referrals somebody sees, and how many there are in all."""
    chosen = _chosen(query, user)
    if query.text.strip():
        chosen = chosen.where(_named(session, query.text, user))
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    rank = case({urgency: n for n, urgency in enumerate(Urgency)}, value=Referral.urgency)
    urgent_first = [rank] if query.view is ReferralView.WAITING else []
    page = chosen.order_by(*urgent_first, Referral.received_at.desc(), Referral.id)
    loaded = page.options(joinedload(Referral.episode)).limit(limit).offset(offset)
    return list(session.scalars(loaded)), total


def count_referrals(session: Session, *, user: SignedIn) -> dict[ReferralView, int]:
    """How many of the referrals somebody sees each way of looking shows."""
    rows = session.execute(
        select(Referral.state, func.count())
        .where(visible_referrals(user, Permission.REFERRALS_READ))
        .group_by(Referral.state)
    )
    numbers: Counter[ReferralState] = Counter()
    for state, number in rows:
        numbers[state] = number
    return {view: sum(numbers[state] for state in states) for view, states in _STATES.items()}


def _chosen(query: ReferralQuery, user: SignedIn) -> Select[Referral]:
    return select(Referral).where(
        visible_referrals(user, Permission.REFERRALS_READ), Referral.state.in_(_STATES[query.view])
    )


def _named(session: Session, text: str, user: SignedIn) -> ColumnElement[bool]:
    """Finding somebody tells what the page would: by name, by what helps her, or by telephone."""
    hers = or_(Referral.episode_id.is_(None), took_down(user))
    ways: list[tuple[ColumnElement[bool], frozenset[Kind]]] = [
        (hers, _kinds(user, {P.REFERRALS_READ})),
        (Referral.episode_id.is_not(None), _kinds(user, OF_FAMILY)),
    ]
    if any(user.has_facets(one) for one in OF_FAMILY):
        ways += [(of_families_read(user, one), kinds) for one, kinds in FOUND_BY.items()]
    found = [
        and_(where, *has_words(session, Referral.id.expression, text, kinds=kinds))
        for where, kinds in ways
        if kinds
    ]
    return or_(false(), *found)


def _kinds(user: SignedIn, through: Collection[Permission]) -> frozenset[Kind]:
    """By which kinds of words somebody finds what she reads through all of these permissions."""
    read = [kinds for one, kinds in FOUND_BY.items() if all(user.sees(one, way) for way in through)]
    return frozenset[Kind]().union(*read)
