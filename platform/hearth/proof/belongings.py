"""One of everything in a probe organisation, so that every id in every address is a real one."""

import io
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TypeVar

from PIL import Image
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import FEDERATION_ROLES, Role
from hearth.accounts.policy_models import OwnRole, Team, TeamMember
from hearth.accounts.services import recognise
from hearth.accounts.sessions import Assurance, start_session
from hearth.break_glass.models import GlassLook
from hearth.break_glass.services import open_case
from hearth.break_glass.vocabulary import Reason
from hearth.documents.models import HouseholdDocument
from hearth.documents.services import add_document
from hearth.families.access_models import (
    CaseGrant,
    GrantKind,
    HouseholdRestriction,
    RestrictionKind,
)
from hearth.families.births import Birth, BirthPrecision
from hearth.families.membership import NewMember, PersonDetails
from hearth.families.models import Household
from hearth.families.services import open_household
from hearth.families.vocabulary import MemberRole, Need, Sex
from hearth.files.services import make_link
from hearth.giving import funds, gateway, refunds, services, settlement
from hearth.giving.models import FundKind, Payment, Refund
from hearth.giving.services import GiftRequest
from hearth.intake.models import Referral
from hearth.intake.services import ReferralDetails, take_referral
from hearth.intake.vocabulary import Channel, Source, Urgency
from hearth.money import Money
from hearth.outbox.models import OutboxMessage
from hearth.proof.privacy import Privacy
from hearth.service_delivery.models import NoteGrant, ServiceDelivery
from hearth.service_delivery.services import ServiceDetails, record_service
from hearth.service_delivery.vocabulary import ServiceKind, ServiceMode
from hearth.shelter.models import House, HouseKind, Place, PlaceKind, Stay
from hearth.shelter.services import admit_family
from tenants.context import runtime
from tenants.models import TenantModel

# Nobody signs in with a password here: the proof begins a session itself.
NO_PASSWORD = "-"  # noqa: S105
NOWHERE = "nowhere.invalid"
Row = TypeVar("Row", bound=TenantModel)


class Belongings:
    """What a probe organisation has; its canary stands in everything that a person would type."""

    def __init__(self, session: Session, canary: str, *, today: date) -> None:
        self._session = session
        self._canary = canary
        self._today = today

    @cached_property
    def person(self) -> User:
        """Somebody who holds every role, so that only isolation stands in the way."""
        return self._user("person", [role for role in Role if role not in FEDERATION_ROLES])

    @cached_property
    def colleague(self) -> User:
        """Somebody else who works there."""
        return self._user("colleague", [Role.SOCIAL_WORKER])

    @cached_property
    def household(self) -> Household:
        """A family of two, which opens to the person by name whatever restricts it."""
        household = self._family()
        self._let_in(household, self.person)
        return household

    @cached_property
    def grant(self) -> CaseGrant:
        """The colleague's way to the family."""
        return self._let_in(self.household, self.colleague)

    @cached_property
    def restriction(self) -> HouseholdRestriction:
        """Why the family opens by name alone."""
        restriction = HouseholdRestriction(
            household_id=self.household.id, kind=RestrictionKind.THREATENED, set_by=self.person.id
        )
        return self._kept(restriction)

    @cached_property
    def look(self) -> GlassLook:
        """The colleague's emergency look at a family that is none of hers."""
        closed = self._family()
        token = self._session_of(self.colleague)
        looking = recognise(self._session, token=token, host=NOWHERE)
        if looking is None:
            raise LookupError("the probe's own colleague was not recognised")
        return open_case(
            self._session,
            looking,
            case_number=closed.case_number,
            reason=Reason.CALL,
            explanation=f"{self._canary} stands at the door and nobody answers.",
        )

    @cached_property
    def team(self) -> Team:
        """A team of the colleague's."""
        team = Team(name=self._canary, created_by=self.person.id)
        team.members = [TeamMember(user_id=self.colleague.id, set_by=self.person.id)]
        return self._kept(team)

    @cached_property
    def role(self) -> OwnRole:
        """A role with a name of its own."""
        base = Role.HOUSE_STAFF.value
        return self._kept(OwnRole(name=self._canary, base=base, created_by=self.person.id))

    @cached_property
    def document(self) -> HouseholdDocument:
        """A picture in the family's file."""
        return add_document(
            self._session,
            self.household,
            title=self._canary,
            data=_one_pixel(),
            filename="probe.png",
            added_by=self.person.id,
            scanner=None,
        )

    @cached_property
    def link(self) -> str:
        """The link that opens the picture once."""
        return make_link(
            self._session,
            self.document.file_id,
            session_token=self._session_of(self.person),
            organisation=self._session.info["organisation"].slug,
            secret=runtime().settings.secret_key,
            now=datetime.now(UTC),
        )

    def _family(self) -> Household:
        mother = PersonDetails(
            given_name=self._canary,
            family_name="Probe",
            birth=Birth(self._today - timedelta(days=8000), BirthPrecision.DAY),
            sex=Sex.FEMALE,
        )
        child = PersonDetails(
            given_name=self._canary,
            family_name="Probe",
            birth=Birth(self._today - timedelta(days=400), BirthPrecision.DAY),
        )
        return open_household(
            self._session,
            members=[
                NewMember(person=mother, role=MemberRole.MOTHER),
                NewMember(person=child, role=MemberRole.CHILD),
            ],
            needs=[Need.HOUSING],
            primary_need=Need.HOUSING,
            opened_on=self._today - timedelta(days=10),
            opened_by=self.person.id,
            key_worker_id=self.person.id,
            today=self._today,
        )

    @cached_property
    def referral(self) -> Referral:
        """A referral that nobody has answered."""
        details = ReferralDetails(
            source=Source.HOSPITAL,
            channel=Channel.PHONE,
            urgency=Urgency.WITHIN_72_HOURS,
            mother_name=self._canary,
            children_count=1,
            needs=[Need.HOUSING],
            referrer_body=self._canary,
        )
        now = datetime.now(UTC)
        return take_referral(self._session, details, received_at=now, received_by=self.person.id)

    @cached_property
    def service(self) -> ServiceDelivery:
        """A visit to the family."""
        return self._visit()

    @cached_property
    def note(self) -> ServiceDelivery:
        """A visit whose note is sealed, and open to the colleague."""
        visit = self._visit(sealed=True)
        self._kept(NoteGrant(service_id=visit.id, user_id=self.colleague.id))
        return visit

    def _visit(self, *, sealed: bool = False) -> ServiceDelivery:
        details = ServiceDetails(
            kind=ServiceKind.HOME_VISIT,
            mode=ServiceMode.HOME,
            delivered_on=self._today,
            minutes=45,
            recipient_ids=[member.person_id for member in self.household.current_members],
            note=self._canary,
            sealed=sealed,
        )
        return record_service(
            self._session,
            self.household,
            details,
            provided_by=self.person.id,
            recorded_by=self.person.id,
            today=self._today,
        )

    @cached_property
    def house(self) -> House:
        """A house with three places."""
        opened = self._today - timedelta(days=100)
        house = House(name=self._canary, kind=HouseKind.SHELTER, open_from=opened)
        house.places = [
            Place(name=f"Bed {number}", kind=PlaceKind.BED, open_from=opened)
            for number in (1, 2, 3)
        ]
        self._session.add(house)
        self._session.flush()
        return house

    @cached_property
    def stay(self) -> Stay:
        """The family's stay in two of the places."""
        people = [member.person_id for member in self.household.current_members]
        return admit_family(
            self._session,
            household_id=self.household.id,
            places={person: self.house.places[n].id for n, person in enumerate(people)},
            admitted_on=self._today,
            planned_until=self._today + timedelta(days=30),
            recorded_by=self.person.id,
            today=self._today,
        )

    @cached_property
    def payment(self) -> Payment:
        """A gift that has arrived."""
        fund = funds.add(
            self._session,
            code="probe",
            kind=FundKind.GENERAL,
            titles={"en": self._canary},
            purposes={"en": self._canary},
            goal=None,
            currency="EUR",
            opened_on=self._today - timedelta(days=2),
        )
        request = GiftRequest(
            fund_id=fund.id,
            amount=Money(1500, "EUR"),
            email=f"{self._canary}@probe.example.org",
            name=self._canary,
            locale="en",
        )
        begun = services.start_gift(self._session, request=request, request_key=str(uuid.uuid4()))
        arrived = settlement.apply_snapshot(self._session, snapshot=_arrived(begun))
        if arrived is None:
            raise LookupError("the probe's own payment was not found")
        return arrived

    @cached_property
    def refund(self) -> Refund:
        """A refund that was asked for."""
        return refunds.request_refund(
            self._session,
            payment_id=self.payment.id,
            amount=Money(100, "EUR"),
            reason="probe",
            requested_by=self.person.id,
            request_key=str(uuid.uuid4()),
        )

    @cached_property
    def privacy(self) -> Privacy:
        """What the family's rights are kept with; its file holds words and a paper before."""
        self._visit()
        return Privacy(
            self._session,
            self._canary,
            household=self.household,
            document_id=self.document.id,
            officer_id=self.person.id,
            colleague_id=self.colleague.id,
            today=self._today,
        )

    def keep_mails_back(self) -> None:
        """Let nothing leave the installation that was only put out for the proof."""
        self._session.execute(update(OutboxMessage).values(done_at=func.now()))

    def _user(self, name: str, roles: list[Role]) -> User:
        user = User(
            email=f"{name}@{self._canary}.example.org",
            name=f"{self._canary} {name}",
            password_hash=NO_PASSWORD,
            roles=[role.value for role in roles],
            locale="en",
        )
        return self._kept(user)

    def _session_of(self, user: User) -> str:
        return start_session(
            self._session, user_id=user.id, host=NOWHERE, assurance=Assurance.SECOND_FACTOR
        )

    def _let_in(self, household: Household, user: User) -> CaseGrant:
        giver = self.person if user is self.colleague else self.colleague
        return self._kept(
            CaseGrant(
                household_id=household.id,
                user_id=user.id,
                kind=GrantKind.GRANT,
                reason=self._canary,
                granted_by=giver.id,
            )
        )

    def _kept(self, row: Row) -> Row:
        self._session.add(row)
        self._session.flush()
        return row


# Every name that stands in an address, and how to come by a real one.
OBJECTS: dict[str, Callable[[Belongings], object]] = {
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
    "request_id": lambda its: its.privacy.request.id,
    "disclosure_id": lambda its: its.privacy.disclosure.id,
    "proposal_id": lambda its: its.privacy.proposal.id,
    "certificate_id": lambda its: its.privacy.certificate.id,
    "hold_id": lambda its: its.privacy.hold.id,
    "notice_id": lambda its: its.privacy.notice.id,
    "consent_id": lambda its: its.privacy.consent.id,
    "incident_id": lambda its: its.privacy.incident.id,
    "look_id": lambda its: its.look.id,
    "document_id": lambda its: its.document.id,
    "link": lambda its: its.link,
    "user_id": lambda its: its.colleague.id,
    "token": lambda its: its.payment.gift.token,
}
# What is the same in every organisation: the files and the roles that come with the service.
COMMON = {"filename": "icon.svg", "role_code": "specialist"}


def ids_of(its: Belongings) -> dict[str, str]:
    """Make one of everything; returns its id for every name that stands in an address."""
    made = {name: str(make(its)) for name, make in OBJECTS.items()}
    # Nobody waits for what these people would be told.
    its.keep_mails_back()
    return made


def _one_pixel() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (1, 1)).save(written, "PNG")
    return written.getvalue()


def _arrived(payment: Payment) -> gateway.PaymentSnapshot:
    return gateway.PaymentSnapshot(
        state=gateway.PaymentState.SUCCEEDED,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        session_id=f"probe_{payment.id.hex}",
        payment_intent_id=f"probe_{payment.id.hex}",
        charge_id=f"probe_{payment.id.hex}",
        method="probe",
        metadata={gateway.GIFT: str(payment.gift_id)},
        fee_minor=50,
        balance_transaction_id=f"probe_{payment.id.hex}",
        settled_currency=payment.currency,
        net_minor=payment.amount_minor - 50,
    )
