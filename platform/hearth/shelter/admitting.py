"""What is checked before a family is admitted: who belongs to it, and which places it is given."""

import datetime
import uuid
from collections.abc import Mapping

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hearth.families.models import HouseholdMember
from hearth.shelter.models import Place
from hearth.shelter.nights import lock_places
from hearth.shelter.refusals import (
    NobodyAdmittedError,
    NotInHouseholdError,
    SamePlaceTwiceError,
    SeveralHousesError,
)


def check_members(
    session: Session, household_id: uuid.UUID, person_ids: set[uuid.UUID], on: datetime.date
) -> None:
    """Refuse an admission of anybody who does not belong to the family on that day.

    :raises NotInHouseholdError: somebody is not of this family.
    """
    known = session.scalar(
        select(func.count(HouseholdMember.person_id.distinct())).where(
            HouseholdMember.household_id == household_id,
            HouseholdMember.person_id.in_(person_ids),
            HouseholdMember.superseded_at.is_(None),
            or_(HouseholdMember.left_on.is_(None), HouseholdMember.left_on > on),
        )
    )
    if known != len(person_ids):
        raise NotInHouseholdError


def chosen_places(
    session: Session, places: Mapping[uuid.UUID, uuid.UUID | None]
) -> dict[uuid.UUID, Place]:
    """The places of an admission, kept from others meanwhile: one each, all in one house.

    :raises StayError: nobody has one, two have the same, or they lie in different houses.
    """
    asked = [place_id for place_id in places.values() if place_id is not None]
    chosen = lock_places(session, asked)
    if not chosen:
        raise NobodyAdmittedError
    for place in chosen.values():
        if asked.count(place.id) > 1:
            raise SamePlaceTwiceError(place)
    if len({place.house_id for place in chosen.values()}) > 1:
        raise SeveralHousesError
    return chosen
