"""Takes places out of use; whoever does it learns no day of a family that she does not see."""

import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.services import SignedIn
from hearth.audit import services as audit
from hearth.shelter.models import Place, StayPlace
from hearth.shelter.seen import with_known_days


class ClosingTooEarlyError(ValueError):
    """The place is free from `free_on`."""

    def __init__(self, free_on: datetime.date) -> None:
        super().__init__("somebody sleeps there later, or nobody could have yet")
        self.free_on = free_on


class SleptInUnseenError(ValueError):
    """Somebody sleeps there whose stay is not seen: no day is taken, for each would tell one."""


def close_place(
    session: Session,
    place: Place,
    *,
    open_to: datetime.date,
    user: SignedIn,
    today: datetime.date,
) -> None:
    """Let nobody sleep in a place from a day on.

    :raises ClosingTooEarlyError: somebody sleeps there on that day or later, or it opens then.
    :raises SleptInUnseenError: whoever sleeps there last, or did before today, is not hers to see.
    """
    session.refresh(place, with_for_update=True)
    nights = session.scalars(select(StayPlace).where(StayPlace.place_id == place.id))
    last = max(nights, key=lambda row: row.ends_on, default=None)
    if last is not None:
        in_house = (last.stay_id, last.house_id)
        unseen = in_house not in with_known_days(session, {in_house}, user=user)
        if unseen and (last.ends_on > today or open_to < today):
            raise SleptInUnseenError
        if open_to < last.ends_on:
            raise ClosingTooEarlyError(last.ends_on)
    if open_to <= place.open_from:
        raise ClosingTooEarlyError(place.open_from + datetime.timedelta(days=1))
    place.open_to = open_to
    session.flush()
    audit.record(session, action="place.closed", subject_type="place", subject_id=place.id)
