"""The list of requests, and what an erasure would do, tell of no file that opens to others."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.data_records import SubjectKind
from hearth.families.models import Household
from hearth.families.services import close_case
from hearth.families.vocabulary import ClosingReason
from hearth.intake.services import accept_for_known_family
from hearth.shelter.models import Destination, EndReason
from hearth.shelter.services import end_stay
from hearth.subject_rights import certificates, disclosure, erasure, services
from hearth.subject_rights.models import Disclosure
from hearth.subject_rights.vocabulary import Asker, RequestKind, Step
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import as_user, colleague, narrowed, restriction
from tests.factories.rights import RU, propose_erasure, take_request
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house, make_stay
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


def test_the_list_of_answered_requests_is_cut_when_it_is_sifted(
    session: Session, sign_in: Callable[..., Visitor]
) -> None:
    shown, hidden = open_family(session), open_family(session)
    restriction(session, hidden)
    by = staff_id(session, Role.PRIVACY_OFFICER)
    for family in (*[shown] * 51, *[hidden] * 3):
        services.take_step(session, take_request(session, family), Step.ANSWERED, by=by)
    session.commit()

    director, officer = sign_in(Role.DIRECTOR), sign_in(Role.PRIVACY_OFFICER)

    listed = [one.get(LIST).text.count("/data-protection/requests/") for one in (director, officer)]
    assert listed[0] == listed[1] >= 50


def specialist_and_officer(_session: Session) -> tuple[Role | str, ...]:
    return Role.SPECIALIST, Role.PRIVACY_OFFICER


def board_without(session: Session) -> tuple[Role | str, ...]:
    return (narrowed(session, Role.DIRECTOR, "shelter.read", "referrals.read"),)


def board_without_places(session: Session) -> tuple[Role | str, ...]:
    return (narrowed(session, Role.DIRECTOR, "field:location", "referrals.read"),)


READERS = [specialist_and_officer, board_without, board_without_places]
KEPT_APART = ("Stay:", "Decision about a stay:", "Referral:")


@pytest.fixture
def slept_here(session: Session) -> Household:
    """A family that came by a call, slept in a house, and is not accompanied any more."""
    household, by = open_family(session), staff_id(session)
    accept_for_known_family(session, take_referral(session), household, decided_by=by, today=TODAY)
    yesterday = TODAY - timedelta(days=1)
    places = make_house(session).places[:2]
    stay = make_stay(
        session, household=household, places=places, admitted_on=yesterday, today=TODAY
    )
    end_stay(
        session,
        stay,
        ended_on=TODAY,
        reason=EndReason.OWN_WISH,
        destination=Destination.FAMILY_OR_FRIENDS,
        note=None,
        recorded_by=by,
        today=TODAY,
    )
    return household


@pytest.mark.parametrize("made", READERS)
def test_what_an_erasure_would_take_counts_what_the_file_shows(
    session: Session,
    slept_here: Household,
    enter: Callable[[uuid.UUID], Visitor],
    sign_in: Callable[..., Visitor],
    made: Callable[[Session], tuple[Role | str, ...]],
) -> None:
    reader = colleague(session, *made(session))
    slept_here.key_workers[0].user_id = reader.id
    request = take_request(session, slept_here, kind=RequestKind.ERASURE, whole_family=True)
    close_case(
        session,
        slept_here,
        closed_on=TODAY,
        reason=ClosingReason.GOALS_MET,
        note=None,
        closed_by=staff_id(session),
        today=TODAY,
    )
    proposal = propose_erasure(session, request)
    here = f"/data-protection/requests/{request.id}/erasure"

    hers, whole = (
        [who.get(path).text.partition("<h1")[2] for path in (here, f"{here}/{proposal.id}")]
        for who in (enter(reader.id), sign_in(Role.DIRECTOR))
    )

    for page in hers:
        assert "Person: 2" in page
        assert not any(one in page for one in KEPT_APART)
    assert all("Stay: 1" in page and "Referral: 1" in page for page in whole)


@pytest.mark.parametrize("made", READERS)
def test_a_queue_names_and_counts_what_the_file_shows(
    session: Session,
    slept_here: Household,
    enter: Callable[[uuid.UUID], Visitor],
    sign_in: Callable[..., Visitor],
    made: Callable[[Session], tuple[Role | str, ...]],
) -> None:
    reader = colleague(session, *made(session))
    slept_here.key_workers[0].user_id = reader.id
    request = take_request(session, slept_here)
    disclosure.prepare(session, request, by=staff_id(session, Role.PRIVACY_OFFICER))
    here = f"/data-protection/requests/{request.id}/queue"
    calls = select(Disclosure.id).where(
        Disclosure.request_id == request.id, Disclosure.table_name == "referrals"
    )
    entry = f"{here}/{session.scalars(calls).first()}"

    hers, officers = enter(reader.id), sign_in(Role.PRIVACY_OFFICER)

    page, whole = (one.get(here).text.partition("<h1")[2] for one in (hers, officers))
    assert FURTHER in page
    assert not any(one in page for one in KEPT_APART)
    assert ">Referral: Name of the mother<" in whole
    assert [one.get(entry).status_code for one in (hers, officers)] == [404, 200]


@pytest.mark.parametrize("made", READERS)
def test_a_certificate_counts_what_the_file_showed(
    session: Session,
    slept_here: Household,
    enter: Callable[[uuid.UUID], Visitor],
    made: Callable[[Session], tuple[Role | str, ...]],
) -> None:
    reader = colleague(session, *made(session))
    slept_here.key_workers[0].user_id = reader.id
    close_case(
        session,
        slept_here,
        closed_on=TODAY,
        reason=ClosingReason.GOALS_MET,
        note=None,
        closed_by=staff_id(session),
        today=TODAY,
    )
    certificate = erasure.carry_out(
        session,
        SubjectKind.HOUSEHOLD,
        slept_here.id,
        whole_family=True,
        profile=RU,
        today=TODAY + timedelta(days=4000),
        asked_by=staff_id(session, Role.PRIVACY_OFFICER),
        approved_by=staff_id(session, Role.SUPERVISOR),
    )
    session.commit()
    director = colleague(session, Role.DIRECTOR)

    hers, whole = (
        certificates.counts_told(session, certificate, user=as_user(session, one.id))
        for one in (reader, director)
    )

    paper = enter(reader.id).get(f"/data-protection/erasures/{certificate.id}.pdf")
    assert whole == certificate.counts
    assert whole.keys() - hers.keys() == {"stays", "stay_changes", "referrals"}
    assert paper.status_code == 200
