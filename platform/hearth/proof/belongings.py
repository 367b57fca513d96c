"""One of everything in a probe organisation, so that every id in every address is a real one."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import FEDERATION_ROLES, Role
from hearth.families.births import Birth, BirthPrecision
from hearth.families.membership import NewMember, PersonDetails
from hearth.families.models import Household
from hearth.families.services import open_household
from hearth.families.vocabulary import MemberRole, Need, Sex
from hearth.giving import funds, gateway, refunds, services, settlement
from hearth.giving.models import FundKind, Payment, Refund
from hearth.giving.services import GiftRequest
from hearth.intake.models import Referral
from hearth.intake.services import ReferralDetails, take_referral
from hearth.intake.vocabulary import Channel, Source, Urgency
from hearth.money import Money
from hearth.service_delivery.models import ServiceDelivery
from hearth.service_delivery.services import ServiceDetails, record_service
from hearth.service_delivery.vocabulary import ServiceKind, ServiceMode
from hearth.shelter.models import House, HouseKind, Place, PlaceKind, Stay
from hearth.shelter.services import admit_family

# Nobody signs in with a password here: the proof begins a session itself.
NO_PASSWORD = "-"  # noqa: S105


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
        """A family of two."""
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
        details = ServiceDetails(
            kind=ServiceKind.HOME_VISIT,
            mode=ServiceMode.HOME,
            delivered_on=self._today,
            minutes=45,
            recipient_ids=[member.person_id for member in self.household.current_members],
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

    def _user(self, name: str, roles: list[Role]) -> User:
        user = User(
            email=f"{name}@{self._canary}.example.org",
            name=f"{self._canary} {name}",
            password_hash=NO_PASSWORD,
            roles=[role.value for role in roles],
            locale="en",
        )
        self._session.add(user)
        self._session.flush()
        return user


# Every name that stands in an address, and how to come by a real one.
OBJECTS: dict[str, Callable[[Belongings], object]] = {
    "household_id": lambda its: its.household.id,
    "member_id": lambda its: its.household.current_members[1].id,
    "person_id": lambda its: its.household.current_members[0].person_id,
    "referral_id": lambda its: its.referral.id,
    "service_id": lambda its: its.service.id,
    "house_id": lambda its: its.house.id,
    "place_id": lambda its: its.house.places[2].id,
    "stay_id": lambda its: its.stay.id,
    "fund_id": lambda its: its.payment.gift.fund_id,
    "gift_id": lambda its: its.payment.gift_id,
    "refund_id": lambda its: its.refund.id,
    "user_id": lambda its: its.colleague.id,
    "token": lambda its: its.payment.gift.token,
}


def ids_of(its: Belongings) -> dict[str, str]:
    """Make one of everything; returns its id for every name that stands in an address."""
    return {name: str(make(its)) for name, make in OBJECTS.items()}


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
