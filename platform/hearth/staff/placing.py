"""Whom somebody may put into a team or a house, and take out: four eyes, within her reach.

A team and a house are doors. Whoever opens one to a colleague could have given her each role she
holds, and is never the colleague herself.
"""

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.services import SignedIn
from hearth.staff.roles import within_reach


class ToOneselfError(Exception):
    """Nobody places herself, or a colleague beside herself: it would open families to her."""


class NotYoursToPlaceError(Exception):
    """Somebody holds a role that whoever asks could not have given her."""


def refuse_placing(session: Session, user_id: uuid.UUID, actor: SignedIn) -> None:
    """Refuse to place somebody, or to end it.

    :raises ToOneselfError: it is the actor herself.
    :raises NotYoursToPlaceError: the colleague is beyond the actor's reach.
    """
    if user_id == actor.id:
        raise ToOneselfError
    user = session.get_one(User, user_id)
    if user.id not in within_reach(session, actor, [user]):
        raise NotYoursToPlaceError


def offered(
    session: Session, people: Sequence[tuple[uuid.UUID, str]], actor: SignedIn
) -> list[tuple[uuid.UUID, str]]:
    """Those of these people whom somebody may place."""
    users = session.scalars(select(User).where(User.id.in_([user_id for user_id, _name in people])))
    reach = placeable(session, users, actor)
    return [(user_id, name) for user_id, name in people if user_id in reach]


def placeable(session: Session, users: Iterable[User], actor: SignedIn) -> set[uuid.UUID]:
    """Which of these colleagues somebody may place, and of which she may say that it ends."""
    return within_reach(session, actor, users) - {actor.id}
