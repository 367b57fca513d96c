"""Whoever is bound reads in the log what she reads in the file, and nothing of one she lacks."""

import io
import uuid
from collections.abc import Callable

import openpyxl
import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit import services as audit
from hearth.families.models import Household
from hearth.families.services import close_case
from hearth.families.vocabulary import ClosingReason
from hearth.intake import services as intake
from hearth.service_delivery.vocabulary import ServiceKind
from hearth.subject_rights import disclosure
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import colleague, narrowed
from tests.factories.rights import take_request
from tests.factories.service_delivery import record_service
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
Enter = Callable[[uuid.UUID], Visitor]
CLOSED_TO_HER = "Something happened in a file that opens to others"


@pytest.fixture
def family(session: Session) -> Household:
    """A family of whom the log tells a doctor's help and why the case ended."""
    household = open_family(session)
    record_service(session, household, kind=ServiceKind.MEDICAL)
    close_case(
        session,
        household,
        closed_on=TODAY,
        reason=ClosingReason.GOALS_MET,
        note=None,
        closed_by=staff_id(session),
        today=TODAY,
    )
    return household


def log_of(visitor: Visitor, query: str = "") -> str:
    """The lines of the log's page and of its workbook."""
    page = visitor.get(f"/records/{query}").text.partition("<tbody")[2]
    book = openpyxl.load_workbook(io.BytesIO(visitor.get(f"/records/records.xlsx{query}").data))
    return page + str(list(book.worksheets[0].iter_rows(min_row=2, values_only=True)))


def test_what_one_role_reads_in_the_log_is_not_lent_to_one_that_opens_the_file(
    session: Session, enter: Enter, family: Household
) -> None:
    reads_the_log = narrowed(session, Role.DIRECTOR, "families.read")
    opens_files = narrowed(session, Role.SUPERVISOR, "field:health", "audit.read")
    both = colleague(session, reads_the_log, opens_files)
    family.key_workers[0].user_id = both.id
    session.commit()

    told = log_of(enter(both.id), f"?case_number={family.case_number}")

    assert "Reason: " in told
    assert "Kind:" not in told
    assert "kind:" not in told


def test_why_a_stay_ended_is_read_by_whoever_reads_where_somebody_lives(
    session: Session, enter: Enter, family: Household
) -> None:
    facts = {"reason": "own_wish", "destination": "relatives"}
    audit.record(
        session,
        action="stay.ended",
        subject_type="stay",
        subject_id=family.id,
        household_id=family.id,
        facts=dict(facts),
    )
    session.commit()

    sights = [["field:location"], []]
    boards = [colleague(session, narrowed(session, Role.DIRECTOR, *one)).id for one in sights]
    without, whole = (log_of(enter(one), f"?case_number={family.case_number}") for one in boards)

    assert "The family wished to leave" not in without
    assert "The family wished to leave" in whole


def test_who_opens_no_file_reads_a_number_a_moment_and_a_hash(
    session: Session, enter: Enter, family: Household
) -> None:
    session.commit()
    board = enter(colleague(session, narrowed(session, Role.DIRECTOR, "families.read")).id)

    told, asked = log_of(board), log_of(board, f"?case_number={family.case_number}")
    looks = board.get(f"/records/families/{family.id}")

    assert CLOSED_TO_HER in told
    for telling in (family.case_number, "Medical help", "Kind:", "Reason:", "Role:"):
        assert telling not in told + asked
    assert looks.status_code == 404


def test_a_number_that_counts_everybody_is_the_officers(session: Session, sign_in: SignIn) -> None:
    counting = {"incident": "found", "retention_notice": "new", "erasure_certificate": "rows"}
    for about, name in counting.items():
        audit.record(
            session, action="of.old", subject_type=about, subject_id=None, facts={name: 17}
        )
    session.commit()

    hers, whole = (log_of(sign_in(role)) for role in (Role.DIRECTOR, Role.PRIVACY_OFFICER))

    for telling in ("People found", "New notices", "found: 17", "new: 17", "rows: 17"):
        assert telling not in hers
    assert "People found: 17" in whole
    assert "New notices: 17" in whole
    assert "rows: 17" in whole


def test_which_rows_of_a_file_a_request_decided_about_is_the_officers(
    session: Session, sign_in: SignIn, family: Household
) -> None:
    take_referral_for(session, family)
    officer, request = sign_in(Role.PRIVACY_OFFICER), take_request(session, family)
    disclosure.prepare(session, request, by=staff_id(session, Role.PRIVACY_OFFICER))
    call = disclosure.queue(session, request)[0].entry
    path = f"/data-protection/requests/{request.id}/queue/{call.id}"
    officer.submit(path, {"decision": "redact"})

    hers, whole = (log_of(one) for one in (sign_in(Role.DIRECTOR), officer))

    assert call.table_name == "referrals"
    assert f"{call.table_name}/" in whole
    assert f"{call.table_name}/" not in hers


def take_referral_for(session: Session, family: Household) -> None:
    """A call about a family whose case it opens anew."""
    by, call = staff_id(session), take_referral(session)
    intake.accept_for_known_family(session, call, family, decided_by=by, today=TODAY)
