"""What a field asks for beyond its own kind of data is asked in a request as in the file."""

import io
import uuid
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families.membership import PersonDetails, correct_person
from hearth.families.models import Household
from hearth.families.vocabulary import Need
from hearth.service_delivery.models import NoteGrant
from hearth.service_delivery.services import correct_service
from hearth.service_delivery.vocabulary import ServiceKind
from hearth.subject_rights import disclosure, reading
from hearth.subject_rights.disclosure import SealedNoteError
from hearth.subject_rights.models import SubjectRequest
from hearth.subject_rights.reading import NotReadError
from hearth.subject_rights.traces import WHOLE_ROW
from hearth.subject_rights.vocabulary import Asker, Decision, Step
from tests.factories import shelter
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.files import add_paper
from tests.factories.people import as_role, as_user, colleague, narrowed
from tests.factories.rights import take_request
from tests.factories.service_delivery import details, record_service
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
SignIn = Callable[..., Visitor]
MEDICAL = {"kind": ServiceKind.MEDICAL, "note": "HEALTHNOTE"}
REACHED = {"phone": "+7 111 OLDPHONE", "contact_note": "OLDNOTE"}


@pytest.fixture
def family(session: Session) -> Household:
    return open_family(session, members=[mother(**REACHED), child()])


def prepared(session: Session, family: Household, **asked: Any) -> SubjectRequest:
    request = take_request(session, family, **asked)
    disclosure.prepare(session, request, by=staff_id(session, Role.PRIVACY_OFFICER))
    return request


def released(session: Session, request: SubjectRequest) -> None:
    officer = as_role(session, Role.PRIVACY_OFFICER)
    for one in disclosure.queue(session, request):
        reading.decide(session, request, one.entry, decision=Decision.RELEASE, user=officer)


def read_by(
    session: Session, request: SubjectRequest, *withheld: str
) -> dict[tuple[str, str], disclosure.QueueEntry]:
    user = as_user(session, colleague(session, narrowed(session, Role.DIRECTOR, *withheld)).id)
    found = reading.queue_read_by(session, request, user)
    return {(one.entry.table_name, one.entry.field): one for one in found}


def test_nobody_hands_out_a_sealed_note_that_is_closed_to_her(
    session: Session, family: Household, sign_in: SignIn
) -> None:
    owner, officer = colleague(session, Role.SPECIALIST), as_role(session, Role.PRIVACY_OFFICER)
    own = {"sealed": True, "provided_by": owner.id, "kind": ServiceKind.PSYCHOLOGICAL}
    alone = [family.current_members[0].person_id]
    service = record_service(session, family, note="SEALEDWORDS", recipient_ids=alone, **own)
    session.add(NoteGrant(service_id=service.id, user_id=officer.id, from_at=datetime.now(UTC)))
    request = prepared(session, family)
    released(session, request)

    here = f"/data-protection/requests/{request.id}/file"
    by_director = sign_in(Role.DIRECTOR).submit(here, {})
    with pytest.raises(SealedNoteError):
        reading.hand_out(session, request, user=as_role(session, Role.DIRECTOR))
    went_out = request.has(Step.EXPORTED)
    by_officer = sign_in(Role.PRIVACY_OFFICER).submit(here, {})

    assert by_director.mimetype == "text/html"
    assert not went_out
    with zipfile.ZipFile(io.BytesIO(by_officer.data)) as file:
        assert "SEALEDWORDS" in file.read("data.json").decode()


def test_a_sealed_note_that_is_kept_back_hinders_nobody(
    session: Session, family: Household
) -> None:
    owner = colleague(session, Role.SPECIALIST)
    record_service(session, family, note="SEALEDWORDS", sealed=True, provided_by=owner.id)
    request, director = prepared(session, family), as_role(session, Role.DIRECTOR)
    for one in disclosure.queue(session, request):
        reading.decide(session, request, one.entry, decision=Decision.REDACT, user=director)

    told = reading.hand_out(session, request, user=director)

    assert "SEALEDWORDS" not in str([row.values for row in told])


def test_words_about_a_doctor_ask_for_health(session: Session, family: Household) -> None:
    record_service(session, family, **MEDICAL)
    request = prepared(session, family)

    note = read_by(session, request, "field:health")["service_deliveries", "note"]
    whole = read_by(session, request)["service_deliveries", "note"]

    assert (note.is_covered, note.contents) == (True, "")
    assert whole.contents == "HEALTHNOTE"


def test_words_about_a_visit_ask_for_no_health(session: Session, family: Household) -> None:
    record_service(session, family, note="VISITNOTE")
    request = prepared(session, family)

    note = read_by(session, request, "field:health")["service_deliveries", "note"]

    assert note.contents == "VISITNOTE"


def test_words_that_were_corrected_ask_for_what_they_were_corrected_to(
    session: Session, family: Household
) -> None:
    visit = record_service(session, family, note="VISITNOTE")
    correct_service(
        session, visit, details(family, **MEDICAL), recorded_by=visit.provided_by, today=TODAY
    )
    request = prepared(session, family)

    user = as_user(session, colleague(session, narrowed(session, Role.DIRECTOR, "field:health")).id)
    read = reading.queue_read_by(session, request, user)
    notes = [one for one in read if one.entry.field == "note"]

    assert [one.contents for one in notes] == ["", ""]


def test_a_kind_of_service_asks_for_all_that_kinds_tell(
    session: Session, family: Household
) -> None:
    record_service(session, family, **MEDICAL)
    request = prepared(session, family, asked_by=Asker.GUARDIAN, member=1)

    row = read_by(session, request, "field:legal")["service_deliveries", WHOLE_ROW]
    whole = read_by(session, request)["service_deliveries", WHOLE_ROW]

    assert row.is_covered
    assert "kind" not in {field.name for field, _ in row.parts}
    assert "kind" in {field.name for field, _ in whole.parts}


def test_what_stood_in_a_persons_entry_asks_for_the_ways_to_reach_her(
    session: Session, family: Household
) -> None:
    person = family.current_members[0].person
    correct_person(
        session,
        person,
        PersonDetails(given_name="Agata", phone="+7 222 NEW"),
        corrected_by=staff_id(session),
        today=TODAY,
    )
    request = prepared(session, family)

    before = read_by(session, request, "field:contact")["person_corrections", "before"]
    whole = read_by(session, request)["person_corrections", "before"]

    assert (before.is_covered, before.contents, before.value) == (True, "", None)
    assert "OLDPHONE" in whole.contents


def test_a_need_asks_for_all_that_needs_tell(session: Session) -> None:
    needed = {"needs": [Need.HOUSING, Need.MEDICAL], "primary_need": Need.HOUSING}
    family = open_family(session, members=[mother(), child()], **needed)
    request = prepared(session, family, asked_by=Asker.GUARDIAN, member=1)

    row = read_by(session, request, "field:legal")["household_needs", WHOLE_ROW]

    assert "need" not in {field.name for field, _ in row.parts}


@pytest.mark.parametrize("item", ["field:health", "field:legal", "field:free_text"])
def test_a_paper_is_released_by_whoever_opens_it(
    session: Session, family: Household, item: str
) -> None:
    add_paper(session, family, title="Diagnosis", added_by=staff_id(session))
    request = prepared(session, family)
    user = as_user(session, colleague(session, narrowed(session, Role.DIRECTOR, item)).id)
    entries = {one.entry.table_name: one.entry for one in disclosure.queue(session, request)}

    with pytest.raises(NotReadError):
        reading.decide(
            session, request, entries["stored_files"], decision=Decision.RELEASE, user=user
        )

    assert entries["stored_files"].decision is None


def test_a_stay_asks_for_where_somebody_lives(session: Session) -> None:
    house, family = shelter.make_house(session, places=4), shelter.make_family(session)
    shelter.make_stay(session, household=family, places=house.places[:2])
    request = prepared(session, family, asked_by=Asker.GUARDIAN, member=1)

    hers = read_by(session, request, "field:location")
    whole = read_by(session, request)["stays", WHOLE_ROW]

    assert ("stays", WHOLE_ROW) not in hers
    assert whole.parts


def test_nobody_hands_out_what_a_row_asks_for_and_she_does_not_read(
    session: Session, family: Household
) -> None:
    record_service(session, family, kind=ServiceKind.LEGAL, note="COURTNOTE")
    request = prepared(session, family)
    released(session, request)
    user = as_user(session, colleague(session, narrowed(session, Role.DIRECTOR, "field:legal")).id)

    with pytest.raises(NotReadError):
        reading.hand_out(session, request, user=user)

    assert not request.has(Step.EXPORTED)


@pytest.mark.parametrize("item", ["shelter.read", "families.read"])
def test_a_stay_stands_in_a_request_for_whoever_may_read_it_in_the_file(
    session: Session, item: str
) -> None:
    house, family = shelter.make_house(session, places=4), shelter.make_family(session)
    shelter.make_stay(session, household=family, places=house.places[:2])
    request = prepared(session, family, asked_by=Asker.GUARDIAN, member=1)

    hers, whole = read_by(session, request, item), read_by(session, request)

    assert ("stays", WHOLE_ROW) not in hers
    assert ("stays", WHOLE_ROW) in whole
