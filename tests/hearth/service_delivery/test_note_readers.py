"""Who reads a sealed note stays its owner's to see and to end, whatever became of the rest."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families.access_models import CaseGrant
from hearth.families.models import Household
from hearth.service_delivery.models import ServiceDelivery
from hearth.service_delivery.note_readers import let_read, readers
from hearth.service_delivery.sealed import is_closed_to
from hearth.service_delivery.services import cancel_service
from hearth.subject_rights.services import take_step
from hearth.subject_rights.vocabulary import CLOSING, Step
from tests.factories.families import mother, open_family, staff_id
from tests.factories.people import grant
from tests.factories.rights import take_request
from tests.factories.service_delivery import record_service
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
NAME = "Testova-Sealed"


@pytest.fixture
def household(session: Session) -> Household:
    return open_family(session, members=[mother(family_name=NAME)])


@pytest.fixture
def let_in(session: Session, household: Household) -> CaseGrant:
    """What opens the family to the owner of the note."""
    return grant(session, household, staff_id(session, Role.SPECIALIST))


@pytest.fixture
def note(session: Session, household: Household, let_in: CaseGrant) -> ServiceDelivery:
    owner_id = let_in.user_id
    return record_service(
        session, household, sealed=True, note="SECRET", provided_by=owner_id, through_grant=True
    )


def end(session: Session, let_in: CaseGrant) -> None:
    let_in.revoked_at, let_in.revoked_by = datetime.now(UTC), let_in.granted_by
    session.flush()


def path_of(note: ServiceDelivery) -> str:
    return f"/families/{note.household_id}/notes/{note.id}/readers"


@pytest.mark.parametrize("answer", CLOSING)
def test_the_officer_keeps_her_leave_only_while_the_request_stands(
    answer: Step, session: Session, household: Household, note: ServiceDelivery
) -> None:
    officer, worker = staff_id(session, Role.PRIVACY_OFFICER), staff_id(session)
    request = take_request(session, household)
    for user_id in (officer, worker):
        let_read(session, note, user_id=user_id)

    take_step(session, request, answer, by=officer, note="so it is")
    take_request(session, household)

    assert is_closed_to(session, note.id, officer)
    assert not is_closed_to(session, note.id, worker)


def test_a_step_that_ends_no_request_ends_nobodys_leave(
    session: Session, household: Household, note: ServiceDelivery
) -> None:
    officer = staff_id(session, Role.PRIVACY_OFFICER)
    request = take_request(session, household)
    let_read(session, note, user_id=officer)

    take_step(session, request, Step.SAFE, by=officer)

    assert not is_closed_to(session, note.id, officer)


def test_an_owner_without_the_family_sees_her_readers_and_takes_it_back(
    session: Session, let_in: CaseGrant, note: ServiceDelivery, sign_in: SignIn
) -> None:
    let_read(session, note, user_id=staff_id(session))
    end(session, let_in)
    owner = sign_in(Role.SPECIALIST)
    page = owner.get(path_of(note))

    answer = owner.submit(f"{path_of(note)}/{staff_id(session)}/end", page=path_of(note))

    session.expire_all()
    assert (page.status_code, answer.status_code) == (200, 303)
    assert readers(session, note) == []


def test_an_owner_without_the_family_is_told_no_more_than_day_and_readers(
    session: Session,
    household: Household,
    let_in: CaseGrant,
    note: ServiceDelivery,
    sign_in: SignIn,
) -> None:
    let_read(session, note, user_id=staff_id(session))
    end(session, let_in)
    owner = sign_in(Role.SPECIALIST)

    page = owner.get(path_of(note)).text
    opening = owner.submit(path_of(note), {"user_id": str(staff_id(session, Role.SUPERVISOR))})

    assert "Take it back" in page
    assert "Home visit" not in page
    assert all(told not in page for told in (household.case_number, NAME, "SECRET"))
    assert 'name="user_id"' not in page
    assert opening.status_code == 404


def test_an_owner_finds_the_notes_that_she_opened_wherever_the_families_are_now(
    session: Session,
    household: Household,
    let_in: CaseGrant,
    note: ServiceDelivery,
    sign_in: SignIn,
) -> None:
    let_read(session, note, user_id=staff_id(session))
    end(session, let_in)

    hers = sign_in(Role.SPECIALIST).get("/notes/").text
    others = sign_in(Role.SOCIAL_WORKER).get("/notes/").text

    assert path_of(note) in hers
    assert household.case_number not in hers
    assert path_of(note) not in others


def test_nobody_else_sees_or_ends_the_readers(
    session: Session, note: ServiceDelivery, sign_in: SignIn
) -> None:
    let_read(session, note, user_id=staff_id(session))
    director = sign_in(Role.DIRECTOR)

    page = director.get(path_of(note))
    answer = director.submit(f"{path_of(note)}/{staff_id(session)}/end", page="/account/")

    assert (page.status_code, answer.status_code) == (404, 404)


def test_a_cancelled_note_is_taken_back_and_opened_to_nobody_more(
    session: Session, note: ServiceDelivery, sign_in: SignIn
) -> None:
    let_read(session, note, user_id=staff_id(session))
    cancel_service(session, note, note=None, cancelled_by=note.provided_by)

    page = sign_in(Role.SPECIALIST).get(path_of(note)).text

    assert "Take it back" in page
    assert 'name="user_id"' not in page
