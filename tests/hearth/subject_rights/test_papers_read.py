"""Whoever decides what is handed out opens the papers, and sees which of them were withdrawn."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.accounts.policy_models import RoleRule
from hearth.audit.models import PersonRead
from hearth.documents.models import HouseholdDocument
from hearth.documents.services import withdraw_document
from hearth.families.models import Household
from hearth.subject_rights import disclosure
from hearth.subject_rights.models import SubjectRequest
from tests.factories.families import open_family, staff_id
from tests.factories.files import add_paper
from tests.factories.people import colleague, narrowed, restriction, team
from tests.factories.rights import take_request
from tests.factories.service_delivery import record_service
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
Enter = Callable[[uuid.UUID], Visitor]
LINK = re.compile(r'href="([^"]+/paper)"')


@pytest.fixture
def family(session: Session) -> Household:
    return open_family(session)


@pytest.fixture
def paper(session: Session, family: Household) -> HouseholdDocument:
    return add_paper(session, family, title="Passport", added_by=staff_id(session))


@pytest.fixture
def request_(session: Session, family: Household, paper: HouseholdDocument) -> SubjectRequest:
    request = take_request(session, family)
    disclosure.prepare(session, request, by=staff_id(session, Role.PRIVACY_OFFICER))
    return request


def queue_of(visitor: Visitor, request: SubjectRequest) -> str:
    return visitor.get(f"/data-protection/requests/{request.id}/queue").text


def looks(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(PersonRead)) or 0


def test_the_reviewer_opens_the_paper_once_and_that_is_a_look(
    session: Session,
    request_: SubjectRequest,
    paper: HouseholdDocument,
    sign_in: SignIn,
    visitor: SignIn,
) -> None:
    officer = sign_in(Role.PRIVACY_OFFICER)
    links = LINK.findall(queue_of(officer, request_))
    before = looks(session)

    led = officer.get(links[0])
    link = urlsplit(led.location).path
    opened, again = (visitor("files").get(link, buffered=True) for _ in range(2))

    assert len(links) == 2
    assert led.status_code == 303
    assert looks(session) == before + 1
    assert (opened.status_code, again.status_code) == (200, 404)
    assert opened.data == paper.file.content


def test_a_withdrawn_paper_stays_and_says_so(
    session: Session, request_: SubjectRequest, paper: HouseholdDocument, sign_in: SignIn
) -> None:
    officer = sign_in(Role.PRIVACY_OFFICER)
    before = queue_of(officer, request_)

    withdraw_document(
        session,
        paper,
        reason="Belongs to another family.",
        withdrawn_by=staff_id(session),
        now=datetime.now(UTC),
    )
    page = queue_of(officer, request_)

    assert "Withdrawn on" not in before
    assert page.count("Withdrawn on") == 2
    assert len(LINK.findall(page)) == 2


def test_an_entry_without_a_paper_leads_to_none(
    session: Session, family: Household, sign_in: SignIn
) -> None:
    record_service(session, family, note="Her neighbour Nina called")
    request = take_request(session, family)
    disclosure.prepare(session, request, by=staff_id(session, Role.PRIVACY_OFFICER))
    entry = disclosure.queue(session, request)[0].entry

    path = f"/data-protection/requests/{request.id}/queue/{entry.id}/paper"
    answer = sign_in(Role.PRIVACY_OFFICER).get(path)

    assert answer.status_code == 404


@pytest.mark.parametrize("item", ["field:health", "field:free_text"])
def test_whoever_is_bound_opens_no_paper_that_her_role_does_not_read(
    session: Session, request_: SubjectRequest, sign_in: SignIn, item: str
) -> None:
    by = staff_id(session, Role.ADMINISTRATOR)
    session.add(RoleRule(role="director", item=item, rule="withheld", set_by=by))
    session.flush()
    director, officer = sign_in(Role.DIRECTOR), sign_in(Role.PRIVACY_OFFICER)
    link = LINK.findall(queue_of(officer, request_))[0]

    page, answer = queue_of(director, request_), director.get(link)

    assert LINK.findall(page) == []
    assert answer.status_code == 404


def test_a_paper_opens_by_a_request_to_whoever_opens_it_in_that_familys_file(
    session: Session, family: Household, request_: SubjectRequest, enter: Enter
) -> None:
    """As a director she reads all of her own families; of her team's, nothing of health."""
    reads_less = narrowed(session, Role.SOCIAL_WORKER, "field:health")
    both = colleague(session, narrowed_to_own(session), reads_less)
    worker = family.key_workers[0]
    team(session, both.id, worker.user_id)
    visitor = enter(both.id)

    of_team = queue_of(visitor, request_)
    worker.user_id = both.id
    session.flush()
    own = queue_of(visitor, request_)

    assert (len(LINK.findall(of_team)), len(LINK.findall(own))) == (0, 2)


@pytest.mark.parametrize("role", [Role.SOCIAL_WORKER, Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_others_open_no_paper_by_a_request(
    role: Role, request_: SubjectRequest, sign_in: SignIn
) -> None:
    link = LINK.findall(queue_of(sign_in(Role.PRIVACY_OFFICER), request_))[0]

    answer = sign_in(role).get(link)

    assert answer.status_code == 403


def test_a_restricted_familys_paper_opens_to_the_officer_alone(
    session: Session, family: Household, request_: SubjectRequest, sign_in: SignIn
) -> None:
    officer, director = sign_in(Role.PRIVACY_OFFICER), sign_in(Role.DIRECTOR)
    restriction(session, family)
    link = LINK.findall(queue_of(officer, request_))[0]

    answers = [visitor.get(link).status_code for visitor in (officer, director)]

    assert answers == [303, 404]


def narrowed_to_own(session: Session) -> str:
    """A director's role that opens the files of her own families alone."""
    role, by = narrowed(session, Role.DIRECTOR), staff_id(session, Role.ADMINISTRATOR)
    session.add(RoleRule(role=role, item="families.read", rule="own", set_by=by))
    session.flush()
    return role
