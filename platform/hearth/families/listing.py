"""The list of families people work from: searching, filtering, sorting, one page at a time."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, true
from sqlalchemy.orm import Session, aliased, selectinload

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.families.knowing import has_gone_on, known_in
from hearth.families.models import (
    CaseEpisode,
    Household,
    HouseholdMember,
    KeyWorker,
    Person,
)
from hearth.families.names import search_key
from hearth.families.reach import visible_households
from hearth.families.unaccompanied import is_unaccompanied
from hearth.families.vocabulary import MemberRole
from hearth.sealing.blind import has_words, looks_like_phone
from hearth.sealing.kinds import Kind

# So many sealed names are opened in a moment; more of them would keep somebody waiting.
MOST_NAMES = 500


class FamilyView(StrEnum):
    """Ways to look at the list."""

    MINE = "mine"
    OPEN = "open"
    CLOSED = "closed"
    NOBODY = "nobody"
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
    names = user.sees(FieldClass.IDENTITY, permission)
    if query.text.strip():
        kinds = _kinds_sought(user, permission)
        chosen = chosen.where(_matches(session, query.text, kinds, user))
    if not names and query.sort is FamilySort.NAME:
        # An order by name would tell what the list does not.
        query = replace(query, sort=FamilySort.NUMBER)
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    if query.sort is FamilySort.NAME and not is_too_long_to_sort(query, total):
        wanted = _ids_by_name(session, chosen, ascending=query.ascending)[offset : offset + limit]
        page = select(Household).where(Household.id.in_(wanted))
        place = {household_id: n for n, household_id in enumerate(wanted)}
        return sorted(_load(session, page), key=lambda household: place[household.id]), total
    return _load(session, chosen.order_by(*_order(query)).limit(limit).offset(offset)), total


def is_too_long_to_sort(query: FamilyQuery, total: int) -> bool:
    """Whether too many sealed names would have to be opened to bring a list into their order."""
    return query.sort is FamilySort.NAME and total > MOST_NAMES


def _load(session: Session, page: Select[Household]) -> list[Household]:
    loaded = page.options(
        selectinload(Household.members),
        selectinload(Household.episodes),
        selectinload(Household.key_workers).joinedload(KeyWorker.user),
    )
    return list(session.scalars(loaded))


def count_families(
    session: Session, *, user: SignedIn, permission: Permission = Permission.FAMILIES_READ
) -> dict[FamilyView, int]:
    """How many of the families somebody sees each way of looking shows."""
    told = {f"is_{one}": _is_shown(one, user).label(f"is_{one}") for one in FamilyView}
    seen = select(*told.values()).where(visible_households(user, permission)).subquery()
    counts = (func.count().filter(seen.c[one]) for one in told)
    return dict(zip(FamilyView, session.execute(select(*counts)).one(), strict=True))


def _chosen(query: FamilyQuery, user: SignedIn, permission: Permission) -> Select[Household]:
    visible = visible_households(user, permission)
    return select(Household).where(visible, _is_shown(query.view, user))


def _is_shown(view: FamilyView, user: SignedIn) -> ColumnElement[bool]:
    """The condition on ``Household`` that a way of looking shows it."""
    accompanied = select(KeyWorker.id).where(
        KeyWorker.household_id == Household.id,
        KeyWorker.user_id == user.id,
        KeyWorker.until_on.is_(None),
    )
    is_open = (
        select(CaseEpisode.id)
        .where(CaseEpisode.household_id == Household.id, CaseEpisode.closed_on.is_(None))
        .exists()
    )
    shown = {
        FamilyView.MINE: and_(is_open, accompanied.exists()),
        FamilyView.OPEN: is_open,
        FamilyView.CLOSED: ~is_open,
        FamilyView.NOBODY: and_(is_open, is_unaccompanied()),
        FamilyView.ALL: true(),
    }
    return shown[view]


def _kinds_sought(user: SignedIn, permission: Permission) -> frozenset[Kind]:
    """By what somebody may look for people: finding tells what the page would."""
    names = {Kind.SURNAME, Kind.GIVEN_NAME} if user.sees(FieldClass.IDENTITY, permission) else set()
    phones = {Kind.PHONE} if user.sees(FieldClass.CONTACT, permission) else set()
    return frozenset(names | phones)


def _matches(
    session: Session, text: str, kinds: frozenset[Kind], user: SignedIn
) -> ColumnElement[bool]:
    words = search_key(text).split()
    if not words:
        return true()
    if not kinds:
        return _is_numbered(words[0])
    member = aliased(HouseholdMember)
    asked = [
        member.superseded_at.is_(None),
        # Whom another family has now is not found here by what was said there.
        ~has_gone_on(member),
        *has_words(session, member.person_id, text, kinds=kinds),
    ]
    if looks_like_phone(text):
        members = session.scalars(select(member).where(*asked)).all()
        asked = [member.id.in_(_told_there(session, members, user))]
    somebody = select(member.id).where(member.household_id == Household.id, *asked).exists()
    if len(words) > 1:
        return somebody
    return or_(somebody, _is_numbered(words[0]))


def _told_there(
    session: Session, members: Collection[HouseholdMember], user: SignedIn
) -> list[uuid.UUID]:
    """Those of these members whose telephone the files of their families tell."""
    known = known_in(session, {one.household_id for one in members}, user=user)
    return [
        one.id
        for one in members
        if "phone" not in known.about(one.household_id, one.person_id).covers_now
    ]


def _is_numbered(word: str) -> ColumnElement[bool]:
    return Household.case_number.contains(word, autoescape=True)


def _order(query: FamilyQuery) -> list[ColumnElement[Any]]:
    first: ColumnElement[Any]
    if query.sort is FamilySort.OPENED:
        first = (
            select(func.max(CaseEpisode.opened_on))
            .where(CaseEpisode.household_id == Household.id)
            .scalar_subquery()
        )
    else:
        first = Household.case_number.expression
    ordered = first.asc() if query.ascending else first.desc()
    return [ordered.nulls_last(), Household.id.expression]


def _ids_by_name(
    session: Session, chosen: Select[Household], *, ascending: bool
) -> list[uuid.UUID]:
    """The families in the order of their first adult's name, which only opening it can tell."""
    rank = case(
        {role.value: number for number, role in enumerate(MemberRole)}, value=HouseholdMember.role
    )
    ids = chosen.with_only_columns(Household.id).subquery()
    rows = session.execute(
        select(ids.c.id, Person)
        .select_from(ids)
        .outerjoin(
            HouseholdMember,
            (HouseholdMember.household_id == ids.c.id)
            & HouseholdMember.superseded_at.is_(None)
            & ~has_gone_on(HouseholdMember),
        )
        .outerjoin(Person, Person.id == HouseholdMember.person_id)
        .order_by(ids.c.id, rank, HouseholdMember.joined_on, HouseholdMember.id)
    )
    names: dict[uuid.UUID, str] = {}
    for household_id, person in rows:
        names.setdefault(household_id, _sorted_as(person) if person else "")
    by_name = sorted(names, key=lambda one: (names[one], one), reverse=not ascending)
    return sorted(by_name, key=lambda one: not names[one])


def _sorted_as(person: Person) -> str:
    return search_key(person.family_name, person.given_name, person.patronymic)
