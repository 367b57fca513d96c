"""A donor may be a mother: whoever is bound answers her requests where she reads gifts, too."""

import io
import json
import uuid
import zipfile
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.data_records import SubjectKind
from hearth.giving.models import Donor, Gift
from hearth.subject_rights import disclosure, holds, reading
from hearth.subject_rights.models import LegalHold, SubjectRequest
from hearth.subject_rights.reading import NotReadError
from tests.factories.families import TODAY, staff_id
from tests.factories.giving import start_gift
from tests.factories.people import as_user, colleague, narrowed
from tests.factories.rights import EU, ask_about
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
Enter = Callable[[uuid.UUID], Visitor]
ASKED = {"kind": "access", "asked_by": "self", "received_on": TODAY.isoformat()}
START = "/data-protection/requests/new"
PAGES = ["", "/identity", "/correct", "/restrict", "/close", "/queue", "/file", "/erasure"]


@pytest.fixture
def gift(session: Session) -> Gift:
    return start_gift(session, email="anneke@example.org", name="Anneke Kanareika").gift


@pytest.fixture
def board(session: Session) -> uuid.UUID:
    """A director who reads no gifts."""
    return colleague(session, narrowed(session, Role.DIRECTOR, "gifts.read")).id


@pytest.fixture
def asked(session: Session, gift: Gift) -> SubjectRequest:
    """The donor's request, taken by the officer and ready to be read."""
    donor = session.scalars(select(Donor)).one()
    request = ask_about(session, donor.id, about=SubjectKind.DONOR, law=EU)
    disclosure.prepare(session, request, by=staff_id(session, Role.PRIVACY_OFFICER))
    return request


def test_whoever_reads_no_gifts_takes_no_request_by_a_gifts_number(
    session: Session, gift: Gift, board: uuid.UUID, enter: Enter
) -> None:
    visitor, page = enter(board), f"/data-protection/gifts/{gift.id}"

    found = visitor.submit(START, {"number": gift.reference})
    answers = [visitor.get(page), visitor.submit(page, ASKED, page=START)]

    assert found.status_code == 422
    assert "No case and no gift has this number." in found.text
    assert [answer.status_code for answer in answers] == [404, 404]
    assert session.scalars(select(SubjectRequest)).all() == []


@pytest.mark.parametrize("page", PAGES)
def test_whoever_reads_no_gifts_opens_no_donors_request(
    asked: SubjectRequest, board: uuid.UUID, enter: Enter, sign_in: MakeVisitor, page: str
) -> None:
    path = f"/data-protection/requests/{asked.id}{page}"

    answers = [one.get(path) for one in (enter(board), sign_in(Role.PRIVACY_OFFICER))]

    assert [answer.status_code for answer in answers] == [404, 200]


@pytest.mark.parametrize("role", [Role.PRIVACY_OFFICER, Role.DIRECTOR])
def test_the_officer_and_whoever_reads_gifts_hand_a_donors_file_out(
    session: Session, asked: SubjectRequest, sign_in: MakeVisitor, role: Role
) -> None:
    path = f"/data-protection/requests/{asked.id}/file"

    answer = sign_in(role).submit(path)

    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        told = json.dumps(json.loads(packed.read("data.json")), ensure_ascii=False)
    assert answer.mimetype == "application/zip"
    assert "anneke@example.org" in told


def test_what_was_taken_from_a_role_at_the_gifts_is_not_handed_out_by_it(
    session: Session, asked: SubjectRequest
) -> None:
    code = narrowed(session, Role.DIRECTOR, "field:money")
    user = as_user(session, colleague(session, code).id)

    with pytest.raises(NotReadError):
        reading.hand_out(session, asked, user=user)


def test_a_donors_hold_is_a_number_to_whoever_reads_no_gifts(
    session: Session, gift: Gift, board: uuid.UUID, enter: Enter
) -> None:
    visitor, by = enter(board), staff_id(session, Role.PRIVACY_OFFICER)
    new = {"number": gift.reference, "reason": "The tax office asked."}

    sent = visitor.submit("/data-protection/holds/new", new)
    before = session.scalars(select(LegalHold)).all()
    assert gift.donor_id is not None
    holds.set_hold(
        session,
        kind=SubjectKind.DONOR,
        subject_id=gift.donor_id,
        reason="The tax office asked.",
        until_on=None,
        set_by=by,
    )
    page = visitor.get("/data-protection/holds/").text

    assert (sent.status_code, before) == (422, [])
    assert "The tax office asked." not in page
    assert "There may be further entries" in page
