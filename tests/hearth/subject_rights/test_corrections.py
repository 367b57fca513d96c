"""A correction by request: by somebody who reads it, with a fresh proof, and never by one alone."""

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families.models import Household, Person
from hearth.families.reaching import TELEPHONE_CHANGED
from hearth.outbox.models import OutboxMessage
from hearth.subject_rights.models import SubjectRequest
from hearth.subject_rights.services import take_step
from hearth.subject_rights.vocabulary import RequestKind, Step
from tests.factories.families import child, mother, open_family, staff_id
from tests.factories.people import colleague, narrowed
from tests.factories.rights import take_request
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
REACHED = [("phone", "+7 666 000-00-00"), ("contact_note", "Call at any time")]


@pytest.fixture
def family(session: Session) -> Household:
    return open_family(session, members=[mother(phone="+7 900 1", contact_note="Ring"), child()])


@pytest.fixture
def request_(session: Session, family: Household) -> SubjectRequest:
    """The officer made sure who asks, and that it is safe."""
    return take_request(session, family, kind=RequestKind.CORRECTION)


def path_of(request: SubjectRequest) -> str:
    return f"/data-protection/requests/{request.id}/correct"


def right(field: str, value: str) -> dict[str, str]:
    return {"field": field, "value": value, "note": "She told us"}


def recorded(session: Session, request: SubjectRequest, field: str) -> str:
    session.expire_all()
    return str(getattr(session.get_one(Person, request.subject_id), field))


@pytest.mark.parametrize(("field", "value"), [*REACHED, ("given_name", "Anneke")])
def test_nobody_corrects_what_her_role_does_not_read(
    session: Session,
    request_: SubjectRequest,
    enter: Callable[[uuid.UUID], Visitor],
    field: str,
    value: str,
) -> None:
    withheld = ["field:contact", "field:identity"]
    board = enter(colleague(session, narrowed(session, Role.DIRECTOR, *withheld)).id)

    answer = board.submit(path_of(request_), right(field, value))

    assert answer.status_code == 422
    assert "Somebody who reads it corrects it" in answer.text
    assert recorded(session, request_, field) != value


@pytest.mark.parametrize(("field", "value"), REACHED)
def test_whoever_made_sure_who_asks_does_not_change_alone_how_somebody_is_reached(
    session: Session, request_: SubjectRequest, sign_in: SignIn, field: str, value: str
) -> None:
    alone = sign_in(Role.PRIVACY_OFFICER).submit(path_of(request_), right(field, value))
    before = recorded(session, request_, field)
    together = sign_in(Role.DIRECTOR).submit(path_of(request_), right(field, value))

    after = recorded(session, request_, field)

    assert (alone.status_code, together.status_code) == (422, 303)
    assert "somebody else than you records who asks" in alone.text
    assert before != value
    assert after == value


def test_the_one_officer_corrects_it_once_a_director_made_sure_who_asks(
    session: Session, request_: SubjectRequest, sign_in: SignIn
) -> None:
    director = staff_id(session, Role.DIRECTOR)
    take_step(session, request_, Step.IDENTITY_CONFIRMED, by=director)

    answer = sign_in(Role.PRIVACY_OFFICER).submit(path_of(request_), right(*REACHED[0]))

    assert answer.status_code == 303
    assert recorded(session, request_, "phone") == REACHED[0][1]


@pytest.mark.parametrize(("field", "value"), REACHED)
def test_the_key_worker_is_told_that_somebody_is_reached_otherwise(
    session: Session, request_: SubjectRequest, sign_in: SignIn, field: str, value: str
) -> None:
    sign_in(Role.DIRECTOR).submit(path_of(request_), right(field, value))

    payloads = session.scalars(select(OutboxMessage.payload)).all()

    told = [one["user"] for one in payloads if one["template"] == TELEPHONE_CHANGED]
    assert told == [str(staff_id(session))]


def test_a_correction_is_written_after_a_fresh_proof_alone(
    request_: SubjectRequest, sign_in: SignIn
) -> None:
    stale = sign_in(Role.DIRECTOR, fresh=False)

    answer = stale.get(path_of(request_))

    assert answer.location == f"/confirm?next={path_of(request_)}"
