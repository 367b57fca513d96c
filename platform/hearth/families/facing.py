"""Which kinds of data somebody reads about one family, where her roles reach differently far."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, Uuid, column, select, table
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.redaction import Sees
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.families.access import is_bound
from hearth.families.models import CaseEpisode, Household
from hearth.families.reach import reached, visible_households

Ids = Collection[uuid.UUID]
# These belong to features that stand above this one; only what leads to a family is named here.
_STAYS = table("stays", column("id", Uuid()), column("household_id", Uuid())).c
_REFERRALS = table("referrals", column("id", Uuid()), column("episode_id", Uuid())).c


def fields_on(
    session: Session, household_ids: Ids, *, user: SignedIn, permission: Permission
) -> Mapping[uuid.UUID, frozenset[FieldClass]]:
    """Which kinds of data somebody reads about each of these families.

    What counts on a family is read through the roles that reach it: one that reaches further lends
    nothing to one that reads more. A grant opens what the roles read anywhere.
    """
    facets = user.facets.get(permission, ())
    if len(facets) < 2:
        return dict.fromkeys(household_ids, user.fields.get(permission, frozenset()))
    conditions = [reached(user, permission, facet.scopes) for facet in facets]
    columns = [condition.label(f"facet_{n}") for n, condition in enumerate(conditions)]
    rows = session.execute(select(Household.id, *columns).where(Household.id.in_(household_ids)))
    return {
        row[0]: frozenset().union(
            *(facet.fields for facet, here in zip(facets, row[1:], strict=True) if here)
        )
        for row in rows
    }


def eyes_on(
    session: Session, household_ids: Ids, *, user: SignedIn, permission: Permission
) -> Mapping[uuid.UUID, Sees]:
    """What somebody sees of each of these families, for the views of a list."""
    read = fields_on(session, household_ids, user=user, permission=permission)
    return {one: fields.__contains__ for one, fields in read.items()}


def eyes_in_files(
    session: Session, household_ids: Ids, *, user: SignedIn
) -> Mapping[uuid.UUID, Sees]:
    """What somebody reads in the files of these families, without those she does not open.

    For what tells of a family elsewhere: a page of another kind tells nobody more than the file.
    """
    through = Permission.FAMILIES_READ
    visible = visible_households(user, through)
    opened = session.scalars(
        select(Household.id).where(Household.id.in_(household_ids), visible)
    ).all()
    return eyes_on(session, opened, user=user, permission=through)


def eyes_at_desk(
    session: Session, household_ids: Ids, *, user: SignedIn, permission: Permission
) -> Mapping[uuid.UUID, Sees]:
    """What somebody reads of these families where her work is about everybody's data.

    The officer, who opens no files, reads by that work's own permission. Whoever is bound reads
    what she reads in the file, and nothing of one that she does not open.
    """
    if is_bound(user):
        return eyes_in_files(session, household_ids, user=user)
    return dict.fromkeys(household_ids, user.eyes(permission))


def facing(session: Session, named: Mapping[str, Any], *, user: SignedIn) -> SignedIn:
    """The same person, with the kinds of data that her roles read about the family of a page.

    ``named`` are the names and ids that stand in the page's address.
    """
    uneven = [permission for permission in user.facets if user.has_facets(permission)]
    household_id = _family_of(session, named) if uneven else None
    if household_id is None:
        return user
    here = {
        permission: fields_on(session, [household_id], user=user, permission=permission)
        for permission in uneven
    }
    fields = {one: read.get(household_id, frozenset()) for one, read in here.items()}
    return replace(user, fields={**user.fields, **fields})


def _family_of(session: Session, named: Mapping[str, Any]) -> uuid.UUID | None:
    if "household_id" in named:
        return uuid.UUID(str(named["household_id"]))
    query: Select[uuid.UUID] | None = None
    if "stay_id" in named:
        query = select(_STAYS.household_id).where(_STAYS.id == named["stay_id"])
    elif "referral_id" in named:
        opened = select(_REFERRALS.episode_id).where(_REFERRALS.id == named["referral_id"])
        query = select(CaseEpisode.household_id).where(CaseEpisode.id.in_(opened))
    return None if query is None else session.scalar(query)
