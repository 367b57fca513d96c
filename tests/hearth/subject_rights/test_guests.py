"""Whoever was let into a file until a day reads its requests, and decides nothing about them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families.models import Household
from hearth.subject_rights import disclosure
from hearth.subject_rights.models import Erasure, SubjectRequest
from hearth.subject_rights.vocabulary import RequestKind
from tests.factories.families import open_family, staff_id
from tests.factories.people import grant, restriction
from tests.factories.rights import propose_erasure, take_request
from tests.factories.service_delivery import record_service
from tests.hearth.subject_rights.test_erasure import closed_family
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
STEPS = ["identity", "safety", "extend", "correct", "restrict", "renew", "close", "file"]


def let_in(session: Session, family: Household, *, for_good: bool) -> None:
    """A director's grant on a restricted family: for an hour, or for good."""
    restriction(session, family)
    ends_at = None if for_good else datetime.now(UTC) + timedelta(hours=1)
    grant(session, family, staff_id(session, Role.DIRECTOR), ends_at=ends_at)


def prepared(session: Session, family: Household) -> SubjectRequest:
    record_service(session, family, note="x")
    request = take_request(session, family)
    disclosure.prepare(session, request, by=staff_id(session, Role.PRIVACY_OFFICER))
    return request


@pytest.mark.parametrize(("for_good", "answered"), [(False, 404), (True, 303)])
def test_a_guest_approves_no_erasure(
    session: Session, sign_in: SignIn, *, for_good: bool, answered: int
) -> None:
    family = closed_family(session)
    request = take_request(session, family, kind=RequestKind.ERASURE, whole_family=True)
    proposal = propose_erasure(session, request)
    let_in(session, family, for_good=for_good)
    director = sign_in(Role.DIRECTOR)
    here = f"/data-protection/requests/{request.id}"

    answer = director.submit(
        f"{here}/erasure/{proposal.id}", {"verdict": "approved"}, page=f"{here}/erasure"
    )

    assert answer.status_code == answered
    assert bool(session.scalars(select(Erasure)).all()) is for_good


def test_a_guest_asks_for_no_erasure(session: Session, sign_in: SignIn) -> None:
    family = closed_family(session)
    request = take_request(session, family, kind=RequestKind.ERASURE)
    let_in(session, family, for_good=False)
    path = f"/data-protection/requests/{request.id}/erasure"

    answer = sign_in(Role.DIRECTOR).submit(path, {"reason": "Nothing speaks against it"})

    assert answer.status_code == 404


@pytest.mark.parametrize("step", STEPS)
def test_a_guest_takes_no_step_and_hands_nothing_out(
    session: Session, sign_in: SignIn, step: str
) -> None:
    family = open_family(session)
    request = prepared(session, family)
    let_in(session, family, for_good=False)
    director, here = sign_in(Role.DIRECTOR), f"/data-protection/requests/{request.id}"

    shown = director.get(f"{here}/{step}")
    sent = director.submit(f"{here}/{step}", {"note": "Because"}, page=f"{here}/erasure")

    assert (shown.status_code, sent.status_code) == (404, 404)


def test_a_guest_reads_a_request_and_decides_about_none_of_its_entries(
    session: Session, sign_in: SignIn
) -> None:
    family = open_family(session)
    request = prepared(session, family)
    let_in(session, family, for_good=False)
    director, here = sign_in(Role.DIRECTOR), f"/data-protection/requests/{request.id}"
    [read] = disclosure.queue(session, request)

    pages = [director.get(path) for path in (here, f"{here}/queue")]
    answer = director.submit(f"{here}/queue/{read.entry.id}", {"decision": "release"})

    assert [page.status_code for page in pages] == [200, 200]
    assert f"{here}/close" not in pages[0].text
    assert f"{here}/queue" in pages[0].text
    assert answer.status_code == 404
    assert read.entry.decision is None


def test_whoever_was_let_in_for_good_closes_a_request(session: Session, sign_in: SignIn) -> None:
    family = open_family(session)
    request = prepared(session, family)
    let_in(session, family, for_good=True)
    director, here = sign_in(Role.DIRECTOR), f"/data-protection/requests/{request.id}"

    answer = director.submit(f"{here}/close", {"outcome": "answered", "note": "By hand"})

    session.expire_all()
    assert answer.status_code == 303
    assert not request.is_open
