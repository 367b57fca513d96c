"""Erasing: what goes, what stays, two people, and nothing while something stands in the way."""

import json
import uuid
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent
from hearth.data_records import DataGroup, SubjectKind
from hearth.data_register.registry import organisation_tables
from hearth.families.membership import PersonDetails, correct_person
from hearth.families.models import Household, Person, PersonCorrection
from hearth.families.services import close_case
from hearth.families.vocabulary import ClosingReason
from hearth.files.models import StoredFile
from hearth.giving.models import Donor
from hearth.intake.models import Referral
from hearth.intake.vocabulary import ReferralState
from hearth.sealing.markers import UnreadableRecord
from hearth.service_delivery.models import ServiceDelivery
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
from tests.factories.files import add_paper
from tests.factories.giving import start_gift
from tests.factories.intake import take_referral
from tests.factories.rights import RU, give_consent, hold, propose_erasure, take_request
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
    give_consent(session, family, recipients=f"{CANARY}'s doctor")
    add_paper(session, family, title=f"{CANARY}'s passport", added_by=staff_id(session))
    referral = take_referral(session, mother_name=CANARY, situation=f"{CANARY} has no home")
    referral.decided_by = family.episodes[0].opened_by
    referral.decided_at = datetime.now(UTC)
    referral.state = ReferralState.ACCEPTED
    referral.episode_id = family.episodes[0].id
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


@pytest.fixture
def keys_owner(settings: Settings) -> Iterator["psycopg.Connection[Any]"]:
    """The owner of the database of keys, who sees what the service cannot."""
    assert settings.keys_owner_database_url is not None
    with psycopg.connect(settings.keys_owner_database_url, autocommit=True) as connection:
        yield connection


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


def durable(session: Session) -> None:
    """End the unit of work, as a request does: the keys end with it."""
    session.commit()
    session.expunge_all()


def everything(session: Session, *groups: DataGroup) -> str:
    """What the service itself can still read in some groups of tables."""
    session.flush()
    session.expunge_all()
    wanted = groups or (DataGroup.FAMILY_FILES, DataGroup.REFERRALS)
    found = [
        str(getattr(row, field.name))
        for table in organisation_tables()
        if table.record.group in wanted
        for row in session.scalars(select(table.model))
        for field in table.fields
    ]
    return "\n".join(found)


def stolen(session: Session) -> str:
    """Every row of every table as text, as a thief of the database would read it."""
    session.flush()
    found: list[str] = []
    for table in organisation_tables():
        found += session.execute(text(f'SELECT t::text FROM "{table.name}" t')).scalars()
    return "\n".join(found)


def test_a_whole_family_cannot_be_read_any_more(
    session: Session, keys_owner: "psycopg.Connection[Any]"
) -> None:
    family = closed_family(session)
    proposal = propose_erasure(session, asked(session, family, whole_family=True))
    people = {member.person_id for member in family.members}
    family_id = family.id
    assert CANARY in everything(session)
    proposal = session.get_one(ErasureProposal, proposal.id)

    certificate = decide(session, proposal)
    durable(session)

    assert CANARY not in everything(session)
    assert CANARY not in stolen(session)
    assert CANARY.encode().hex() not in stolen(session)
    mother_of_it = session.get_one(Person, min(people))
    note = session.scalars(select(ServiceDelivery)).one().note
    before = session.scalars(select(PersonCorrection)).one().before
    assert (mother_of_it.full_name, mother_of_it.phone, note) == ("erased", "erased", "erased")
    assert isinstance(before, UnreadableRecord)
    assert session.scalars(select(StoredFile)).one().content is None
    assert certificate.method == "keys_destroyed"
    assert certificate.counts["people"] == 2
    assert certificate.counts["person_corrections"] == 1
    assert certificate.counts["referrals"] == 1
    assert certificate.counts["stored_files"] == 1
    assert certificate.last_key_backup_ends_on == TODAY + timedelta(days=30)
    assert str(family_id) not in json.dumps(certificate.kept) + certificate.subject_hash
    erased = session.execute(select(Erasure.subject_kind, Erasure.subject_id)).all()
    assert {(kind, one) for kind, one in erased} == {
        (SubjectKind.HOUSEHOLD, family_id),
        *((SubjectKind.PERSON, one) for one in people),
    }
    referral = session.scalars(select(Referral.id)).one()
    assert left_of_keys(keys_owner, {family_id, referral, *people}) == {b""}


def left_of_keys(
    keys_owner: "psycopg.Connection[Any]", subjects: Collection[uuid.UUID]
) -> set[bytes]:
    rows = keys_owner.execute(
        "SELECT wrapped FROM keys.subject_keys WHERE subject_id = ANY (%s)", (list(subjects),)
    ).fetchall()
    assert len(rows) == len(subjects)
    return {bytes(wrapped) for (wrapped,) in rows}


def test_one_person_goes_and_the_others_stay(session: Session) -> None:
    family = closed_family(session)
    child_id = family.members[1].person_id
    request = asked(session, family)
    gone_id = request.subject_id
    proposal = propose_erasure(session, request)

    decide(session, proposal)
    durable(session)

    gone = session.get_one(Person, gone_id)
    stays = session.get_one(Person, child_id)
    assert (gone.full_name, gone.phone, gone.born_on) == ("erased", "erased", None)
    assert stays.given_name == f"{CANARY}-child"
    assert "wept" in everything(session)


def test_an_erasure_that_is_undone_destroys_nothing(session: Session) -> None:
    family = closed_family(session)
    proposal = propose_erasure(session, asked(session, family, whole_family=True))
    session.commit()

    decide(session, proposal)
    session.rollback()

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
    durable(session)

    assert CANARY not in everything(session)
    assert CANARY not in stolen(session)


def test_an_erasure_stands_in_the_records_and_names_nobody(session: Session) -> None:
    family = closed_family(session)
    people = {str(member.person_id) for member in family.members}
    certificate = decide(session, propose_erasure(session, asked(session, family)))
    session.commit()

    done = select(AuditEvent).where(AuditEvent.action == "erasure.carried_out")
    event = session.scalars(done).one()

    assert event.subject_id == certificate.id
    assert event.actor_id == staff_id(session, Role.DIRECTOR)
    assert event.facts["method"] == "keys_destroyed"
    assert not any(one in json.dumps(event.facts) for one in people)


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

    assert request.has(Step.ERASURE_REFUSED)
    session.commit()
    with pytest.raises(DecidedError):
        decide(session, proposal)
    assert CANARY in everything(session)


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
    before = stolen(session)

    with pytest.raises(ObstacleError) as refusal, session.begin_nested():
        decide(session, proposal)

    assert refusal.value.obstacles == (obstacle,)
    assert stolen(session) == before


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
    assert "anneke" not in everything(session, DataGroup.DONORS) + stolen(session)


def test_backups_of_both_databases_forget_again(
    session: Session, keys_owner: "psycopg.Connection[Any]"
) -> None:
    family = closed_family(session)
    request = asked(session, family, whole_family=True)
    people = [member.person_id for member in family.members]
    proposal = propose_erasure(session, request)
    session.commit()
    kept = keys_owner.execute(
        "SELECT * FROM keys.subject_keys WHERE subject_id = ANY (%s)", (people,)
    ).fetchall()
    decide(session, proposal)
    durable(session)
    erased = [(one.subject_kind, one.subject_id) for one in session.scalars(select(Erasure))]
    # An old backup of both: the keys are there again, and so is what was blanked.
    keys_owner.execute("DELETE FROM keys.subject_keys WHERE subject_id = ANY (%s)", (people,))
    for row in kept:
        keys_owner.execute("INSERT INTO keys.subject_keys VALUES (%s, %s, %s, %s, %s, %s, %s)", row)
    session.execute(update(Person).values(preferred_language=CANARY))
    session.info.pop("keyring")
    assert CANARY in session.get_one(Person, people[0]).full_name

    for _ in range(2):
        erasing.forget_again(session, erased)
        durable(session)

    assert CANARY not in everything(session)
    assert CANARY not in stolen(session)
    assert left_of_keys(keys_owner, people) == {b""}


def test_the_list_of_the_erased_is_only_added_to(session: Session) -> None:
    family = closed_family(session)
    decide(session, propose_erasure(session, asked(session, family)))

    for statement in ("DELETE FROM erasures", "UPDATE erasures SET at = now()"):
        with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
            session.execute(text(statement))
