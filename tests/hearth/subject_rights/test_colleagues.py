"""What a colleague did tells of every file she opened: her request is the officer's alone."""

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.data_records import SubjectKind
from hearth.subject_rights.models import SubjectRequest
from tests.factories.families import TODAY
from tests.factories.people import colleague
from tests.factories.rights import ask_about
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
ASKED = {"kind": "access", "asked_by": "self", "received_on": TODAY.isoformat()}
PAGES = [
    *("identity", "safety", "extend", "correct", "restrict", "renew", "close"),
    *("queue", "file", "erasure"),
]
BOUND = [(Role.DIRECTOR,), (Role.DIRECTOR, Role.PRIVACY_OFFICER)]


@pytest.fixture
def asked(session: Session) -> SubjectRequest:
    """A colleague's request, taken by the officer and ready to be handed out."""
    anna = colleague(session, Role.SOCIAL_WORKER, name="Anna Keeper")
    return ask_about(session, anna.id, about=SubjectKind.STAFF)


@pytest.mark.parametrize("roles", BOUND)
def test_whoever_is_bound_finds_no_request_of_a_colleague(
    session: Session,
    asked: SubjectRequest,
    enter: Callable[[uuid.UUID], Visitor],
    roles: tuple[Role, ...],
) -> None:
    director = enter(colleague(session, *roles).id)
    here, taking = (
        f"/data-protection/requests/{asked.id}",
        f"/data-protection/colleagues/{asked.subject_id}",
    )

    pages = [director.get(path) for path in (taking, here, *(f"{here}/{one}" for one in PAGES))]
    taken = director.submit(taking, ASKED, page="/data-protection/requests/new")
    gathered = director.submit(f"{here}/prepare", {}, page="/data-protection/requests/new")
    listed = director.get("/data-protection/").text

    assert {one.status_code for one in pages} == {404}
    assert (taken.status_code, gathered.status_code) == (404, 404)
    assert str(asked.id) not in listed


def test_the_officer_takes_and_answers_the_request_of_a_colleague(
    session: Session, asked: SubjectRequest, sign_in: SignIn
) -> None:
    officer = sign_in(Role.PRIVACY_OFFICER)
    here = f"/data-protection/requests/{asked.id}"

    taken = officer.submit(f"/data-protection/colleagues/{asked.subject_id}", ASKED)
    gathered = officer.submit(f"{here}/prepare", {}, page=here)
    handed = officer.submit(f"{here}/file", {})

    assert (taken.status_code, gathered.status_code) == (303, 303)
    assert (handed.status_code, handed.mimetype) == (200, "application/zip")
    assert str(asked.id) in officer.get("/data-protection/").text
