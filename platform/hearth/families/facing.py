"""Which kinds of data somebody reads about one family, where her roles reach differently far."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Uuid, column, select, table
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.policy import ABOUT_FAMILIES, Facet, usual
from hearth.accounts.redaction import Sees
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.families.access import is_bound, within_reach
from hearth.families.models import CaseEpisode, Household
from hearth.families.reach import Reach, reach_within, visible_households

Ids = Collection[uuid.UUID]
# A referral opens to whoever took it down, too, and what she reads there is not the family's file.
_OF_THE_FILE = ABOUT_FAMILIES - {Permission.REFERRALS_READ, Permission.REFERRALS_WRITE}
# These belong to features that stand above this one; only what leads to a family is named here.
_STAYS = table("stays", column("id", Uuid()), column("household_id", Uuid())).c
_REFERRALS = table("referrals", column("id", Uuid()), column("episode_id", Uuid())).c


def fields_on(
    session: Session,
    household_ids: Ids,
    *,
    user: SignedIn,
    permission: Permission,
    in_file: bool = False,
) -> Mapping[uuid.UUID, frozenset[FieldClass]]:
    """Which kinds of data somebody reads about each of these families.

    What counts on a family is read through the roles that reach it: one that reaches further lends
    nothing to one that reads more. A grant opens what the roles read anywhere. ``in_file`` a house
    lends nothing: it opens its own stays, not the family with all of them.
    """
    facets = user.facets.get(permission, ())
    if len(facets) < 2:
        return dict.fromkeys(household_ids, user.fields.get(permission, frozenset()))
    families = Household.id.in_(household_ids)
    here = _facets_here(session, families, user, [permission], in_file=in_file)
    return {one: read[permission] for one, read in here.items()}


def eyes_on(
    session: Session, household_ids: Ids, *, user: SignedIn, permission: Permission
) -> Mapping[uuid.UUID, Sees]:
    """What somebody sees of each of these families, for the views of a list."""
    read = fields_on(session, household_ids, user=user, permission=permission)
    return {one: fields.__contains__ for one, fields in read.items()}


def eyes_in_files(
    session: Session, household_ids: Ids, *, user: SignedIn, besides: Permission | None = None
) -> Mapping[uuid.UUID, Sees]:
    """What somebody reads in the files of these families, without those she does not open.

    For what tells of a family elsewhere: a page of another kind tells nobody more than the file.
    Stays and referrals stand in it for whoever may read those ``besides``, as far as both read.
    """
    asked = [Permission.FAMILIES_READ, *([besides] if besides else [])]
    visible = [visible_households(user, one) for one in asked]
    opened = session.scalars(
        select(Household.id).where(Household.id.in_(household_ids), *visible)
    ).all()
    read = [fields_on(session, opened, user=user, permission=one, in_file=True) for one in asked]
    return {one: frozenset.intersection(*(r[one] for r in read)).__contains__ for one in opened}


def eyes_at_desk(
    session: Session,
    household_ids: Ids,
    *,
    user: SignedIn,
    permission: Permission,
    besides: Permission | None = None,
) -> Mapping[uuid.UUID, Sees]:
    """What somebody reads of these families where her work is about everybody's data.

    The officer, who opens no files, reads by that work's own permission. Whoever is bound reads
    what she reads in the file, and nothing of one that she does not open.
    """
    if is_bound(user):
        return eyes_in_files(session, household_ids, user=user, besides=besides)
    return dict.fromkeys(household_ids, user.eyes(permission))


def facing(session: Session, named: Mapping[str, Any], *, user: SignedIn) -> SignedIn:
    """The same person, with the kinds of data that her roles read about the family of a page.

    A permission that does not count on the family lends no kinds of data to another that does.
    ``named`` are the names and ids that stand in the page's address.
    """
    family = None if _is_plain(user) else _family_of(named)
    if family is None:
        return user
    asked = [one for one in user.facets if one in _OF_THE_FILE or user.has_facets(one)]
    here = _facets_here(session, family, user, asked).values()
    return replace(user, fields={**user.fields, **next(iter(here), {})})


def _is_plain(user: SignedIn) -> bool:
    """Whether she has one role that nobody narrowed: it reads alike through all it may do."""
    return len(user.roles) == 1 and user.facets == usual(user.roles).facets


def _facets_here(
    session: Session,
    families: ColumnElement[bool],
    user: SignedIn,
    permissions: Iterable[Permission],
    *,
    in_file: bool = False,
) -> Mapping[uuid.UUID, Mapping[Permission, frozenset[FieldClass]]]:
    """What each of these permissions reads about each family, by those of its facets that reach."""
    facets = [(one, facet) for one in permissions for facet in user.facets.get(one, ())]
    reaches = [
        reach_within(user, one, facet.scopes, leads=facet.leads, in_file=in_file)
        for one, facet in facets
    ]
    here = within_reach(session, families, reaches, user=user)
    lent = list(zip(facets, reaches, strict=True))
    return {family: _united(lent, comes) for family, comes in here.items()}


def _united(
    lent: Iterable[tuple[tuple[Permission, Facet], Reach | None]], here: Collection[Reach]
) -> Mapping[Permission, frozenset[FieldClass]]:
    read: dict[Permission, frozenset[FieldClass]] = {}
    for (permission, facet), reach in lent:
        counts = facet.fields if reach in here else frozenset[FieldClass]()
        read[permission] = read.get(permission, frozenset()) | counts
    return read


def _family_of(named: Mapping[str, Any]) -> ColumnElement[bool] | None:
    """The condition on ``Household`` that it is the family of a page, or None for no family's."""
    if "household_id" in named:
        return Household.id == uuid.UUID(str(named["household_id"]))
    if "stay_id" in named:
        return Household.id.in_(select(_STAYS.household_id).where(_STAYS.id == named["stay_id"]))
    if "referral_id" in named:
        opened = select(_REFERRALS.episode_id).where(_REFERRALS.id == named["referral_id"])
        return Household.id.in_(select(CaseEpisode.household_id).where(CaseEpisode.id.in_(opened)))
    return None
