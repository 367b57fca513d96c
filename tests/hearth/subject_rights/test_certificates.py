"""A certificate says what was erased to whoever may know whom it is about, and names nobody."""

import hashlib
import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent
from hearth.data_records import SubjectKind
from hearth.families.models import Household
from hearth.families.services import close_case
from hearth.families.vocabulary import ClosingReason
from hearth.giving.models import Donor
from hearth.subject_rights import certificates, erasure
from hearth.subject_rights.models import ErasureCertificate
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.giving import start_gift
from tests.factories.people import colleague, narrowed, restriction
from tests.factories.rights import RU
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
LIST = "/data-protection/erasures/"
FURTHER = "There may be further entries, of files that open to others only."
LATER = TODAY + timedelta(days=4000)
BARE = "Something happened in a file that opens to others"


def erase(session: Session, kind: SubjectKind, subject_id: uuid.UUID) -> ErasureCertificate:
    made = erasure.carry_out(
        session,
        kind,
        subject_id,
        whole_family=True,
        profile=RU,
        today=LATER,
        asked_by=staff_id(session, Role.PRIVACY_OFFICER),
        approved_by=staff_id(session, Role.SUPERVISOR),
    )
    session.commit()
    return made


def closed_family(session: Session) -> Household:
    family = open_family(session)
    close_case(
        session,
        family,
        closed_on=TODAY,
        reason=ClosingReason.GOALS_MET,
        note=None,
        closed_by=staff_id(session),
        today=TODAY,
    )
    return family


def answers(visitor: Visitor, certificate: ErasureCertificate) -> tuple[bool, int]:
    """Whether it stands in the list, and how its paper answers."""
    listed = re.findall(rf"{certificate.id}", visitor.get(LIST).text)
    return bool(listed), visitor.get(f"{LIST}{certificate.id}.pdf").status_code


def test_of_a_file_that_opens_to_others_nobody_bound_finds_the_certificate(
    session: Session, sign_in: SignIn
) -> None:
    hidden, known = closed_family(session), closed_family(session)
    restriction(session, hidden)
    person = hidden.current_members[0].person_id
    of_hidden = erase(session, SubjectKind.PERSON, person)
    of_known = erase(session, SubjectKind.HOUSEHOLD, known.id)

    director, officer = sign_in(Role.DIRECTOR), sign_in(Role.PRIVACY_OFFICER)

    assert answers(director, of_hidden) == (False, 404)
    assert answers(director, of_known) == (True, 200)
    assert answers(officer, of_hidden) == (True, 200)
    assert FURTHER in director.get(LIST).text
    assert FURTHER not in officer.get(LIST).text


def test_whoever_is_bound_and_reads_no_gifts_finds_no_donors_certificate(
    session: Session, sign_in: SignIn, enter: Callable[[uuid.UUID], Visitor]
) -> None:
    start_gift(session, email="anneke@example.org", name="Anneke Kanareika")
    certificate = erase(session, SubjectKind.DONOR, session.scalars(select(Donor)).one().id)
    board = enter(colleague(session, narrowed(session, Role.DIRECTOR, "gifts.read")).id)

    without, director = answers(board, certificate), answers(sign_in(Role.DIRECTOR), certificate)

    assert (without, director) == ((False, 404), (True, 200))


def test_the_log_tells_of_an_erasure_where_it_tells_of_the_family(
    session: Session, sign_in: SignIn
) -> None:
    family = closed_family(session)
    restriction(session, family)
    erase(session, SubjectKind.PERSON, family.current_members[0].person_id)

    director, officer = sign_in(Role.DIRECTOR), sign_in(Role.PRIVACY_OFFICER)

    lines = [one.get("/records/").text.partition("<tbody")[2] for one in (director, officer)]
    erased = select(AuditEvent).where(AuditEvent.action == "erasure.carried_out")
    assert session.scalars(erased).one().household_id == family.id
    assert "Somebody was erased" not in lines[0]
    assert BARE in lines[0]
    assert "Somebody was erased" in lines[1]


@pytest.mark.parametrize("is_old", [False, True])
def test_the_mark_of_a_certificate_cannot_be_tried(
    session: Session, monkeypatch: pytest.MonkeyPatch, *, is_old: bool
) -> None:
    family = closed_family(session)
    tried = hashlib.sha256(f"household:{family.id}".encode()).hexdigest()
    if is_old:
        monkeypatch.setattr(erasure, "mark_of_subject", lambda *_about: tried)
    certificate = erase(session, SubjectKind.HOUSEHOLD, family.id)

    told = certificates.mark_told(session, certificate)

    mark = certificates.mark_of_subject(session, SubjectKind.HOUSEHOLD, family.id)
    assert told == (None if is_old else mark)
    assert tried != mark
