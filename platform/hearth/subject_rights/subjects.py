"""Whom a request or an erasure is about, and everybody whose rows belong to that."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    Uuid,
    and_,
    column,
    false,
    func,
    literal,
    or_,
    select,
    values,
)
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.data_records import SubjectKind
from hearth.families.access import (
    entrusted_for_good,
    entrusted_households,
    hidden_people,
    is_bound,
)
from hearth.families.codes import code_column
from hearth.families.models import CaseEpisode, Household, HouseholdMember, Person
from hearth.families.reach import Asks
from hearth.families.services import record_read
from hearth.families.vocabulary import MemberRole
from hearth.giving.models import Donor, Gift
from hearth.intake.models import Referral
from hearth.intake.seen import visible_referrals
from hearth.subject_rights.models import Erasure, SubjectRequest

Ids = Mapping[SubjectKind, Collection[uuid.UUID]]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Somebody, as a page names her; ``case_number`` is what may stand outside the page."""

    kind: SubjectKind
    id: uuid.UUID
    name: str
    case_number: str = ""
    household_id: uuid.UUID | None = None
    is_child: bool = False


def subject_of(session: Session, kind: SubjectKind, subject_id: uuid.UUID) -> Subject | None:
    """Somebody by kind and id; None where nobody has them."""
    match kind:
        case SubjectKind.PERSON:
            return _person(session, subject_id)
        case SubjectKind.HOUSEHOLD:
            return _family(session, subject_id)
        case SubjectKind.DONOR:
            donor = session.get(Donor, subject_id)
            return _named(kind, donor, donor.name or donor.email) if donor else None
        case SubjectKind.REFERRAL:
            referral = session.get(Referral, subject_id)
            return _named(kind, referral, referral.mother_name) if referral else None
        case SubjectKind.STAFF:
            user = session.get(User, subject_id)
            return _named(kind, user, user.name) if user else None


def family_by_number(
    session: Session,
    case_number: str,
    *,
    user: SignedIn,
    permission: Permission,
    to_decide: bool = False,
) -> Household | None:
    """The family whose case has this number; None too for one that is not entrusted to her."""
    condition = _entrusted(user, permission, to_decide=to_decide)
    return session.scalars(
        select(Household).where(Household.case_number == case_number.strip(), condition)
    ).one_or_none()


def gift_by_reference(session: Session, reference: str, *, user: SignedIn) -> Gift | None:
    """The gift with this number, if its donor is known and entrusted to whoever asks."""
    if not _reads_donors(user):
        return None
    return session.scalars(
        select(Gift).where(
            func.upper(Gift.reference) == reference.strip().upper(), Gift.donor_id.is_not(None)
        )
    ).one_or_none()


def donor_of_gift(session: Session, gift_id: uuid.UUID) -> uuid.UUID | None:
    """Who gave, if anybody is known."""
    return session.scalar(select(Gift.donor_id).where(Gift.id == gift_id))


def members_of(session: Session, household_id: uuid.UUID) -> list[Subject]:
    """Everybody who belongs or belonged to a family, the mother first, who left last."""
    rows = session.scalars(
        select(HouseholdMember).where(
            HouseholdMember.household_id == household_id, HouseholdMember.superseded_at.is_(None)
        )
    ).all()
    found: dict[uuid.UUID, HouseholdMember] = {}
    for row in sorted(rows, key=lambda one: (not one.is_current, one.order_of_mention())):
        found.setdefault(row.person_id, row)
    return [
        Subject(
            kind=SubjectKind.PERSON,
            id=row.person_id,
            name=row.person.full_name,
            household_id=household_id,
            is_child=row.role is MemberRole.CHILD,
        )
        for row in found.values()
    ]


def members_entrusted(
    session: Session, household_id: uuid.UUID, *, user: SignedIn
) -> list[Subject]:
    """The members about whom somebody takes a request."""
    people, permission = members_of(session, household_id), Permission.SUBJECT_RIGHTS
    about = [(one.kind, one.id) for one in people]
    hidden = hidden_among(session, about, user=user, permission=permission)
    return [one for one in people if one.id not in hidden]


def ids_to_erase(
    session: Session, kind: SubjectKind, subject_id: uuid.UUID, *, whole_family: bool
) -> Ids:
    """Whose rows go with somebody.

    What is written of a family as a whole tells of everybody in it: it goes with the whole family,
    or with the last one who is left. Somebody who belongs to another family too stays there.
    """
    if kind is SubjectKind.PERSON:
        homes = homes_of(session, {subject_id})
        empty = {home for home in homes if not _left_in(session, home) - {subject_id}}
        if not whole_family:
            return {kind: {subject_id}, SubjectKind.HOUSEHOLD: empty}
        everybody = set().union(*(_only_in(session, home) for home in homes))
        return {kind: everybody | {subject_id}, SubjectKind.HOUSEHOLD: homes}
    if kind is SubjectKind.HOUSEHOLD:
        return {kind: {subject_id}, SubjectKind.PERSON: _only_in(session, subject_id)}
    return {kind: {subject_id}}


def homes_of(session: Session, person_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """The families in which these people are or were."""
    return set(
        session.scalars(
            select(HouseholdMember.household_id).where(
                HouseholdMember.person_id.in_(person_ids), HouseholdMember.superseded_at.is_(None)
            )
        )
    )


def referrals_of(session: Session, household_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """The requests for help by which these families came to us."""
    came = select(CaseEpisode.id).where(CaseEpisode.household_id.in_(household_ids))
    return set(session.scalars(select(Referral.id).where(Referral.episode_id.in_(came))))


def referrals_found(
    session: Session, referral_ids: Collection[uuid.UUID], user: Asks
) -> set[uuid.UUID]:
    """Which of these requests for help somebody finds among the referrals, too."""
    opens = visible_referrals(user, Permission.REFERRALS_READ)
    return set(session.scalars(select(Referral.id).where(Referral.id.in_(referral_ids), opens)))


def last_closed_on(session: Session, household_ids: Collection[uuid.UUID]) -> date | None:
    """The day the last of these families' cases was closed; None while one is open."""
    rows = session.execute(
        select(
            func.max(CaseEpisode.closed_on),
            func.count(CaseEpisode.id),
            func.count(CaseEpisode.closed_on),
        ).where(CaseEpisode.household_id.in_(household_ids))
    ).one()
    return rows[0] if rows[1] == rows[2] else None


def is_entrusted(
    session: Session,
    kind: SubjectKind,
    subject_id: uuid.UUID,
    *,
    user: SignedIn,
    to_decide: bool = False,
) -> bool:
    """Whether somebody takes and reads requests about this subject, or decides about them, too."""
    about, permission = [(kind, subject_id)], Permission.SUBJECT_RIGHTS
    return not hidden_among(session, about, user=user, permission=permission, to_decide=to_decide)


def hidden_among(
    session: Session,
    about: Collection[tuple[SubjectKind, uuid.UUID]],
    *,
    user: Asks,
    permission: Permission,
    to_decide: bool = False,
) -> set[uuid.UUID]:
    """Which of these subjects are not entrusted to somebody, or not to decide about them."""
    if not about or not is_bound(user):
        return set()
    columns = column("kind", code_column(SubjectKind)), column("id", Uuid())
    asked = values(*columns, name="about").data(sorted(set(about)))
    hidden = is_hidden(
        asked.c.kind, asked.c.id, user=user, permission=permission, to_decide=to_decide
    )
    return set(session.scalars(select(asked.c.id).where(hidden)))


def is_hidden(
    kind: SQLColumnExpression[SubjectKind],
    subject_id: SQLColumnExpression[uuid.UUID],
    *,
    user: Asks,
    permission: Permission,
    to_decide: bool = False,
) -> ColumnElement[bool]:
    """The condition on a row that its subject is not entrusted to somebody, or not to decide.

    Of people, those with any family that is not; of donors, all where she reads no gifts; of
    referrals those that she would not find among the referrals either; of colleagues, all: what one
    did and looked at tells of every file, and is the officer's alone.
    """
    if not is_bound(user):
        return false()
    entrusted = select(Household.id).where(_entrusted(user, permission, to_decide=to_decide))
    elsewhere = select(CaseEpisode.id).where(CaseEpisode.household_id.not_in(entrusted))
    found = visible_referrals(user, Permission.REFERRALS_READ)
    shown = or_(Referral.episode_id.is_(None), Referral.episode_id.not_in(elsewhere))
    calls = select(Referral.id).where(found, shown)
    people = hidden_people(user, permission, to_decide=to_decide)
    return or_(
        kind == SubjectKind.STAFF,
        and_(kind == SubjectKind.DONOR, literal(not _reads_donors(user))),
        and_(kind == SubjectKind.REFERRAL, subject_id.not_in(calls)),
        and_(kind == SubjectKind.PERSON, subject_id.in_(people)),
        and_(kind == SubjectKind.HOUSEHOLD, subject_id.not_in(entrusted)),
    )


def entrusted_among(
    session: Session, requests: Sequence[SubjectRequest], *, user: Asks
) -> list[SubjectRequest]:
    """Those of these requests that are entrusted to somebody."""
    about = {(one.subject_kind, one.subject_id) for one in requests}
    hidden = hidden_among(session, about, user=user, permission=Permission.SUBJECT_RIGHTS)
    return [one for one in requests if one.subject_id not in hidden]


def note_look(
    session: Session, kind: SubjectKind, subject_id: uuid.UUID, *, user_id: uuid.UUID
) -> None:
    """Note that somebody looked at a subject because of a request: a look at each of its families.

    Whatever the page is about, what it shows stands in the files of all of them.
    """
    for home in sorted(families_of(session, kind, subject_id)):
        record_read(session, household_id=home, user_id=user_id, purpose="request")


def families_of(session: Session, kind: SubjectKind, subject_id: uuid.UUID) -> set[uuid.UUID]:
    """The families in whose files a subject stands."""
    match kind:
        case SubjectKind.HOUSEHOLD:
            return {subject_id}
        case SubjectKind.PERSON:
            return homes_of(session, {subject_id})
        case SubjectKind.REFERRAL:
            referral = session.get(Referral, subject_id)
            return {referral.household_id} if referral and referral.household_id else set()
        case _:
            return set()


def _entrusted(user: Asks, permission: Permission, *, to_decide: bool) -> ColumnElement[bool]:
    entrusted = entrusted_for_good if to_decide else entrusted_households
    return entrusted(user, permission)


def _reads_donors(user: Asks) -> bool:
    # A donor may be a mother or one of hers: what was taken from somebody is not given back here.
    return not is_bound(user) or user.may(Permission.GIFTS_READ)


def _named(kind: SubjectKind, row: Donor | Referral | User, name: str) -> Subject:
    return Subject(kind=kind, id=row.id, name=name)


def _family(session: Session, household_id: uuid.UUID) -> Subject | None:
    family = session.get(Household, household_id)
    if family is None:
        return None
    return Subject(
        kind=SubjectKind.HOUSEHOLD,
        id=family.id,
        name=family.case_number,
        case_number=family.case_number,
        household_id=family.id,
    )


def _person(session: Session, person_id: uuid.UUID) -> Subject | None:
    person = session.get(Person, person_id)
    if person is None:
        return None
    member = session.scalars(
        select(HouseholdMember)
        .where(HouseholdMember.person_id == person_id, HouseholdMember.superseded_at.is_(None))
        .order_by(HouseholdMember.joined_on.desc(), HouseholdMember.id.desc())
        .limit(1)
    ).first()
    return Subject(
        kind=SubjectKind.PERSON,
        id=person.id,
        name=person.full_name,
        case_number=member.household.case_number if member else "",
        household_id=member.household_id if member else None,
        is_child=member is not None and member.role is MemberRole.CHILD,
    )


def _left_in(session: Session, household_id: uuid.UUID) -> set[uuid.UUID]:
    """Who was in a family and has not been erased."""
    erased = select(Erasure.subject_id).where(Erasure.subject_kind == SubjectKind.PERSON)
    return set(
        session.scalars(
            select(HouseholdMember.person_id).where(
                HouseholdMember.household_id == household_id,
                HouseholdMember.person_id.not_in(erased),
            )
        )
    )


def _only_in(session: Session, household_id: uuid.UUID) -> set[uuid.UUID]:
    """Who was in this family and in no other."""
    elsewhere = select(HouseholdMember.person_id).where(
        HouseholdMember.household_id != household_id
    )
    return set(
        session.scalars(
            select(HouseholdMember.person_id).where(
                HouseholdMember.household_id == household_id,
                HouseholdMember.person_id.not_in(elsewhere),
            )
        )
    )
