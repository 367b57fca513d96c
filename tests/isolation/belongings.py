"""One of everything in an organisation, so that every id in every address can be a real one."""

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property

from sqlalchemy.orm import Session

from hearth.accounts import sessions
from hearth.accounts.models import User
from hearth.accounts.permissions import FEDERATION_ROLES, Role
from hearth.accounts.policy_models import OwnRole, Team
from hearth.break_glass.models import GlassLook
from hearth.consents.models import Consent
from hearth.documents.models import HouseholdDocument
from hearth.families.access_models import CaseGrant, HouseholdRestriction
from hearth.families.models import Household
from hearth.files.services import make_link
from hearth.giving import refunds
from hearth.giving.gateway import PaymentState
from hearth.giving.models import Payment, Refund
from hearth.giving.settlement import apply_snapshot
from hearth.incidents.models import Incident
from hearth.incidents.searching import Criteria, freeze
from hearth.intake.models import Referral
from hearth.money import Money
from hearth.proof.belongings import COMMON as COMMON
from hearth.retention.models import RetentionNotice
from hearth.service_delivery.models import NoteGrant, ServiceDelivery
from hearth.shelter.models import House, Stay
from hearth.subject_rights.models import (
    Disclosure,
    ErasureCertificate,
    ErasureProposal,
    LegalHold,
    SubjectRequest,
)
from tenants.context import runtime
from tests.factories.break_glass import make_look
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.files import add_paper
from tests.factories.giving import snapshot_of, start_gift
from tests.factories.intake import take_referral
from tests.factories.people import grant, restriction, team, works_in
from tests.factories.rights import (
    certify,
    give_consent,
    give_notice,
    hold,
    open_incident,
    propose_erasure,
    take_request,
)
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house, make_stay


class Belongings:
    """What one organisation has; each thing is made when it is first asked for."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._name = name

    @cached_property
    def colleague(self) -> User:
        # Two roles, because the tests sign people in by the only role they have.
        colleague = User(
            email=f"colleague@{self._name}.example.org",
            name="Test Colleague",
            password_hash="of no password",
            roles=[Role.FUNDRAISER.value, Role.BOOKKEEPER.value],
            locale="en",
        )
        self._session.add(colleague)
        self._session.flush()
        return colleague

    @cached_property
    def household(self) -> Household:
        """A family that everybody was let into by name, so that only roles decide about pages."""
        household = open_family(self._session)
        for role in sorted(set(Role) - FEDERATION_ROLES):
            grant(self._session, household, staff_id(self._session, role))
        return household

    @cached_property
    def grant(self) -> CaseGrant:
        return grant(self._session, self.household, self.colleague.id)

    @cached_property
    def restriction(self) -> HouseholdRestriction:
        return restriction(self._session, self.household)

    @cached_property
    def note(self) -> ServiceDelivery:
        specialist = staff_id(self._session, Role.SPECIALIST)
        note = record_service(
            self._session, self.household, provided_by=specialist, sealed=True, note="sealed"
        )
        self._session.add(NoteGrant(service_id=note.id, user_id=self.colleague.id))
        return note

    @cached_property
    def team(self) -> Team:
        return team(self._session, self.colleague.id)

    @cached_property
    def role(self) -> OwnRole:
        by = staff_id(self._session, Role.ADMINISTRATOR)
        role = OwnRole(name=f"Role {self._name}", base=Role.HOUSE_STAFF.value, created_by=by)
        self._session.add(role)
        self._session.flush()
        return role

    @cached_property
    def referral(self) -> Referral:
        return take_referral(self._session)

    @cached_property
    def service(self) -> ServiceDelivery:
        return record_service(self._session, self.household)

    @cached_property
    def house(self) -> House:
        house = make_house(self._session, f"House {self._name}", places=3)
        works_in(self._session, self.colleague.id, house)
        return house

    @cached_property
    def stay(self) -> Stay:
        return make_stay(
            self._session,
            household=self.household,
            places=self.house.places[:2],
            admitted_on=TODAY,
            planned_until=TODAY + timedelta(days=30),
            today=TODAY,
        )

    @cached_property
    def payment(self) -> Payment:
        payment = start_gift(self._session, email=f"donor@{self._name}.example.org")
        paid = snapshot_of(payment, PaymentState.SUCCEEDED, fee_minor=50)
        settled = apply_snapshot(self._session, snapshot=paid)
        assert settled is not None
        return settled

    @cached_property
    def refund(self) -> Refund:
        return refunds.request_refund(
            self._session,
            payment_id=self.payment.id,
            amount=Money(100, self.payment.currency),
            reason="given twice",
            requested_by=staff_id(self._session, Role.BOOKKEEPER),
            request_key=str(uuid.uuid4()),
        )

    @cached_property
    def request(self) -> SubjectRequest:
        return take_request(self._session, self.household)

    @cached_property
    def disclosure(self) -> Disclosure:
        title = Disclosure(
            request_id=self.request.id,
            table_name="household_documents",
            row_id=self.document.id,
            field="title",
        )
        self._session.add(title)
        self._session.flush()
        return title

    @cached_property
    def proposal(self) -> ErasureProposal:
        return propose_erasure(self._session, self.request)

    @cached_property
    def certificate(self) -> ErasureCertificate:
        return certify(self._session)

    @cached_property
    def hold(self) -> LegalHold:
        return hold(self._session, self.household)

    @cached_property
    def notice(self) -> RetentionNotice:
        return give_notice(self._session, self.household)

    @cached_property
    def consent(self) -> Consent:
        return give_consent(self._session, self.household)

    @cached_property
    def incident(self) -> Incident:
        # The search comes after the family, so that its people are among the concerned.
        family = self.household
        incident = open_incident(self._session)
        found = freeze(
            self._session, incident, Criteria(), by=staff_id(self._session, Role.DIRECTOR)
        )
        assert found.found >= len(family.current_members)
        return incident

    @cached_property
    def look(self) -> GlassLook:
        closed = open_family(self._session)
        return make_look(self._session, closed)

    @cached_property
    def document(self) -> HouseholdDocument:
        return add_paper(
            self._session, self.household, title="Test paper", added_by=staff_id(self._session)
        )

    @cached_property
    def link(self) -> str:
        worker = staff_id(self._session)
        token = sessions.start_session(
            self._session, user_id=worker, host=f"{self._name}.hearth.test"
        )
        return make_link(
            self._session,
            self.document.file_id,
            session_token=token,
            organisation=self._name,
            secret=runtime().settings.secret_key,
            now=datetime.now(UTC),
        )


# Every name that stands in an address, and how to come by a real one. Whoever adds an address with
# a new name adds a line here, and the tests of every route cover it from then on.
OBJECTS: dict[str, Callable[[Belongings], uuid.UUID | str]] = {
    "household_id": lambda its: its.household.id,
    "member_id": lambda its: its.household.current_members[1].id,
    "person_id": lambda its: its.household.current_members[0].person_id,
    "referral_id": lambda its: its.referral.id,
    "service_id": lambda its: its.service.id,
    "note_id": lambda its: its.note.id,
    "grant_id": lambda its: its.grant.id,
    "restriction_id": lambda its: its.restriction.id,
    "team_id": lambda its: its.team.id,
    "role_id": lambda its: its.role.id,
    "house_id": lambda its: its.house.id,
    "place_id": lambda its: its.house.places[2].id,
    "stay_id": lambda its: its.stay.id,
    "fund_id": lambda its: its.payment.gift.fund_id,
    "gift_id": lambda its: its.payment.gift_id,
    "refund_id": lambda its: its.refund.id,
    "request_id": lambda its: its.request.id,
    "disclosure_id": lambda its: its.disclosure.id,
    "proposal_id": lambda its: its.proposal.id,
    "certificate_id": lambda its: its.certificate.id,
    "hold_id": lambda its: its.hold.id,
    "notice_id": lambda its: its.notice.id,
    "consent_id": lambda its: its.consent.id,
    "incident_id": lambda its: its.incident.id,
    "look_id": lambda its: its.look.id,
    "document_id": lambda its: its.document.id,
    "link": lambda its: its.link,
    "user_id": lambda its: its.colleague.id,
    "token": lambda its: its.payment.gift.token,
}
Ids = Mapping[str, str]


def ids_in(session: Session, name: str) -> dict[str, str]:
    """Make one of everything; returns its id for every name that stands in an address."""
    its = Belongings(session, name)
    made = {parameter: str(make(its)) for parameter, make in OBJECTS.items()}
    session.flush()
    return made
