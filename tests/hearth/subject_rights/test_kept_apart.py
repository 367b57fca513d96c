"""What a request must not loosen: whether a call is safe, and who reads a sealed note."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent
from hearth.families.models import Person
from hearth.service_delivery.services import correct_service
from hearth.subject_rights import disclosure
from hearth.subject_rights.disclosure import SealedNoteError
from hearth.subject_rights.services import take_step
from hearth.subject_rights.vocabulary import Decision, RequestKind, Step
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.rights import take_request
from tests.factories.service_delivery import details, record_service
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
SECRET = "He knows the street"


@pytest.mark.parametrize(
    ("field", "value"), [("phone", "+7 000 000-00-00"), ("contact_note", "Any time")]
)
def test_a_corrected_way_to_reach_her_is_not_safe_and_stands_in_the_familys_records(
    sign_in: MakeVisitor, session: Session, field: str, value: str
) -> None:
    family = open_family(
        session, members=[mother(phone="+7 921 000 00 77", safe_to_call=True), child()]
    )
    request = take_request(session, family, kind=RequestKind.CORRECTION)
    director = staff_id(session, Role.DIRECTOR)
    take_step(session, request, Step.IDENTITY_CONFIRMED, by=director)

    sign_in(Role.PRIVACY_OFFICER).submit(
        f"/data-protection/requests/{request.id}/correct",
        {"field": field, "value": value, "note": "She told us"},
    )

    session.expire_all()
    corrected = session.scalars(
        select(AuditEvent).where(AuditEvent.action == "person.corrected")
    ).one()
    person = session.get_one(Person, request.subject_id)
    assert (getattr(person, field), person.safe_to_call) == (value, None)
    assert corrected.household_id == family.id


def test_the_queue_hides_what_stood_in_a_note_before_it_was_sealed(session: Session) -> None:
    by, author = staff_id(session, Role.PRIVACY_OFFICER), staff_id(session, Role.SPECIALIST)
    family = open_family(session)
    former = record_service(session, family, note=SECRET, provided_by=author)
    right = details(family, note="Sealed now", sealed=True)
    correct_service(session, former, right, recorded_by=author, today=TODAY)
    request = take_request(session, family)
    disclosure.prepare(session, request, by=by)

    queue = disclosure.queue_read_by(session, request, by)

    assert [(one.is_closed, one.contents) for one in queue] == [(True, ""), (True, "")]
    with pytest.raises(SealedNoteError):
        disclosure.decide(session, request, queue[0].entry, decision=Decision.RELEASE, by=by)
