"""Erasing: what goes, what stays, two people, and nothing while something stands in the way."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.data_records import DataGroup, SubjectKind
from hearth.data_register.registry import organisation_tables
from hearth.families.membership import PersonDetails, correct_person
from hearth.families.models import Household, Person
from hearth.families.services import close_case
from hearth.families.vocabulary import ClosingReason
from hearth.giving.models import Donor
from hearth.subject_rights import erasing, erasure, holds, services
from hearth.subject_rights.erasure import (
    DecidedError,
    ObstacleError,
    SamePersonError,
)
from hearth.subject_rights.erasure_plan import Obstacle, Reason, preview
from hearth.subject_rights.models import Erasure, ErasureProposal, SubjectRequest
from hearth.subject_rights.vocabulary import RequestKind, Step, Verdict
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.giving import start_gift
from tests.factories.rights import RU, hold, propose_erasure, take_request
from tests.factories.service_delivery import record_service

CANARY = "Kanareika"


def closed_family(session: Session, **changes: Any) -> Household:
    """A family whose case is over; its name stands in every place where a name can stand."""
    family = open_family(
        session,
        members=[
            mother(given_name=CANARY, family_name=CANARY, phone="+7 1", contact_note=CANARY),
            child(given_name=f"{CANARY}-child"),
        ],
        **changes,
    )
    record_service(session, family, note=f"{CANARY} wept")
    person = family.current_members[0].person
    details = PersonDetails(given_name=f"{CANARY}-2", family_name=CANARY, phone="+7 2")
    correct_person(session, person, details, corrected_by=staff_id(session), today=TODAY)
    close_case(
        session,
        family,
        closed_on=TODAY,
        reason=ClosingReason.GOALS_MET,
        note=f"{CANARY} is well",
        closed_by=staff_id(session),
        today=TODAY,
    )
    return family


def asked(session: Session, family: Household, **changes: Any) -> SubjectRequest:
    return take_request(session, family, kind=RequestKind.ERASURE, **changes)


def decide(session: Session, proposal: ErasureProposal, verdict: Verdict = Verdict.APPROVED) -> Any:
    return erasure.decide(
        session,
        proposal,
        verdict=verdict,
        note=None,
        by=staff_id(session, Role.DIRECTOR),
        profile=RU,
        today=TODAY,
    )


def everything(session: Session, group: DataGroup = DataGroup.FAMILY_FILES) -> str:
    """Every row of a group of tables as text, as a thief of the database would read it."""
    session.flush()
    found: list[str] = []
    for table in organisation_tables():
        if table.record.group is group:
            found += session.execute(text(f'SELECT t::text FROM "{table.name}" t')).scalars()
    return "\n".join(found)


def test_a_whole_family_cannot_be_read_any_more(session: Session) -> None:
    family = closed_family(session)
    proposal = propose_erasure(session, asked(session, family, whole_family=True))
    assert CANARY in everything(session)

    certificate = decide(session, proposal)

    assert CANARY not in everything(session)
    assert certificate.counts["people"] == 2
    assert certificate.counts["person_corrections"] == 1
    assert certificate.last_key_backup_ends_on == TODAY + timedelta(days=30)
    assert str(family.id) not in json.dumps(certificate.kept) + certificate.subject_hash
    erased = session.execute(select(Erasure.subject_kind, Erasure.subject_id)).all()
    assert {(kind, one) for kind, one in erased} == {
        (SubjectKind.HOUSEHOLD, family.id),
        *((SubjectKind.PERSON, member.person_id) for member in family.members),
    }


def test_one_person_goes_and_the_others_stay(session: Session) -> None:
    family = closed_family(session)
    child_id = family.members[1].person_id
    request = asked(session, family)
    proposal = propose_erasure(session, request)

    decide(session, proposal)

    gone = session.get_one(Person, request.subject_id)
    stays = session.get_one(Person, child_id)
    assert (gone.full_name, gone.phone, gone.contact_note, gone.born_on) == ("", None, None, None)
    assert stays.given_name == f"{CANARY}-child"
    assert "wept" in everything(session)


def test_what_is_written_of_a_family_goes_with_the_last_of_it(session: Session) -> None:
    family = closed_family(session)
    for member in (0, 1):
        decide(session, propose_erasure(session, asked(session, family, member=member)))
        services.take_step(
            session,
            services.open_requests(session)[0],
            Step.ANSWERED,
            by=staff_id(session, Role.DIRECTOR),
        )

    assert CANARY not in everything(session)


def test_the_preview_counts_what_goes_and_says_why_the_rest_stays(session: Session) -> None:
    family = closed_family(session)
    request = asked(session, family)

    plan = preview(
        session,
        request.subject_kind,
        request.subject_id,
        whole_family=False,
        profile=RU,
        today=TODAY,
        but=request.id,
    )

    assert plan.obstacles == []
    assert plan.goes["people"] == 1
    assert {(one.group, one.reason) for one in plan.stays} >= {
        (DataGroup.SECURITY, Reason.WATCH),
        (DataGroup.RIGHTS, Reason.DUTY),
        (DataGroup.FAMILY_FILES, Reason.FAMILY),
    }


def test_whoever_asked_does_not_approve(session: Session) -> None:
    proposal = propose_erasure(session, asked(session, closed_family(session)))

    with pytest.raises(SamePersonError):
        erasure.decide(
            session,
            proposal,
            verdict=Verdict.APPROVED,
            note=None,
            by=proposal.asked_by,
            profile=RU,
            today=TODAY,
        )
    with pytest.raises(IntegrityError, match="two_people"), session.begin_nested():
        proposal.decided_by = proposal.asked_by


def test_a_refusal_erases_nothing_and_is_the_last_word(session: Session) -> None:
    request = asked(session, closed_family(session))
    proposal = propose_erasure(session, request)

    decide(session, proposal, Verdict.REFUSED)

    assert CANARY in everything(session)
    assert request.has(Step.ERASURE_REFUSED)
    with pytest.raises(DecidedError):
        decide(session, proposal)


@pytest.mark.parametrize("obstacle", [Obstacle.HOLD, Obstacle.OTHER_REQUEST, Obstacle.CASE_OPEN])
def test_nothing_is_erased_while_something_stands_in_the_way(
    session: Session, obstacle: Obstacle
) -> None:
    family = open_family(session) if obstacle is Obstacle.CASE_OPEN else closed_family(session)
    proposal = propose_erasure(session, asked(session, family))
    if obstacle is Obstacle.HOLD:
        hold(session, family)
    if obstacle is Obstacle.OTHER_REQUEST:
        take_request(session, family)
    before = everything(session)

    with pytest.raises(ObstacleError) as refusal, session.begin_nested():
        decide(session, proposal)

    assert refusal.value.obstacles == (obstacle,)
    assert everything(session) == before


def test_a_lifted_or_ended_hold_holds_nothing(session: Session) -> None:
    family = closed_family(session)
    lifted, ended = hold(session, family), hold(session, family, until_on=TODAY - timedelta(days=1))
    holds.lift_hold(session, lifted, note="Over", lifted_by=staff_id(session, Role.DIRECTOR))

    certificate = decide(session, propose_erasure(session, asked(session, family)))

    assert ended.lifted_at is None
    assert certificate is not None


def test_a_donor_is_kept_as_long_as_the_books_are(session: Session) -> None:
    start_gift(session, email="anneke@example.org")
    donor = session.scalars(select(Donor)).one()

    plan = preview(
        session, SubjectKind.DONOR, donor.id, whole_family=False, profile=RU, today=TODAY
    )
    later = TODAY + timedelta(days=365 * 5 + 30)
    certificate = erasure.carry_out(
        session,
        SubjectKind.DONOR,
        donor.id,
        whole_family=False,
        profile=RU,
        today=later,
        asked_by=None,
        approved_by=None,
    )

    assert plan.obstacles == [Obstacle.DUTY]
    assert certificate.counts["donors"] == 1
    assert "anneke" not in everything(session, DataGroup.DONORS)


def test_a_restored_backup_forgets_again(session: Session) -> None:
    family = closed_family(session)
    decide(session, propose_erasure(session, asked(session, family, whole_family=True)))
    erased = [(one.subject_kind, one.subject_id) for one in session.scalars(select(Erasure))]
    for member in family.members:
        session.get_one(Person, member.person_id).given_name = CANARY
    session.flush()

    erasing.forget_again(session, erased)
    erasing.forget_again(session, erased)

    assert CANARY not in everything(session)


def test_the_list_of_the_erased_is_only_added_to(session: Session) -> None:
    family = closed_family(session)
    decide(session, propose_erasure(session, asked(session, family)))

    for statement in ("DELETE FROM erasures", "UPDATE erasures SET at = now()"):
        with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
            session.execute(text(statement))


def test_the_database_blanks_nothing_for_whoever_is_not_on_the_list(session: Session) -> None:
    closed_family(session)

    done = session.scalar(text("SELECT forget_what_was_erased()"))

    assert done == {}
    assert CANARY in everything(session)
