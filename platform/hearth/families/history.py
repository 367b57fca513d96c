"""What a family's file tells of how an entry about one of its people came to be."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.services import names_of
from hearth.families.knowing import Known
from hearth.families.models import HouseholdMember, PersonCorrection
from hearth.sealing.markers import UnreadableRecord


@dataclass(frozen=True)
class EarlierEntry:
    """What was recorded about somebody before it was corrected, as far as the file tells it."""

    before: Mapping[str, Any]
    corrected_at: datetime
    corrected_by: uuid.UUID


@dataclass(frozen=True)
class MemberHistory:
    """What was recorded about somebody before it was corrected, and who corrected it."""

    corrections: list[EarlierEntry]
    memberships: list[HouseholdMember]
    staff: dict[uuid.UUID, str]


def history_of(session: Session, member: HouseholdMember, known: Known) -> MemberHistory:
    """What was recorded about a member before, the latest correction first."""
    rows = session.scalars(
        select(PersonCorrection)
        .where(PersonCorrection.person_id == member.person_id)
        .order_by(PersonCorrection.corrected_at.desc(), PersonCorrection.id.desc())
    )
    corrections = [
        _earlier(one, known) for one in rows if known.earlier is None or one.id in known.earlier
    ]
    memberships = list(
        session.scalars(
            select(HouseholdMember)
            .where(
                HouseholdMember.household_id == member.household_id,
                HouseholdMember.person_id == member.person_id,
                HouseholdMember.superseded_at.is_not(None),
            )
            .order_by(HouseholdMember.superseded_at.desc(), HouseholdMember.id.desc())
        )
    )
    staff = names_of(session, {one.corrected_by for one in corrections})
    return MemberHistory(corrections, memberships, staff)


def _earlier(correction: PersonCorrection, known: Known) -> EarlierEntry:
    before: Mapping[str, Any] = correction.before
    covers = (known.earlier or {}).get(correction.id)
    if covers and not isinstance(before, UnreadableRecord):
        before = {**before, **dict.fromkeys(covers)}
    return EarlierEntry(before, correction.corrected_at, correction.corrected_by)
