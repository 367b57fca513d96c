"""Whose eyes read what a request shows: of a family what is read in its file, and no more.

The officer, who is bound to nothing, reads all of it.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, false, or_, select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.redaction import Sees
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.data_records import SubjectKind
from hearth.families.access import is_bound
from hearth.families.besides import BY_TABLE, closed_besides, opens_whole
from hearth.families.facing import eyes_in_files
from hearth.families.models import CaseEpisode, Household, HouseholdMember
from hearth.intake.models import Referral
from hearth.subject_rights.subjects import families_of, referrals_found

# A sealed note opens by its owner's word; what is a colleague's own is in no family's file.
ELSEWHERE = frozenset({FieldClass.SEALED_NOTE, FieldClass.STAFF, FieldClass.TECHNICAL})
# Where somebody reads of a subject that stands in no family's file.
THROUGH: Mapping[SubjectKind, Permission] = {
    SubjectKind.DONOR: Permission.GIFTS_READ,
    SubjectKind.REFERRAL: Permission.REFERRALS_READ,
}


@dataclass(frozen=True, kw_only=True)
class Eyes:
    """What somebody reads about one subject, family by family.

    ``whole`` is read of what stands in no one family's file: what she reads in all of them. None
    stands for nothing at all, and ``at`` for what no family's file bounds.
    """

    whole: Sees | None
    at: Mapping[uuid.UUID, Sees] | None = None
    of_tables: Mapping[str, "Eyes"] = field(default_factory=dict)
    """What is read of tables that ask for a permission of their own in the file, too."""

    def on(self, household_id: uuid.UUID | None) -> Sees | None:
        """What is read of a row of this family's file; None where nothing at all."""
        if household_id is None or self.at is None:
            return self.whole
        return self.at.get(household_id)

    def read(
        self, household_id: uuid.UUID | None, classes: Iterable[FieldClass], table: str = ""
    ) -> bool:
        """Whether all of these kinds of data are read of a row of a table."""
        sees = self.of_tables.get(table, self).on(household_id)
        return sees is not None and all(sees(one) for one in classes)


def eyes_on(
    session: Session,
    kind: SubjectKind,
    subject_id: uuid.UUID,
    *,
    user: SignedIn,
    rows_of: Iterable[uuid.UUID | None] = (),
) -> Eyes:
    """What somebody reads of a subject, and of the rows that stand in these families' files."""
    if not is_bound(user):
        return Eyes(whole=lambda _field_class: True)
    if kind is SubjectKind.REFERRAL and not referrals_found(session, {subject_id}, user):
        return Eyes(whole=None)
    homes = families_of(session, kind, subject_id)
    if not homes:
        return Eyes(whole=_beyond_files(kind, user))
    asked = homes.union(one for one in rows_of if one is not None)
    beside = {
        permission: _in_files(session, homes, asked, user, permission)
        for permission in {*BY_TABLE.values()}
    }
    tables = {table: beside[permission] for table, permission in BY_TABLE.items()}
    return replace(_in_files(session, homes, asked, user), of_tables=tables)


def tables_told(
    session: Session, about: Iterable[tuple[SubjectKind, uuid.UUID]], *, user: SignedIn
) -> Callable[[str], bool]:
    """Whether the files of these subjects show somebody that a table has rows about them."""
    homes = [families_of(session, kind, subject_id) for kind, subject_id in about]
    closed = closed_besides(session, set[uuid.UUID]().union(*homes), user=user)
    return lambda table: BY_TABLE.get(table) not in closed


def is_told_in_part(
    kind: SQLColumnExpression[SubjectKind],
    subject_id: SQLColumnExpression[uuid.UUID],
    *,
    user: SignedIn,
) -> ColumnElement[bool]:
    """The condition on a row that a file of its subject leaves out stays or referrals for her."""
    if not is_bound(user):
        return false()
    whole = select(Household.id).where(opens_whole(user))
    people = select(HouseholdMember.person_id).where(
        HouseholdMember.superseded_at.is_(None), HouseholdMember.household_id.not_in(whole)
    )
    episodes = select(CaseEpisode.id).where(CaseEpisode.household_id.not_in(whole))
    calls = select(Referral.id).where(Referral.episode_id.in_(episodes))
    return or_(
        and_(kind == SubjectKind.HOUSEHOLD, subject_id.not_in(whole)),
        and_(kind == SubjectKind.PERSON, subject_id.in_(people)),
        and_(kind == SubjectKind.REFERRAL, subject_id.in_(calls)),
    )


def told_counts(
    session: Session,
    counts: Mapping[str, int],
    about: Iterable[tuple[SubjectKind, uuid.UUID]],
    *,
    user: SignedIn,
) -> dict[str, int]:
    """The rows of each table about these subjects, without what their files do not show her."""
    told = tables_told(session, about, user=user)
    return {table: n for table, n in counts.items() if told(table)}


def _in_files(
    session: Session,
    homes: Collection[uuid.UUID],
    asked: Collection[uuid.UUID],
    user: SignedIn,
    besides: Permission | None = None,
) -> Eyes:
    opened = eyes_in_files(session, asked, user=user, besides=besides)
    at = {home: _with_elsewhere(sees) for home, sees in opened.items()}
    return Eyes(whole=_in_all(at, homes), at=at)


def _beyond_files(kind: SubjectKind, user: SignedIn) -> Sees | None:
    through = THROUGH.get(kind)
    return _with_elsewhere(user.eyes(through)) if through and user.may(through) else None


def _in_all(at: Mapping[uuid.UUID, Sees], homes: Collection[uuid.UUID]) -> Sees | None:
    read = [at[home] for home in homes if home in at]
    if len(read) < len(homes):
        return None
    return lambda field_class: all(sees(field_class) for sees in read)


def _with_elsewhere(own: Sees) -> Sees:
    return lambda field_class: field_class in ELSEWHERE or own(field_class)
