"""What a request shows of a file: no more than whoever answers it reads in the file itself."""

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import Scope
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.data_records import SubjectKind
from hearth.families.models import Household
from hearth.service_delivery.vocabulary import ServiceKind
from hearth.subject_rights import disclosure, reading
from hearth.subject_rights.eyes import eyes_on
from hearth.subject_rights.models import SubjectRequest
from hearth.subject_rights.reading import NotReadError
from hearth.subject_rights.vocabulary import Decision, RequestKind, Step
from tests.factories.families import child, mother, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import as_role, as_user, colleague, narrowed, team
from tests.factories.rights import propose_erasure, take_request
from tests.factories.service_delivery import record_service
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
NOTE = "The doctor wrote of her diagnosis"
WITHHELD = [f"field:{one}" for one in ("health", "legal", "contact", "identity", "free_text")]


@pytest.fixture
def family(session: Session) -> Household:
    """A family of another team, about whom there is something of every kind to read."""
    reached = {"phone": "+7 000 555-01-63", "safe_to_call": True, "contact_note": "Ring twice"}
    members = [mother(given_name="Agata", family_name="Kanareika", **reached), child()]
    key_worker = colleague(session, Role.SOCIAL_WORKER)
    household = open_family(session, members=members, key_worker_id=key_worker.id)
    record_service(session, household, kind=ServiceKind.MEDICAL, note=NOTE)
    return household


@pytest.fixture
def board(session: Session) -> uuid.UUID:
    """A director from whom names, ways to reach somebody, health and words were taken."""
    return colleague(session, narrowed(session, Role.DIRECTOR, *WITHHELD)).id


def prepared(session: Session, family: Household) -> SubjectRequest:
    request = take_request(session, family, asker_name="Inspector Ivanov", wish="All of it")
    disclosure.prepare(session, request, by=staff_id(session, Role.PRIVACY_OFFICER))
    return request


def test_a_request_shows_a_narrowed_role_no_more_than_the_file(
    session: Session, family: Household, board: uuid.UUID, enter: Enter
) -> None:
    request, visitor = prepared(session, family), enter(board)
    here = f"/data-protection/requests/{request.id}"
    entries = [one.entry.id for one in disclosure.queue(session, request)]

    of_family = f"/data-protection/families/{family.id}"
    paths = [here, f"{here}/queue", of_family, f"{of_family}/{request.subject_id}"]
    answers = [visitor.get(path) for path in [*paths, *(f"{here}/queue/{one}" for one in entries)]]

    assert {answer.status_code for answer in answers} == {200}
    shown = " ".join(answer.text for answer in answers)
    assert "Agata" in shown
    for secret in ("Kanareika", "555-01-63", "Ring twice", NOTE, "Ivanov", "All of it"):
        assert secret not in shown
    assert "Not for your role" in shown


def test_the_officer_and_a_director_read_a_request_as_it_is(
    session: Session, family: Household, sign_in: Callable[..., Visitor]
) -> None:
    request = prepared(session, family)
    here = f"/data-protection/requests/{request.id}"

    for role in (Role.PRIVACY_OFFICER, Role.DIRECTOR):
        visitor = sign_in(role)
        shown = visitor.get(here).text + visitor.get(f"{here}/queue").text

        for known in ("Kanareika", "555-01-63", "Ring twice", NOTE, "Ivanov", "All of it"):
            assert known in shown


def test_nobody_gives_out_what_her_role_does_not_read(
    session: Session, family: Household, board: uuid.UUID
) -> None:
    request, user = prepared(session, family), as_user(session, board)
    entries = disclosure.queue(session, request)

    for one in entries:
        with pytest.raises(NotReadError):
            reading.decide(session, request, one.entry, decision=Decision.RELEASE, user=user)
        reading.decide(session, request, one.entry, decision=Decision.REDACT, user=user)
    with pytest.raises(NotReadError):
        reading.hand_out(session, request, user=user)

    assert not request.has(Step.EXPORTED)
    assert reading.hand_out(session, request, user=as_role(session, Role.PRIVACY_OFFICER))


def test_what_was_checked_before_an_erasure_is_for_those_who_read_words(
    session: Session, family: Household, board: uuid.UUID, enter: Enter
) -> None:
    request = take_request(session, family, kind=RequestKind.ERASURE, whole_family=True)
    proposal = propose_erasure(session, request)
    path = f"/data-protection/requests/{request.id}/erasure/{proposal.id}"
    director = colleague(session, Role.DIRECTOR).id

    hers, the_directors = (enter(one).get(path) for one in (board, director))

    assert (hers.status_code, the_directors.status_code) == (200, 200)
    assert "Looked at it." not in hers.text
    assert "Looked at it." in the_directors.text


def test_whoever_opens_no_file_reads_nobody_in_a_request(
    session: Session, family: Household
) -> None:
    user = as_user(
        session, colleague(session, narrowed(session, Role.DIRECTOR, "families.read")).id
    )
    request = prepared(session, family)

    read = reading.queue_read_by(session, request, user)

    assert {(one.contents, one.parts) for one in read} == {("", ())}
    assert reading.safe_contact(session, request, user=user) is None
    assert "Agata" not in _called(session, request, user)


def test_a_social_worker_who_is_the_officer_reads_requests_of_her_teams_families(
    session: Session, family: Household
) -> None:
    both = colleague(session, Role.PRIVACY_OFFICER, Role.SOCIAL_WORKER)
    request = prepared(session, family)
    before = _called(session, request, as_user(session, both.id))

    team(session, both.id, family.key_workers[0].user_id)

    after = as_user(session, both.id)
    assert "Kanareika" not in before
    assert "Kanareika" in _called(session, request, after)
    assert NOTE in {one.contents for one in reading.queue_read_by(session, request, after)}


def _called(session: Session, request: SubjectRequest, user: SignedIn) -> str:
    return reading.called(session, request.subject_kind, request.subject_id, user=user)


def test_nothing_is_read_of_a_call_that_is_not_among_the_referrals_of_whoever_asks(
    session: Session,
) -> None:
    call, kind = take_referral(session), SubjectKind.REFERRAL
    own = {Permission.REFERRALS_READ: Scope.OWN}
    of_hers = colleague(session, narrowed(session, Role.DIRECTOR, scopes=own))
    director = colleague(session, Role.DIRECTOR)
    users = [as_user(session, one.id) for one in (of_hers, director)]

    blind, seeing = (eyes_on(session, kind, call.id, user=one) for one in users)
    names = [reading.called(session, kind, call.id, user=one) for one in users]

    assert not blind.read(None, [FieldClass.IDENTITY])
    assert seeing.read(None, [FieldClass.IDENTITY])
    assert names == [reading.NAME_NOT_READ, call.mother_name]
