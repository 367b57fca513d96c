"""A hash over what can be tried is told with its line or not at all."""

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace

import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit import chain
from hearth.audit import services as audit
from hearth.audit.models import AuditEvent
from hearth.audit.signing import SignedHead
from hearth.families.services import close_case
from hearth.families.vocabulary import ClosingReason
from hearth.intake import services as intake
from hearth.records.hashes import NEAR
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import restriction
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
Unsalted = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def unsalted(session: Session, monkeypatch: pytest.MonkeyPatch) -> Unsalted:
    """Record as a release did that knew no salt."""

    @contextmanager
    def before() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(chain, "secrets", SimpleNamespace(token_bytes=lambda _number: None))
            yield
            session.commit()

    return before


def note(session: Session, times: int) -> None:
    """Record what is told to everybody who reads the log."""
    for _ in range(times):
        audit.record(session, action="team.formed", subject_type="team", subject_id=None)


def told(visitor: Visitor) -> dict[int, bool]:
    """By an event's number, whether the workbook tells its hash."""
    taken = visitor.get("/records/records.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(taken.data)).worksheets[0]
    return {row[0]: bool(row[6]) for row in sheet.iter_rows(min_row=2, values_only=True)}  # type: ignore[misc]


def head_on_paper(visitor: Visitor) -> SignedHead:
    page = visitor.get("/records/head").text
    line = page.partition("<code>")[2].partition("</code>")[0]
    return SignedHead.from_line(line.replace("&#34;", '"'))


def test_the_hash_of_an_old_line_that_opens_to_others_is_told_to_them_alone(
    session: Session, sign_in: SignIn, unsalted: Unsalted
) -> None:
    with unsalted():
        note(session, 2)
        restriction(session, open_family(session))
        note(session, NEAR + 1)

    hers, whole = told(sign_in(Role.DIRECTOR)), told(sign_in(Role.PRIVACY_OFFICER))

    last = NEAR + 6
    assert {number for number, shown in hers.items() if shown and number <= last} == {1, 2, last}
    assert all(whole[number] for number in range(1, last + 1))


def test_the_hash_of_an_old_line_with_a_covered_fact_is_not_told(
    session: Session, sign_in: SignIn, unsalted: Unsalted
) -> None:
    with unsalted():
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

    officers = told(sign_in(Role.PRIVACY_OFFICER))

    assert [officers[number] for number in range(1, 5)] == [True, True, True, False]


def test_a_salted_hash_is_told_of_a_line_that_is_not(session: Session, sign_in: SignIn) -> None:
    restriction(session, open_family(session))
    session.commit()

    hers = told(sign_in(Role.DIRECTOR))

    assert [hers[number] for number in (1, 2, 3)] == [True, True, True]


def test_a_referral_takes_its_old_hash_along_into_a_file_that_opens_to_others(
    session: Session, sign_in: SignIn, unsalted: Unsalted
) -> None:
    with unsalted():
        note(session, 1)
        referral = take_referral(session)
    family = open_family(session)
    intake.accept_for_known_family(
        session, referral, family, decided_by=staff_id(session), today=TODAY
    )
    restriction(session, family)
    session.commit()

    hers = told(sign_in(Role.DIRECTOR))

    assert [hers[number] for number in (1, 2, 3)] == [True, False, True]


def test_the_head_on_paper_is_that_of_a_line_whose_hash_is_told(
    session: Session, sign_in: SignIn, unsalted: Unsalted
) -> None:
    with unsalted():
        note(session, 2)
        restriction(session, open_family(session))
    director, officer = sign_in(Role.DIRECTOR), sign_in(Role.PRIVACY_OFFICER)

    before = head_on_paper(director), head_on_paper(officer)
    note(session, 1)
    session.commit()
    after = head_on_paper(director)

    chain_of_events = session.scalars(select(AuditEvent)).all()
    standing = {event.seq: event.hash for event in chain_of_events}
    assert [head.seq for head in (*before, after)] == [2, 5, 6]
    assert all(head.hash == standing[head.seq] for head in (*before, after))
