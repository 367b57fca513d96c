"""Whatever shows somebody of a family is on record, also when the form on that page is refused."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import PersonRead
from hearth.web.request import HearthFlask
from tests.factories.families import TODAY, open_family
from tests.factories.people import restriction
from tests.factories.rights import give_consent, give_notice, hold
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


@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.DIRECTOR, "/records/?case_number={number}"),
        (Role.PRIVACY_OFFICER, "/records/?case_number={number}"),
        (Role.PRIVACY_OFFICER, "/records/records.xlsx?case_number={number}"),
        (Role.DIRECTOR, "/records/families/{household}"),
        (Role.SOCIAL_WORKER, "/families/{household}/who-looked"),
        (Role.SOCIAL_WORKER, "/consents/"),
        (Role.DIRECTOR, "/data-protection/holds/"),
        (Role.PRIVACY_OFFICER, "/data-protection/holds/{hold}/lift"),
        (Role.PRIVACY_OFFICER, "/data-protection/ends-soon/"),
        (Role.PRIVACY_OFFICER, "/data-protection/ends-soon/{notice}"),
    ],
)
def test_what_is_told_of_a_family_by_its_number_is_on_record(
    role: Role, path: str, session: Session, sign_in: Callable[..., Visitor]
) -> None:
    family = open_family(session)
    give_consent(session, family, valid_until=TODAY + timedelta(days=3))
    ids = {"hold": hold(session, family).id, "notice": give_notice(session, family).id}
    visitor, before = sign_in(role), looks(session)

    answer = visitor.get(path.format(number=family.case_number, household=family.id, **ids))

    look = session.scalars(select(PersonRead).order_by(PersonRead.read_at.desc())).first()
    assert answer.status_code == 200
    assert looks(session) == before + 1
    assert look is not None
    assert set(look.person_ids) == {member.person_id for member in family.members}


def test_a_number_that_is_not_entrusted_to_somebody_is_no_look(
    session: Session, sign_in: Callable[..., Visitor]
) -> None:
    family = open_family(session)
    restriction(session, family)
    director, before = sign_in(Role.DIRECTOR), looks(session)

    answer = director.get(f"/records/?case_number={family.case_number}")

    assert answer.status_code == 200
    assert looks(session) == before
