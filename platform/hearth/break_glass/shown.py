"""What of a look its reviewer is shown: always who looked, when and at what; the rest by the file.

Whether a look was justified can be told by that. Which case it was, and the words in which somebody
said why, are the file's: whoever is bound by restrictions reads them as she reads the file.
"""

import uuid
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.audit import services as audit
from hearth.break_glass.models import GlassLook
from hearth.data_classes import FieldClass
from hearth.families import services as families
from hearth.families.access import entrusted_households, is_bound, people_to_look_for
from hearth.families.facing import eyes_in_files
from hearth.families.models import Household

MINE = Permission.BREAK_GLASS_REVIEW
PURPOSE = "looks"


def case_numbers(
    session: Session, chosen: Collection[GlassLook], *, user: SignedIn
) -> dict[uuid.UUID, str]:
    """The numbers of these cases, by family, without those hidden from somebody."""
    rows = session.execute(
        select(Household.id, Household.case_number).where(
            Household.id.in_({look.household_id for look in chosen}),
            entrusted_households(user, MINE),
        )
    )
    return {row.id: row.case_number for row in rows}


def files_read(
    session: Session, chosen: Collection[GlassLook], *, user: SignedIn
) -> frozenset[uuid.UUID]:
    """The families of these looks of whom somebody reads why the look could not wait.

    The officer is told it, restricted or not: she alone may have to judge by it.
    """
    homes = {look.household_id for look in chosen}
    if not is_bound(user):
        return frozenset(homes)
    eyes = eyes_in_files(session, homes, user=user)
    return frozenset(home for home, sees in eyes.items() if sees(FieldClass.FREE_TEXT))


def note_list(session: Session, shown: Collection[uuid.UUID], *, user_id: uuid.UUID) -> None:
    """Note that a list of looks told somebody of these families by their numbers."""
    families.record_numbers(session, shown, user_id=user_id, purpose=PURPOSE)


def note_review(
    session: Session, look: GlassLook, numbers: Collection[uuid.UUID], *, user_id: uuid.UUID
) -> None:
    """Note that somebody was told what was looked at in a family's file, if she knows whose."""
    if look.household_id in numbers:
        families.record_read(
            session, household_id=look.household_id, user_id=user_id, purpose=PURPOSE
        )


def seen_during(session: Session, look: GlassLook, *, user: SignedIn) -> list[audit.Looks]:
    """What somebody saw of the case while the look lasted, by kind, lists included; all of it."""
    return audit.group_reads(session, _while_it_lasted(session, look, user))


def reads_during(
    session: Session, look: GlassLook, *, user: SignedIn, limit: int, offset: int = 0
) -> tuple[list[audit.Look], int]:
    """One page of what was seen while the look lasted, one by one, and how many there are."""
    query = _while_it_lasted(session, look, user)
    return audit.find_reads(session, query, limit=limit, offset=offset)


def _while_it_lasted(session: Session, look: GlassLook, user: SignedIn) -> audit.ReadQuery:
    mine = Permission.FAMILIES_READ
    return audit.ReadQuery(
        household_id=look.household_id,
        person_ids=people_to_look_for(session, look.household, user=user, permission=mine),
        user_id=look.user_id,
        since=look.opened_at,
        until=look.ends_at,
    )
