"""Sessions end by themselves and by their owner, and recognising one costs one query."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from hearth.accounts import passwords
from hearth.accounts.access_models import AccountEvent
from hearth.accounts.events import Happened
from hearth.accounts.guard import COOKIE
from hearth.accounts.models import User, UserSession
from hearth.accounts.permissions import Role
from hearth.accounts.policy_models import OwnRole
from tests.support.servers import PASSWORD
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
HOUSE = "house-staff@spb.example.org"
ANNA = "social-worker@spb.example.org"


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement that reaches the database."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("shared", "minutes", "alive"),
    [(True, 14, True), (True, 16, False), (False, 16, True), (False, 59, True), (False, 61, False)],
)
def test_a_session_left_alone_ends(
    sign_in: MakeVisitor, session: Session, shared: bool, minutes: int, alive: bool
) -> None:
    anna = sign_in(Role.SOCIAL_WORKER)
    seen = datetime.now(UTC) - timedelta(minutes=minutes)
    session.execute(update(UserSession).values(shared_computer=shared, seen_at=seen))

    answer = anna.get("/families/")

    assert (answer.status_code == 200) is alive


@pytest.mark.parametrize(("hours", "alive"), [(11, True), (13, False)])
def test_a_session_in_use_ends_after_half_a_day(
    sign_in: MakeVisitor, session: Session, hours: int, alive: bool
) -> None:
    anna = sign_in(Role.SOCIAL_WORKER)
    began = datetime.now(UTC) - timedelta(hours=hours)
    session.execute(update(UserSession).values(started_at=began, seen_at=datetime.now(UTC)))

    answer = anna.get("/families/")

    assert (answer.status_code == 200) is alive


def test_work_keeps_a_session_alive(sign_in: MakeVisitor) -> None:
    anna, start = sign_in(Role.SOCIAL_WORKER), datetime.now(UTC)

    answers = []
    for minutes in (40, 80, 120):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=True):
            answers.append(anna.get("/families/").status_code)

    assert answers == [200, 200, 200]


@pytest.mark.parametrize(
    ("email", "answer", "shared"),
    [
        (HOUSE, None, True),
        (ANNA, None, False),
        (HOUSE, "own", False),
        (ANNA, "shared", True),
    ],
)
def test_a_house_computer_is_known_by_what_is_said_or_by_the_role(
    visitor: MakeVisitor, session: Session, email: str, answer: str | None, shared: bool
) -> None:
    person = visitor("spb")
    said = {} if answer is None else {"computer": answer}

    person.submit("/sign-in", {"email": email, "password": PASSWORD, **said})

    assert session.scalars(select(UserSession.shared_computer)).all() == [shared]


def test_a_signed_in_request_costs_one_query_and_no_password(
    sign_in: MakeVisitor, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = sign_in(Role.SOCIAL_WORKER)
    monkeypatch.setattr(passwords, "verified", lambda *_: pytest.fail("a password was verified"))
    statements.clear()

    answer = anna.get("/referrals/new")

    about_accounts = [
        text
        for text in statements
        if any(table in text for table in ("users", "user_sessions", "apps", "passkeys", "devices"))
    ]
    assert answer.status_code == 200
    assert len(about_accounts) == 1


def test_sessions_are_listed_and_ended(sign_in: MakeVisitor, session: Session) -> None:
    here, there = sign_in(Role.SOCIAL_WORKER), sign_in(Role.SOCIAL_WORKER)
    session.execute(update(UserSession).values(device="Firefox, Windows"))
    listed = here.get("/account/").text
    other = next(one for one in session.scalars(select(UserSession)) if str(one.id) in listed)

    here.submit("/account/sessions/end", {"session_id": str(other.id)}, page="/account/")

    assert "Firefox, Windows" in listed
    assert there.get("/families/").status_code == 302
    assert here.get("/families/").status_code == 200


def test_all_other_sessions_end_together(sign_in: MakeVisitor) -> None:
    here, *others = (sign_in(Role.SOCIAL_WORKER) for _ in range(3))

    here.submit("/account/sessions/end-others", page="/account/")

    assert [one.get("/families/").status_code for one in others] == [302, 302]
    assert here.get("/families/").status_code == 200


def test_nobody_ends_a_colleagues_session(sign_in: MakeVisitor, session: Session) -> None:
    worker, other = sign_in(Role.SOCIAL_WORKER), sign_in(Role.DIRECTOR)
    whose = select(User.id).where(User.email == ANNA).scalar_subquery()
    theirs = session.scalars(select(UserSession.id).where(UserSession.user_id == whose)).one()

    other.submit("/account/sessions/end", {"session_id": str(theirs)}, page="/account/")

    assert worker.get("/families/").status_code == 200


def test_a_page_never_shows_an_address_or_a_token(sign_in: MakeVisitor) -> None:
    anna = sign_in(Role.SOCIAL_WORKER)
    cookie = anna.get_cookie(COOKIE, domain=anna.host)

    page = anna.get("/account/").text

    assert cookie is not None
    assert cookie.value not in page
    assert "127.0.0.1" not in page


def test_signing_out_clears_the_browser_and_signing_in_works_again(visitor: MakeVisitor) -> None:
    anna = visitor("spb")
    anna.submit("/sign-in", {"email": ANNA, "password": PASSWORD})
    answer = anna.post("/sign-out", data={"form_token": anna.token_on("/sign-in/second")})

    again = anna.sign_in(ANNA)

    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert again.status_code == 303
    assert anna.get("/families/").status_code == 200


def test_what_happened_is_shown_to_the_owner_and_stays(
    visitor: MakeVisitor, session: Session
) -> None:
    anna = visitor("spb")
    anna.submit("/sign-in", {"email": ANNA, "password": "wrong"})
    anna.sign_in(ANNA)

    page = anna.get("/account/").text

    kinds = set(session.scalars(select(AccountEvent.kind)))
    assert {Happened.SIGNED_IN, Happened.SIGN_IN_FAILED} <= kinds
    assert "A wrong password was typed" in page
    with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
        session.execute(update(AccountEvent).values(kind="nothing"))


def test_a_role_of_our_own_shares_the_computer_of_the_one_it_comes_from(
    visitor: MakeVisitor, session: Session
) -> None:
    worker = session.scalars(select(User).where(User.email == HOUSE)).one()
    own = OwnRole(name="Night watch", base=Role.HOUSE_STAFF.value, created_by=worker.id)
    session.add(own)
    session.flush()
    worker.roles = [str(own.id)]
    session.commit()

    visitor("spb").submit("/sign-in", {"email": HOUSE, "password": PASSWORD})

    assert session.scalars(select(UserSession.shared_computer)).all() == [True]
