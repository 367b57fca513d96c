"""Nobody learns from an answer, or from the work behind it, whether somebody has an account."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from hearth.accounts.access_models import AccountLink
from hearth.accounts.models import User
from hearth.outbox.mail import TEMPLATES
from hearth.outbox.models import OutboxMessage
from hearth.web.request import HearthFlask
from tests.hearth.accounts.test_mailbox import CHOSEN, letters, secret_in
from tests.support.servers import PASSWORD
from tests.support.visitors import TOKEN, Visitor

MakeVisitor = Callable[..., Visitor]
ANNA = "social-worker@spb.example.org"
NOBODY = "nobody-at-all@spb.example.org"
OPTIONS = 'data-options="'


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every hash that a password is compared with; each costs the same long moment."""
    seen: list[str] = []
    true = PasswordHasher.verify

    def verify(self: PasswordHasher, kept: str, password: str) -> Any:
        seen.append(kept)
        return true(self, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    return seen


@pytest.fixture
def kinds_of_work() -> Iterator[list[str]]:
    """The first words of every statement, in their order."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "SAVEPOINT" not in statement:
            seen.append(" ".join(statement.split()[:3]))

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def bare(text: str, email: str) -> str:
    """A page without what differs from one visit to the next."""
    without = TOKEN.sub("", text).replace(email, "")
    return "".join(part.partition('"')[2] for part in without.split(OPTIONS))


@pytest.mark.parametrize("state", ["unknown", "closed", "invited", "wrong password"])
def test_a_refused_sign_in_is_the_same_work_and_the_same_page(
    visitor: MakeVisitor, session: Session, verifications: list[str], state: str
) -> None:
    change: dict[str, dict[str, Any]] = {
        "closed": {"disabled_at": User.created_at},
        "invited": {"password_hash": None},
    }
    if state in change:
        session.execute(update(User).where(User.email == ANNA).values(**change[state]))
        session.commit()
    known = visitor("spb").submit(
        "/sign-in", {"email": "director@spb.example.org", "password": "x"}
    )
    verifications.clear()
    email = NOBODY if state == "unknown" else ANNA
    password = "wrong" if state == "wrong password" else PASSWORD

    refused = visitor("spb").submit("/sign-in", {"email": email, "password": password})

    assert len(verifications) == 1
    assert refused.status_code == known.status_code == 422
    assert bare(refused.text, email) == bare(known.text, "director@spb.example.org")


def test_asking_for_a_new_password_is_the_same_work_and_the_same_page(
    visitor: MakeVisitor, session: Session, app: HearthFlask, kinds_of_work: list[str]
) -> None:
    answers, work = [], []
    for email in (ANNA, NOBODY):
        person = visitor("spb")
        token = person.token_on("/forgotten-password")
        kinds_of_work.clear()
        form = {"form_token": token, "email": email}
        answers.append(person.post("/forgotten-password", data=form))
        work.append(list(kinds_of_work))

    known, unknown = answers
    assert (known.status_code, bare(known.text, ANNA)) == (200, bare(unknown.text, NOBODY))
    assert work[0] == work[1]
    with app.app_context():
        payloads = session.scalars(select(OutboxMessage.payload)).all()
        mails = [TEMPLATES[one["template"]](session, one) for one in payloads]
    assert [mail.to for mail in mails if mail] == [ANNA]
    assert len(mails) == 2


def test_earlier_questions_for_nobody_make_the_next_no_dearer(
    visitor: MakeVisitor, session: Session
) -> None:
    for _ in range(3):
        visitor("spb").submit("/forgotten-password", {"email": NOBODY})

    links = session.scalars(select(AccountLink)).all()

    # Untouched: each still has the half hour it began with.
    assert [link.user_id for link in links] == [None] * 3
    assert all(link.expires_at > datetime.now(UTC) + timedelta(minutes=25) for link in links)


def test_whoever_asks_again_for_her_ends_no_letter_of_hers(
    visitor: MakeVisitor, session: Session, app: HearthFlask
) -> None:
    for _ in range(2):
        visitor("spb").submit("/forgotten-password", {"email": ANNA})
    first, second = (secret_in([mail], "/new-password") for mail in letters(session, app))
    path, form = f"/new-password?link={first}", {"link": first, "password": CHOSEN}

    opened = visitor("spb").get(path).text
    chosen = visitor("spb").submit("/new-password", form, page=path)
    other = visitor("spb").get(f"/new-password?link={second}").text

    assert 'name="password"' in opened
    assert chosen.status_code == 303
    assert "served its time" in other


def test_asking_again_and_again_writes_no_more_letters(
    visitor: MakeVisitor, session: Session
) -> None:
    pages = {
        bare(visitor("spb").submit("/forgotten-password", {"email": ANNA}).text, ANNA)
        for _ in range(8)
    }

    assert len(pages) == 1
    assert len(session.scalars(select(OutboxMessage.id)).all()) == 5


@pytest.mark.parametrize("path", ["/invitation", "/new-password", "/second-factor-anew"])
@pytest.mark.parametrize("link", ["", "x", "é" * 50, "0" * 43])
def test_a_link_that_never_was_tells_nothing(visitor: MakeVisitor, path: str, link: str) -> None:
    stranger = visitor("spb")

    page = stranger.get(path, query_string={"link": link})
    token = stranger.token_on("/sign-in")
    sent = stranger.post(
        path, data={"form_token": token, "link": link, "password": "seven herons in a kettle"}
    )

    assert page.status_code == 200
    assert sent.status_code == 422
    assert "served its time" in page.text
    assert "served its time" in sent.text


def test_the_link_of_one_kind_is_no_link_of_another(
    visitor: MakeVisitor, session: Session, app: HearthFlask
) -> None:
    visitor("spb").submit("/forgotten-password", {"email": ANNA})
    payload = session.scalars(select(OutboxMessage.payload)).one()
    with app.app_context():
        mail = TEMPLATES[payload["template"]](session, payload)
    assert mail is not None
    secret = mail.text.partition("link=")[2].split()[0]

    pages = {
        path: visitor("spb").get(path, query_string={"link": secret}).text
        for path in ("/invitation", "/second-factor-anew", "/new-password")
    }

    assert [path for path, text in pages.items() if "served its time" not in text] == [
        "/new-password"
    ]
    assert secret.encode() not in session.scalars(select(AccountLink.token_hash)).one()


def test_a_new_password_ends_every_session_and_keeps_the_second_factor(
    visitor: MakeVisitor, sign_in: MakeVisitor, session: Session, app: HearthFlask
) -> None:
    thief = sign_in("social-worker")
    visitor("spb").submit("/forgotten-password", {"email": ANNA})
    payload = session.scalars(select(OutboxMessage.payload)).one()
    with app.app_context():
        mail = TEMPLATES[payload["template"]](session, payload)
    assert mail is not None
    path = f"/new-password?link={mail.text.partition('link=')[2].split()[0]}"
    form = {"link": path.partition("=")[2]}
    anna = visitor("spb")

    weak = anna.submit(path, {**form, "password": "social-worker-spb"})
    done = anna.submit(path, {**form, "password": "seven herons under a rusty kettle"})
    anna.submit("/sign-in", {"email": ANNA, "password": "seven herons under a rusty kettle"})

    assert (weak.status_code, done.status_code) == (422, 303)
    assert thief.get("/families/").status_code == 302
    assert anna.get("/families/").location.startswith("/sign-in/second")
    assert anna.get("/account/app").location.startswith("/sign-in/second")
