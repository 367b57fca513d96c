"""Lets a colleague into one family's file, and closes a file to all who were not let in by name."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn, names_of
from hearth.accounts.standing import holders, staff
from hearth.audit import services as audit
from hearth.families.access import is_hers_for_good, ways_in
from hearth.families.access_models import (
    CaseGrant,
    GrantKind,
    HouseholdRestriction,
    RestrictionKind,
)
from hearth.families.besides import closed_besides
from hearth.families.models import Household
from hearth.families.reach import Way, has_ended, is_active
from hearth.families.services import lock
from hearth.trail import Fact


@dataclass(frozen=True, kw_only=True)
class Opener:
    """Somebody who opens a family's file, and why she does."""

    name: str
    ways: Sequence[Way]


@dataclass(frozen=True, kw_only=True)
class EndedGrant:
    """A grant that opens nothing any more."""

    grant: CaseGrant
    ended_at: datetime
    taken_back_by: str


class ToOneselfError(ValueError):
    """Nobody lets herself into a file."""


class EndsTooEarlyError(ValueError):
    """A grant would be over before it begins."""


class AlreadyRestrictedError(ValueError):
    """The file is restricted for this reason already."""


class NobodyLiftsError(ValueError):
    """The file would open to people none of whom may open it to the others again."""


def active_grants(session: Session, household_id: uuid.UUID) -> Sequence[CaseGrant]:
    """Who was let into a file by name and may open it now."""
    return session.scalars(
        select(CaseGrant)
        .where(CaseGrant.household_id == household_id, is_active(datetime.now(UTC)))
        .options(joinedload(CaseGrant.user), joinedload(CaseGrant.giver))
        .order_by(CaseGrant.starts_at, CaseGrant.id)
    ).all()


def openers(session: Session, household_id: uuid.UUID, *, user: SignedIn) -> list[Opener]:
    """Everybody who opens a file now, by name.

    Who has it because of a house tells in which the family lives: she is named to those whom the
    file tells of stays, and to herself.
    """
    able = list(staff(session))
    ways = ways_in(session, household_id, able, Permission.FAMILIES_READ)
    if Permission.SHELTER_READ in closed_besides(session, [household_id], user=user):
        ways = {one: w if one == user.id else w - {Way.HOUSE} for one, w in ways.items()}
    return [
        Opener(name=one.name, ways=sorted(ways[one.id], key=list(Way).index))
        for one in able
        if ways.get(one.id)
    ]


def ended_grants(session: Session, household_id: uuid.UUID) -> list[EndedGrant]:
    """Who was let into a file by name and is so no longer, the last end first."""
    now = datetime.now(UTC)
    grants = session.scalars(
        select(CaseGrant)
        .where(CaseGrant.household_id == household_id, has_ended(now))
        .options(joinedload(CaseGrant.user), joinedload(CaseGrant.giver))
        .order_by(func.least(CaseGrant.revoked_at, CaseGrant.ends_at).desc(), CaseGrant.id)
    ).all()
    names = names_of(session, {one.revoked_by for one in grants if one.revoked_by})
    return [
        EndedGrant(
            grant=one,
            ended_at=min(end for end in (one.revoked_at, one.ends_at) if end is not None),
            taken_back_by=names.get(one.revoked_by, "") if one.revoked_by else "",
        )
        for one in grants
    ]


def restrictions(session: Session, household_id: uuid.UUID) -> Sequence[HouseholdRestriction]:
    """Why a file opens by name alone at the moment."""
    return session.scalars(
        select(HouseholdRestriction)
        .where(
            HouseholdRestriction.household_id == household_id,
            HouseholdRestriction.until_at.is_(None),
        )
        .options(joinedload(HouseholdRestriction.setter))
        .order_by(HouseholdRestriction.from_at, HouseholdRestriction.id)
    ).all()


def hold_household(
    session: Session, household_id: uuid.UUID, *, user: SignedIn, permission: Permission
) -> Household | None:
    """A family whose doors somebody is about to open or close, held until that is done.

    None for one she may not see, or no longer: somebody else may have closed it a moment ago.
    """
    household = session.get(Household, household_id)
    if household is None:
        return None
    lock(session, household)
    return find_hers(session, household_id, user=user, permission=permission)


def find_hers(
    session: Session, household_id: uuid.UUID, *, user: SignedIn, permission: Permission
) -> Household | None:
    """A family whose doors are somebody's to open and close; None to a guest as to a stranger."""
    hers = is_hers_for_good(session, household_id, user=user, permission=permission)
    return session.get(Household, household_id) if hers else None


def give(
    session: Session,
    household: Household,
    *,
    user_id: uuid.UUID,
    reason: str,
    ends_at: datetime | None,
    granted_by: uuid.UUID,
) -> CaseGrant:
    """Let a colleague into a file from now on.

    :raises ToOneselfError: whoever gives is whoever would receive.
    :raises EndsTooEarlyError: the end has passed.
    """
    if user_id == granted_by:
        raise ToOneselfError
    now = datetime.now(UTC)
    if ends_at is not None and ends_at <= now:
        raise EndsTooEarlyError
    grant = CaseGrant(
        household_id=household.id,
        user_id=user_id,
        kind=GrantKind.GRANT,
        reason=reason,
        granted_by=granted_by,
        starts_at=now,
        ends_at=ends_at,
    )
    session.add(grant)
    session.flush()
    _record(session, "access.granted", grant, granted_by)
    return grant


def get_grant(
    session: Session, *, household_id: uuid.UUID, grant_id: uuid.UUID
) -> CaseGrant | None:
    """One grant for a family that has not been taken back, or None."""
    return session.scalars(
        select(CaseGrant).where(
            CaseGrant.id == grant_id,
            CaseGrant.household_id == household_id,
            CaseGrant.revoked_at.is_(None),
        )
    ).one_or_none()


def revoke(session: Session, grant: CaseGrant, *, revoked_by: uuid.UUID) -> None:
    """Take a grant back; it stays readable that it was given."""
    grant.revoked_at = datetime.now(UTC)
    grant.revoked_by = revoked_by
    session.flush()
    _record(session, "access.revoked", grant, revoked_by)


def take_back(
    session: Session, household: Household, grant: CaseGrant, *, revoked_by: uuid.UUID
) -> None:
    """Take a grant back, unless nobody could open a restricted file again afterwards.

    :raises NobodyLiftsError: it is the last one by which a restriction can be lifted.
    """
    lock(session, household)
    left = {
        one.user_id
        for one in active_grants(session, household.id)
        if one.ends_at is None and one.id != grant.id
    }
    if restrictions(session, household.id) and grant.ends_at is None:
        _refuse_for_ever(session, left)
    revoke(session, grant, revoked_by=revoked_by)


def restrict(
    session: Session,
    household: Household,
    *,
    kind: RestrictionKind,
    keeper_ids: Collection[uuid.UUID],
    reason: str,
    set_by: uuid.UUID,
) -> HouseholdRestriction:
    """Let a file open by name alone from now on, and let those in who go on with the family.

    :raises ToOneselfError: whoever restricts it is among those who keep it.
    :raises AlreadyRestrictedError: it is restricted for this reason already.
    :raises NobodyLiftsError: none of those who keep it may lift a restriction.
    """
    lock(session, household)
    _refuse_for_ever(session, keeper_ids)
    if any(one.kind is kind for one in restrictions(session, household.id)):
        raise AlreadyRestrictedError
    restriction = HouseholdRestriction(household_id=household.id, kind=kind, set_by=set_by)
    session.add(restriction)
    # What was given before was given under other circumstances, perhaps to the very relative.
    for grant in active_grants(session, household.id):
        revoke(session, grant, revoked_by=set_by)
    for user_id in sorted(set(keeper_ids)):
        give(session, household, user_id=user_id, reason=reason, ends_at=None, granted_by=set_by)
    session.flush()
    _note(session, "access.restricted", restriction, set_by)
    return restriction


def get_restriction(
    session: Session, *, household_id: uuid.UUID, restriction_id: uuid.UUID
) -> HouseholdRestriction | None:
    """One restriction of a family that holds, or None."""
    return next(
        (one for one in restrictions(session, household_id) if one.id == restriction_id), None
    )


def lift(session: Session, restriction: HouseholdRestriction, *, lifted_by: uuid.UUID) -> None:
    """Let a file open again to those whose work it is."""
    restriction.until_at = datetime.now(UTC)
    restriction.lifted_by = lifted_by
    session.flush()
    _note(session, "access.restriction-lifted", restriction, lifted_by)


def _record(session: Session, action: str, grant: CaseGrant, actor_id: uuid.UUID) -> None:
    facts: dict[str, Fact] = {"user": str(grant.user_id), "kind": grant.kind.value}
    if grant.ends_at is not None:
        facts["until"] = grant.ends_at.astimezone(UTC).isoformat(timespec="seconds")
    audit.record(
        session,
        action=action,
        subject_type="case_grant",
        subject_id=grant.id,
        actor_id=actor_id,
        household_id=grant.household_id,
        facts=facts,
    )


def _note(
    session: Session, action: str, restriction: HouseholdRestriction, actor_id: uuid.UUID
) -> None:
    audit.record(
        session,
        action=action,
        subject_type="household_restriction",
        subject_id=restriction.id,
        actor_id=actor_id,
        household_id=restriction.household_id,
        facts={"kind": restriction.kind.value},
    )


def _refuse_for_ever(session: Session, keeper_ids: Collection[uuid.UUID]) -> None:
    able = {user_id for user_id, _name in holders(session, Permission.CASES_RESTRICT)}
    if able.isdisjoint(keeper_ids):
        raise NobodyLiftsError
