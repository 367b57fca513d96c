"""Restricted files that nobody is left to open again, and naming somebody who can.

Whoever kept such a file may leave, or lose the role by which a restriction is lifted. The officer
sees no more of it than its number, and names a colleague who goes on.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, joinedload

from hearth.accounts.models import User
from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.accounts.standing import holders
from hearth.audit import services as audit
from hearth.case_access.services import NobodyLiftsError, give
from hearth.clock import today
from hearth.families.access import entrusted_households
from hearth.families.access_models import CaseGrant, GrantKind, HouseholdRestriction
from hearth.families.models import Household
from hearth.families.reach import is_for_good
from hearth.families.services import lock
from hearth.outbox import services as outbox

MINE = Permission.CASES_ENTRUST
TO_NAME, TO_KNOW = "case_access.name_a_keeper", "case_access.no_keeper"


@dataclass(frozen=True, kw_only=True)
class RestrictedFile:
    """A file under restriction, as somebody sees it who looks after its keepers."""

    restriction: HouseholdRestriction
    household: Household
    kept_by: Sequence[str]
    """Everybody who was ever let into it by name."""
    has_keeper: bool


class KeptError(ValueError):
    """Somebody can open the file to the others again, and decides who does."""


def files_without_keeper(session: Session, *, user: SignedIn) -> list[RestrictedFile]:
    """The restricted files that nobody can open to the others again, the longest closed first."""
    found = session.execute(
        _restricted().where(_is_lost(session), entrusted_households(user, MINE))
    )
    first: dict[uuid.UUID, tuple[HouseholdRestriction, Household]] = {}
    for restriction, household in found:
        first.setdefault(household.id, (restriction, household))
    return [_file(session, *one) for one in first.values()]


def restricted_file(
    session: Session, restriction_id: uuid.UUID, *, user: SignedIn
) -> RestrictedFile | None:
    """One file under restriction, or None."""
    row = session.execute(
        _restricted().where(
            HouseholdRestriction.id == restriction_id, entrusted_households(user, MINE)
        )
    ).one_or_none()
    return _file(session, row[0], row[1]) if row else None


def name_keeper(
    session: Session, file: RestrictedFile, *, user_id: uuid.UUID, reason: str, by: uuid.UUID
) -> CaseGrant:
    """Let somebody go on with a file that nobody is left to open again.

    :raises KeptError: somebody can by now.
    :raises NobodyLiftsError: whoever was chosen may lift no restriction.
    :raises ToOneselfError: she would name herself.
    """
    household = file.household
    lock(session, household)
    if not _lacks_keeper(session, household.id):
        raise KeptError
    if user_id not in _able(session):
        raise NobodyLiftsError
    grant = give(session, household, user_id=user_id, reason=reason, ends_at=None, granted_by=by)
    audit.record(
        session,
        action="access.keeper-named",
        subject_type="case_grant",
        subject_id=grant.id,
        actor_id=by,
        household_id=household.id,
        facts={"user": str(user_id)},
    )
    return grant


def tell_of_files_without_keeper(session: Session) -> int:
    """Write once a day to those who name a keeper, and to those who answer for restrictions."""
    lost = set(session.scalars(select(HouseholdRestriction.household_id).where(_is_lost(session))))
    if not lost:
        return 0
    namers = {user_id for user_id, _name in holders(session, MINE)}
    templates = dict.fromkeys(_able(session), TO_KNOW) | dict.fromkeys(namers, TO_NAME)
    return sum(
        outbox.put(
            session,
            key=f"{template}:{user_id}:{today(session)}",
            kind="mail",
            payload={"template": template, "user": str(user_id), "number": len(lost)},
        )
        for user_id, template in sorted(templates.items())
    )


def possible_keepers(session: Session, *, but: uuid.UUID) -> list[tuple[uuid.UUID, str]]:
    """Who may lift a restriction, by name, without whoever asks."""
    able = holders(session, Permission.CASES_RESTRICT)
    return [(user_id, name) for user_id, name in able if user_id != but]


def _able(session: Session) -> set[uuid.UUID]:
    return {user_id for user_id, _name in holders(session, Permission.CASES_RESTRICT)}


def _restricted() -> Select[HouseholdRestriction, Household]:
    return (
        select(HouseholdRestriction, Household)
        .join(Household, Household.id == HouseholdRestriction.household_id)
        .where(HouseholdRestriction.until_at.is_(None))
        .options(joinedload(HouseholdRestriction.setter))
        .order_by(HouseholdRestriction.from_at, HouseholdRestriction.id)
    )


def _is_lost(session: Session) -> ColumnElement[bool]:
    """The condition on ``HouseholdRestriction`` that nobody can lift it."""
    kept = select(CaseGrant.household_id).where(
        CaseGrant.user_id.in_(_able(session)), is_for_good(datetime.now(UTC))
    )
    standing = HouseholdRestriction.until_at.is_(None)
    return standing & HouseholdRestriction.household_id.not_in(kept)


def _lacks_keeper(session: Session, household_id: uuid.UUID) -> bool:
    found = session.scalars(
        select(HouseholdRestriction.id)
        .where(HouseholdRestriction.household_id == household_id, _is_lost(session))
        .limit(1)
    )
    return found.first() is not None


def _file(
    session: Session, restriction: HouseholdRestriction, household: Household
) -> RestrictedFile:
    names = session.scalars(
        select(User.name)
        .join(CaseGrant, CaseGrant.user_id == User.id)
        .where(CaseGrant.household_id == household.id, CaseGrant.kind == GrantKind.GRANT)
        .distinct()
        .order_by(User.name)
    ).all()
    return RestrictedFile(
        restriction=restriction,
        household=household,
        kept_by=names,
        has_keeper=not _lacks_keeper(session, household.id),
    )
