"""Who has to know that a mother is reached otherwise than before."""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.standing import staff
from hearth.families.access import keepers_of, ways_in
from hearth.families.models import HouseholdMember, KeyWorker, PersonCorrection
from hearth.families.vocabulary import CARING
from hearth.outbox import services as outbox

TELEPHONE_CHANGED = "families.telephone_changed"
WAYS_TO_REACH = ("phone", "contact_note")


def is_reached_as(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether somebody is still reached in the way that stood there before."""
    return all(after[name] == before[name] for name in WAYS_TO_REACH)


def is_safe_as(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether whoever goes by what stood there before does nothing that is unsafe now."""
    still_safe = after["safe_to_call"] is True or before["safe_to_call"] is not True
    return still_safe and is_reached_as(before, after)


def tell_who_goes_on(session: Session, correction: PersonCorrection) -> None:
    """Tell whoever accompanies the family of a mother or carer that she is reached otherwise.

    With a restricted family those go on who were let in for good. Whoever corrected it knows, and a
    key worker to whom a restriction closed the file is told nothing of it.
    """
    for household_id in _families_of(session, correction.person_id):
        accompanying = _accompanying(session, household_id)
        going_on = accompanying | (keepers_of(session, household_id) or set())
        asked = going_on - {correction.corrected_by}
        for user_id in sorted(_reading(session, household_id, asked)):
            view = "mine" if user_id in accompanying else "open"
            outbox.put(
                session,
                key=f"{TELEPHONE_CHANGED}:{correction.id}:{user_id}",
                kind="mail",
                payload={"template": TELEPHONE_CHANGED, "user": str(user_id), "view": view},
            )


def _families_of(session: Session, person_id: uuid.UUID) -> Collection[uuid.UUID]:
    """Where somebody is a mother or carer now."""
    member = HouseholdMember
    return session.scalars(
        select(member.household_id).where(
            member.person_id == person_id,
            member.role.in_(CARING),
            member.left_on.is_(None),
            member.superseded_at.is_(None),
        )
    ).all()


def _accompanying(session: Session, household_id: uuid.UUID) -> set[uuid.UUID]:
    chosen = select(KeyWorker.user_id).where(
        KeyWorker.household_id == household_id, KeyWorker.until_on.is_(None)
    )
    return set(session.scalars(chosen))


def _reading(
    session: Session, household_id: uuid.UUID, user_ids: Collection[uuid.UUID]
) -> Collection[uuid.UUID]:
    asked = [one for one in staff(session) if one.id in user_ids]
    return ways_in(session, household_id, asked, Permission.FAMILIES_READ).keys()
