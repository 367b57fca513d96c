"""Consents: what was agreed to, by whom, until when, and taking it back."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent, PersonRead
from hearth.consents import services
from hearth.consents.models import Consent, ConsentPurpose, Giver
from hearth.consents.services import AssentNeededError, GuardianNeededError, WithdrawnError
from hearth.consents.texts import NEWEST, text_of
from hearth.web.languages import LOCALES
from tests.factories.families import TODAY, born, child, mother, open_family, staff_id
from tests.factories.people import as_role, restriction
from tests.factories.rights import give_consent
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
GIVEN = {
    "purpose": "share_with_body",
    "categories": ["identity", "casework"],
    "recipients": "Guardianship office",
    "giver": "self",
    "medium": "paper",
    "language": "ru",
    "assent": "not_asked",
    "valid_from": TODAY.isoformat(),
    "valid_until": (TODAY + timedelta(days=90)).isoformat(),
}


@pytest.mark.parametrize("purpose", list(ConsentPurpose))
@pytest.mark.parametrize("language", LOCALES)
def test_every_purpose_has_a_text_in_every_language(purpose: ConsentPurpose, language: str) -> None:
    found = text_of(purpose, language)

    assert found.language == language
    assert found.words
    assert found.hash == hashlib.sha256(found.words.encode()).hexdigest()


def test_a_yes_says_which_words_it_was_given_to(session: Session) -> None:
    consent = give_consent(session, open_family(session), language="nl")

    assert (consent.text_version, consent.language) == (NEWEST, "nl")
    assert consent.text_hash == text_of(ConsentPurpose.FILE, "nl").hash
    assert consent.is_valid(TODAY)
    assert not consent.is_valid(consent.valid_until + timedelta(days=1))


@pytest.mark.parametrize(
    ("days", "changes", "error"),
    [
        (400, {"giver": Giver.SELF}, GuardianNeededError),
        (4000, {"giver": Giver.GUARDIAN, "giver_name": "Test"}, AssentNeededError),
    ],
)
def test_a_childs_yes_needs_a_guardian_and_from_ten_years_on_the_child(
    session: Session, days: int, changes: dict[str, object], error: type[Exception]
) -> None:
    family = open_family(session, members=[mother(), child(birth=born(days))])
    person_id = family.current_members[1].person_id

    with pytest.raises(error):
        give_consent(session, family, person_id=person_id, **changes)


def to_look_at(session: Session, role: Role = Role.SOCIAL_WORKER) -> list[Consent]:
    """What is on the list of somebody of this role."""
    rows = services.to_look_at(session, user=as_role(session, role), today=TODAY)
    return [row.Consent for row in rows]


def test_taking_back_has_an_effect_that_is_ticked_off(session: Session) -> None:
    consent, by = give_consent(session, open_family(session)), staff_id(session)

    with pytest.raises(WithdrawnError):
        services.stop(session, consent, note="Told everybody", by=by)
    services.withdraw(session, consent, note=None, by=by)
    waiting = to_look_at(session)
    services.stop(session, consent, note="Told everybody", by=by)

    assert not consent.is_valid(TODAY)
    assert waiting == [consent]
    assert to_look_at(session) == []
    with pytest.raises(WithdrawnError):
        services.withdraw(session, consent, note=None, by=by)


def test_what_ends_within_a_month_is_on_the_list(session: Session) -> None:
    family = open_family(session)
    soon = give_consent(session, family, valid_until=TODAY + timedelta(days=30))
    give_consent(session, family, valid_until=TODAY + timedelta(days=31))

    assert to_look_at(session) == [soon]


def test_the_list_names_no_family_that_somebody_does_not_see(session: Session) -> None:
    family = open_family(session)
    soon = give_consent(session, family, valid_until=TODAY + timedelta(days=30))

    before = to_look_at(session, Role.DIRECTOR)
    restriction(session, family)

    assert to_look_at(session, Role.SPECIALIST) == []
    assert before == [soon]
    assert to_look_at(session, Role.DIRECTOR) == []


def test_a_yes_is_recorded_with_codes_alone(session: Session) -> None:
    consent = give_consent(session, open_family(session), recipients="Kanareika's school")
    session.commit()

    event = session.scalars(select(AuditEvent).where(AuditEvent.subject_id == consent.id)).one()

    assert event.action == "consent.given"
    assert event.household_id == consent.household_id
    assert event.facts == {"purpose": "file", "giver": "self"}


def test_no_consent_is_deleted(session: Session) -> None:
    give_consent(session, open_family(session))

    with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
        session.execute(text("DELETE FROM consents"))


def test_a_yes_is_recorded_and_taken_back_on_the_familys_file(
    sign_in: MakeVisitor, session: Session
) -> None:
    family = open_family(session)
    worker = sign_in(Role.SOCIAL_WORKER)
    person_id = str(family.current_members[0].person_id)
    path = f"/families/{family.id}/consents"

    given = worker.submit(f"{path}/new", {**GIVEN, "person_id": person_id})
    consent = session.scalars(select(Consent)).one()
    page = worker.get(path)
    worker.submit(f"{path}/{consent.id}/withdraw", {})
    after = worker.get(path)

    assert given.status_code == 303
    assert "Guardianship office" in page.text
    assert "Taken back, still to be stopped" in after.text


@pytest.mark.parametrize(
    "change",
    [
        {"valid_until": TODAY.isoformat()},
        {"giver": "guardian"},
        {"person_id": "00000000-0000-0000-0000-000000000000"},
        {"categories": ["sealed_note"]},
        {"medium": ""},
    ],
)
def test_what_does_not_fit_is_refused(
    sign_in: MakeVisitor, session: Session, change: dict[str, object]
) -> None:
    family = open_family(session)
    person_id = str(family.current_members[0].person_id)

    answer = sign_in(Role.SOCIAL_WORKER).submit(
        f"/families/{family.id}/consents/new", {**GIVEN, "person_id": person_id, **change}
    )

    assert answer.status_code == 422
    assert session.scalars(select(Consent)).all() == []


def test_the_form_that_names_a_family_is_a_look_into_its_file(
    sign_in: MakeVisitor, session: Session
) -> None:
    family = open_family(session)

    page = sign_in(Role.SOCIAL_WORKER).get(f"/families/{family.id}/consents/new")

    looks = session.scalars(select(PersonRead.purpose).where(PersonRead.household_id == family.id))
    assert "Test-Mother" in page.text
    assert looks.all() == ["consents"]
