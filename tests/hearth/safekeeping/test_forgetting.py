"""Whoever was erased after a backup stays erased when it comes back, and nobody else is touched."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth import cli
from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.data_records import SubjectKind
from hearth.families.models import Household, Person
from hearth.families.services import close_case
from hearth.families.vocabulary import ClosingReason
from hearth.giving.models import Donor
from hearth.safekeeping.forgetting import forget_erased
from hearth.sealing.markers import Unreadable
from hearth.sealing.models import BlindWord, KeyDestruction
from hearth.sealing.services import sweep_destructions
from hearth.service_delivery.models import ServiceDelivery
from hearth.subject_rights import erasure
from hearth.subject_rights.models import Erasure, ErasureCertificate
from hearth.subject_rights.vocabulary import ErasureKind, RequestKind, Verdict
from tenants import backups, provisioning, restoring
from tenants.context import tenant_session
from tenants.copying import CopyError
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.giving import start_gift
from tests.factories.people import member_of_staff
from tests.factories.rights import RU, propose_erasure, take_request
from tests.factories.service_delivery import record_service
from tests.hearth.safekeeping.conftest import House, bring_back

LATER = TODAY + timedelta(days=365 * 6)


@dataclass(frozen=True)
class Known:
    """Whom the backup knows by name: some are erased after it, the others stay."""

    slug: str
    folder: Path
    gone: UUID
    stays: UUID
    giver: UUID
    other_giver: UUID


@pytest.fixture(autouse=True)
def as_the_commands_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line as it stands makes every restore forget; nothing is registered by hand."""
    monkeypatch.setattr(restoring, "ERASERS", [])
    monkeypatch.setattr(restoring, "CLOSERS", [])
    monkeypatch.setattr("hearth.safekeeping.closing.CLOSERS", restoring.CLOSERS)
    monkeypatch.setattr("hearth.safekeeping.forgetting.ERASERS", restoring.ERASERS)
    cli.parser()
    assert forget_erased in restoring.ERASERS


@pytest.fixture
def known(house: House, passing: str) -> Known:
    """Two families and two donors stand in a backup."""
    with tenant_session(house.organisation(passing)) as session:
        for role in (Role.PRIVACY_OFFICER, Role.DIRECTOR):
            member_of_staff(session, role)
        families = [_family(session, name) for name in ("Gone", "Stays")]
        givers = [_giver(session, name) for name in ("gone", "stays")]
        people = [family.id for family in families]
    made = backups.back_up(house.home, house.settings, house.keys, passing)
    return Known(passing, made.folder, *people, *givers)


def _family(session: Session, name: str) -> Household:
    members = [
        mother(given_name=name, phone="+7 1", preferred_language="ru"),
        child(given_name=f"{name}-child"),
    ]
    family = open_family(session, members=members)
    record_service(session, family, note=f"{name} wept")
    close_case(
        session,
        family,
        closed_on=TODAY,
        reason=ClosingReason.GOALS_MET,
        note=f"{name} is well",
        closed_by=staff_id(session),
        today=TODAY,
    )
    return family


def _giver(session: Session, name: str) -> UUID:
    payment = start_gift(session, email=f"{name}@example.org", name=name)
    assert payment.gift.donor_id is not None
    return payment.gift.donor_id


def erase(house: House, known: Known) -> None:
    """Erase a family on request and a donor because her time is over; the decider is new too."""
    with tenant_session(house.organisation(known.slug)) as session:
        family = session.get_one(Household, known.gone)
        request = take_request(session, family, kind=RequestKind.ERASURE, whole_family=True)
        decider = member_of_staff(session, Role.ADMINISTRATOR)
        erasure.decide(
            session,
            propose_erasure(session, request),
            verdict=Verdict.APPROVED,
            note=None,
            by=decider.id,
            profile=RU,
            today=TODAY,
        )
        erasure.carry_out(
            session,
            SubjectKind.DONOR,
            known.giver,
            whole_family=False,
            profile=RU,
            today=LATER,
            asked_by=None,
            approved_by=None,
        )


def restore(house: House, known: Known, administrator: str | None = None) -> None:
    bring_back(house, known.slug, known.folder, administrator=administrator)


def names(session: Session, household_id: UUID) -> list[object]:
    family = session.get_one(Household, household_id)
    return [member.person.given_name for member in family.current_members]


def notes(session: Session, household_id: UUID) -> list[object]:
    wanted = select(ServiceDelivery).where(ServiceDelivery.household_id == household_id)
    return [row.note for row in session.scalars(wanted)]


def erased_ids(session: Session) -> set[UUID]:
    return set(session.scalars(select(Erasure.subject_id)))


def test_whoever_was_erased_after_a_backup_stays_erased_when_it_comes_back(
    house: House, known: Known, capsys: pytest.CaptureFixture[str]
) -> None:
    erase(house, known)

    restore(house, known)

    assert "3 persons erased again" in capsys.readouterr().out
    with tenant_session(house.organisation(known.slug)) as session:
        family = session.get_one(Household, known.gone)
        people = [member.person for member in family.current_members]
        donor = session.get_one(Donor, known.giver)
        assert all(isinstance(one.given_name, Unreadable) for one in people)
        assert all(isinstance(one.phone, Unreadable | None) for one in people)
        assert [(one.born_on, one.preferred_language) for one in people] == [(None, None)] * 2
        assert all(isinstance(note, Unreadable) for note in notes(session, known.gone))
        assert "gone" not in f"{donor.email} {donor.name}"
        assert erased_ids(session) == {known.gone, known.giver, *(one.id for one in people)}
        words = select(func.count()).where(BlindWord.subject_id.in_([one.id for one in people]))
        assert session.scalar(words) == 0


def test_everybody_else_is_as_the_backup_knew_them(house: House, known: Known) -> None:
    erase(house, known)
    with tenant_session(house.organisation(known.slug)) as session:
        session.get_one(Donor, known.other_giver).name = "changed after the backup"

    restore(house, known)

    with tenant_session(house.organisation(known.slug)) as session:
        assert names(session, known.stays) == ["Stays", "Stays-child"]
        assert notes(session, known.stays) == ["Stays wept"]
        person = session.get_one(Household, known.stays).current_members[0].person
        assert (person.phone, person.preferred_language) == ("+7 1", "ru")
        assert person.born_on is not None
        stays = session.get_one(Donor, known.other_giver)
        assert (stays.email, stays.name) == ("stays@example.org", "stays")


def test_the_list_and_its_certificates_come_along_with_what_they_can_still_name(
    house: House, known: Known
) -> None:
    erase(house, known)
    with tenant_session(house.organisation(known.slug)) as session:
        before = {one.id: one.counts for one in session.scalars(select(ErasureCertificate))}
        destroyed = set(session.scalars(select(KeyDestruction.subject_id)))

    restore(house, known)

    with tenant_session(house.organisation(known.slug)) as session:
        after = {one.id: one for one in session.scalars(select(ErasureCertificate))}
        assert {key: one.counts for key, one in after.items()} == before
        assert set(session.scalars(select(KeyDestruction.subject_id))) == destroyed
        asked = next(one for one in after.values() if one.kind is ErasureKind.REQUEST)
        # She who asked is in the backup; the request and she who decided came after it.
        assert session.get_one(User, asked.asked_by).roles == [Role.PRIVACY_OFFICER.value]
        assert (asked.request_id, asked.approved_by) == (None, None)
        assert sweep_destructions(session) == 0


def test_a_second_restore_of_the_same_backup_knows_too(
    house: House, known: Known, capsys: pytest.CaptureFixture[str]
) -> None:
    erase(house, known)
    restore(house, known)
    capsys.readouterr()

    restore(house, known)

    assert "3 persons erased again" in capsys.readouterr().out
    with tenant_session(house.organisation(known.slug)) as session:
        assert all(isinstance(name, Unreadable) for name in names(session, known.gone))
        assert names(session, known.stays) == ["Stays", "Stays-child"]
        assert {known.gone, known.giver} <= erased_ids(session)


def test_a_drill_does_not_show_the_erased_and_touches_nothing_of_the_living(
    house: House, known: Known
) -> None:
    erase(house, known)

    with restoring.scratch(
        house.home, house.settings, house.keys, known.slug, known.folder
    ) as restored:
        people = f"SELECT count(born_on), count(*) FROM {restored.schema}.people"
        born = house.home.execute(people).fetchone()

    # Both children and mothers of three families, two of whom were erased.
    assert restored.erased == 3
    assert born == (4, 6)
    with tenant_session(house.organisation(known.slug)) as session:
        assert names(session, known.stays) == ["Stays", "Stays-child"]
        assert session.scalar(select(func.count()).where(Person.born_on.is_not(None))) == 4


def test_an_organisation_whose_rows_are_lost_comes_back_without_a_list(
    house: House, known: Known
) -> None:
    organisation = house.organisation(known.slug)
    with tenant_session(organisation) as session:
        address = member_of_staff(session, Role.ADMINISTRATOR).email
    made = backups.back_up(house.home, house.settings, house.keys, known.slug)
    house.home.execute(f"DROP SCHEMA {organisation.schema_name} CASCADE")

    bring_back(house, known.slug, made.folder, administrator=address)

    with tenant_session(house.organisation(known.slug)) as session:
        assert names(session, known.gone) == ["Gone", "Gone-child"]
        assert erased_ids(session) == set()


def test_a_restore_that_fails_afterwards_changes_nothing(
    house: House, known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> int:
        raise CopyError("afterwards")

    erase(house, known)
    restoring.ERASERS.append(fail)

    with pytest.raises(CopyError, match="afterwards"):
        restore(house, known)

    provisioning.set_state(house.home, known.slug, before="suspended", after="active")
    with tenant_session(house.organisation(known.slug)) as session:
        assert names(session, known.stays) == ["Stays", "Stays-child"]
        assert {known.gone, known.giver} <= erased_ids(session)
        assert session.scalar(select(func.count()).where(User.roles == ["administrator"])) == 1
