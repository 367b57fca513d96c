"""Whatever shows somebody of a family is on record, also when the form on that page is refused."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import PersonRead
from hearth.web.request import HearthFlask
from tests.isolation.belongings import ids_in
from tests.isolation.doors import Door, fresh_token
from tests.security.world import CANARIES, Kind, World, build
from tests.support.visitors import Visitor

Enter = Callable[[World], Visitor]
NAMES = (*CANARIES["identity"], *CANARIES["contact"], "Firstname", "Test-Mother", "Test-Child")
ROLES = (Role.DIRECTOR, Role.SOCIAL_WORKER, Role.HOUSE_STAFF, Role.PRIVACY_OFFICER)
LONG = "x" * 5_000
# What a form is sent with so that it is refused: nothing at all, and too much in every field.
REFUSED: tuple[dict[str, str], ...] = ({}, {"text": LONG, "note": LONG, "number": LONG})


def looks(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(PersonRead)) or 0


@pytest.mark.parametrize("role", ROLES)
def test_no_page_shows_a_name_that_is_not_on_record(
    role: Role, session: Session, app: HearthFlask, doors: list[Door], enter: Enter
) -> None:
    world = build(session, [role])[role]
    person = enter(world)
    kind = Kind.RESIDENT if role is Role.HOUSE_STAFF else Kind.OWN
    ids = ids_in(session, "spb") | (world.things[kind].ids if world.things.get(kind) else {})
    silent, shown = [], 0

    for door in doors:
        if not door.opens_to(role) or door.site != "spb":
            continue
        for sent in REFUSED if door.changes else [None]:
            before = looks(session)
            data = {**sent, "form_token": fresh_token(app, person)} if sent is not None else None
            answer = person.open(door.path(ids), method=door.method, data=data, buffered=True)
            text = answer.data.decode(errors="replace")
            if any(name in text for name in NAMES):
                shown += 1
                silent += [f"{door}: {answer.status_code}"] * (looks(session) == before)

    assert set(silent) == set()
    assert shown >= 5
