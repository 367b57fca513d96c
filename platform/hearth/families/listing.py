"""The list of families people work from: searching, filtering, sorting, one page at a time."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.families.access import visible_households
from hearth.families.models import (
    CaseEpisode,
    Household,
    HouseholdMember,
    KeyWorker,
    Person,
)
from hearth.families.names import search_key
from hearth.families.vocabulary import MemberRole


class FamilyView(StrEnum):
    """Ways to look at the list."""

    MINE = "mine"
    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


class FamilySort(StrEnum):
    """What the list is ordered by."""

    NUMBER = "number"
    NAME = "name"
    OPENED = "opened"


@dataclass(frozen=True, kw_only=True)
class FamilyQuery:
    """What somebody wants to see of the list."""

    view: FamilyView = FamilyView.OPEN
    text: str = ""
    sort: FamilySort = FamilySort.NUMBER
    ascending: bool = False

    def sorted_by(self, sort: str) -> str | None:
        """How the list is ordered by a column, in the words a table heading uses."""
        if sort != self.sort:
            return None
        return "ascending" if self.ascending else "descending"


def find_families(
    session: Session,
    query: FamilyQuery,
    *,
    user: SignedIn,
    limit: int,
    offset: int,
    permission: Permission = Permission.FAMILIES_READ,
) -> tuple[list[Household], int]:
    """One page of the families somebody sees, and how many there are in all."""
    chosen = _chosen(query, user, permission)
    if not user.sees(FieldClass.IDENTITY, permission) and query.sort is FamilySort.NAME:
        # An order by name would tell what the list does not.
        query = replace(query, sort=FamilySort.NUMBER)
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    page = chosen.order_by(*_order(query)).limit(limit).offset(offset)
    loaded = page.options(
        selectinload(Household.members),
        selectinload(Household.episodes),
        selectinload(Household.key_workers).joinedload(KeyWorker.user),
    )
    return list(session.scalars(loaded)), total


def count_families(
    session: Session, *, user: SignedIn, permission: Permission = Permission.FAMILIES_READ
) -> dict[FamilyView, int]:
    """How many of the families somebody sees each way of looking shows."""
    counted = {}
    for view in FamilyView:
        chosen = _chosen(FamilyQuery(view=view), user, permission)
        counted[view] = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    return counted


def _chosen(query: FamilyQuery, user: SignedIn, permission: Permission) -> Select[Household]:
    chosen = select(Household).where(visible_households(user, permission))
    is_open = (
        select(CaseEpisode.id)
        .where(CaseEpisode.household_id == Household.id, CaseEpisode.closed_on.is_(None))
        .exists()
    )
    if query.view is FamilyView.CLOSED:
        chosen = chosen.where(~is_open)
    elif query.view is not FamilyView.ALL:
        chosen = chosen.where(is_open)
    if query.view is FamilyView.MINE:
        chosen = chosen.where(
            select(KeyWorker.id)
            .where(
                KeyWorker.household_id == Household.id,
                KeyWorker.user_id == user.id,
                KeyWorker.until_on.is_(None),
            )
            .exists()
        )
    if words := search_key(query.text).split():
        names = user.sees(FieldClass.IDENTITY, permission)
        chosen = chosen.where(_matches(words) if names else _is_numbered(words[0]))
    return chosen


def _matches(words: list[str]) -> ColumnElement[bool]:
    member, person = aliased(HouseholdMember), aliased(Person)
    somebody = (
        select(member.id)
        .join(person, person.id == member.person_id)
        .where(
            member.household_id == Household.id,
            member.superseded_at.is_(None),
            *(person.search_key.contains(word, autoescape=True) for word in words[:8]),
        )
        .exists()
    )
    if len(words) > 1:
        return somebody
    return or_(somebody, _is_numbered(words[0]))


def _is_numbered(word: str) -> ColumnElement[bool]:
    return Household.case_number.contains(word, autoescape=True)


def _order(query: FamilyQuery) -> list[ColumnElement[Any]]:
    first: ColumnElement[Any]
    if query.sort is FamilySort.NAME:
        first = _name_of_first_adult()
    elif query.sort is FamilySort.OPENED:
        first = (
            select(func.max(CaseEpisode.opened_on))
            .where(CaseEpisode.household_id == Household.id)
            .scalar_subquery()
        )
    else:
        first = Household.case_number.expression
    ordered = first.asc() if query.ascending else first.desc()
    return [ordered.nulls_last(), Household.id.expression]


def _name_of_first_adult() -> ColumnElement[Any]:
    rank = case(
        {role.value: number for number, role in enumerate(MemberRole)}, value=HouseholdMember.role
    )
    return (
        select(Person.search_key)
        .join(HouseholdMember, HouseholdMember.person_id == Person.id)
        .where(
            HouseholdMember.household_id == Household.id, HouseholdMember.superseded_at.is_(None)
        )
        .order_by(rank, HouseholdMember.joined_on, HouseholdMember.id)
        .limit(1)
        .scalar_subquery()
    )
