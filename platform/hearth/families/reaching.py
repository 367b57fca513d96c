"""Who has to know that a mother is reached otherwise than before."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.standing import staff
from hearth.families.access import ways_in
from hearth.families.models import Household, HouseholdMember, KeyWorker, PersonCorrection
from hearth.families.telling import CARING
from hearth.outbox import services as outbox

TELEPHONE_CHANGED = "families.telephone_changed"


def tell_key_workers(session: Session, correction: PersonCorrection) -> None:
    """Tell whoever accompanies the family of a mother or carer that she is reached otherwise.

    Whoever corrected it knows, and a key worker to whom a restriction closed the file is told
    nothing of it.
    """
    rows = session.execute(
        select(KeyWorker.household_id, KeyWorker.user_id)
        .join(Household, Household.id == KeyWorker.household_id)
        .join(HouseholdMember, HouseholdMember.household_id == Household.id)
        .where(
            KeyWorker.until_on.is_(None),
            KeyWorker.user_id != correction.corrected_by,
            HouseholdMember.person_id == correction.person_id,
            HouseholdMember.role.in_(CARING),
            HouseholdMember.left_on.is_(None),
            HouseholdMember.superseded_at.is_(None),
        )
    ).all()
    for household_id, user_id in rows:
        if _reads(session, household_id, user_id):
            outbox.put(
                session,
                key=f"{TELEPHONE_CHANGED}:{correction.id}:{user_id}",
                kind="mail",
                payload={"template": TELEPHONE_CHANGED, "user": str(user_id)},
            )


def _reads(session: Session, household_id: uuid.UUID, user_id: uuid.UUID) -> bool:
    colleague = [one for one in staff(session) if one.id == user_id]
    return bool(ways_in(session, household_id, colleague, Permission.FAMILIES_READ))
