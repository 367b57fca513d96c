"""Whoever accompanies a family is told that a mother's telephone was corrected."""

import uuid
from dataclasses import replace
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
    return open_family(session, members=[mother(phone=OLD), child(phone=OLD)])


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
    ("member", "changes"),
    [(0, {"given_name": "Other"}), (0, {"phone": OLD}), (1, {"phone": NEW})],
)
def test_nothing_is_told_where_no_mothers_number_changed(
    member: int, changes: dict[str, str], session: Session, family: Household
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
