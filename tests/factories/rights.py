"""Requests, consents, notices and incidents for tests."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.consents import services as consents
from hearth.consents.models import Consent, ConsentPurpose, Giver, Medium
from hearth.consents.services import NewConsent
from hearth.data_records import DataGroup, SubjectKind
from hearth.families.models import Household
from hearth.incidents import services as incidents
from hearth.incidents.models import Incident, IncidentKind
from hearth.retention.models import RetentionNotice
from hearth.subject_rights import erasure, holds, services
from hearth.subject_rights.models import (
    ErasureCertificate,
    ErasureProposal,
    LegalHold,
    SubjectRequest,
)
from hearth.subject_rights.subjects import subject_of
from hearth.subject_rights.vocabulary import Asker, ErasureKind, RequestKind, Step
from tenants.legal import LegalProfile, profile
from tests.factories.families import TODAY, staff_id

RU: LegalProfile = profile("ru")
EU: LegalProfile = profile("eu")


def take_request(
    session: Session,
    household: Household,
    *,
    member: int = 0,
    checked: bool = True,
    law: LegalProfile = RU,
    **changes: Any,
) -> SubjectRequest:
    """A request about a member of a family; known who asks and safe, unless told otherwise."""
    person_id = household.current_members[member].person_id
    return ask_about(session, person_id, checked=checked, law=law, **changes)


def ask_about(
    session: Session,
    subject_id: uuid.UUID,
    *,
    about: SubjectKind = SubjectKind.PERSON,
    checked: bool = True,
    law: LegalProfile = RU,
    **changes: Any,
) -> SubjectRequest:
    """A request about somebody who belongs, or once belonged, to a family; or of another kind."""
    subject = subject_of(session, about, subject_id)
    assert subject is not None
    officer = staff_id(session, Role.PRIVACY_OFFICER)
    known: dict[str, Any] = {
        "kind": RequestKind.ACCESS,
        "asked_by": Asker.SELF,
        "asker_name": None,
        "received_on": TODAY,
        "whole_family": False,
        "wish": None,
    }
    request = services.take_request(
        session, subject, **known | changes, received_by=officer, profile=law
    )
    if checked:
        check(session, request)
    return request


def check(session: Session, request: SubjectRequest) -> None:
    """Record that it is known who asks and that an answer is safe."""
    officer = staff_id(session, Role.PRIVACY_OFFICER)
    services.take_step(session, request, Step.IDENTITY_CONFIRMED, by=officer)
    services.take_step(session, request, Step.SAFE, by=officer)


def propose_erasure(session: Session, request: SubjectRequest) -> ErasureProposal:
    officer = staff_id(session, Role.PRIVACY_OFFICER)
    proposal = erasure.propose(session, request, reason="Looked at it.", asked_by=officer)
    session.flush()
    return proposal


def certify(session: Session) -> ErasureCertificate:
    certificate = ErasureCertificate(
        kind=ErasureKind.RETENTION,
        subject_hash="0" * 64,
        method="keys_destroyed",
        counts={"people": 2},
        kept={"rights": ""},
        last_key_backup_ends_on=TODAY + timedelta(days=30),
    )
    session.add(certificate)
    session.flush()
    return certificate


def hold(session: Session, household: Household, **changes: Any) -> LegalHold:
    known: dict[str, Any] = {"reason": "A court asked for the file.", "until_on": None}
    return holds.set_hold(
        session,
        kind=SubjectKind.HOUSEHOLD,
        subject_id=household.id,
        set_by=staff_id(session, Role.DIRECTOR),
        **known | changes,
    )


def give_notice(session: Session, household: Household) -> RetentionNotice:
    notice = RetentionNotice(
        data_group=DataGroup.FAMILY_FILES,
        subject_kind=SubjectKind.HOUSEHOLD,
        subject_id=household.id,
        due_on=TODAY,
        noticed_on=TODAY,
        ends_on=TODAY + timedelta(days=30),
    )
    session.add(notice)
    session.flush()
    return notice


def give_consent(session: Session, household: Household, **changes: Any) -> Consent:
    known: dict[str, Any] = {
        "person_id": household.current_members[0].person_id,
        "purpose": ConsentPurpose.FILE,
        "categories": ["identity"],
        "recipients": "",
        "giver": Giver.SELF,
        "giver_name": None,
        "assent": None,
        "medium": Medium.PAPER,
        "language": "ru",
        "valid_from": TODAY,
        "valid_until": TODAY + timedelta(days=365),
    }
    return consents.give(
        session,
        household,
        NewConsent(**known | changes),
        assent_age=10,
        recorded_by=staff_id(session),
        today=TODAY,
    )


def open_incident(session: Session, **changes: Any) -> Incident:
    known: dict[str, Any] = {
        "kind": IncidentKind.LOST,
        "summary": "A folder was left in a bus.",
        "systems": "paper folder",
        "aware_at": datetime.now(UTC) - timedelta(hours=1),
        "high_risk": True,
    }
    return incidents.open_incident(
        session, **known | changes, by=staff_id(session, Role.PRIVACY_OFFICER)
    )
