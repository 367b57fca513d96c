"""Whatever shows somebody of a family is on record, also when the form on that page is refused."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import PersonRead
from hearth.break_glass.services import open_case
from hearth.break_glass.vocabulary import Reason
from hearth.families.models import Household
from hearth.intake import services as intake
from hearth.subject_rights.vocabulary import RequestKind
from hearth.web.request import HearthFlask
from tests.factories.break_glass import make_look
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import as_user, colleague, grant
from tests.factories.rights import (
    check,
    give_consent,
    give_notice,
    hold,
    propose_erasure,
    take_request,
)
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
def test_no_page_shows_a_name_or_a_number_that_is_not_on_record(
    role: Role, session: Session, app: HearthFlask, doors: list[Door], enter: Enter
) -> None:
    # It takes the number that stands in hints as an example.
    open_family(session)
    world = build(session, [role])[role]
    person = enter(world)
    kind = Kind.RESIDENT if role is Role.HOUSE_STAFF else Kind.OWN
    ids = ids_in(session, "spb") | (world.things[kind].ids if world.things.get(kind) else {})
    told = (*NAMES, *(thing.case_number for thing in world.things.values()))
    silent, shown = [], 0

    for door in doors:
        if not door.opens_to(role) or door.site != "spb":
            continue
        for sent in REFUSED if door.changes else [None]:
            before = looks(session)
            data = {**sent, "form_token": fresh_token(app, person)} if sent is not None else None
            answer = person.open(door.path(ids), method=door.method, data=data, buffered=True)
            text = answer.data.decode(errors="replace")
            if any(name in text for name in told):
                shown += 1
                silent += [f"{door}: {answer.status_code}"] * (looks(session) == before)

    assert set(silent) == set()
    assert shown >= 5


BY_NUMBER = [
    (Role.DIRECTOR, "/records/"),
    (Role.PRIVACY_OFFICER, "/records/?action=consent.given"),
    (Role.DIRECTOR, "/records/?user_id={colleague}"),
    (Role.PRIVACY_OFFICER, "/records/?since={today}&until={today}"),
    (Role.PRIVACY_OFFICER, "/records/records.xlsx"),
    (Role.DIRECTOR, "/records/?case_number={number}"),
    (Role.DIRECTOR, "/records/?case_number={number}&since=nonsense"),
    (Role.PRIVACY_OFFICER, "/records/?case_number={number}"),
    (Role.PRIVACY_OFFICER, "/records/records.xlsx?case_number={number}"),
    (Role.DIRECTOR, "/records/families/{household}"),
    (Role.PRIVACY_OFFICER, "/records/referrals/{referral}"),
    (Role.SOCIAL_WORKER, "/families/{household}/who-looked"),
    (Role.SOCIAL_WORKER, "/consents/"),
    (Role.SUPERVISOR, "/looks/"),
    (Role.PRIVACY_OFFICER, "/looks/"),
    (Role.DIRECTOR, "/looks/{look}"),
    (Role.PRIVACY_OFFICER, "/looks/{look}"),
    (Role.DIRECTOR, "/data-protection/holds/"),
    (Role.PRIVACY_OFFICER, "/data-protection/holds/{hold}/lift"),
    (Role.PRIVACY_OFFICER, "/data-protection/ends-soon/"),
    (Role.PRIVACY_OFFICER, "/data-protection/ends-soon/{notice}"),
    (Role.PRIVACY_OFFICER, "/data-protection/requests/{request}/erasure"),
    (Role.DIRECTOR, "/data-protection/requests/{request}/erasure/{proposal}"),
]


@pytest.mark.parametrize(("role", "path"), BY_NUMBER)
def test_what_is_told_of_a_family_by_its_number_is_on_record(
    role: Role, path: str, session: Session, sign_in: Callable[..., Visitor]
) -> None:
    family = open_family(session)
    grant(session, family, staff_id(session, Role.SUPERVISOR))
    ids = told_of(session, family)
    visitor, before = sign_in(role), looks(session)

    answer = visitor.get(path.format(number=family.case_number, household=family.id, **ids))

    look = session.scalars(select(PersonRead).order_by(PersonRead.read_at.desc())).first()
    assert answer.status_code == (422 if "nonsense" in path else 200)
    assert looks(session) == before + 1
    assert look is not None
    assert set(look.person_ids) == {member.person_id for member in family.members}


def told_of(session: Session, family: Household) -> dict[str, object]:
    """Everything outside a family's file that tells of it, by the names in addresses."""
    looker = as_user(session, colleague(session, Role.SOCIAL_WORKER).id)
    number, why = family.case_number, "She stands at the door and nobody answers."
    referral = take_referral(session)
    intake.accept_for_known_family(
        session, referral, family, decided_by=staff_id(session), today=TODAY
    )
    consent = give_consent(session, family, valid_until=TODAY + timedelta(days=3))
    request = take_request(session, family, kind=RequestKind.ERASURE, whole_family=True)
    check(session, request)
    look = open_case(session, looker, case_number=number, reason=Reason.CALL, explanation=why)
    found = {
        "colleague": consent.recorded_by,
        "today": TODAY,
        "hold": hold(session, family).id,
        "notice": give_notice(session, family).id,
        "referral": referral.id,
        "request": request.id,
        "proposal": propose_erasure(session, request).id,
        "look": look.id,
    }
    session.commit()
    return found


def test_a_number_that_is_not_entrusted_to_somebody_is_no_look(
    session: Session, sign_in: Callable[..., Visitor]
) -> None:
    look = make_look(session, open_family(session))
    number = look.household.case_number
    session.commit()
    director, before = sign_in(Role.DIRECTOR), looks(session)

    answers = [director.get(path) for path in ("/records/", f"/records/?case_number={number}")]
    reviews = [director.get(path) for path in ("/looks/", f"/looks/{look.id}")]

    assert {answer.status_code for answer in (*answers, *reviews)} == {200}
    assert not any(number in answer.text.partition("<tbody")[2] for answer in answers)
    assert not any(number in answer.text for answer in reviews)
    assert looks(session) == before
