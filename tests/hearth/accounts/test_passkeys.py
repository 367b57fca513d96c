"""A passkey opens its owner's account here and now, and nothing that only looks like one does."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hearth.accounts.factor_models import Passkey
from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from tests.support.authenticator import PRESENT, Authenticator
from tests.support.visitors import TOKEN, Visitor

MakeVisitor = Callable[..., Visitor]
HOST = "spb.hearth.test"
ORIGIN = f"https://{HOST}"
ASKED = re.compile(r'data-passkey="[a-z]+" data-options="([^"]+)"(.*?)</form>', re.DOTALL)


def asked_on(page: str) -> tuple[str, str]:
    """The question to a device on a page, and the token of its form."""
    found = ASKED.search(page)
    assert found is not None, page
    token = TOKEN.search(found[2])
    assert token is not None
    return html.unescape(found[1]), token[1]


def add(person: Visitor, device: Authenticator, name: str = "telephone") -> TestResponse:
    options, token = asked_on(person.get("/account/passkeys/new").text)
    form = {"form_token": token, "name": name, "passkey": device.make(options)}
    return person.post("/account/passkeys/new", data=form)


def enter(visitor: Visitor, device: Authenticator) -> TestResponse:
    options, token = asked_on(visitor.get("/sign-in").text)
    form = {"form_token": token, "passkey": device.show(options)}
    return visitor.post("/sign-in/passkey", data=form)


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/families/").status_code == 200


@pytest.fixture
def device() -> Authenticator:
    return Authenticator(ORIGIN, HOST)


@pytest.fixture
def anna(sign_in: MakeVisitor, device: Authenticator) -> Visitor:
    """Somebody with a passkey."""
    anna = sign_in(Role.SOCIAL_WORKER)
    assert add(anna, device).status_code in {200, 303}
    return anna


def test_a_passkey_alone_opens_the_account(
    anna: Visitor, visitor: MakeVisitor, device: Authenticator
) -> None:
    elsewhere = visitor("spb")

    answer = enter(elsewhere, device)

    assert answer.status_code == 303
    assert is_in(elsewhere)


def test_an_answer_counts_once(anna: Visitor, visitor: MakeVisitor, device: Authenticator) -> None:
    owner, thief = visitor("spb"), visitor("spb")
    options, token = asked_on(owner.get("/sign-in").text)
    form = {"form_token": token, "passkey": device.show(options)}
    owner.post("/sign-in/passkey", data=form)

    thief.post("/sign-in/passkey", data=form)

    assert is_in(owner)
    assert not is_in(thief)


@pytest.mark.parametrize(
    "cheat",
    [
        {"origin": "https://spb.hearth.test.evil.test"},
        {"origin": "https://pskov.hearth.test"},
        {"origin": "http://spb.hearth.test"},
        {"host": "pskov.hearth.test"},
        {"flags": PRESENT},
        {"credential_id": b"of somebody else"},
        {"key": Authenticator(ORIGIN, HOST).key},
    ],
    ids=lambda cheat: "-".join(cheat),
)
def test_what_only_looks_like_it_opens_nothing(
    anna: Visitor, visitor: MakeVisitor, device: Authenticator, cheat: dict[str, object]
) -> None:
    thief = visitor("spb")
    for part, value in cheat.items():
        setattr(device, part, value)

    answer = enter(thief, device)

    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in")
    assert not is_in(thief)


@pytest.mark.parametrize(
    "nonsense",
    ["", "x", "null", "[]", "{}", '{"rawId": 1}', '{"rawId": "é"}', "{" * 5000, "[" * 19_999],
)
def test_nonsense_for_an_answer_is_refused_kindly(visitor: MakeVisitor, nonsense: str) -> None:
    stranger = visitor("spb")
    _options, token = asked_on(stranger.get("/sign-in").text)

    answer = stranger.post("/sign-in/passkey", data={"form_token": token, "passkey": nonsense})

    assert answer.status_code == 303
    assert not is_in(stranger)


def test_an_answer_comes_within_minutes_or_not_at_all(
    anna: Visitor, visitor: MakeVisitor, device: Authenticator
) -> None:
    late = visitor("spb")
    options, token = asked_on(late.get("/sign-in").text)
    form = {"form_token": token, "passkey": device.show(options)}

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11), tick=True):
        late.post("/sign-in/passkey", data=form)

    assert not is_in(late)


def test_a_question_asked_of_one_visitor_is_not_anothers(
    anna: Visitor, visitor: MakeVisitor, device: Authenticator
) -> None:
    asked, thief = visitor("spb"), visitor("spb")
    options, _token = asked_on(asked.get("/sign-in").text)
    _options, own_token = asked_on(thief.get("/sign-in").text)

    form = {"form_token": own_token, "passkey": device.show(options)}
    thief.post("/sign-in/passkey", data=form)

    assert not is_in(thief)


def test_a_passkey_of_a_closed_account_opens_nothing(
    anna: Visitor, visitor: MakeVisitor, device: Authenticator, session: Session
) -> None:
    session.execute(
        select(User).where(User.roles == [Role.SOCIAL_WORKER.value])
    ).scalar_one().disabled_at = datetime.now(UTC)
    session.flush()
    closed = visitor("spb")

    enter(closed, device)

    assert not is_in(closed)


def test_a_removed_passkey_opens_nothing(
    anna: Visitor, visitor: MakeVisitor, device: Authenticator, session: Session
) -> None:
    key = session.scalars(select(Passkey)).one()
    anna.submit("/account/passkeys/remove", {"passkey_id": str(key.id)}, page="/account/")
    thief = visitor("spb")

    enter(thief, device)

    session.refresh(key)
    assert key.removed_at is not None
    assert not is_in(thief)


def test_nobody_removes_a_colleagues_passkey(
    anna: Visitor, sign_in: MakeVisitor, session: Session
) -> None:
    key = session.scalars(select(Passkey)).one()
    colleague = sign_in(Role.DIRECTOR)

    colleague.submit("/account/passkeys/remove", {"passkey_id": str(key.id)}, page="/account/")

    session.refresh(key)
    assert key.removed_at is None


def test_a_passkey_proves_that_it_is_still_the_same_person(
    anna: Visitor, device: Authenticator, sign_in: MakeVisitor
) -> None:
    tired = sign_in(Role.SOCIAL_WORKER, fresh=False)
    asked = tired.get("/account/app")
    options, token = asked_on(tired.get(asked.location).text)

    form = {"form_token": token, "confirm-passkey": device.show(options)}
    answer = tired.post(asked.location, data=form)

    assert asked.location.startswith("/confirm?next=/account/app")
    assert answer.location == "/account/app"
    assert tired.get("/account/app").status_code == 200


def test_somebody_elses_passkey_proves_nothing(
    anna: Visitor, device: Authenticator, sign_in: MakeVisitor
) -> None:
    other = sign_in(Role.DIRECTOR, fresh=False)
    options, token = asked_on(other.get("/confirm").text)

    form = {"form_token": token, "confirm-passkey": device.show(options)}
    answer = other.post("/confirm", data=form)

    assert answer.status_code == 422
    assert other.get("/account/app").status_code == 302
