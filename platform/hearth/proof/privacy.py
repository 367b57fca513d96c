"""One of everything with which the rights of people are kept, in a probe organisation."""

import uuid
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TypeVar

from sqlalchemy.orm import Session

from hearth.consents import services as consents
from hearth.consents.models import Consent, ConsentPurpose, Giver, Medium
from hearth.consents.services import NewConsent
from hearth.data_records import DataGroup, SubjectKind
from hearth.families.models import Household
from hearth.incidents import services as incidents
from hearth.incidents.models import Incident, IncidentKind
from hearth.incidents.searching import Criteria, freeze
from hearth.retention.models import RetentionNotice
from hearth.subject_rights import disclosure, erasing, erasure, holds, services
from hearth.subject_rights.models import (
    Disclosure,
    ErasureCertificate,
    ErasureProposal,
    LegalHold,
    SubjectRequest,
)
from hearth.subject_rights.subjects import subject_of
from hearth.subject_rights.vocabulary import Asker, ErasureKind, RequestKind, Step
from tenants.legal import profile_for
from tenants.models import TenantModel

MONTH = timedelta(days=30)
Row = TypeVar("Row", bound=TenantModel)


class Privacy:
    """What is kept of one family's rights; the officer is not the one who asks for an erasure."""

    def __init__(
        self,
        session: Session,
        canary: str,
        *,
        household: Household,
        document_id: uuid.UUID,
        officer_id: uuid.UUID,
        colleague_id: uuid.UUID,
        today: date,
    ) -> None:
        self._session = session
        self._canary = canary
        self._household = household
        self._document_id = document_id
        self._mother_id = household.current_members[0].person_id
        self._officer_id = officer_id
        self._colleague_id = colleague_id
        self._today = today
        self._law = profile_for(session.info["organisation"].country)

    @cached_property
    def request(self) -> SubjectRequest:
        """The mother wants to know what is kept of her; it is known that it is she."""
        subject = subject_of(self._session, SubjectKind.PERSON, self._mother_id)
        if subject is None:
            raise LookupError("the probe's own family has no mother")
        request = services.take_request(
            self._session,
            subject,
            kind=RequestKind.ACCESS,
            asked_by=Asker.SELF,
            asker_name=None,
            received_on=self._today,
            whole_family=False,
            wish=self._canary,
            received_by=self._officer_id,
            profile=self._law,
        )
        for step in (Step.IDENTITY_CONFIRMED, Step.SAFE):
            services.take_step(self._session, request, step, by=self._officer_id)
        return request

    @cached_property
    def disclosure(self) -> Disclosure:
        """What a paper is called, which somebody has to open before the mother is given it."""
        disclosure.prepare(self._session, self.request, by=self._officer_id)
        entries = (one.entry for one in disclosure.queue(self._session, self.request))
        return next(one for one in entries if one.row_id == self._document_id)

    @cached_property
    def proposal(self) -> ErasureProposal:
        """The colleague asks for an erasure about which nobody has decided."""
        proposal = erasure.propose(
            self._session, self.request, reason=self._canary, asked_by=self._colleague_id
        )
        return self._kept(proposal)

    @cached_property
    def certificate(self) -> ErasureCertificate:
        """The certificate of an erasure, of which nothing else is left."""
        return self._kept(
            ErasureCertificate(
                kind=ErasureKind.RETENTION,
                subject_hash="0" * 64,
                method=erasing.METHOD,
                counts={"people": 1},
                kept={DataGroup.RIGHTS.value: ""},
                last_key_backup_ends_on=self._today + MONTH,
            )
        )

    @cached_property
    def hold(self) -> LegalHold:
        """Why nothing of the family may end."""
        return holds.set_hold(
            self._session,
            kind=SubjectKind.HOUSEHOLD,
            subject_id=self._household.id,
            reason=self._canary,
            until_on=None,
            set_by=self._officer_id,
        )

    @cached_property
    def notice(self) -> RetentionNotice:
        """A word that the family's time is over; the clocks give none of an open case."""
        return self._kept(
            RetentionNotice(
                data_group=DataGroup.FAMILY_FILES,
                subject_kind=SubjectKind.HOUSEHOLD,
                subject_id=self._household.id,
                due_on=self._today,
                noticed_on=self._today,
                ends_on=self._today + MONTH,
            )
        )

    @cached_property
    def consent(self) -> Consent:
        """The mother's yes to her file."""
        given = NewConsent(
            person_id=self._mother_id,
            purpose=ConsentPurpose.FILE,
            categories=["identity"],
            recipients=self._canary,
            giver=Giver.SELF,
            giver_name=None,
            assent=None,
            medium=Medium.PAPER,
            language="en",
            valid_from=self._today,
            valid_until=self._today + MONTH,
        )
        return consents.give(
            self._session,
            self._household,
            given,
            assent_age=self._law.assent_age,
            recorded_by=self._officer_id,
            today=self._today,
        )

    @cached_property
    def incident(self) -> Incident:
        """An incident that concerns everybody who is there by then."""
        incident = incidents.open_incident(
            self._session,
            kind=IncidentKind.LOST,
            summary=self._canary,
            systems=self._canary,
            aware_at=datetime.now(UTC) - timedelta(hours=1),
            high_risk=True,
            by=self._officer_id,
        )
        freeze(self._session, incident, Criteria(), by=self._officer_id)
        return incident

    def _kept(self, row: Row) -> Row:
        self._session.add(row)
        self._session.flush()
        return row
