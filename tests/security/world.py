"""For every role a family of each kind: her own, her team's, a stranger's, a restricted one …"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import FEDERATION_ROLES, Permission, Role
from hearth.accounts.policy import POLICY, Scope
from hearth.documents.models import HouseholdDocument
from hearth.families.models import Household
from hearth.intake import services as intake
from hearth.service_delivery.models import NoteGrant, ServiceDelivery
from hearth.service_delivery.vocabulary import ServiceKind
from hearth.shelter import services as shelter
from hearth.shelter.models import Destination, EndReason, House, Place, Stay
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.files import add_paper
from tests.factories.intake import take_referral
from tests.factories.people import colleague, grant, restriction, team, works_in
from tests.factories.rights import give_consent
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house, make_stay

STAFF = tuple(role for role in Role if role not in FEDERATION_ROLES)
ABOUT_FAMILIES = frozenset(
    {
        Permission.FAMILIES_READ,
        Permission.REFERRALS_READ,
        Permission.SHELTER_READ,
    }
)
# Those whose roles open families at all; the others are refused at every door about one.
WITH_FAMILIES = tuple(role for role in STAFF if ABOUT_FAMILIES & set(POLICY[role].scopes))


class Kind(StrEnum):
    """How a family stands to the one who asks."""

    OWN = "own"
    SERVED = "served"
    SERVED_LONG_AGO = "served-long-ago"
    SERVED_BY_GRANT = "served-by-grant"
    TEAM = "team"
    FORMER_TEAM = "former-team"
    RESIDENT = "resident"
    DEPARTED = "departed"
    ELSEWHERE = "elsewhere"
    FOREIGN = "foreign"
    EXPIRED = "expired"
    GRANTED = "granted"
    RESTRICTED = "restricted"


WRITTEN_BY_HER = frozenset(
    {Kind.OWN, Kind.SERVED, Kind.SERVED_LONG_AGO, Kind.SERVED_BY_GRANT, Kind.RESTRICTED}
)
# What each scope reaches, written down once more and independently of the code that compiles it.
REACHED: dict[Scope | None, frozenset[Kind]] = {
    None: frozenset(),
    Scope.OWN: frozenset({Kind.OWN, Kind.SERVED}),
    Scope.TEAM: frozenset({Kind.OWN, Kind.SERVED, Kind.TEAM}),
    Scope.HOUSE: frozenset({Kind.RESIDENT, Kind.DEPARTED}),
    Scope.ORGANISATION: frozenset(Kind) - {Kind.RESTRICTED, Kind.GRANTED},
}
# What somebody did for a family lately opens it for reading, and lets her mend what she wrote.
FOR_READING = ABOUT_FAMILIES
# Through which she came to it by role when she wrote that down.
SERVING = frozenset({Permission.FAMILIES_READ, Permission.SERVICES_WRITE})
# A house opens the stays in it, not the families of whom they are.
OF_STAYS = frozenset({Permission.SHELTER_READ, Permission.SHELTER_WRITE})
# What is written into every family, by the class of data it is of.
CANARIES = {
    "identity": ("Lastcanary", "Pattercanary", "Refnamecanary"),
    "contact": ("phone-canary", "reach-canary", "refcontact-canary"),
    "location": ("Housecanary",),
    "health": ("health-canary",),
    "legal": ("legal-canary",),
    "sealed_note": ("sealed-canary",),
    "free_text": ("note-canary", "situation-canary", "staynote-canary"),
}


@dataclass
class Thing:
    """One family with everything that hangs on it, by the names that stand in addresses."""

    kind: Kind
    case_number: str
    ids: dict[str, str]

    @property
    def household_id(self) -> uuid.UUID:
        return uuid.UUID(self.ids["household_id"])


@dataclass
class World:
    """One role's user with a family of each kind."""

    role: Role
    user_id: uuid.UUID
    things: dict[Kind, Thing] = field(default_factory=dict)

    def only(self, *kinds: Kind) -> "World":
        """This world with families of some kinds alone."""
        return replace(self, things={kind: self.things[kind] for kind in kinds})

    def held_by(self, session: Session, *roles: Role | str) -> "World":
        """This world, whose user has other roles from now on."""
        session.get_one(User, self.user_id).roles = [str(role) for role in roles]
        session.flush()
        return self


def scope_of(role: Role, permission: Permission) -> Scope | None:
    return POLICY[role].scopes.get(permission)


def reaches(
    role: Role,
    permission: Permission,
    kind: Kind,
    *,
    stay: bool = False,
    own_entry: bool = False,
) -> bool:
    """Whether the policy opens a family of this kind to the role, a stay, or an entry of hers."""
    scope = scope_of(role, permission)
    if scope is None:
        return False
    if scope is Scope.HOUSE and permission in OF_STAYS and not stay:
        return kind is Kind.GRANTED
    opens = permission in FOR_READING and set(POLICY[role].scopes) >= SERVING
    if kind is Kind.SERVED and scope is not Scope.ORGANISATION and not opens:
        return own_entry
    return kind is Kind.GRANTED or kind in REACHED[scope]


def build(session: Session, roles: Iterable[Role] = STAFF) -> dict[Role, World]:
    """A world for each role, in one organisation."""
    stranger = colleague(session, Role.SOCIAL_WORKER, name="Test Stranger")
    return {role: build_for(session, role, staff_id(session, role), stranger.id) for role in roles}


def build_for(session: Session, role: Role, user_id: uuid.UUID, stranger_id: uuid.UUID) -> World:
    """A family of each kind for one user; those without any such permission need but one."""
    world = World(role, user_id)
    mate, former = colleague(session, Role.SOCIAL_WORKER), colleague(session, Role.SOCIAL_WORKER)
    together = team(session, user_id, mate.id, former.id)
    gone = next(m for m in together.members if m.user_id == former.id)
    gone.until_at, gone.ended_by = datetime.now(UTC), gone.set_by
    hers = make_house(session, f"Housecanary {role} {user_id}", places=len(Kind), staffed=False)
    other = make_house(
        session, f"Housecanary elsewhere {role} {user_id}", places=len(Kind), staffed=False
    )
    works_in(session, user_id, hers)
    workers = {Kind.OWN: user_id, Kind.RESTRICTED: user_id, Kind.TEAM: mate.id}
    workers[Kind.FORMER_TEAM] = former.id
    inside = {Kind.RESIDENT, Kind.DEPARTED, Kind.RESTRICTED}
    kinds = Kind if role in WITH_FAMILIES else [Kind.FOREIGN]
    for number, kind in enumerate(kinds):
        worker = workers.get(kind, stranger_id)
        house = hers if kind in inside else other
        before = hers if kind is Kind.ELSEWHERE else None
        thing = _thing(session, kind, worker, house, before, number, user_id, stranger_id)
        world.things[kind] = thing
    return world


def _thing(
    session: Session,
    kind: Kind,
    worker_id: uuid.UUID,
    house: House,
    former: House | None,
    number: int,
    user_id: uuid.UUID,
    stranger_id: uuid.UUID,
) -> Thing:
    known = {"family_name": "Lastcanary", "patronymic": "Pattercanary"}
    reached = {"phone": "phone-canary", "contact_note": "reach-canary"}
    household = open_family(
        session,
        members=[mother(given_name="Firstname", **known, **reached), child(family_name="X")],
        key_worker_id=worker_id,
    )
    # Whoever took a call down may look up for a while what became of it; here it was nobody's own.
    referral = take_referral(
        session,
        stranger_id,
        mother_name="Refnamecanary",
        mother_contact="refcontact-canary",
        situation="situation-canary",
    )
    intake.accept_for_known_family(
        session, referral, household, decided_by=stranger_id, today=TODAY
    )
    if former is not None:
        _end(session, _stay(session, household, former.places[number], TODAY - timedelta(days=9)))
    stay = _stay(session, household, house.places[number], TODAY)
    if kind is Kind.DEPARTED:
        _end(session, stay)
    owner = user_id if kind in WRITTEN_BY_HER else stranger_id
    service, note = _services(session, household, stranger_id, owner, kind)
    member = household.current_members[1]
    if kind in {Kind.RESTRICTED, Kind.GRANTED}:
        restricted = str(restriction(session, household).id)
    else:
        restricted = str(uuid.uuid4())
    _grants(session, kind, household, user_id)
    ids = {
        "household_id": household.id,
        "member_id": member.id,
        "person_id": household.current_members[0].person_id,
        "referral_id": referral.id,
        "stay_id": stay.id,
        "service_id": service.id,
        "note_id": note.id,
        "document_id": _document(session, household, stranger_id).id,
        "consent_id": give_consent(session, household, recipients="note-canary").id,
        "grant_id": grant(session, household, stranger_id).id,
        "restriction_id": restricted,
        "user_id": stranger_id,
    }
    session.flush()
    return Thing(kind, household.case_number, {name: str(value) for name, value in ids.items()})


def _stay(session: Session, household: Household, place: Place, admitted_on: date) -> Stay:
    return make_stay(
        session,
        household=household,
        places=[place, None],
        admitted_on=admitted_on,
        today=TODAY,
        note="staynote-canary",
    )


def _end(session: Session, stay: Stay) -> None:
    shelter.end_stay(
        session,
        stay,
        ended_on=TODAY,
        reason=EndReason.OTHER_HELP,
        destination=Destination.SUPPORTED_HOUSING,
        recorded_by=stay.admitted_by,
        today=TODAY,
    )


def _document(session: Session, household: Household, stranger_id: uuid.UUID) -> HouseholdDocument:
    return add_paper(session, household, title="note-canary paper", added_by=stranger_id)


def _services(
    session: Session,
    household: Household,
    stranger_id: uuid.UUID,
    owner_id: uuid.UUID,
    kind: Kind,
) -> tuple[ServiceDelivery, ServiceDelivery]:
    written = {
        ServiceKind.HOME_VISIT: "note-canary",
        ServiceKind.MEDICAL: "health-canary",
        ServiceKind.LEGAL: "legal-canary",
    }
    services = [
        record_service(session, household, kind=what, note=note, provided_by=stranger_id)
        for what, note in written.items()
    ]
    record_service(session, household, note="sealed-canary", sealed=True, provided_by=stranger_id)
    # Her own sealed note, where she has one; elsewhere it is somebody else's.
    note = record_service(
        session,
        household,
        note="mine",
        sealed=True,
        provided_by=owner_id,
        delivered_on=TODAY - timedelta(days=95 if kind is Kind.SERVED_LONG_AGO else 5),
        through_grant=kind is Kind.SERVED_BY_GRANT,
    )
    session.add(NoteGrant(service_id=note.id, user_id=stranger_id))
    return services[0], note


def _grants(session: Session, kind: Kind, household: Household, user_id: uuid.UUID) -> None:
    now = datetime.now(UTC)
    if kind is Kind.GRANTED:
        grant(session, household, user_id)
    # One that is over, one that was taken back, one that has yet to begin, and one for another.
    if kind in {Kind.EXPIRED, Kind.RESTRICTED, Kind.SERVED_BY_GRANT}:
        grant(session, household, user_id, ends_at=now - timedelta(minutes=1))
        by = staff_id(session, Role.DIRECTOR)
        grant(session, household, user_id, revoked_at=now, revoked_by=by)
        grant(session, household, user_id, starts_at=now + timedelta(hours=1))
