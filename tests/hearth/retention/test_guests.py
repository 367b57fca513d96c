"""Whoever was let into a file until a day decides nothing about how long its data are kept."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families.models import Household
from hearth.retention.models import RetentionNotice
from hearth.subject_rights.models import LegalHold
from tests.factories.families import open_family, staff_id
from tests.factories.people import grant, restriction
from tests.factories.rights import give_notice, hold
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
HOLDS, ENDS = "/data-protection/holds/", "/data-protection/ends-soon/"


@pytest.fixture
def family(session: Session) -> Household:
    """A restricted family into which a director was let for an hour."""
    household = open_family(session)
    restriction(session, household)
    until = datetime.now(UTC) + timedelta(hours=1)
    grant(session, household, staff_id(session, Role.DIRECTOR), ends_at=until)
    return household


def test_a_guest_lets_no_data_go(session: Session, family: Household, sign_in: SignIn) -> None:
    notice, director = give_notice(session, family), sign_in(Role.DIRECTOR)

    shown = director.get(ENDS)
    answer = director.submit(f"{ENDS}{notice.id}", {"answer": "let_go"}, page=f"{HOLDS}new")

    assert family.case_number in shown.text
    assert str(notice.id) not in shown.text
    assert answer.status_code == 404
    assert session.scalars(select(RetentionNotice.answer)).all() == [None]


def test_a_guest_lifts_no_hold(session: Session, family: Household, sign_in: SignIn) -> None:
    held, director = hold(session, family), sign_in(Role.DIRECTOR)

    shown = director.get(HOLDS)
    answer = director.submit(f"{HOLDS}{held.id}/lift", {"note": "Over"}, page=f"{HOLDS}new")

    assert family.case_number in shown.text
    assert str(held.id) not in shown.text
    assert answer.status_code == 404
    assert held.lifted_at is None


def test_a_guest_sets_no_hold(session: Session, family: Household, sign_in: SignIn) -> None:
    sent = {"number": family.case_number, "reason": "The court asked for the file."}

    answer = sign_in(Role.DIRECTOR).submit(f"{HOLDS}new", sent)

    assert answer.status_code == 422
    assert session.scalars(select(LegalHold)).all() == []
