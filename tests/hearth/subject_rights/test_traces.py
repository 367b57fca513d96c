"""What went out and by whose word stands fast: in the queue, and in the organisation's records."""

import hashlib
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent
from hearth.subject_rights import disclosure
from hearth.subject_rights.disclosure import ShownBeforeError
from hearth.subject_rights.models import Disclosure, SubjectRequest
from hearth.subject_rights.services import take_step
from hearth.subject_rights.vocabulary import Asker, Decision, Step
from tests.factories.families import child, mother, open_family, staff_id
from tests.factories.rights import take_request
from tests.factories.service_delivery import record_service
from tests.support.visitors import Visitor

NOTE = "He must never know"


@pytest.fixture
def request_(session: Session) -> SubjectRequest:
    """Somebody else asks about a child, and everything is released to him."""
    family = open_family(session, members=[mother(), child()])
    record_service(session, family, note=NOTE)
    made = take_request(session, family, member=1, asked_by=Asker.GUARDIAN)
    by = staff_id(session, Role.PRIVACY_OFFICER)
    disclosure.prepare(session, made, by=by)
    for _rows_and_then_their_fields in range(2):
        for one in disclosure.queue(session, made):
            disclosure.decide(session, made, one.entry, decision=Decision.RELEASE, by=by)
    return made


def events(session: Session, action: str) -> list[AuditEvent]:
    session.commit()
    wanted = select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.seq)
    return list(session.scalars(wanted))


def entries(session: Session) -> list[Disclosure]:
    return list(session.scalars(select(Disclosure).order_by(Disclosure.id)))


def test_no_decision_is_changed_once_the_file_was_handed_out(
    session: Session, request_: SubjectRequest
) -> None:
    officer, director = (staff_id(session, one) for one in (Role.PRIVACY_OFFICER, Role.DIRECTOR))
    disclosure.hand_out(session, request_, by=officer)

    for one in entries(session):
        with pytest.raises(ShownBeforeError):
            disclosure.decide(session, request_, one, decision=Decision.REDACT, by=director)
    with pytest.raises(ShownBeforeError):
        disclosure.prepare(session, request_, by=director)

    session.expire_all()
    assert {(one.decision, one.decided_by) for one in entries(session)} == {
        (Decision.RELEASE, officer)
    }


def test_a_file_that_is_made_anew_is_decided_about_anew(
    session: Session, request_: SubjectRequest
) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    disclosure.hand_out(session, request_, by=by)
    take_step(session, request_, Step.EXPORT_RENEWED, by=by, note="The paper got wet")

    for one in entries(session):
        disclosure.decide(session, request_, one, decision=Decision.REDACT, by=by)
    told = disclosure.hand_out(session, request_, by=by)

    assert NOTE not in str([one.values for one in told])


def test_every_decision_stands_in_the_records_by_its_place_and_not_its_contents(
    session: Session, request_: SubjectRequest
) -> None:
    by = staff_id(session, Role.DIRECTOR)
    note = next(one for one in entries(session) if one.field == "note")

    disclosure.decide(session, request_, note, decision=Decision.REDACT, by=by)

    recorded = [one for one in events(session, "request.step") if "decision" in one.facts]
    place = f"service_deliveries/{note.row_id}/note"
    decided = [
        (one.actor_id, one.facts["decision"]) for one in recorded if one.facts["entry"] == place
    ]
    assert decided[0] == (staff_id(session, Role.PRIVACY_OFFICER), "release")
    assert decided[-1] == (by, "redact")
    assert NOTE not in str([one.facts for one in recorded])


def test_what_went_out_and_by_whose_word_is_marked_in_the_records(
    session: Session, request_: SubjectRequest
) -> None:
    by = staff_id(session, Role.PRIVACY_OFFICER)
    human = {(one.table_name, one.row_id) for one in entries(session) if one.field == "*"}
    human_fields = {(one.table_name, one.row_id, one.field) for one in entries(session)}

    told = disclosure.hand_out(session, request_, by=by)

    lines = []
    for row in told:
        for field in row.values:
            at = (row.table.name, row.row_id)
            is_released = at in human or (*at, field.name) in human_fields
            place = f"{row.table.name}/{row.row_id or ''}/{field.name}"
            lines.append(f"{place} {by if is_released else ''}")
    [event] = events(session, "request.released")
    assert event.facts["number"] == len(set(lines))
    assert event.facts["released"] == sum(not one.endswith(" ") for one in set(lines))
    assert event.facts["mark"] == hashlib.sha256("\n".join(sorted(set(lines))).encode()).hexdigest()


def test_the_page_says_that_the_file_is_made_anew_first(
    session: Session, request_: SubjectRequest, sign_in: Callable[..., Visitor]
) -> None:
    disclosure.hand_out(session, request_, by=staff_id(session, Role.PRIVACY_OFFICER))
    officer, here = sign_in(Role.PRIVACY_OFFICER), f"/data-protection/requests/{request_.id}"
    entry = entries(session)[0]

    answer = officer.submit(f"{here}/queue/{entry.id}", {"decision": "redact"})
    gathered = officer.submit(f"{here}/prepare", page=f"{here}/identity")

    assert answer.status_code == 422
    assert "Say why, and it can be made anew" in answer.text
    assert gathered.location.endswith(here)
    assert "Gather the data" not in officer.get(here).text
