"""Requests: their clock, who asks, and whether an answer is safe."""

from datetime import date

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.subject_rights import disclosure, services
from hearth.subject_rights.models import RequestStep
from hearth.subject_rights.services import ClosedError, ExtendedBeforeError, NotCheckedError
from hearth.subject_rights.vocabulary import Asker, RequestKind, Step
from tests.factories.families import open_family, staff_id
from tests.factories.rights import EU, RU, check, take_request

FRIDAY = date(2026, 11, 20)


def test_the_clock_is_the_countrys(session: Session) -> None:
    family = open_family(session)

    russian = take_request(session, family, received_on=FRIDAY, law=RU)
    european = take_request(session, family, received_on=FRIDAY, law=EU)

    assert russian.due_on == date(2026, 12, 4)
    assert european.due_on == date(2026, 12, 20)


@pytest.mark.parametrize(
    ("member", "asked_by", "needed"),
    [
        (0, Asker.SELF, True),
        (0, Asker.THIRD, True),
        (0, Asker.AUTHORITY, True),
        (1, Asker.GUARDIAN, True),
        (1, Asker.SELF, True),
    ],
)
def test_a_childs_file_and_whoever_asks_for_others_are_looked_at(
    session: Session, member: int, asked_by: Asker, *, needed: bool
) -> None:
    family = open_family(session)

    request = take_request(session, family, member=member, asked_by=asked_by, checked=False)

    assert request.needs_safeguarding is needed


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (Step.IDENTITY_CONFIRMED,),
        (Step.SAFE,),
        (Step.IDENTITY_DOUBTFUL, Step.SAFE),
        (Step.IDENTITY_CONFIRMED, Step.SAFE, Step.UNSAFE),
        (Step.IDENTITY_CONFIRMED, Step.SAFE, Step.IDENTITY_DOUBTFUL),
    ],
)
def test_nothing_of_a_child_is_gathered_before_both_looks_ended_well(
    session: Session, steps: tuple[Step, ...]
) -> None:
    officer = staff_id(session, Role.PRIVACY_OFFICER)
    request = take_request(session, open_family(session), member=1, checked=False)
    for step in steps:
        services.take_step(session, request, step, by=officer)

    with pytest.raises(NotCheckedError):
        disclosure.prepare(session, request, by=officer)


def test_time_is_extended_once(session: Session) -> None:
    officer = staff_id(session, Role.PRIVACY_OFFICER)
    request = take_request(session, open_family(session), received_on=FRIDAY, law=EU)

    services.extend(session, request, by=officer, note="Much to read", profile=EU)

    assert request.due_on == date(2027, 2, 20)
    with pytest.raises(ExtendedBeforeError):
        services.extend(session, request, by=officer, note="Still much", profile=EU)


def test_an_answered_request_takes_no_step_more(session: Session) -> None:
    officer = staff_id(session, Role.PRIVACY_OFFICER)
    request = take_request(session, open_family(session), kind=RequestKind.RESTRICTION)
    services.take_step(session, request, Step.ANSWERED, by=officer, note="Told in person")

    assert request.outcome is Step.ANSWERED
    assert services.open_requests(session, {request.subject_id}) == []
    with pytest.raises(ClosedError):
        check(session, request)


def test_a_step_is_written_once(session: Session) -> None:
    request = take_request(session, open_family(session))

    with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
        session.execute(
            update(RequestStep).where(RequestStep.request_id == request.id).values(note="else")
        )
