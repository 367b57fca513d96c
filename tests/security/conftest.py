"""What the tests of who sees what share."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from hearth.accounts import sessions
from hearth.accounts.guard import COOKIE, OWN
from hearth.accounts.sessions import Assurance
from hearth.web.request import HearthFlask
from tests.isolation.conftest import knock
from tests.isolation.doors import Door, doors_of
from tests.security.world import World
from tests.support.visitors import Visitor

__all__ = ["knock"]


@pytest.fixture
def doors(app: HearthFlask) -> list[Door]:
    return [door for door in doors_of(app) if door.guard is not None and door.guard != OWN]


@pytest.fixture
def enter(session: Session, visitor: Callable[..., Visitor]) -> Callable[[World], Visitor]:
    """Sign in as the user of a world."""

    def sign_in(world: World) -> Visitor:
        client = visitor("spb")
        token = sessions.start_session(
            session,
            user_id=world.user_id,
            host=client.host,
            assurance=Assurance.SECOND_FACTOR,
        )
        client.set_cookie(COOKIE, token, domain=client.host, secure=True)
        return client

    return sign_in
