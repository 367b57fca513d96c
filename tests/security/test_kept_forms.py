"""What is typed for one pair of eyes stands in no further page, and a proof counts only once."""

import dataclasses
import re
from collections.abc import Callable, Iterator

import pytest
from marshmallow import Schema
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

import hearth.app  # noqa: F401 - every schema is known once the features are.
from hearth.accounts.access_models import ApiTokenUse
from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.audit.models import AuditEvent
from hearth.web.limits import InFlight
from hearth.web.request import HearthFlask
from hearth.web.tokens import is_secret
from tenants.context import Runtime
from tenants.registry import OrgRef
from tests.isolation.doors import fresh_token
from tests.support.servers import PASSWORD
from tests.support.visitors import Visitor, codes_now

MakeVisitor = Callable[..., Visitor]
FORMS = [
    ("/account/password", {"old_password": "OLD-TYPED", "new_password": "NEW-TYPED"}),
    ("/keys/", {"passphrase": "PHRASE-TYPED"}),
    ("/colleagues/new", {"confirm-password": "PASS-TYPED", "confirm-code": "CODE-TYPED"}),
    ("/account/app", {"sealed": "x", "code": "CODE-TYPED"}),
]


def schemas(known: type[Schema] = Schema) -> Iterator[type[Schema]]:
    for schema in known.__subclasses__():
        yield schema
        yield from schemas(schema)


def confirmations(session: Session) -> int:
    confirmed = select(func.count()).where(AuditEvent.action == "account.confirmed")
    return session.scalar(confirmed) or 0


def test_every_field_for_one_pair_of_eyes_is_known_by_its_name() -> None:
    eyes_only = {
        name
        for schema in schemas()
        if schema.__module__.startswith("hearth.")
        for name, field in schema._declared_fields.items()
        if field.metadata.get("widget") == "password"
        or str(field.metadata.get("autocomplete", "")).endswith(("-password", "one-time-code"))
    }

    assert {"old_password", "passphrase", "code"} <= eyes_only
    assert not {name for name in eyes_only if not is_secret(name)}


@pytest.mark.parametrize(("path", "typed"), FORMS)
def test_a_full_house_shows_no_secret_again(
    path: str, typed: dict[str, str], app: HearthFlask, sign_in: MakeVisitor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    person = sign_in(Role.ADMINISTRATOR)
    in_flight: InFlight = app.extensions["in_flight"]
    monkeypatch.setattr(in_flight, "at_once", 0)

    answer = person.post(path, data=typed)

    assert answer.status_code == 503
    assert "TYPED" not in answer.text


@pytest.mark.parametrize(("path", "typed"), FORMS)
def test_a_pause_shows_no_secret_again(
    path: str, typed: dict[str, str], runtime: Runtime, spb: OrgRef, sign_in: MakeVisitor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    person = sign_in(Role.ADMINISTRATOR)
    resting = dataclasses.replace(spb, read_only=True)
    monkeypatch.setattr(runtime.registry, "by_host", lambda _host: resting)

    secret = person.post(path, data=typed)
    harmless = person.post("/referrals/new", data={"mother_name": "KEPT"})

    assert secret.status_code == harmless.status_code == 503
    assert "TYPED" not in secret.text
    assert 'value="KEPT"' in harmless.text
    assert 'name="form_token"' in harmless.text


def test_the_question_who_it_is_carries_no_secret_on(
    app: HearthFlask, sign_in: MakeVisitor
) -> None:
    person = sign_in(Role.ADMINISTRATOR, fresh=False)
    typed = {"name": "Kept", "new_password": "NEW-TYPED", "form_token": fresh_token(app, person)}

    question = person.post("/colleagues/new", data=typed)

    assert question.status_code == 403
    assert 'value="Kept"' in question.text
    assert "TYPED" not in question.text


def test_a_proof_counts_once_though_the_form_behind_it_is_refused(
    app: HearthFlask, session: Session, sign_in: MakeVisitor
) -> None:
    first, second = (sign_in(Role.ADMINISTRATOR, fresh=False) for _ in range(2))
    proof = {"confirm-password": PASSWORD, "confirm-code": codes_now()[0], "name": ""}

    taken = first.post("/colleagues/new", data=proof | {"form_token": fresh_token(app, first)})
    again = second.post("/colleagues/new", data=proof | {"form_token": fresh_token(app, second)})

    assert taken.status_code == again.status_code == 422
    assert "confirm-code" not in taken.text
    assert "That was not right" in again.text
    assert confirmations(session) == 1


def test_a_form_with_a_proof_in_it_is_carried_out_once(
    app: HearthFlask, sign_in: MakeVisitor
) -> None:
    person = sign_in(Role.ADMINISTRATOR, fresh=False)
    form = {
        "confirm-password": PASSWORD,
        "confirm-code": codes_now()[0],
        "form_token": fresh_token(app, person),
        "name": "Test Newcomer",
        "email": "newcomer@example.org",
        "roles": Role.FUNDRAISER.value,
        "locale": "en",
    }

    answers = [person.post("/colleagues/new", data=form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    page = person.get("/colleagues/").text
    assert len(re.findall("Test Newcomer", page)) == 1


def test_a_key_for_programs_counts_requests_that_are_refused(
    session: Session, sign_in: MakeVisitor
) -> None:
    director = sign_in(Role.DIRECTOR)
    wanted = {"name": "site", "scopes": Permission.NUMBERS_READ.value, "days": "30"}
    page = director.submit("/account/keys/new", wanted).text
    key = re.search(r'<code class="secret">([^<]+)</code>', page)
    assert key is not None
    headers = {"Authorization": f"Bearer {key[1].strip()}"}

    session.execute(
        update(User)
        .where(User.roles == [Role.DIRECTOR.value])
        .values(roles=[Role.HOUSE_STAFF.value])
    )
    session.commit()

    answer = director.get("/api/v1/figures", headers=headers)

    assert answer.status_code == 403
    assert session.scalar(select(func.count()).select_from(ApiTokenUse)) == 1
