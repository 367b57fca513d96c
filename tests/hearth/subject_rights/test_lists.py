"""The list of requests, and what an erasure would do, tell of no file that opens to others."""

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families.models import Household
from hearth.subject_rights import services
from hearth.subject_rights.vocabulary import Asker, RequestKind, Step
from tests.factories.families import open_family, staff_id
from tests.factories.people import colleague, narrowed, restriction
from tests.factories.rights import take_request
from tests.factories.service_delivery import record_service
from tests.support.visitors import Visitor

FURTHER = "There may be further entries, of files that open to others only."
LIST = "/data-protection/"


@pytest.fixture
def family(session: Session) -> Household:
    household = open_family(session)
    record_service(session, household, note="x")
    return household


@pytest.mark.parametrize("ends", [False, True])
def test_a_request_about_a_restricted_family_stands_in_nobody_elses_list(
    session: Session, family: Household, sign_in: Callable[..., Visitor], *, ends: bool
) -> None:
    restriction(session, family)
    kind = RequestKind.ERASURE
    hidden = take_request(session, family, kind=kind, asked_by=Asker.GUARDIAN, asker_name="Ivanov")
    shown = take_request(session, open_family(session))
    if ends:
        by = staff_id(session, Role.PRIVACY_OFFICER)
        services.take_step(session, hidden, Step.REFUSED, by=by, note="Not theirs to ask")

    director, officer = (
        sign_in(one).get(LIST).text for one in (Role.DIRECTOR, Role.PRIVACY_OFFICER)
    )

    assert str(shown.id) in director
    assert FURTHER in director
    for secret in (str(hidden.id), "Have it erased", "A parent or guardian", "Refused"):
        assert secret not in director
    assert str(hidden.id) in officer
    assert FURTHER not in officer


def test_what_an_erasure_would_do_is_counted_for_those_who_open_the_file(
    session: Session,
    family: Household,
    enter: Callable[[uuid.UUID], Visitor],
    sign_in: Callable[..., Visitor],
) -> None:
    request = take_request(session, family, kind=RequestKind.ERASURE, whole_family=True)
    board = enter(colleague(session, narrowed(session, Role.DIRECTOR, "families.read")).id)
    here = f"/data-protection/requests/{request.id}/erasure"

    answers = [who.get(here) for who in (board, sign_in(Role.DIRECTOR))]

    assert [one.status_code for one in answers] == [404, 200]
    assert str(request.id) not in board.get(LIST).text
