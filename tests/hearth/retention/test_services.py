"""Retention: the clock, the notice to a human, and the end – once, and never under a hold."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.data_records import DataGroup
from hearth.families.models import Household, Person
from hearth.families.services import close_case, reopen_case
from hearth.families.vocabulary import ClosingReason
from hearth.intake import services as intake
from hearth.intake.models import Referral
from hearth.intake.vocabulary import DecisionReason, ReferralState
from hearth.outbox.mail import TEMPLATES
from hearth.outbox.models import OutboxMessage
from hearth.retention import services
from hearth.retention.models import Answer, RetentionNotice
from hearth.subject_rights.erasure import SamePersonError
from hearth.subject_rights.models import Erasure, ErasureCertificate
from hearth.web.request import HearthFlask
from tenants.context import Runtime
from tenants.legal import LegalProfile
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.giving import start_gift
from tests.factories.intake import take_referral
from tests.factories.people import restriction
from tests.factories.rights import EU, RU, hold, take_request
from workers.privacy import run_retention_clocks

FIVE_YEARS = TODAY.replace(year=TODAY.year + 5)


def closed(session: Session, on: date = TODAY) -> Household:
    family = open_family(session)
    close_case(
        session,
        family,
        closed_on=on,
        reason=ClosingReason.GOALS_MET,
        note=None,
        closed_by=staff_id(session),
        today=on,
    )
    return family


def notices(session: Session) -> list[RetentionNotice]:
    return list(session.scalars(select(RetentionNotice).order_by(RetentionNotice.recorded_at)))


@pytest.mark.parametrize(("days", "given"), [(-31, 0), (-30, 1), (0, 1), (100, 1)])
def test_notice_is_given_thirty_days_before_the_end(
    session: Session, days: int, given: int
) -> None:
    closed(session)

    count = services.give_notices(session, profile=RU, today=FIVE_YEARS + timedelta(days=days))

    assert count == given


def test_a_notice_leaves_thirty_days_however_late_it_comes(session: Session) -> None:
    closed(session)
    late = FIVE_YEARS + timedelta(days=400)

    services.give_notices(session, profile=RU, today=late)

    assert [one.ends_on for one in notices(session)] == [late + timedelta(days=30)]


def test_a_second_run_gives_no_second_notice_and_no_second_mail(session: Session) -> None:
    closed(session)
    for _ in range(3):
        services.give_notices(session, profile=RU, today=FIVE_YEARS)

    mails = session.scalars(select(OutboxMessage.payload)).all()
    assert len(notices(session)) == 1
    assert len(mails) == 2
    assert {mail["template"] for mail in mails} == {services.MAIL}


def durable(session: Session) -> None:
    """End the unit of work, as a job does: the keys end with it."""
    session.commit()
    session.expunge_all()
    session.info.pop("keyring", None)


def names(session: Session) -> set[str]:
    return {person.given_name for person in session.scalars(select(Person))}


def test_the_mail_says_how_many_and_not_who(session: Session, app: HearthFlask) -> None:
    closed(session)
    services.give_notices(session, profile=RU, today=FIVE_YEARS)
    payload = session.scalars(select(OutboxMessage.payload)).first()
    assert payload is not None

    with app.app_context():
        mail = TEMPLATES[services.MAIL](session, payload)

    assert mail is not None
    assert "/data-protection/ends-soon/" in mail.text
    assert "Test" not in mail.subject + mail.text + mail.html


def test_the_mail_counts_what_its_reader_may_see(session: Session) -> None:
    closed(session)
    restriction(session, closed(session))

    services.give_notices(session, profile=RU, today=FIVE_YEARS)

    assert written(session) == {
        staff_id(session, Role.PRIVACY_OFFICER): 2,
        staff_id(session, Role.DIRECTOR): 1,
    }


def test_nobody_hears_of_files_that_open_to_others_alone(session: Session) -> None:
    restriction(session, closed(session))

    services.give_notices(session, profile=RU, today=FIVE_YEARS)

    assert written(session) == {staff_id(session, Role.PRIVACY_OFFICER): 1}


def written(session: Session) -> dict[uuid.UUID, int]:
    """To whom the outbox will write, and how many entries the mail counts."""
    mails = session.scalars(select(OutboxMessage.payload))
    return {uuid.UUID(mail["user"]): mail["count"] for mail in mails}


def test_an_open_case_has_no_clock(session: Session) -> None:
    open_family(session)

    assert services.give_notices(session, profile=RU, today=FIVE_YEARS.replace(year=2090)) == 0


def test_a_request_that_led_to_nothing_ends_after_a_year(session: Session) -> None:
    referral = take_referral(session)
    referral_id = referral.id
    intake.decline(
        session,
        referral,
        state=ReferralState.DECLINED,
        reason=DecisionReason.TOO_FAR,
        note="Lives in another town",
        referred_on_to=None,
        decided_by=staff_id(session),
    )
    later = datetime.now(UTC).date().replace(year=TODAY.year + 1) + timedelta(days=40)
    services.give_notices(session, profile=RU, today=later)
    end = later + timedelta(days=30)

    for notice_id in services.ending_now(session, today=end):
        assert services.end(session, notice_id, profile=RU, today=end)

    durable(session)
    ended = session.get_one(Referral, referral_id)
    assert (ended.mother_name, ended.referrer_body, ended.situation) == ("erased", "erased", None)


def test_a_donor_is_kept_for_other_years_than_a_family(session: Session) -> None:
    start_gift(session)
    in_six_years = TODAY.replace(year=TODAY.year + 6)

    russian = services.give_notices(session, profile=RU, today=in_six_years)
    groups = {one.data_group for one in notices(session)}

    assert russian == 1
    assert groups == {DataGroup.DONORS}
    assert EU.retention["donors"].until(TODAY) > in_six_years


def test_what_nobody_kept_ends_with_a_certificate(session: Session) -> None:
    family = closed(session)
    services.give_notices(session, profile=RU, today=FIVE_YEARS)
    end = FIVE_YEARS + timedelta(days=30)

    assert services.ending_now(session, today=end - timedelta(days=1)) == []
    [notice_id] = services.ending_now(session, today=end)
    done = services.end(session, notice_id, profile=RU, today=end)

    members = len(family.members)
    durable(session)
    certificate = session.scalars(select(ErasureCertificate)).one()
    assert done
    assert names(session) == {"erased"}
    assert certificate.last_key_backup_ends_on == end + timedelta(days=30)
    assert certificate.counts["people"] == members
    assert services.waiting(session) == []
    assert services.give_notices(session, profile=RU, today=end) == 0


@pytest.mark.parametrize("in_the_way", ["hold", "request"])
def test_nothing_ends_while_a_hold_stands_or_a_request_waits(
    session: Session, in_the_way: str
) -> None:
    family = closed(session)
    services.give_notices(session, profile=RU, today=FIVE_YEARS)
    end = FIVE_YEARS + timedelta(days=30)
    hold(session, family) if in_the_way == "hold" else take_request(session, family)

    [notice_id] = services.ending_now(session, today=end)
    done = services.end(session, notice_id, profile=RU, today=end)

    assert not done
    assert session.scalar(select(func.count()).select_from(Erasure)) == 0
    assert services.ending_now(session, today=end) == [notice_id]


def test_a_family_that_came_back_is_left_alone(session: Session) -> None:
    family = closed(session)
    services.give_notices(session, profile=RU, today=FIVE_YEARS)
    end = FIVE_YEARS + timedelta(days=30)
    reopen_case(
        session,
        family,
        opened_on=FIVE_YEARS,
        needs=[],
        primary_need=None,
        opened_by=staff_id(session),
        today=FIVE_YEARS,
    )

    [notice_id] = services.ending_now(session, today=end)
    services.end(session, notice_id, profile=RU, today=end)

    assert session.scalar(select(func.count()).select_from(Erasure)) == 0
    assert services.waiting(session) == []


def test_what_is_kept_comes_back_when_its_reason_has_ended(session: Session) -> None:
    closed(session)
    services.give_notices(session, profile=RU, today=FIVE_YEARS)
    until = FIVE_YEARS + timedelta(days=200)
    [notice] = notices(session)
    services.answer(
        session,
        notice,
        answer=Answer.KEEP,
        keep_until=until,
        reason="A claim is running.",
        by=staff_id(session, Role.DIRECTOR),
    )

    within = services.give_notices(session, profile=RU, today=until)
    after = services.give_notices(session, profile=RU, today=until + timedelta(days=1))

    assert (within, after) == (0, 1)
    with pytest.raises(services.AnsweredError):
        services.answer(
            session,
            notice,
            answer=Answer.LET_GO,
            keep_until=None,
            reason=None,
            by=staff_id(session, Role.DIRECTOR),
        )


def let_go(session: Session, notice: RetentionNotice, *roles: Role) -> None:
    for role in roles:
        services.answer(
            session,
            notice,
            answer=Answer.LET_GO,
            keep_until=None,
            reason=None,
            by=staff_id(session, role),
        )


def test_what_two_people_let_go_need_not_wait_and_names_them(session: Session) -> None:
    closed(session)
    services.give_notices(session, profile=RU, today=FIVE_YEARS)
    [notice] = notices(session)
    let_go(session, notice, Role.DIRECTOR, Role.PRIVACY_OFFICER)

    services.end(session, notice.id, profile=RU, today=FIVE_YEARS)

    certificate = session.scalars(select(ErasureCertificate)).one()
    assert certificate.asked_by == staff_id(session, Role.DIRECTOR)
    assert certificate.approved_by == staff_id(session, Role.PRIVACY_OFFICER)


@pytest.mark.parametrize("law", [RU, EU])
@pytest.mark.parametrize("people", [1, 2])
def test_nothing_ends_before_the_laws_period_whoever_lets_it_go(
    session: Session, law: LegalProfile, people: int
) -> None:
    closed(session)
    due_on = law.retention["family_files"].until(TODAY)
    services.give_notices(session, profile=law, today=due_on - timedelta(days=29))
    [notice] = notices(session)
    let_go(session, notice, *(Role.DIRECTOR, Role.PRIVACY_OFFICER)[:people])
    early = due_on - timedelta(days=1)

    ended = services.end(session, notice.id, profile=law, today=early)

    assert not ended
    assert services.ending_now(session, today=early) == []
    assert session.scalar(select(func.count()).select_from(Erasure)) == 0


def test_one_person_alone_ends_nothing_before_its_day(session: Session) -> None:
    closed(session)
    services.give_notices(session, profile=RU, today=FIVE_YEARS)
    [notice] = notices(session)
    let_go(session, notice, Role.DIRECTOR)
    last = FIVE_YEARS + timedelta(days=30)

    with pytest.raises(SamePersonError):
        let_go(session, notice, Role.DIRECTOR)
    early = services.end(session, notice.id, profile=RU, today=last - timedelta(days=1))
    in_time = services.end(session, notice.id, profile=RU, today=last)

    assert (early, in_time) == (False, True)
    assert session.scalars(select(ErasureCertificate.approved_by)).one() is None


def test_the_database_refuses_one_person_for_both_words(session: Session) -> None:
    closed(session)
    services.give_notices(session, profile=RU, today=FIVE_YEARS)
    [notice] = notices(session)
    let_go(session, notice, Role.DIRECTOR)

    with pytest.raises(IntegrityError, match="two_people"), session.begin_nested():
        session.execute(
            update(RetentionNotice).values(
                approved_by=notice.answered_by, approved_at=notice.answered_at
            )
        )


def test_a_second_colleague_may_keep_what_the_first_let_go(session: Session) -> None:
    closed(session)
    services.give_notices(session, profile=RU, today=FIVE_YEARS)
    [notice] = notices(session)
    let_go(session, notice, Role.DIRECTOR, Role.PRIVACY_OFFICER)

    services.answer(
        session,
        notice,
        answer=Answer.KEEP,
        keep_until=FIVE_YEARS + timedelta(days=99),
        reason="A court asked for the file.",
        by=staff_id(session, Role.PRIVACY_OFFICER),
    )

    assert notice.approved_by is None
    assert not services.end(session, notice.id, profile=RU, today=FIVE_YEARS)


def test_the_job_goes_on_where_a_killed_run_stopped(
    runtime: Runtime, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    families = [closed(session) for _ in range(3)]
    session.commit()
    killed = _killed_after(1, services.end)

    with time_machine.travel(datetime(FIVE_YEARS.year, 1, 2, tzinfo=UTC) + timedelta(days=400)):
        run_retention_clocks()
    with time_machine.travel(datetime(FIVE_YEARS.year, 1, 2, tzinfo=UTC) + timedelta(days=440)):
        monkeypatch.setattr(services, "end", killed)
        with pytest.raises(KeyboardInterrupt):
            run_retention_clocks()
        monkeypatch.undo()
        half = session.scalar(select(func.count()).select_from(ErasureCertificate))
        run_retention_clocks()
        run_retention_clocks()

    durable(session)
    assert half == 1
    assert session.scalar(select(func.count()).select_from(ErasureCertificate)) == len(families)
    assert names(session) == {"erased"}


def _killed_after(times: int, end: Callable[..., bool]) -> Callable[..., bool]:
    calls: list[int] = []

    def dies(*arguments: object, **more: object) -> bool:
        calls.append(1)
        done = end(*arguments, **more)
        if len(calls) > times:
            raise KeyboardInterrupt
        return done

    return dies
