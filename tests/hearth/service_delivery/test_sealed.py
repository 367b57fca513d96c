"""A sealed note is read by its owner and those she chose, and by nobody else at all."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families.models import Household
from hearth.service_delivery import services
from hearth.service_delivery.models import NoteGrant, ServiceDelivery
from hearth.service_delivery.note_readers import let_read, possible_readers, readers, take_back
from hearth.service_delivery.sealed import is_closed_to
from hearth.service_delivery.vocabulary import ServiceKind
from hearth.subject_rights.disclosure import prepare, queue_read_by
from hearth.subject_rights.services import take_step
from hearth.subject_rights.vocabulary import Step
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.people import as_role, grant
from tests.factories.rights import take_request
from tests.factories.service_delivery import details, record_service
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
SECRET = "said in confidence"


@pytest.fixture
def household(session: Session) -> Household:
    """A family whose file the specialist and the supervisor may open too."""
    family = open_family(session)
    for role in (Role.SPECIALIST, Role.SUPERVISOR):
        grant(session, family, staff_id(session, role))
    return family


@pytest.fixture
def note(session: Session, household: Household) -> ServiceDelivery:
    return record_service(
        session,
        household,
        kind=ServiceKind.PSYCHOLOGICAL,
        note=SECRET,
        sealed=True,
        provided_by=staff_id(session, Role.SPECIALIST),
    )


def correct(session: Session, wrong: ServiceDelivery, **changes: Any) -> ServiceDelivery:
    """A correction by whoever provided the service."""
    right = details(wrong.household, kind=wrong.kind, **changes)
    return services.correct_service(
        session, wrong, right, recorded_by=wrong.provided_by, today=TODAY
    )


def test_colleagues_see_that_it_exists_and_no_more(
    household: Household, note: ServiceDelivery, sign_in: SignIn
) -> None:
    for role in (Role.SOCIAL_WORKER, Role.SUPERVISOR, Role.DIRECTOR):
        page = sign_in(role).get(f"/families/{household.id}").text

        assert SECRET not in page
        assert "Sealed note" in page

    assert SECRET in sign_in(Role.SPECIALIST).get(f"/families/{household.id}").text


def test_the_owner_lets_a_colleague_read_it_and_takes_it_back(
    household: Household, note: ServiceDelivery, session: Session, sign_in: SignIn
) -> None:
    owner, worker = sign_in(Role.SPECIALIST), sign_in(Role.SOCIAL_WORKER)
    file, readers = f"/families/{household.id}", f"/families/{household.id}/notes/{note.id}/readers"
    reader_id = staff_id(session)

    owner.submit(readers, {"user_id": str(reader_id)})

    assert SECRET in worker.get(file).text
    assert SECRET not in sign_in(Role.DIRECTOR).get(file).text
    owner.submit(f"{readers}/{reader_id}/end", page=readers)
    assert SECRET not in worker.get(file).text
    session.expire_all()
    assert session.scalars(select(NoteGrant)).one().until_at is not None


def test_nobody_else_corrects_or_cancels_it(
    household: Household, note: ServiceDelivery, sign_in: SignIn
) -> None:
    path = f"/families/{household.id}/services/{note.id}"

    for role in (Role.SOCIAL_WORKER, Role.SUPERVISOR):
        assert sign_in(role).get(f"{path}/correct").status_code == 404
        assert sign_in(role).get(f"{path}/cancel").status_code == 404

    assert sign_in(Role.SPECIALIST).get(f"{path}/correct").status_code == 200


def test_a_correction_keeps_the_seal_and_the_readers(
    household: Household, note: ServiceDelivery, session: Session, sign_in: SignIn
) -> None:
    session.add(NoteGrant(service_id=note.id, user_id=staff_id(session)))

    corrected = services.correct_service(
        session,
        note,
        details(household, note="said otherwise", sealed=False),
        recorded_by=note.provided_by,
        today=TODAY,
    )

    assert corrected.sealed
    assert "said otherwise" in sign_in(Role.SOCIAL_WORKER).get(f"/families/{household.id}").text
    assert "said otherwise" not in sign_in(Role.DIRECTOR).get(f"/families/{household.id}").text


def test_the_seal_is_offered_to_specialists_alone(household: Household, sign_in: SignIn) -> None:
    path = f"/families/{household.id}/services/new"

    assert 'name="sealed"' in sign_in(Role.SPECIALIST).get(path).text
    assert 'name="sealed"' not in sign_in(Role.SOCIAL_WORKER).get(path).text


def test_whoever_did_something_for_a_family_may_open_its_file(
    session: Session, sign_in: SignIn
) -> None:
    family = open_family(session)
    record_service(session, family, provided_by=staff_id(session, Role.SPECIALIST))

    answer = sign_in(Role.SPECIALIST).get(f"/families/{family.id}")

    assert answer.status_code == 200
    assert as_role(session, Role.SPECIALIST).teams == frozenset()


def test_a_correction_seals_what_stood_before_too(
    household: Household, session: Session, sign_in: SignIn
) -> None:
    owner, officer = staff_id(session, Role.SPECIALIST), staff_id(session, Role.PRIVACY_OFFICER)
    first = record_service(session, household, note=SECRET, provided_by=owner)
    second = correct(session, first, note=SECRET)

    corrected = correct(session, second, sealed=True)

    session.expire_all()
    versions = [first, second, corrected]
    assert [one.sealed for one in versions] == [True, True, True]
    assert all(is_closed_to(session, one.id, officer) for one in versions)
    assert not any(is_closed_to(session, one.id, owner) for one in versions)


def test_what_was_sealed_before_its_former_versions_were_is_closed_as_well(
    household: Household, session: Session
) -> None:
    owner, officer = staff_id(session, Role.SPECIALIST), staff_id(session, Role.PRIVACY_OFFICER)
    former = record_service(session, household, note=SECRET, provided_by=owner)
    correct(session, former, sealed=True)

    former.sealed = False
    session.flush()

    assert is_closed_to(session, former.id, officer)


def test_a_reader_who_lost_a_note_lost_its_former_versions(
    household: Household, note: ServiceDelivery, session: Session
) -> None:
    reader_id = staff_id(session)
    let_read(session, note, user_id=reader_id)
    corrected = correct(session, note, note=SECRET, sealed=True)
    assert not is_closed_to(session, note.id, reader_id)

    take_back(session, corrected, user_id=reader_id)

    session.expire_all()
    assert is_closed_to(session, note.id, reader_id)
    assert is_closed_to(session, corrected.id, reader_id)
    assert all(grant.until_at for grant in session.scalars(select(NoteGrant)))


def test_a_correction_leaves_no_grant_on_what_stood_before(
    household: Household, note: ServiceDelivery, session: Session
) -> None:
    let_read(session, note, user_id=staff_id(session))

    corrected = correct(session, note, note=SECRET, sealed=True)

    session.expire_all()
    assert readers(session, note) == []
    assert [grant.user_id for grant in readers(session, corrected)] == [staff_id(session)]


def test_the_officer_is_let_in_by_the_owner_while_somebody_of_the_family_waits(
    session: Session, household: Household, note: ServiceDelivery, sign_in: SignIn
) -> None:
    page = f"/families/{household.id}/notes/{note.id}/readers"
    owner, officer_id = sign_in(Role.SPECIALIST), staff_id(session, Role.PRIVACY_OFFICER)
    before = owner.get(page).text
    request = take_request(session, household)
    prepare(session, request, by=officer_id)

    answer = owner.submit(page, {"user_id": str(officer_id)})

    [entry] = queue_read_by(session, request, officer_id)
    assert str(officer_id) not in before
    assert answer.status_code == 303
    assert (entry.is_closed, entry.contents) == (False, SECRET)


def test_no_officer_is_offered_once_the_request_is_answered(
    session: Session, household: Household, note: ServiceDelivery
) -> None:
    request, officer_id = take_request(session, household), staff_id(session, Role.PRIVACY_OFFICER)
    waiting = [user_id for user_id, _name in possible_readers(session, note)]
    take_step(session, request, Step.ANSWERED, by=officer_id, note="Handed over")

    offered = [user_id for user_id, _name in possible_readers(session, note)]

    assert officer_id in waiting
    assert officer_id not in offered
    assert staff_id(session, Role.ADMINISTRATOR) not in waiting
