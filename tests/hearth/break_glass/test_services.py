"""One closed case, one hour, told at once, reviewed by somebody else."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy_models import OwnRole, RoleRule
from hearth.audit.models import AuditEvent
from hearth.break_glass import services
from hearth.break_glass.deadlines import working_days_after
from hearth.break_glass.indicators import BREAK_GLASS_USES
from hearth.break_glass.models import GlassReview
from hearth.break_glass.report import report_of
from hearth.break_glass.services import (
    NotOpenedError,
    OpenAlreadyError,
    OwnLookError,
    ReviewedAlreadyError,
    TooManyTriesError,
)
from hearth.break_glass.vocabulary import Outcome, Reason
from hearth.families.access import find_household
from hearth.indicators import Period
from hearth.outbox.models import OutboxMessage
from tests.factories.break_glass import EXPLANATION, close_to_all, make_look
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.people import as_role, colleague, grant

READ = Permission.FAMILIES_READ
NOW = datetime.now(UTC)


def told(session: Session, template: str = services.NOTICE) -> set[str]:
    """Whom the outbox will write to: for a review, unless another mail is meant."""
    payloads = session.scalars(select(OutboxMessage.payload))
    ids = [payload["user"] for payload in payloads if payload["template"] == template]
    return {role for role in Role if str(_id(session, role)) in ids}


def _id(session: Session, role: Role) -> object:
    return session.scalar(select(User.id).where(User.roles == [role.value]))


def test_a_closed_case_opens_to_one_person_for_an_hour(session: Session) -> None:
    household, other = open_family(session), open_family(session)
    close_to_all(session, other)
    specialist = as_role(session, Role.SPECIALIST)
    worker = as_role(session)

    look = make_look(session, household)

    def opens(user: object, household_id: object) -> bool:
        found = find_household(session, household_id, user=user, permission=READ)  # type: ignore[arg-type]
        return found is not None

    assert opens(specialist, household.id)
    assert not opens(specialist, other.id)
    assert not opens(worker, household.id)
    with time_machine.travel(look.ends_at - timedelta(seconds=1), tick=False):
        assert opens(specialist, household.id)
        assert services.running_look(session, specialist.id) is look
    with time_machine.travel(look.ends_at, tick=False):
        assert not opens(specialist, household.id)
        assert services.running_look(session, specialist.id) is None


def test_supervisors_and_the_privacy_officer_are_told_at_once_and_no_name_travels(
    session: Session,
) -> None:
    household = open_family(session)
    grant(session, household, staff_id(session))

    look = make_look(session, household)

    assert told(session) == {Role.SUPERVISOR, Role.PRIVACY_OFFICER, Role.DIRECTOR}
    assert look.restricted
    payloads = session.scalars(select(OutboxMessage.payload)).all()
    by_template = {payload["template"]: set(payload) for payload in payloads}
    assert by_template == {
        services.NOTICE: {"template", "user", "look"},
        services.TOLD: {"template", "user"},
    }


def test_nobody_is_told_of_her_own_look(session: Session) -> None:
    make_look(session, open_family(session), role=Role.SUPERVISOR)

    assert told(session) == {Role.PRIVACY_OFFICER, Role.DIRECTOR}


def test_a_number_that_leads_nowhere_costs_a_try(session: Session) -> None:
    specialist = as_role(session, Role.SPECIALIST)
    household = open_family(session)
    close_to_all(session, household)

    for _ in range(services.TRIES):
        with pytest.raises(NotOpenedError):
            services.open_case(
                session,
                specialist,
                case_number="2026-9999",
                reason=Reason.CALL,
                explanation=EXPLANATION,
            )
        session.commit()

    with pytest.raises(TooManyTriesError):
        services.open_case(
            session,
            specialist,
            case_number=household.case_number,
            reason=Reason.CALL,
            explanation=EXPLANATION,
        )
    events = session.scalars(select(AuditEvent).where(AuditEvent.action == services.NOT_OPENED))
    assert [event.facts for event in events] == [{"reason": "call"}] * services.TRIES


def test_a_case_that_is_open_anyway_needs_no_emergency(session: Session) -> None:
    household = open_family(session)
    worker = as_role(session)

    with pytest.raises(OpenAlreadyError):
        services.open_case(
            session,
            worker,
            case_number=household.case_number,
            reason=Reason.CALL,
            explanation=EXPLANATION,
        )

    assert session.scalars(select(OutboxMessage.payload)).all() == []


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2026, 11, 16), date(2026, 11, 19)),
        (date(2026, 11, 18), date(2026, 11, 23)),
        (date(2026, 11, 20), date(2026, 11, 25)),
        (date(2026, 11, 21), date(2026, 11, 25)),
        (date(2026, 11, 22), date(2026, 11, 25)),
    ],
)
def test_the_third_working_day_is_the_last_one(day: date, due: date) -> None:
    assert working_days_after(day, 3) == due


def test_somebody_else_reviews_once(session: Session) -> None:
    look = make_look(session, open_family(session))
    director = staff_id(session, Role.DIRECTOR)

    with pytest.raises(OwnLookError):
        services.review(
            session, look, outcome=Outcome.JUSTIFIED, note="Mine.", reviewed_by=look.user_id
        )
    services.review(session, look, outcome=Outcome.JUSTIFIED, note="Rightly.", reviewed_by=director)
    with pytest.raises(ReviewedAlreadyError):
        services.review(
            session, look, outcome=Outcome.NOT_JUSTIFIED, note="No.", reviewed_by=director
        )

    session.refresh(look)
    assert look.review is not None
    assert (look.review.outcome, look.review.note) == (Outcome.JUSTIFIED, "Rightly.")


def test_the_database_itself_refuses_a_review_of_ones_own_look(session: Session) -> None:
    look = make_look(session, open_family(session))
    own = GlassReview(
        look_id=look.id,
        looked_by=look.user_id,
        household_id=look.household_id,
        reviewed_by=look.user_id,
        reviewed_at=look.opened_at,
        outcome=Outcome.JUSTIFIED,
        note="Mine.",
    )

    with pytest.raises(IntegrityError, match="somebody_else"), session.begin_nested():
        session.add(own)


def test_an_overdue_review_is_reminded_of_once_a_day(session: Session) -> None:
    look = make_look(session, open_family(session))
    in_time = look.opened_at
    too_late = look.opened_at + timedelta(days=8)

    with time_machine.travel(in_time, tick=False):
        assert services.remind_reviewers(session) == 0
    with time_machine.travel(too_late, tick=False):
        first, again = services.remind_reviewers(session), services.remind_reviewers(session)
    with time_machine.travel(too_late + timedelta(days=1), tick=False):
        next_day = services.remind_reviewers(session)

    assert look.is_overdue(too_late.date())
    assert (first, again, next_day) == (3, 0, 3)


def test_the_month_is_counted_by_reason_colleague_and_review(session: Session) -> None:
    reviewed = make_look(session, open_family(session), reason=Reason.DANGER)
    make_look(session, open_family(session))
    make_look(session, open_family(session), role=Role.SUPERVISOR)
    services.review(
        session,
        reviewed,
        outcome=Outcome.NOT_JUSTIFIED,
        note="It could wait.",
        reviewed_by=staff_id(session, Role.DIRECTOR),
    )
    session.expire_all()

    officer, month = as_role(session, Role.PRIVACY_OFFICER), TODAY.replace(day=1)
    report = report_of(session, month, timezone="Europe/Moscow", user=officer)

    assert (report.total, report.reviewed_in_time, report.waiting) == (3, 1, 2)
    assert report.not_justified == 1
    assert report.by_reason[Reason.DANGER] == 1
    assert report.by_reason[Reason.CALL] == 2
    assert report.by_user == [
        ("Test specialist (specialist@spb.example.org)", 2),
        ("Test supervisor (supervisor@spb.example.org)", 1),
    ]


def test_the_indicator_counts_the_looks_of_a_month(session: Session) -> None:
    make_look(session, open_family(session))
    period = Period.month(TODAY.year, TODAY.month, "Europe/Moscow")

    counted = BREAK_GLASS_USES.count(session, period)

    officer = as_role(session, Role.PRIVACY_OFFICER)
    report = report_of(session, TODAY.replace(day=1), timezone="Europe/Moscow", user=officer)
    assert sum(counted.values()) == report.total
    assert counted == {(): 1}
    assert set(counted) <= set(BREAK_GLASS_USES.cells)


def test_a_small_house_without_reviewers_tells_its_director(session: Session) -> None:
    for role in (Role.SUPERVISOR, Role.PRIVACY_OFFICER):
        session.execute(update(User).where(User.roles == [role]).values(roles=["nothing"]))

    make_look(session, open_family(session))

    assert told(session) == {Role.DIRECTOR}


def test_a_role_of_our_own_that_derives_from_supervisor_is_told_too(session: Session) -> None:
    own = OwnRole(
        name="Test Lead",
        base=Role.SUPERVISOR.value,
        created_by=staff_id(session, Role.ADMINISTRATOR),
    )
    session.add(own)
    session.flush()
    lead = colleague(session, str(own.id))

    make_look(session, open_family(session))

    payloads = session.scalars(select(OutboxMessage.payload))
    assert str(lead.id) in [payload["user"] for payload in payloads]


def withhold_review(session: Session, *roles: Role) -> None:
    by = staff_id(session, Role.ADMINISTRATOR)
    item = Permission.BREAK_GLASS_REVIEW.value
    session.add_all(
        RoleRule(role=role.value, item=item, rule="withheld", set_by=by) for role in roles
    )
    session.flush()


def test_whoever_may_not_review_is_not_asked_to(session: Session) -> None:
    withhold_review(session, Role.SUPERVISOR)

    make_look(session, open_family(session))

    assert told(session) == {Role.PRIVACY_OFFICER, Role.DIRECTOR}


def test_where_neither_of_them_may_review_whoever_may_is_told(session: Session) -> None:
    withhold_review(session, Role.SUPERVISOR, Role.PRIVACY_OFFICER)
    household = open_family(session)

    make_look(session, household)

    assert told(session) == {Role.DIRECTOR}
    assert told(session, services.UNREVIEWED) == set()


@pytest.mark.parametrize("restricted", [False, True])
def test_who_knows_the_family_is_told_and_whom_a_restriction_shuts_out_is_not(
    restricted: bool, session: Session
) -> None:
    household = open_family(session)
    for role, changes in (
        (Role.DUTY_OPERATOR, {}),
        (Role.VOLUNTEER_COORDINATOR, {}),
        (Role.FUNDRAISER, {"revoked_at": NOW, "revoked_by": staff_id(session, Role.DIRECTOR)}),
        (Role.BOOKKEEPER, {"ends_at": NOW - timedelta(minutes=1)}),
    ):
        grant(session, household, staff_id(session, role), **changes)
    if restricted:
        close_to_all(session, household)

    look = services.open_case(
        session,
        as_role(session, Role.SPECIALIST),
        case_number=household.case_number,
        reason=Reason.CALL,
        explanation=EXPLANATION,
    )

    accompanies = set() if restricted else {Role.SOCIAL_WORKER}
    assert look.restricted is restricted
    assert told(session, services.TOLD) == {
        Role.DUTY_OPERATOR,
        Role.VOLUNTEER_COORDINATOR,
        *accompanies,
    }


def test_a_look_by_the_only_reviewer_is_told_to_the_administrators(session: Session) -> None:
    withhold_review(session, Role.SUPERVISOR, Role.PRIVACY_OFFICER)
    director = staff_id(session, Role.DIRECTOR)

    look = make_look(session, open_family(session), role=Role.DIRECTOR)

    assert not services.is_reviewed_by_others(session, director)
    assert services.is_reviewed_by_others(session, staff_id(session, Role.SPECIALIST))
    assert told(session) == set()
    assert told(session, services.UNREVIEWED) == {Role.ADMINISTRATOR}
    assert told(session, services.TOLD) == set()
    with time_machine.travel(look.opened_at + timedelta(days=8), tick=False):
        assert services.remind_reviewers(session) == 1
    assert told(session, services.REMINDER) == set()


def test_nobody_is_reminded_of_her_own_look(session: Session) -> None:
    look = make_look(session, open_family(session), role=Role.SUPERVISOR)

    with time_machine.travel(look.opened_at + timedelta(days=8), tick=False):
        services.remind_reviewers(session)

    assert told(session, services.REMINDER) == {Role.PRIVACY_OFFICER, Role.DIRECTOR}
