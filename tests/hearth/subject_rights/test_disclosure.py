"""Everything about somebody, and what a human reads before it is given out."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask_babel import force_locale
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent, PersonRead
from hearth.families.access_models import RestrictionKind
from hearth.families.membership import PersonDetails, correct_person
from hearth.families.services import record_read
from hearth.service_delivery.note_readers import let_read, take_back
from hearth.service_delivery.services import cancel_service, correct_service
from hearth.service_delivery.vocabulary import ServiceKind, ServiceMode
from hearth.subject_rights import disclosure, papers
from hearth.subject_rights.disclosure import (
    REDACTED,
    ChangedError,
    SealedNoteError,
    ShownBeforeError,
    StillToReadError,
)
from hearth.subject_rights.gathering import Told
from hearth.subject_rights.labels import names_told
from hearth.subject_rights.models import SubjectRequest
from hearth.subject_rights.services import take_step
from hearth.subject_rights.vocabulary import Decision, Step
from hearth.web.request import HearthFlask
from tenants.registry import OrgRef
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.files import add_paper
from tests.factories.people import grant, restriction
from tests.factories.rights import RU, take_request
from tests.factories.service_delivery import details, record_service
from tests.factories.shelter import make_house, make_stay
from tests.support.visitors import Visitor

SECRET = "Her neighbour Nina called the police"


def request_with_a_note(session: Session) -> SubjectRequest:
    family = open_family(
        session,
        members=[
            mother(given_name="Olga", phone="+7 921 000 00 01", contact_note="Never name us"),
            child(given_name="Masha-the-child"),
        ],
    )
    record_service(session, family, note=SECRET)
    return take_request(session, family)


def as_text(told: list[Told]) -> str:
    return json.dumps(
        [{f.name: disclosure.as_text(v) for f, v in one.values.items()} for one in told],
        ensure_ascii=False,
    )


def test_free_words_wait_for_a_human_and_facts_do_not(session: Session) -> None:
    request = request_with_a_note(session)

    disclosure.prepare(session, request, by=staff_id(session, Role.PRIVACY_OFFICER))
    waiting = sum(one.waits for one in disclosure.queue(session, request))

    entries = disclosure.queue(session, request)
    assert waiting == len(entries) == 2
    assert {(one.entry.table_name, one.entry.field) for one in entries} == {
        ("service_deliveries", "note"),
        ("people", "contact_note"),
    }
    assert SECRET in {one.contents for one in entries}


def test_nothing_is_handed_out_while_an_entry_waits(session: Session) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    request = request_with_a_note(session)

    with pytest.raises(StillToReadError):
        disclosure.hand_out(session, request, by=by)
    disclosure.prepare(session, request, by=by)
    with pytest.raises(StillToReadError):
        disclosure.hand_out(session, request, by=by)


def test_what_was_kept_back_is_not_in_the_file_and_no_relatives_row_is(session: Session) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    request = request_with_a_note(session)
    disclosure.prepare(session, request, by=by)
    for one in disclosure.queue(session, request):
        kept_back = one.contents == SECRET
        decision = Decision.REDACT if kept_back else Decision.RELEASE
        disclosure.decide(session, request, one.entry, decision=decision, by=by)

    text = as_text(disclosure.hand_out(session, request, by=by))

    assert SECRET not in text
    assert REDACTED in text
    assert "Olga" in text
    assert "Never name us" in text
    assert "Masha-the-child" not in text
    assert request.has(Step.EXPORTED)


def test_a_note_that_came_later_is_read_too(session: Session) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    family = open_family(session)
    request = take_request(session, family)
    disclosure.prepare(session, request, by=by)

    record_service(session, family, note=SECRET)

    with pytest.raises(StillToReadError):
        disclosure.hand_out(session, request, by=by)
    assert [one.contents for one in disclosure.queue(session, request)] == [SECRET]


def test_the_file_is_handed_out_once(session: Session) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    request = take_request(session, open_family(session))
    disclosure.prepare(session, request, by=by)
    disclosure.hand_out(session, request, by=by)

    with pytest.raises(ShownBeforeError):
        disclosure.hand_out(session, request, by=by)
    take_step(session, request, Step.EXPORT_RENEWED, by=by, note="The paper got wet")

    assert disclosure.hand_out(session, request, by=by)


def test_reading_the_queue_is_a_look_into_the_file(session: Session) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    request = request_with_a_note(session)
    disclosure.prepare(session, request, by=by)

    disclosure.queue_read_by(session, request, by)

    looks = session.execute(
        select(PersonRead.user_id, PersonRead.purpose).where(
            PersonRead.person_ids.contains([request.subject_id])
        )
    ).all()
    assert (by, "request") in looks


def test_the_file_says_when_somebody_looked_and_not_who(session: Session) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    family = open_family(session)
    record_read(session, household_id=family.id, user_id=staff_id(session))
    request = take_request(session, family)
    disclosure.prepare(session, request, by=by)

    told = disclosure.hand_out(session, request, by=by)

    looks = [one.values for one in told if one.table.name == "person_reads"]
    assert {field.name for one in looks for field in one} == {"purpose", "read_at"}
    assert "file" in {value for one in looks for value in one.values()}


def test_a_sealed_note_is_given_out_by_whoever_may_read_it(session: Session) -> None:
    by, author = staff_id(session, Role.PRIVACY_OFFICER), staff_id(session, Role.SPECIALIST)
    family = open_family(session)
    note = record_service(session, family, note=SECRET, sealed=True, provided_by=author)
    request = take_request(session, family)
    disclosure.prepare(session, request, by=by)
    [closed] = disclosure.queue_read_by(session, request, by)

    with pytest.raises(SealedNoteError):
        disclosure.decide(session, request, closed.entry, decision=Decision.RELEASE, by=by)
    let_read(session, note, user_id=by)
    [opened] = disclosure.queue_read_by(session, request, by)
    disclosure.decide(session, request, opened.entry, decision=Decision.RELEASE, by=by)

    assert (closed.is_closed, closed.contents) == (True, "")
    assert (opened.is_closed, opened.contents) == (False, SECRET)
    assert SECRET in as_text(disclosure.hand_out(session, request, by=by))


def test_how_a_case_was_restricted_or_opened_is_not_handed_out(session: Session) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    family = open_family(session)
    restriction(session, family, RestrictionKind.THREATENED)
    grant(session, family, staff_id(session, Role.SPECIALIST), reason=SECRET)
    request = take_request(session, family)

    disclosure.prepare(session, request, by=by)
    waiting = sum(one.waits for one in disclosure.queue(session, request))

    assert waiting == 0
    assert "threatened" not in as_text(disclosure.hand_out(session, request, by=by))


def test_handing_out_stands_in_the_records(session: Session) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    request = take_request(session, open_family(session))
    disclosure.prepare(session, request, by=by)
    disclosure.hand_out(session, request, by=by)
    session.commit()

    events = session.scalars(select(AuditEvent).where(AuditEvent.subject_id == request.id)).all()

    assert {event.action for event in events} == {
        "request.taken",
        "request.step",
        "request.released",
    }
    assert {event.household_id for event in events} == {request.household_id}


def test_the_file_says_the_same_to_a_machine_and_to_a_human(
    session: Session, app: HearthFlask, spb: OrgRef
) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    request = take_request(session, open_family(session, members=[mother(given_name="Ольга")]))
    disclosure.prepare(session, request, by=by)
    told = disclosure.hand_out(session, request, by=by)

    with app.test_request_context():
        packed = papers.file_about(
            told, house=spb, profile=RU, lang="en", made_at=datetime.now(UTC), names={}
        )

    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        data = json.loads(file.read("data.json"))
        pages = PdfReader(io.BytesIO(file.read("data.pdf"))).pages
    printed = " ".join(page.extract_text() for page in pages)
    names = [one["fields"].get("given_name") for one in data["entries"]]
    assert "Ольга" in names
    assert "Ольга" in printed
    assert data["law"] == "152-FZ"


def test_a_document_waits_for_a_human_and_is_in_the_file(
    session: Session, app: HearthFlask, spb: OrgRef
) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    family = open_family(session)
    document = add_paper(session, family, title="Passport", added_by=staff_id(session))
    request = take_request(session, family)

    disclosure.prepare(session, request, by=by)
    waiting = sum(one.waits for one in disclosure.queue(session, request))
    for one in disclosure.queue(session, request):
        disclosure.decide(session, request, one.entry, decision=Decision.RELEASE, by=by)
    told = disclosure.hand_out(session, request, by=by)
    with app.test_request_context():
        packed = papers.file_about(
            told, house=spb, profile=RU, lang="en", made_at=datetime.now(UTC), names={}
        )

    assert waiting == 2
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        assert file.read(f"files/{document.file_id}.png") == document.file.content


def test_why_a_sealed_entry_was_cancelled_is_as_closed_as_the_note(session: Session) -> None:
    by, author = staff_id(session, Role.PRIVACY_OFFICER), staff_id(session, Role.SPECIALIST)
    family = open_family(session)
    note = record_service(session, family, note="sealed words", sealed=True, provided_by=author)
    cancel_service(session, note, note=SECRET, cancelled_by=author)
    request = take_request(session, family)
    disclosure.prepare(session, request, by=by)

    closed = disclosure.queue_read_by(session, request, by)
    let_read(session, note, user_id=by)
    opened = disclosure.queue_read_by(session, request, by)

    assert {(one.entry.field, one.is_closed, one.contents) for one in closed} == {
        ("note", True, ""),
        ("cancelling_note", True, ""),
    }
    assert {one.contents for one in opened} == {"sealed words", SECRET}


def test_a_human_reads_words_and_a_machine_codes_and_words(
    session: Session, app: HearthFlask, spb: OrgRef
) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    family = open_family(session, members=[mother(preferred_language="uk", safe_to_call=False)])
    record_service(session, family, kind=ServiceKind.MEDICAL, mode=ServiceMode.ELSEWHERE)
    house = make_house(session, "Lamp House")
    make_stay(session, household=family, places=house.places[:1], admitted_on=TODAY, today=TODAY)
    request = take_request(session, family)
    released(session, request)
    told = disclosure.hand_out(session, request, by=by)

    with app.test_request_context(), force_locale("en"):
        packed = papers.file_about(
            told,
            house=spb,
            profile=RU,
            lang="en",
            made_at=datetime.now(UTC),
            names=names_told(session, told),
        )

    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        data = json.loads(file.read("data.json"))
        pages = PdfReader(io.BytesIO(file.read("data.pdf"))).pages
    printed = " ".join(" ".join(page.extract_text() for page in pages).split())
    service = next(one for one in data["entries"] if one["about"] == "service_deliveries")
    assert service["fields"]["kind"] == "medical"
    assert service["labels"]["kind"] == {"field": "Kind", "value": "Medical help"}
    for said in ("Medical help", "Somewhere else", "Ukrainian", "No, never call", "Lamp House"):
        assert said in printed
    for code in ("medical", "elsewhere", "home_visit", str(house.places[0].id)):
        assert code not in printed


def released(session: Session, request: SubjectRequest) -> None:
    """Everything was read and given out."""
    by = staff_id(session, Role.PRIVACY_OFFICER)
    disclosure.prepare(session, request, by=by)
    for one in disclosure.queue(session, request):
        disclosure.decide(session, request, one.entry, decision=Decision.RELEASE, by=by)


def test_what_was_changed_after_its_release_is_read_again(session: Session) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    family = open_family(session, members=[mother(contact_note="Ring twice")])
    request, person = take_request(session, family), family.current_members[0].person
    released(session, request)
    right = replace(PersonDetails.of(person), contact_note=SECRET)
    correct_person(session, person, right, corrected_by=by, today=TODAY, household_id=family.id)

    with pytest.raises(ChangedError):
        disclosure.hand_out(session, request, by=by)
    read = disclosure.queue_read_by(session, request, by)
    for one in read:
        disclosure.decide(session, request, one.entry, decision=Decision.RELEASE, by=by)

    assert [(one.contents, one.waits) for one in read if one.is_stale] == [(SECRET, True)]
    assert SECRET in as_text(disclosure.hand_out(session, request, by=by))


def test_a_note_that_was_sealed_after_its_release_is_not_handed_out(session: Session) -> None:
    by, author = staff_id(session, Role.PRIVACY_OFFICER), staff_id(session, Role.SPECIALIST)
    family = open_family(session)
    note = record_service(session, family, note=SECRET, provided_by=author)
    request = take_request(session, family)
    released(session, request)
    sealed = details(family, note="Sealed now", sealed=True)
    correct_service(session, note, sealed, recorded_by=author, today=TODAY)

    with pytest.raises(ChangedError):
        disclosure.hand_out(session, request, by=by)
    for one in disclosure.queue_read_by(session, request, by):
        disclosure.decide(session, request, one.entry, decision=Decision.REDACT, by=by)

    assert SECRET not in as_text(disclosure.hand_out(session, request, by=by))


def test_a_reader_whom_the_owner_lets_read_no_longer_does_not_give_out(session: Session) -> None:
    by, author = staff_id(session, Role.PRIVACY_OFFICER), staff_id(session, Role.SPECIALIST)
    family = open_family(session)
    note = record_service(session, family, note=SECRET, sealed=True, provided_by=author)
    request = take_request(session, family)
    let_read(session, note, user_id=by)
    released(session, request)

    take_back(session, note, user_id=by)

    with pytest.raises(ChangedError):
        disclosure.hand_out(session, request, by=by)


def test_a_text_that_changes_while_it_is_read_is_not_released(
    session: Session, sign_in: Callable[..., Visitor]
) -> None:
    family = open_family(session, members=[mother(contact_note="Ring twice")])
    request, person = take_request(session, family), family.current_members[0].person
    by, officer = staff_id(session, Role.PRIVACY_OFFICER), sign_in(Role.PRIVACY_OFFICER)
    disclosure.prepare(session, request, by=by)
    [read] = disclosure.queue(session, request)
    here = f"/data-protection/requests/{request.id}/queue/{read.entry.id}"
    shown = re.findall(r'name="(form_token|read_mark)" value="([^"]+)"', officer.get(here).text)
    right = replace(PersonDetails.of(person), contact_note=SECRET)
    correct_person(session, person, right, corrected_by=by, today=TODAY, household_id=family.id)

    answer = officer.post(here, data={**dict(shown), "decision": "release"})

    session.expire_all()
    assert answer.status_code == 422
    assert "Read it again" in answer.text
    assert SECRET in answer.text
    assert read.entry.decision is None
