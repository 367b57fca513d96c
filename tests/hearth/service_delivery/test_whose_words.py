"""What stands in a file under somebody's name was written by her, or the file says by whom."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.audit.models import PersonRead
from hearth.families.models import Household
from hearth.service_delivery import services
from hearth.service_delivery.models import ServiceDelivery
from hearth.service_delivery.vocabulary import ServiceKind
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.people import colleague, grant
from tests.factories.service_delivery import details, record_service, services_of
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
HERS, OTHERS = "She wants to go on", "The children should be taken"


@pytest.fixture
def household(session: Session) -> Household:
    """A family whose file the specialist, the supervisor and the director may open too."""
    family = open_family(session)
    for role in (Role.SPECIALIST, Role.SUPERVISOR):
        grant(session, family, staff_id(session, role))
    return family


@pytest.fixture
def author(session: Session) -> User:
    return colleague(session, Role.SOCIAL_WORKER, name="Test Author")


@pytest.fixture
def entry(session: Session, household: Household, author: User) -> ServiceDelivery:
    return record_service(session, household, note=HERS, provided_by=author.id)


def answers(household: Household, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "conversation",
        "delivered_on": TODAY.isoformat(),
        "mode": "home",
        "recipient_ids": [str(household.current_members[0].person_id)],
    } | changes


def standing(session: Session, household: Household) -> ServiceDelivery:
    session.expire_all()
    [entry] = services_of(session, household.id)
    return entry


def test_a_colleague_corrects_the_day_and_the_kind_but_not_the_words(
    household: Household, entry: ServiceDelivery, session: Session, sign_in: SignIn
) -> None:
    visitor = sign_in(Role.SOCIAL_WORKER)
    path = f"/families/{household.id}/services/{entry.id}/correct"

    form = visitor.get(path).text
    visitor.submit(path, answers(household, note=OTHERS))

    corrected = standing(session, household)
    assert 'name="note"' not in form
    assert "Test Author" in form
    assert (corrected.kind, corrected.note) == (ServiceKind.CONVERSATION, HERS)


def test_nobody_seals_what_another_wrote(
    household: Household, entry: ServiceDelivery, session: Session, sign_in: SignIn
) -> None:
    visitor = sign_in(Role.SPECIALIST)
    path = f"/families/{household.id}/services/{entry.id}/correct"

    form = visitor.get(path).text
    visitor.submit(path, answers(household, note=OTHERS, sealed="true"))

    corrected = standing(session, household)
    assert 'name="sealed"' not in form
    assert (corrected.sealed, corrected.note) == (False, HERS)


def test_the_service_itself_keeps_the_words_of_whoever_wrote_them(
    household: Household, entry: ServiceDelivery, session: Session
) -> None:
    right = details(household, note=OTHERS, sealed=True)

    corrected = services.correct_service(
        session, entry, right, recorded_by=staff_id(session), today=TODAY
    )

    assert (corrected.note, corrected.sealed) == (HERS, False)


def test_a_supervisor_changes_the_words_and_the_file_says_so(
    household: Household, entry: ServiceDelivery, session: Session, sign_in: SignIn
) -> None:
    visitor = sign_in(Role.SUPERVISOR)
    name = session.get_one(User, staff_id(session, Role.SUPERVISOR)).name
    path = f"/families/{household.id}/services/{entry.id}/correct"

    visitor.submit(path, answers(household, note=OTHERS))

    file = sign_in(Role.SOCIAL_WORKER).get(f"/families/{household.id}").text
    corrected = standing(session, household)
    assert OTHERS in file
    assert HERS not in file
    assert f"Corrected by {name} (Supervisor) on " in file
    assert f"/families/{household.id}/services/{corrected.id}/history" in file


def test_what_stood_before_is_shown_and_the_look_is_noted(
    household: Household, entry: ServiceDelivery, session: Session, sign_in: SignIn, author: User
) -> None:
    corrected = services.correct_service(
        session, entry, details(household, note=OTHERS), recorded_by=author.id, today=TODAY
    )
    noted = select(func.count()).where(PersonRead.household_id == household.id)
    before = session.scalar(noted) or 0
    visitor = sign_in(Role.DIRECTOR)

    page = visitor.get(f"/families/{household.id}/services/{corrected.id}/history")

    assert page.status_code == 200
    assert HERS in page.text
    assert OTHERS not in page.text
    assert "Corrected by Test Author" in page.text
    assert session.scalar(noted) == before + 1


def test_what_was_recorded_once_has_no_former_versions(
    household: Household, entry: ServiceDelivery, sign_in: SignIn
) -> None:
    visitor = sign_in(Role.SOCIAL_WORKER)

    page = visitor.get(f"/families/{household.id}/services/{entry.id}/history")

    assert "Nothing was corrected" in page.text
    assert "Corrected by" not in visitor.get(f"/families/{household.id}").text


def test_the_former_versions_of_a_sealed_note_are_hidden_as_the_note_itself(
    household: Household, session: Session, sign_in: SignIn
) -> None:
    owner = staff_id(session, Role.SPECIALIST)
    first = record_service(session, household, note=HERS, provided_by=owner)
    sealed = services.correct_service(
        session, first, details(household, note=OTHERS, sealed=True), recorded_by=owner, today=TODAY
    )
    path = f"/families/{household.id}/services/{sealed.id}/history"

    for role in (Role.SOCIAL_WORKER, Role.SUPERVISOR, Role.DIRECTOR):
        visitor = sign_in(role)
        assert visitor.get(path).status_code == 404
        assert path not in visitor.get(f"/families/{household.id}").text

    assert HERS in sign_in(Role.SPECIALIST).get(path).text


def test_who_reads_no_files_reads_no_former_versions(
    household: Household, entry: ServiceDelivery, sign_in: SignIn
) -> None:
    path = f"/families/{household.id}/services/{entry.id}/history"

    statuses = {sign_in(role).get(path).status_code for role in (Role.HOUSE_STAFF, Role.FUNDRAISER)}

    assert statuses == {403}


def test_another_organisations_former_versions_are_not_found(
    pskov_session: Session, sign_in: SignIn
) -> None:
    theirs = open_family(pskov_session)
    service = record_service(pskov_session, theirs)
    visitor = sign_in(Role.SOCIAL_WORKER, site="spb")

    answer = visitor.get(f"/families/{theirs.id}/services/{service.id}/history")

    assert answer.status_code == 404


def test_former_versions_are_not_found_under_another_family(
    household: Household, entry: ServiceDelivery, session: Session, sign_in: SignIn
) -> None:
    other = open_family(session)

    answer = sign_in(Role.SOCIAL_WORKER).get(f"/families/{other.id}/services/{entry.id}/history")

    assert answer.status_code == 404


def test_a_cancelled_entry_stays_in_the_file_with_who_cancelled_it_and_why(
    household: Household, entry: ServiceDelivery, session: Session, sign_in: SignIn
) -> None:
    visitor = sign_in(Role.SOCIAL_WORKER)
    name = session.get_one(User, staff_id(session)).name
    path = f"/families/{household.id}/services/{entry.id}"

    visitor.submit(f"{path}/cancel", {"note": "She was not at home"})

    file = visitor.get(f"/families/{household.id}").text
    assert HERS in file
    assert f"Cancelled by {name} on " in file
    assert "She was not at home" in file
    assert f"{path}/correct" not in file


def test_why_a_sealed_note_was_cancelled_is_hidden_with_it(
    household: Household, session: Session, sign_in: SignIn
) -> None:
    owner = staff_id(session, Role.SPECIALIST)
    note = record_service(session, household, note=HERS, sealed=True, provided_by=owner)
    services.cancel_service(session, note, note="Why she hid it", cancelled_by=owner)

    file = sign_in(Role.DIRECTOR).get(f"/families/{household.id}").text

    assert "Cancelled by" in file
    assert HERS not in file
    assert "Why she hid it" not in file
