"""The log tells of a request, a hold and a notice to whoever finds them on their own pages."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import PersonRead
from hearth.data_records import DataGroup, SubjectKind
from hearth.families.access_models import GrantKind
from hearth.giving.models import Donor
from hearth.intake.services import accept_for_known_family
from hearth.retention import services as retention
from hearth.retention.models import Answer, RetentionNotice
from hearth.subject_rights import holds
from hearth.subject_rights.models import SubjectRequest
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.giving import start_gift
from tests.factories.intake import take_referral
from tests.factories.people import colleague, grant, narrowed, restriction
from tests.factories.rights import ask_about
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
K = SubjectKind
TAKEN, HELD, ANSWERED = "request.taken", "hold.set", "retention.answered"


def somebody(session: Session, kind: SubjectKind) -> uuid.UUID:
    match kind:
        case K.STAFF:
            return colleague(session, Role.SOCIAL_WORKER).id
        case K.DONOR:
            start_gift(session, email="anneke@example.org", name="Anneke Kanareika")
            return session.scalars(select(Donor.id)).one()
        case K.REFERRAL:
            return take_referral(session).id
    hidden = open_family(session)
    restriction(session, hidden)
    return hidden.id if kind is K.HOUSEHOLD else hidden.current_members[0].person_id


def ask(session: Session, kind: SubjectKind, subject_id: uuid.UUID) -> SubjectRequest:
    request = ask_about(session, subject_id, about=kind)
    session.commit()
    return request


def lines(visitor: Visitor, query: str = "") -> str:
    return visitor.get(f"/records/{query}").text.partition("<tbody")[2]


HIDDEN = [
    (K.STAFF, []),
    (K.DONOR, ["gifts.read"]),
    (K.REFERRAL, ["referrals.read"]),
    (K.PERSON, []),
    (K.HOUSEHOLD, []),
]


@pytest.mark.parametrize(("kind", "withheld"), HIDDEN)
def test_a_request_that_is_hidden_is_a_bare_line_of_the_log(
    session: Session, enter: Enter, kind: SubjectKind, withheld: list[str]
) -> None:
    request = ask(session, kind, somebody(session, kind))
    board, officer = (
        enter(colleague(session, narrowed(session, role, *taken)).id)
        for role, taken in ((Role.DIRECTOR, withheld), (Role.PRIVACY_OFFICER, []))
    )
    by = f"?user_id={staff_id(session, Role.PRIVACY_OFFICER)}"

    hers, found = lines(board), [lines(board, one) for one in (f"?action={TAKEN}", by)]
    whole = [lines(officer, one) for one in ("", f"?action={TAKEN}", by)]

    assert board.get(f"/data-protection/requests/{request.id}").status_code == 404
    assert "request about data" not in hers + "".join(found)
    assert "Something happened in a file that opens to others" in hers
    assert all("A request about data was taken" in page for page in whole)


@pytest.mark.parametrize(
    ("kind", "withheld"), [(K.DONOR, "gifts.read"), (K.REFERRAL, "referrals.read")]
)
def test_a_request_about_somebody_of_no_family_is_told_to_whoever_finds_it(
    session: Session, enter: Enter, kind: SubjectKind, withheld: str
) -> None:
    ask(session, kind, somebody(session, kind))
    takings = [[], [withheld]]
    boards = [colleague(session, narrowed(session, Role.DIRECTOR, *one)).id for one in takings]

    told, hers = (lines(enter(one), f"?action={TAKEN}") for one in boards)

    assert "A request about data was taken" in told
    assert "A request about data was taken" not in hers


@pytest.mark.parametrize("kind", [K.DONOR, K.HOUSEHOLD])
def test_a_hold_and_an_answered_notice_follow_whom_they_are_about(
    session: Session, enter: Enter, kind: SubjectKind
) -> None:
    subject_id, by = somebody(session, kind), staff_id(session, Role.PRIVACY_OFFICER)
    about = {"subject_kind": kind, "subject_id": subject_id, "data_group": DataGroup.DONORS}
    notice = RetentionNotice(**about, due_on=TODAY, noticed_on=TODAY, ends_on=TODAY)
    session.add(notice)
    holds.set_hold(
        session, kind=kind, subject_id=subject_id, reason="A court", until_on=None, set_by=by
    )
    retention.answer(session, notice, answer=Answer.LET_GO, keep_until=None, reason=None, by=by)
    session.commit()
    board = colleague(session, narrowed(session, Role.DIRECTOR, "gifts.read")).id

    hers, whole = (
        [lines(enter(one), f"?action={action}") for action in (HELD, ANSWERED)]
        for one in (board, by)
    )

    assert not any("<td" in page for page in hers)
    assert all("<td" in page for page in whole)


def test_a_look_in_an_emergency_opens_the_file_and_not_the_log_about_it(
    session: Session, sign_in: Callable[..., Visitor]
) -> None:
    family, call = open_family(session), take_referral(session)
    accept_for_known_family(session, call, family, decided_by=staff_id(session), today=TODAY)
    restriction(session, family)
    board = sign_in(Role.DIRECTOR)
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    look = {"kind": GrantKind.BREAK_GLASS, "ends_at": in_an_hour}
    grant(session, family, staff_id(session, Role.DIRECTOR), **look)
    session.commit()

    hers, whole = (
        [lines(one, f"?action={action}") for action in ("referral.taken", "referral.accepted")]
        for one in (board, sign_in(Role.PRIVACY_OFFICER))
    )

    assert board.get(f"/families/{family.id}").status_code == 200
    assert board.get(f"/records/referrals/{call.id}").status_code == 404
    assert not any("<td" in page for page in hers)
    assert all("<td" in page for page in whole)


def test_who_asks_for_a_case_that_is_closed_to_her_has_not_looked_at_it(
    session: Session, sign_in: Callable[..., Visitor]
) -> None:
    family = open_family(session)
    restriction(session, family)
    session.commit()

    for role in (Role.DIRECTOR, Role.PRIVACY_OFFICER):
        sign_in(role).get(f"/records/?case_number={family.case_number}")

    lookers = session.scalars(
        select(PersonRead.user_id).where(PersonRead.household_id == family.id)
    ).all()
    assert set(lookers) == {staff_id(session, Role.PRIVACY_OFFICER)}
