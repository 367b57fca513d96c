"""Whoever accompanies a family is told that a mother is reached otherwise, or is not safe."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families.membership import PersonDetails, correct_person
from hearth.families.models import Household
from hearth.families.reaching import TELEPHONE_CHANGED
from hearth.outbox.mail import TEMPLATES
from hearth.outbox.models import OutboxMessage
from hearth.web.request import HearthFlask
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.people import colleague, grant, restriction

OLD, NEW = "+7 921 000 00 01", "+7 921 000 00 02"


@pytest.fixture
def family(session: Session) -> Household:
    reached = mother(phone=OLD, contact_note="any time", safe_to_call=True)
    return open_family(session, members=[reached, child(phone=OLD)])


def _correct(session: Session, family: Household, member: int = 0, **changes: Any) -> None:
    person = family.current_members[member].person
    correct_person(
        session,
        person,
        replace(PersonDetails.of(person), **changes),
        corrected_by=staff_id(session, Role.SUPERVISOR),
        today=TODAY,
        household_id=family.id,
    )


def told(session: Session) -> list[uuid.UUID]:
    payloads = session.scalars(select(OutboxMessage.payload)).all()
    return [uuid.UUID(one["user"]) for one in payloads if one["template"] == TELEPHONE_CHANGED]


def test_the_key_worker_is_told_of_every_correction(session: Session, family: Household) -> None:
    _correct(session, family, phone=NEW)
    _correct(session, family, phone=OLD)

    users = told(session)

    assert users == [staff_id(session), staff_id(session)]


@pytest.mark.parametrize(
    "changes",
    [{"contact_note": "he has it now: never write"}, {"safe_to_call": False}, {"phone": None}],
)
def test_the_key_worker_is_told_whatever_makes_the_usual_way_unsafe(
    changes: dict[str, Any], session: Session, family: Household
) -> None:
    _correct(session, family, **changes)

    users = told(session)

    assert users == [staff_id(session)]


def test_nobody_is_told_that_calling_became_safe(session: Session) -> None:
    family = open_family(session, members=[mother(phone=OLD, safe_to_call=False)])
    _correct(session, family, safe_to_call=True)

    users = told(session)

    assert users == []


@pytest.mark.parametrize(
    ("member", "changes"),
    [
        (0, {"given_name": "Other"}),
        (0, {"phone": OLD, "safe_to_call": True}),
        (1, {"phone": NEW, "safe_to_call": False}),
    ],
)
def test_nothing_is_told_where_no_mother_is_reached_otherwise(
    member: int, changes: dict[str, Any], session: Session, family: Household
) -> None:
    _correct(session, family, member, **changes)

    users = told(session)

    assert users == []


def test_whoever_corrected_it_herself_knows(session: Session, family: Household) -> None:
    person = family.current_members[0].person
    details = replace(PersonDetails.of(person), phone=NEW)

    correct_person(session, person, details, corrected_by=staff_id(session), today=TODAY)

    assert told(session) == []


def test_a_key_worker_whom_a_restriction_shut_out_is_told_nothing(
    session: Session, family: Household
) -> None:
    restriction(session, family)
    _correct(session, family, phone=NEW)
    before = told(session)

    grant(session, family, staff_id(session))
    _correct(session, family, phone=OLD)

    assert before == []
    assert told(session) == [staff_id(session)]


def test_of_a_restricted_family_those_are_told_who_were_let_in_for_good(
    session: Session, family: Household
) -> None:
    keeper, guest = (colleague(session, Role.SOCIAL_WORKER) for _ in range(2))
    restriction(session, family)
    grant(session, family, keeper.id)
    grant(session, family, guest.id, ends_at=datetime.now(UTC) + timedelta(hours=1))

    _correct(session, family, phone=NEW)

    assert told(session) == [keeper.id]


def test_a_keeper_is_led_to_the_list_on_which_she_finds_the_family(
    session: Session, app: HearthFlask, family: Household
) -> None:
    restriction(session, family)
    grant(session, family, colleague(session, Role.SOCIAL_WORKER).id)
    _correct(session, family, phone=NEW)
    payload = session.scalars(select(OutboxMessage.payload)).one()

    with app.app_context():
        mail = TEMPLATES[TELEPHONE_CHANGED](session, payload)

    assert mail is not None
    assert "/families/?view=open" in mail.text


def test_the_mail_names_neither_her_nor_her_number(
    session: Session, app: HearthFlask, family: Household
) -> None:
    gone = colleague(session, Role.SOCIAL_WORKER)
    gone.disabled_at = family.recorded_at
    session.flush()

    with app.app_context():
        mail = TEMPLATES[TELEPHONE_CHANGED](session, {"user": str(staff_id(session))})
        none = TEMPLATES[TELEPHONE_CHANGED](session, {"user": str(gone.id)})

    assert none is None
    assert mail is not None
    said = f"{mail.subject} {mail.text} {mail.html}"
    assert "/families/?view=mine" in mail.text
    for telling in (OLD, NEW, "Test-Mother", family.case_number, str(family.id)):
        assert telling not in said
