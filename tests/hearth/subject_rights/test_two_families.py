"""A request about somebody of two families is of whoever has both of them, and reads each apart."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit import services as audit
from hearth.audit.models import PersonRead
from hearth.break_glass import shown
from hearth.families import membership
from hearth.families.membership import PersonDetails
from hearth.families.models import Household, Person
from hearth.families.services import record_read
from hearth.families.vocabulary import LeavingReason, MemberRole
from hearth.service_delivery.vocabulary import ServiceKind
from hearth.subject_rights import disclosure, erasure, reading
from hearth.subject_rights.models import SubjectRequest
from hearth.subject_rights.services import take_step
from hearth.subject_rights.vocabulary import RequestKind, Step
from tests.factories.break_glass import make_look
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.people import as_role, as_user, colleague, narrowed, restriction
from tests.factories.rights import ask_about
from tests.factories.service_delivery import record_service
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
ASKED = {"kind": "access", "asked_by": "self", "received_on": TODAY.isoformat()}
TABLE = re.compile("<tbody")
FURTHER = "There may be further entries, of files that open to others only."
PAGES = [
    *("identity", "safety", "extend", "correct", "restrict", "renew", "close"),
    *("queue", "file", "erasure"),
]


@dataclass(frozen=True)
class Moved:
    """Somebody who left one family and lives with another one."""

    before: Household
    now: Household
    person_id: uuid.UUID

    @property
    def taking(self) -> str:
        """Where a request about him is taken, from the page of the family that he left."""
        return f"/data-protection/families/{self.before.id}/{self.person_id}"


@pytest.fixture
def moved(session: Session) -> Moved:
    before = open_family(session, members=[mother(given_name="Agata"), child()])
    now = open_family(
        session,
        members=[mother(given_name="Kanareika"), child(2)],
        key_worker_id=staff_id(session, Role.SUPERVISOR),
    )
    went = before.current_members[1]
    known, by = went.person_id, staff_id(session)
    on = TODAY - timedelta(days=2)
    membership.leave(
        session, went, left_on=on, reason=LeavingReason.MOVED_OUT, recorded_by=by, today=TODAY
    )
    person = session.get_one(Person, known)
    role = MemberRole.OTHER
    membership.join(session, now, person, role=role, joined_on=on, recorded_by=by, today=TODAY)
    session.flush()
    session.expire_all()
    return Moved(before=before, now=now, person_id=known)


def prepared(session: Session, moved: Moved) -> SubjectRequest:
    request = ask_about(session, moved.person_id)
    request.household_id = moved.before.id
    disclosure.prepare(session, request, by=staff_id(session, Role.PRIVACY_OFFICER))
    return request


def test_nobody_takes_a_request_that_would_open_a_file_of_others(
    session: Session, moved: Moved, sign_in: MakeVisitor
) -> None:
    director, officer = sign_in(Role.DIRECTOR), sign_in(Role.PRIVACY_OFFICER)
    path = f"/data-protection/families/{moved.before.id}"
    whole, before = director.get(moved.taking), director.get(path)
    restriction(session, moved.now)

    of_family = director.get(path)
    form = "/data-protection/requests/new"
    page, taken = director.get(moved.taking), director.submit(moved.taking, ASKED, page=form)
    by_officer = officer.submit(moved.taking, ASKED)

    assert (whole.status_code, of_family.status_code) == (200, 200)
    assert (page.status_code, taken.status_code) == (404, 404)
    assert "Agata" in of_family.text
    assert "Test-Child" not in of_family.text
    assert "further person" not in of_family.text
    assert all(FURTHER in page.text for page in (before, of_family))
    assert FURTHER not in officer.get(path).text
    assert by_officer.status_code == 303
    assert len(session.scalars(select(SubjectRequest)).all()) == 1


@pytest.mark.parametrize("page", ["", *(f"/{one}" for one in PAGES)])
def test_no_page_of_such_a_request_opens(
    session: Session, moved: Moved, sign_in: MakeVisitor, page: str
) -> None:
    request = prepared(session, moved)
    path = f"/data-protection/requests/{request.id}{page}"
    director, officer = sign_in(Role.DIRECTOR), sign_in(Role.PRIVACY_OFFICER)
    before = director.get(path).status_code

    restriction(session, moved.now)

    assert before == 200
    assert director.get(path).status_code == 404
    assert officer.get(path).status_code == 200


def test_nobody_corrects_gathers_or_erases_by_such_a_request(
    session: Session, moved: Moved, sign_in: MakeVisitor
) -> None:
    request = ask_about(session, moved.person_id, kind=RequestKind.ERASURE)
    by = staff_id(session, Role.PRIVACY_OFFICER)
    proposal = erasure.propose(session, request, reason="Asked for it.", asked_by=by)
    restriction(session, moved.now)
    director, here = sign_in(Role.DIRECTOR), f"/data-protection/requests/{request.id}"
    right = {"field": "given_name", "value": "Corrected", "note": "He says so himself"}

    answers = [
        director.submit(f"{here}/{what}", sent, page="/data-protection/requests/new").status_code
        for what, sent in (
            ("prepare", {}),
            ("correct", right),
            (f"erasure/{proposal.id}", {"verdict": "approved"}),
        )
    ]

    session.expire_all()
    assert answers == [404, 404, 404]
    assert session.get_one(Person, moved.person_id).given_name == "Test-Child-1"
    assert proposal.verdict is None


def test_what_a_request_shows_is_a_look_at_every_family(
    session: Session, moved: Moved, sign_in: MakeVisitor
) -> None:
    request = prepared(session, moved)
    officer, here = sign_in(Role.PRIVACY_OFFICER), f"/data-protection/requests/{request.id}"

    for path in (moved.taking, here, f"{here}/queue"):
        before = looks_at(session, moved.before), looks_at(session, moved.now)

        officer.get(path)

        after = looks_at(session, moved.before), looks_at(session, moved.now)
        assert after == (before[0] + 1, before[1] + 1), path


def test_the_rows_of_each_family_are_read_as_in_its_own_file(
    session: Session, moved: Moved
) -> None:
    """She reads of health where she accompanies a family, and nowhere else."""
    board = narrowed(session, Role.DIRECTOR, "field:health", "field:legal")
    both = as_user(session, colleague(session, board, Role.SOCIAL_WORKER).id)
    moved.before.key_workers[0].user_id = both.id
    for family, days in ((moved.before, 3), (moved.now, 1)):
        on = TODAY - timedelta(days=days)
        record_service(session, family, kind=ServiceKind.MEDICAL, delivered_on=on)
    request = prepared(session, moved)

    read = reading.queue_read_by(session, request, both)

    services = [one for one in read if one.entry.table_name == "service_deliveries"]
    covered = {one.household_id: one.is_covered for one in services}
    assert covered == {moved.before.id: False, moved.now.id: True}


def test_looks_at_another_familys_file_are_not_told_beside_its_own(
    session: Session, moved: Moved, sign_in: MakeVisitor
) -> None:
    keeper, worker = staff_id(session, Role.HOUSE_STAFF), sign_in(Role.SOCIAL_WORKER)
    record_read(session, household_id=moved.now.id, user_id=keeper, purpose="stay")
    record_read(session, household_id=moved.before.id, user_id=keeper, purpose="records")
    path = f"/families/{moved.before.id}/who-looked"

    pages = [worker.get(path).text, worker.get(f"{path}?lists=true").text]

    assert all("Test house-staff" in page for page in pages)
    assert not any("A stay in a house" in page for page in pages)


def test_a_list_that_named_somebody_because_of_another_family_is_not_told(
    session: Session, moved: Moved, sign_in: MakeVisitor
) -> None:
    keeper, worker = staff_id(session, Role.HOUSE_STAFF), sign_in(Role.SOCIAL_WORKER)
    path, staying = f"/families/{moved.before.id}/who-looked?lists=true", {moved.person_id}
    audit.record_read(session, user_id=keeper, purpose="tonight", person_ids=staying)

    before = worker.get(path).text, sign_in(Role.DIRECTOR).get(path_of_all(moved)).text
    restriction(session, moved.now)
    after = worker.get(path).text, sign_in(Role.DIRECTOR).get(path_of_all(moved)).text

    told = ["Who is in the houses tonight" in TABLE.split(page)[-1] for page in (*before, *after)]
    officer = sign_in(Role.PRIVACY_OFFICER).get(path_of_all(moved)).text
    assert told == [False, True, False, False]
    assert "Who is in the houses tonight" in officer


def test_a_reviewer_is_told_no_list_that_named_somebody_because_of_another_family(
    session: Session, moved: Moved
) -> None:
    look = make_look(session, moved.before)
    mother_of_it = moved.before.current_members[0].person_id
    for purpose, one in (("tonight", moved.person_id), ("list", mother_of_it)):
        audit.record_read(session, user_id=look.user_id, purpose=purpose, person_ids={one})
    restriction(session, moved.now)
    readers = [as_role(session, one) for one in (Role.DIRECTOR, Role.PRIVACY_OFFICER)]

    seen = [shown.seen_during(session, look, user=one) for one in readers]

    told = [{one.purpose for one in kinds if not one.of_file} for kinds in seen]
    assert told == [{"list"}, {"list", "tonight"}]


def test_the_log_tells_of_no_request_about_somebody_of_another_family(
    session: Session, moved: Moved, sign_in: MakeVisitor
) -> None:
    request = ask_about(session, moved.person_id)
    request.household_id = moved.before.id
    take_step(session, request, Step.EXTENDED, by=staff_id(session, Role.PRIVACY_OFFICER))
    session.commit()
    director, officer = sign_in(Role.DIRECTOR), sign_in(Role.PRIVACY_OFFICER)
    paths = ["/records/", f"/records/?case_number={moved.before.case_number}"]

    before = [TABLE.split(director.get(one).text)[-1] for one in paths]
    restriction(session, moved.now)
    after = [TABLE.split(director.get(one).text)[-1] for one in paths]

    kept = [officer.get(one).text for one in paths]
    assert all(str(request.id) in page for page in (*before, *kept))
    assert not any(str(request.id) in page for page in after)
    assert "opens to others" in after[0]
    assert "opens to others" not in after[1]


def path_of_all(moved: Moved) -> str:
    return f"/records/families/{moved.before.id}?lists=true"


def looks_at(session: Session, family: Household) -> int:
    wanted = select(PersonRead.id).where(PersonRead.household_id == family.id)
    return len(session.scalars(wanted).all())


def test_an_answer_is_not_told_through_a_mother_by_what_a_hidden_family_said_of_her(
    session: Session, sign_in: MakeVisitor
) -> None:
    first = open_family(session, members=[mother(given_name="Agata"), child()])
    hidden, by = open_family(session), staff_id(session)
    agata, its_child = (one.person for one in first.current_members)
    role, on = MemberRole.OTHER, TODAY - timedelta(days=2)
    membership.join(session, hidden, agata, role=role, joined_on=on, recorded_by=by, today=TODAY)
    said = PersonDetails(given_name="Agata", phone="+7 921 999-99-99", safe_to_call=True)
    membership.correct_person(session, agata, said, corrected_by=by, today=TODAY)
    request = ask_about(session, its_child.id)
    request.household_id = first.id
    path, readers = f"/data-protection/requests/{request.id}", (Role.DIRECTOR, Role.PRIVACY_OFFICER)
    session.expire_all()

    before = [sign_in(one).get(path) for one in readers]
    restriction(session, hidden)
    after = [sign_in(one).get(path) for one in readers]

    assert [one.status_code for one in (*before, *after)] == [200] * 4
    assert ["999-99-99" in one.text for one in (*before, *after)] == [True, True, False, True]
    assert "Do not call and do not write." in after[0].text
