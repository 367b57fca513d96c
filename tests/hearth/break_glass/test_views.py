"""The pages of an emergency look: closed, opened, seen on every page, reviewed, counted."""

import io
from collections.abc import Callable
from datetime import timedelta

import openpyxl
import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy_models import RoleRule
from hearth.break_glass import mails
from hearth.break_glass.models import GlassLook
from hearth.break_glass.services import NOTICE, TOLD, UNREVIEWED
from hearth.families.models import Household
from hearth.outbox.models import OutboxMessage
from hearth.web.request import HearthFlask
from tests.factories.break_glass import EXPLANATION, close_to_all, make_look
from tests.factories.families import open_family, staff_id
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]


@pytest.fixture
def closed(session: Session) -> Household:
    household = open_family(session)
    close_to_all(session, household)
    return household


def answers(household: Household, **changes: str) -> dict[str, str]:
    known = {
        "case_number": household.case_number,
        "reason": "call",
        "explanation": EXPLANATION,
    }
    return known | changes


def test_a_closed_case_opens_and_says_so_on_its_pages(sign_in: SignIn, closed: Household) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    file = f"/families/{closed.id}"
    before = worker.get(file)

    opened = worker.submit("/break-glass/", answers(closed))

    assert before.status_code == 404
    assert "Emergency look at a closed case" in before.text
    assert (opened.status_code, opened.location) == (303, file)
    page = worker.get(file).text
    assert f"Emergency look at case {closed.case_number}" in page
    assert "It closes in 60 minutes" in page
    assert "Emergency look at case" in worker.get(f"{file}/documents").text
    assert "Emergency look at case" not in worker.get("/families/").text


def test_the_case_closes_again_by_itself(
    sign_in: SignIn, closed: Household, session: Session
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    worker.submit("/break-glass/", answers(closed))
    look = session.scalars(select(GlassLook)).one()

    with time_machine.travel(look.ends_at - timedelta(seconds=30), tick=False):
        last_minute = worker.get(f"/families/{closed.id}")
        answers_still = last_minute.status_code
    with time_machine.travel(look.ends_at + timedelta(seconds=1), tick=False):
        over = worker.get(f"/families/{closed.id}").status_code

    assert (answers_still, over) == (200, 404)
    assert "It closes in 1 minute," in last_minute.text


def test_pressing_twice_opens_once(sign_in: SignIn, closed: Household, session: Session) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    sent = {"form_token": worker.token_on("/break-glass/"), **answers(closed)}

    first = worker.post("/break-glass/", data=sent)
    second = worker.post("/break-glass/", data=sent)

    assert (first.status_code, first.location) == (second.status_code, second.location)
    assert session.scalar(select(func.count()).select_from(GlassLook)) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"case_number": "2026-9999"}, "No case is opened by this number"),
        ({"case_number": ""}, "Case number"),
        ({"explanation": "too short"}, "at least 20 characters"),
        ({"explanation": " " * 30}, "What happened"),
        ({"reason": "curiosity"}, "reason"),
    ],
)
def test_bad_input_opens_nothing_and_is_kept(
    sign_in: SignIn, closed: Household, session: Session, change: dict[str, str], says: str
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)

    answer = worker.submit("/break-glass/", answers(closed, **change))

    assert answer.status_code == 422
    assert says in answer.text
    assert session.scalar(select(func.count()).select_from(GlassLook)) == 0


def test_a_part_of_a_number_opens_nothing(sign_in: SignIn, closed: Household) -> None:
    answer = sign_in(Role.SOCIAL_WORKER).submit(
        "/break-glass/", answers(closed, case_number=closed.case_number[:-1])
    )

    assert answer.status_code == 422


def test_after_five_tries_a_true_number_is_answered_like_a_false_one(
    sign_in: SignIn, closed: Household
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    for _ in range(5):
        worker.submit("/break-glass/", answers(closed, case_number="2026-9999"))

    true = worker.submit("/break-glass/", answers(closed))
    false = worker.submit("/break-glass/", answers(closed, case_number="2026-9998"))

    assert true.status_code == false.status_code == 422
    assert "You have tried too often" in true.text
    assert "You have tried too often" in false.text


def test_an_open_case_needs_no_emergency(sign_in: SignIn, session: Session) -> None:
    household = open_family(session)

    answer = sign_in(Role.SOCIAL_WORKER).submit("/break-glass/", answers(household))

    assert answer.location == f"/families/{household.id}"
    assert session.scalar(select(func.count()).select_from(GlassLook)) == 0


def test_a_look_is_reviewed_by_somebody_else(sign_in: SignIn, session: Session) -> None:
    look = make_look(session, open_family(session), role=Role.SUPERVISOR)
    page = f"/looks/{look.id}"
    director, own = sign_in(Role.DIRECTOR), sign_in(Role.SUPERVISOR)

    hers = own.submit(page, {"outcome": "justified", "note": "Mine."}, page="/break-glass/")
    unfinished = director.submit(page, {"outcome": "justified", "note": ""})
    reviewed = director.submit(page, {"outcome": "justified", "note": "Rightly opened."})
    again = director.submit(page, {"outcome": "justified", "note": "Twice."}, page="/looks/")

    assert (hers.status_code, unfinished.status_code) == (422, 422)
    assert "Somebody else has to review" in hers.text
    assert (reviewed.status_code, reviewed.location) == (303, "/looks/")
    assert again.status_code == 422
    assert "Rightly opened." in director.get(page).text
    assert "Justified" in director.get("/looks/").text


def test_the_queue_names_what_is_due_and_what_is_overdue(sign_in: SignIn, session: Session) -> None:
    look = make_look(session, open_family(session))
    officer = sign_in(Role.PRIVACY_OFFICER)

    waiting = officer.get("/looks/").text
    with time_machine.travel(look.opened_at + timedelta(minutes=30), tick=False):
        assert "Due by" in officer.get("/looks/").text
    look_page = officer.get(f"/looks/{look.id}").text

    assert look.household.case_number in waiting
    assert EXPLANATION in look_page


def test_the_review_shows_what_was_opened(
    sign_in: SignIn, closed: Household, session: Session
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    worker.submit("/break-glass/", answers(closed))
    worker.get(f"/families/{closed.id}")
    look = session.scalars(select(GlassLook)).one()

    page = sign_in(Role.DIRECTOR).get(f"/looks/{look.id}").text

    assert "What was opened" in page
    assert "Test social-worker" in page
    assert "file" in page


def test_the_report_counts_and_is_taken_along(sign_in: SignIn, session: Session) -> None:
    make_look(session, open_family(session))
    director = sign_in(Role.DIRECTOR)

    page = director.get("/looks/report")
    taken = director.get("/looks/report.xlsx")

    assert page.status_code == 200
    assert "Test specialist" in page.text
    sheet = openpyxl.load_workbook(io.BytesIO(taken.data)).worksheets[0]
    rows = {row[0]: row[1] for row in sheet.iter_rows(values_only=True)}
    assert rows["Emergency looks"] == 1
    assert rows["Test specialist (specialist@spb.example.org)"] == 1


@pytest.mark.parametrize("month", ["1999-01", "nonsense", ""])
def test_a_month_that_is_not_there_shows_the_present_one(sign_in: SignIn, month: str) -> None:
    assert sign_in(Role.DIRECTOR).get(f"/looks/report?month={month}").status_code == 200


def test_the_mail_names_neither_the_family_nor_the_case_nor_the_colleague(
    app: HearthFlask, session: Session
) -> None:
    look = make_look(session, open_family(session))
    message = session.scalars(
        select(OutboxMessage).where(OutboxMessage.payload["template"].astext == NOTICE)
    ).first()
    assert message is not None

    with app.app_context():
        mail = mails.notice(session, message.payload)

    assert mail is not None
    written = mail.subject + mail.text + mail.html
    assert "one case" in mail.text
    assert "/looks/" in mail.text
    for secret in (look.household.case_number, look.user.name, EXPLANATION, "Testova"):
        assert secret not in written


def test_the_reminder_says_how_many_wait(app: HearthFlask, session: Session) -> None:
    payload = {"user": str(staff_id(session, Role.DIRECTOR)), "number": 2}

    with app.app_context():
        mail = mails.reminder(session, payload)

    assert mail is not None
    assert "2 emergency looks" in mail.text


def test_the_months_report_leaves_only_after_a_fresh_proof(sign_in: SignIn) -> None:
    path = "/looks/report.xlsx"

    answers = [sign_in(Role.DIRECTOR, fresh=fresh).get(path) for fresh in (True, False)]

    assert answers[0].status_code == 200
    assert answers[1].location == f"/confirm?next={path}"


@pytest.mark.parametrize(
    ("template", "role"), [(TOLD, Role.SOCIAL_WORKER), (UNREVIEWED, Role.ADMINISTRATOR)]
)
def test_the_other_mails_name_nobody_either(
    app: HearthFlask, session: Session, template: str, role: Role
) -> None:
    look = make_look(session, open_family(session))
    reader = session.get_one(User, staff_id(session, role))

    with app.app_context():
        mail = mails.TEMPLATES[template](session, {"user": str(reader.id)})

    assert mail is not None
    written = mail.subject + mail.text + mail.html
    assert mail.to == reader.email
    assert "one case" in mail.text
    assert "/looks/" not in mail.text
    for secret in (look.household.case_number, look.user.name, EXPLANATION, "Testova"):
        assert secret not in written


@pytest.mark.parametrize("alone", [True, False])
def test_the_form_says_when_nobody_else_can_review(
    sign_in: SignIn, session: Session, *, alone: bool
) -> None:
    by = staff_id(session, Role.ADMINISTRATOR)
    item = Permission.BREAK_GLASS_REVIEW.value
    if alone:
        session.add_all(
            RoleRule(role=role.value, item=item, rule="withheld", set_by=by)
            for role in (Role.SUPERVISOR, Role.PRIVACY_OFFICER)
        )
        session.flush()

    page = sign_in(Role.DIRECTOR).get("/break-glass/").text

    assert ("Nobody else here can review your look" in page) is alone
    assert ("Somebody else reviews your look" in page) is not alone
