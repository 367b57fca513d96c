"""Tells those who may hand them over of families that nobody accompanies since a colleague left."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.standing import staff
from hearth.clock import today
from hearth.families.models import CaseEpisode, Household
from hearth.families.reach import Asks, for_good
from hearth.families.unaccompanied import is_unaccompanied
from hearth.outbox import services as outbox

NOBODY_ACCOMPANIES = "families.nobody_accompanies"


def tell_of_families_without_anybody(session: Session) -> int:
    """Write once a day to those who may open a file to others, about the families that are theirs.

    These are whoever leads the team that had the family, and those who have the whole organisation;
    somebody who was let in until a day hands no family over.
    """
    leading = [one for one in staff(session) if one.scopes_of(Permission.CASES_RESTRICT)]
    waiting = {one.id: _waiting_for(session, one) for one in leading}
    return sum(
        outbox.put(
            session,
            key=f"{NOBODY_ACCOMPANIES}:{user_id}:{today(session)}",
            kind="mail",
            payload={
                "template": NOBODY_ACCOMPANIES,
                "user": str(user_id),
                "number": number,
            },
        )
        for user_id, number in sorted(waiting.items())
        if number
    )


def _waiting_for(session: Session, user: Asks) -> int:
    open_cases = select(CaseEpisode.household_id).where(CaseEpisode.closed_on.is_(None))
    hers = for_good(user, Permission.FAMILIES_READ)
    chosen = select(func.count(Household.id)).where(
        Household.id.in_(open_cases), is_unaccompanied(), hers
    )
    return session.scalar(chosen) or 0
