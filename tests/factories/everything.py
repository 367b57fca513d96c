"""One of everything about families that pages show, for tests that look at pages as a whole."""

import uuid
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.break_glass import services as break_glass
from hearth.break_glass.vocabulary import Reason
from hearth.case_access import services as case_access
from hearth.consents import services as consents
from hearth.consents.models import ConsentPurpose, Giver, Medium
from hearth.consents.services import NewConsent
from hearth.data_records import DataGroup, SubjectKind
from hearth.families.access_models import RestrictionKind
from hearth.families.models import Household
from hearth.families.services import record_read
from hearth.incidents import services as incidents
from hearth.incidents.models import EntryKind, Incident, IncidentKind
from hearth.incidents.searching import Criteria, freeze
from hearth.retention.models import RetentionNotice
from hearth.service_delivery import services as service_delivery
from hearth.service_delivery.vocabulary import ServiceKind
from hearth.subject_rights import disclosure, erasure, holds
from hearth.subject_rights import services as subject_rights
from hearth.subject_rights.models import ErasureProposal, SubjectRequest
from hearth.subject_rights.subjects import subject_of
from hearth.subject_rights.vocabulary import Asker, RequestKind, Step
from tenants.legal import profile
from tests.factories.break_glass import EXPLANATION
from tests.factories.families import TODAY, child, mother, open_family
from tests.factories.files import add_paper
from tests.factories.people import as_user
from tests.factories.rights import certify
from tests.factories.service_delivery import details

WHY = "Help with the lease until spring."


def make_everything(session: Session, *, site: str) -> dict[str, str]:
    """Write one of each on a site with every role; returns where each of them stands."""
    whose = {f"{role}@{site}.example.org": role for role in Role}
    rows = session.execute(select(User.email, User.id).where(User.email.in_(whose)))
    staff = {whose[email]: user_id for email, user_id in rows}
    worker, officer = staff[Role.SOCIAL_WORKER], staff[Role.PRIVACY_OFFICER]
    safe = {"phone": "+7 921 000 00 00", "safe_to_call": True, "contact_note": "After six only."}
    people = [mother(**safe), child()]
    family = open_family(session, members=people, opened_by=worker, key_worker_id=worker)
    add_paper(session, family, added_by=worker, title="Birth certificate")
    _consents(session, family, worker)
    case_access.give(
        session,
        family,
        user_id=staff[Role.SPECIALIST],
        reason=WHY,
        ends_at=datetime.now(UTC) + timedelta(days=30),
        granted_by=staff[Role.DIRECTOR],
    )
    holds.set_hold(
        session,
        kind=SubjectKind.HOUSEHOLD,
        subject_id=family.id,
        reason="A court asked for the file.",
        until_on=None,
        set_by=staff[Role.DIRECTOR],
    )
    certify(session)
    incident = _incident(session, officer)
    request, proposal = _requests(session, officer, family, _small_family(session, worker))
    at = f"/families/{family.id}"
    return {
        "family": at,
        "service": f"{at}/services/{_corrected(session, family, worker)}",
        "restricted": _restricted(session, staff),
        "look": f"/looks/{_look(session, family_of=worker, looker=staff[Role.SPECIALIST])}",
        "incident": f"/incidents/{incident.id}",
        "person": f"/incidents/{incident.id}/people/{family.current_members[0].person_id}",
        "ask": f"/data-protection{at}/{family.current_members[1].person_id}",
        "request": f"/data-protection/requests/{request.id}",
        "proposal": f"/data-protection/requests/{proposal.request_id}/erasure/{proposal.id}",
        "notice": f"/data-protection/ends-soon/{_notice(session, family)}",
    }


def _small_family(session: Session, worker: uuid.UUID) -> Household:
    return open_family(session, members=[mother()], opened_by=worker, key_worker_id=worker)


def _corrected(session: Session, family: Household, worker: uuid.UUID) -> uuid.UUID:
    wrong = service_delivery.record_service(
        session,
        family,
        details(family, note="Read the letter from the landlord with her."),
        provided_by=worker,
        recorded_by=worker,
        today=TODAY,
    )
    right = details(family, kind=ServiceKind.LEGAL, note="Wrote an answer to the landlord.")
    return service_delivery.correct_service(
        session, wrong, right, recorded_by=worker, today=TODAY
    ).id


def _consents(session: Session, family: Household, worker: uuid.UUID) -> None:
    """A yes that holds, and one that was taken back and still has to be stopped."""
    given = [
        consents.give(
            session,
            family,
            NewConsent(
                person_id=family.current_members[0].person_id,
                purpose=purpose,
                categories=["identity"],
                recipients="",
                giver=Giver.SELF,
                giver_name=None,
                assent=None,
                medium=Medium.PAPER,
                language="ru",
                valid_from=TODAY,
                valid_until=TODAY + timedelta(days=365),
            ),
            assent_age=10,
            recorded_by=worker,
            today=TODAY,
        )
        for purpose in (ConsentPurpose.FILE, ConsentPurpose.CONTACT_AFTERWARDS)
    ]
    consents.withdraw(session, given[1], note=None, by=worker)


def _restricted(session: Session, staff: dict[Role, uuid.UUID]) -> str:
    worker = staff[Role.SOCIAL_WORKER]
    family = open_family(session, opened_by=worker, key_worker_id=worker)
    case_access.restrict(
        session,
        family,
        kind=RestrictionKind.THREATENED,
        keeper_ids=[worker, staff[Role.DIRECTOR]],
        reason=WHY,
        set_by=staff[Role.SUPERVISOR],
    )
    return f"/families/{family.id}"


def _look(session: Session, *, family_of: uuid.UUID, looker: uuid.UUID) -> uuid.UUID:
    family = open_family(session, opened_by=family_of, key_worker_id=family_of)
    look = break_glass.open_case(
        session,
        as_user(session, looker),
        case_number=family.case_number,
        reason=Reason.CALL,
        explanation=EXPLANATION,
    )
    for purpose in ("file", "documents"):
        record_read(session, household_id=family.id, user_id=looker, purpose=purpose)
    return look.id


def _incident(session: Session, officer: uuid.UUID) -> Incident:
    incident = incidents.open_incident(
        session,
        kind=IncidentKind.LOST,
        summary="A folder was left in a bus.",
        systems="paper folder",
        aware_at=datetime.now(UTC) - timedelta(hours=30),
        high_risk=True,
        by=officer,
    )
    incidents.add_entry(
        session,
        incident,
        kind=EntryKind.FACT,
        text="The driver has the folder.",
        happened_at=None,
        by=officer,
    )
    freeze(session, incident, Criteria(since=TODAY, until=TODAY), by=officer)
    return incident


def _requests(
    session: Session, officer: uuid.UUID, family: Household, alone: Household
) -> tuple[SubjectRequest, ErasureProposal]:
    """A request with entries to read, and an erasure that waits for a second person."""
    taken = []
    for kind, household in ((RequestKind.ACCESS, family), (RequestKind.ERASURE, alone)):
        subject = subject_of(session, SubjectKind.PERSON, household.current_members[0].person_id)
        assert subject is not None
        request = subject_rights.take_request(
            session,
            subject,
            kind=kind,
            asked_by=Asker.SELF,
            asker_name=None,
            received_on=TODAY,
            whole_family=False,
            wish="Please tell me what you know of me.",
            received_by=officer,
            profile=profile("ru"),
        )
        for step in (Step.IDENTITY_CONFIRMED, Step.SAFE):
            subject_rights.take_step(session, request, step, by=officer)
        taken.append(request)
    disclosure.prepare(session, taken[0], by=officer)
    return taken[0], erasure.propose(
        session, taken[1], reason="No court asks for it.", asked_by=officer
    )


def _notice(session: Session, family: Household) -> uuid.UUID:
    notice = RetentionNotice(
        data_group=DataGroup.FAMILY_FILES,
        subject_kind=SubjectKind.HOUSEHOLD,
        subject_id=family.id,
        due_on=TODAY,
        noticed_on=TODAY,
        ends_on=TODAY + timedelta(days=30),
    )
    session.add(notice)
    session.flush()
    return notice.id
