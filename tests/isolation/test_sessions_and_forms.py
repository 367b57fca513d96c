"""Cookies and form tokens: only the visitor's own, on this host, and each form once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from config.settings import Settings
from hearth.accounts.guard import COOKIE
from hearth.accounts.permissions import Role
from hearth.app import create_app
from hearth.giving.models import Gift
from hearth.giving.sandbox.server import SandboxServer
from hearth.intake.models import Referral
from hearth.web.headers import REPORTS
from hearth.web.request import HearthFlask
from tenants.context import Runtime, tenant_session
from tests.factories.giving import make_fund
from tests.isolation.belongings import Ids
from tests.isolation.doors import Door, fresh_token
from tests.support.servers import BASE_DOMAIN, PASSWORD
from tests.support.visitors import Visitor, codes_now

MakeVisitor = Callable[..., Visitor]
Knock = Callable[..., TestResponse]
ANNA = {"email": "social-worker@spb.example.org", "password": PASSWORD}
REFERRAL = {
    "urgency": "within_72_hours",
    "mother_name": "Test-Mother Once",
    "safe_to_call": "unknown",
    "source": "hospital",
    "channel": "phone",
    "needs": "housing",
}


def token_of(visitor: Visitor) -> str:
    cookie = visitor.get_cookie(COOKIE, domain=visitor.host)
    assert cookie is not None
    return cookie.value


@pytest.mark.parametrize("order", ["{true}; {tossed}", "{tossed}; {true}", "{true}; {true}"])
def test_two_cookies_of_one_name_are_no_cookie(
    visitor: MakeVisitor, sign_in: MakeVisitor, order: str
) -> None:
    true = f"{COOKIE}={token_of(sign_in(Role.SOCIAL_WORKER))}"
    header = order.format(true=true, tossed=f"{COOKIE}=tossed-by-a-sibling")

    answer = visitor("spb").get("/families/", environ_overrides={"HTTP_COOKIE": header})

    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in?")


@pytest.mark.parametrize("value", ["x" * 4000, "\xff\xfe", "%00", '"', "a=b=c", "\u20ac"])
def test_a_strange_cookie_is_nobodys(visitor: MakeVisitor, value: str) -> None:
    header = f"{COOKIE}={value}; __Host-page={value}".encode().decode("latin1")

    answer = visitor("spb").get("/families/", environ_overrides={"HTTP_COOKIE": header})

    assert answer.status_code == 302


def test_signing_in_gives_a_new_session_whatever_was_planted_before(
    visitor: MakeVisitor, sign_in: MakeVisitor
) -> None:
    planted = token_of(sign_in(Role.HOUSE_STAFF))
    anna = visitor("spb")
    form_token = anna.token_on("/sign-in")
    anna.set_cookie(COOKIE, "chosen-by-an-attacker", domain=anna.host, secure=True)

    answer = anna.post("/sign-in", data={"form_token": form_token, **ANNA})

    assert answer.status_code == 303
    halfway = token_of(anna)
    anna.submit("/sign-in/second", {"code": codes_now()[0]})
    assert token_of(anna) != halfway
    assert token_of(anna) not in {planted, "chosen-by-an-attacker"}
    assert len(token_of(anna)) >= 43
    attacker = visitor("spb")
    attacker.set_cookie(COOKIE, "chosen-by-an-attacker", domain=attacker.host, secure=True)
    assert attacker.get("/families/").status_code == 302


def test_signing_in_twice_with_one_form_signs_in(visitor: MakeVisitor) -> None:
    anna = visitor("spb")
    form = {"form_token": anna.token_on("/sign-in"), **ANNA}
    anna.post("/sign-in", data=form)
    anna.delete_cookie(COOKIE, domain=anna.host)

    # A browser that sent the form twice knows the second answer only.
    anna.post("/sign-in", data=form)

    assert anna.submit("/sign-in/second", {"code": codes_now()[0]}).status_code == 303
    assert anna.get("/families/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "nonsense"},
        {"Sec-Fetch-Site": "same-site", "Origin": f"https://spb.{BASE_DOMAIN}"},
    ],
)
def test_a_change_that_another_site_asks_for_is_refused_everywhere(
    doors: list[Door], ids: dict[str, Ids], sign_in: MakeVisitor, visitor: MakeVisitor,
    knock: Knock, headers: dict[str, str],
) -> None:  # fmt: skip
    answers = answers_of(doors, ids, sign_in, visitor, knock, headers=headers)

    assert {key: status for key, status in answers.items() if status != 403} == {}
    assert len(answers) > 20


@pytest.mark.parametrize("origin", [f"https://pskov.{BASE_DOMAIN}", "null", "https://evil.test"])
def test_an_old_browser_is_judged_by_the_origin_it_names(visitor: MakeVisitor, origin: str) -> None:
    anna = visitor("spb")
    form = {"form_token": anna.token_on("/sign-in"), **ANNA}

    # Such a browser sends no Sec-Fetch-Site, which a visitor of these tests always does.
    answer = FlaskClient.open(
        anna,
        "/sign-in",
        method="POST",
        data=form,
        base_url=f"https://{anna.host}",
        headers={"Origin": origin},
    )

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "forged",
    ["", "x", "0198c0de-0000-7000-8000-000000000000.", "é.é", "\x00.\x00", "9" * 5000],
)
def test_a_form_without_a_true_token_is_refused_everywhere(
    doors: list[Door], ids: dict[str, Ids], sign_in: MakeVisitor, visitor: MakeVisitor,
    knock: Knock, forged: str,
) -> None:  # fmt: skip
    # A browser reports what it blocked without any form.
    forms = [door for door in doors if door.rule != REPORTS]

    answers = answers_of(forms, ids, sign_in, visitor, knock, data={"form_token": forged})

    assert {key: status for key, status in answers.items() if status != 400} == {}


@pytest.mark.parametrize("owner", ["colleague", "stranger", "other organisation", "other host"])
def test_a_token_of_another_session_is_refused_everywhere(
    app: HearthFlask, doors: list[Door], ids: dict[str, Ids], sign_in: MakeVisitor,
    visitor: MakeVisitor, knock: Knock, owner: str,
) -> None:  # fmt: skip
    theirs = fresh_token(
        app,
        {
            "colleague": lambda: sign_in(Role.SOCIAL_WORKER),
            "stranger": lambda: visitor("spb"),
            "other organisation": lambda: sign_in(Role.SOCIAL_WORKER, "pskov"),
            "other host": lambda: visitor("pskov"),
        }[owner](),
    )
    guarded = [door for door in doors if door.guard is not None]

    answers = answers_of(guarded, ids, sign_in, visitor, knock, data={"form_token": theirs})

    assert {key: status for key, status in answers.items() if status != 400} == {}


def answers_of(
    doors: list[Door],
    ids: dict[str, Ids],
    sign_in: MakeVisitor,
    visitor: MakeVisitor,
    knock: Knock,
    **sent: dict[str, str],
) -> dict[str, int]:
    """What every door that changes something answers to somebody who may pass."""
    people: dict[Role | None, Visitor] = {None: visitor("spb")}
    answers = {}
    for door in doors:
        if door.changes and door.endpoint != "webhooks.stripe":
            role = door.role()
            person = people.get(role) or people.setdefault(role, sign_in(role))
            answers[str(door)] = knock(person, door, ids["spb"], **sent).status_code
    return answers


def test_a_form_sent_twice_works_once_and_leads_to_the_same_place(
    session: Session, sign_in: MakeVisitor
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    form = {"form_token": worker.token_on("/referrals/new"), **REFERRAL}

    first = worker.post("/referrals/new", data=form)
    second = worker.post("/referrals/new", data={**form, "mother_name": "Somebody Else"})

    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert session.scalar(select(func.count()).select_from(Referral)) == 1


def test_a_form_that_was_refused_may_be_sent_again(session: Session, sign_in: MakeVisitor) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    form = {"form_token": worker.token_on("/referrals/new"), **REFERRAL}

    refused = worker.post("/referrals/new", data={**form, "mother_name": ""})
    mended = worker.post("/referrals/new", data=form)

    assert refused.status_code == 422
    assert mended.status_code == 303
    assert session.scalar(select(func.count()).select_from(Referral)) == 1


def test_forms_sent_at_the_same_moment_work_once(
    committing: Runtime, own_settings: Settings
) -> None:
    service = create_app(own_settings)
    service.test_client_class = Visitor
    worker = stranger_at(service)
    worker.sign_in(ANNA["email"])
    form = {"form_token": worker.token_on("/referrals/new"), **REFERRAL}

    answers = all_at_once([copy_of(worker, service) for _ in range(5)], "/referrals/new", form)

    with tenant_session(committing.registry.get("spb")) as opened:
        taken = opened.scalar(select(func.count()).select_from(Referral))
    assert taken == 1
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.location for answer in answers}) == 1


def test_a_gift_sent_twice_at_the_same_moment_is_one_gift(
    committing: Runtime, own_settings: Settings, sandbox: SandboxServer
) -> None:
    service = create_app(with_sandbox(own_settings, sandbox))
    service.test_client_class = Visitor
    with tenant_session(committing.registry.get("spb")) as opened:
        fund_id = make_fund(opened).id
    # As many as strangers have places of a house at once.
    donors = [stranger_at(service) for _ in range(3)]
    form = {
        "form_token": donors[0].token_on("/give"),
        "amount": "1500",
        "fund_id": str(fund_id),
        "email": "twice@example.org",
    }

    answers = all_at_once(donors, "/give", form)

    with tenant_session(committing.registry.get("spb")) as opened:
        given = opened.scalar(select(func.count()).select_from(Gift))
    assert given == 1
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.location for answer in answers}) == 1


def with_sandbox(settings: Settings, sandbox: SandboxServer) -> Settings:
    return replace(settings, stripe_api_base=sandbox.url, stripe_api_key="sk_test_sandbox")


def stranger_at(service: HearthFlask) -> Visitor:
    stranger = service.test_client()
    assert isinstance(stranger, Visitor)
    stranger.host = f"spb.{BASE_DOMAIN}"
    return stranger


def copy_of(worker: Visitor, service: HearthFlask) -> Visitor:
    copy = stranger_at(service)
    copy.set_cookie(COOKIE, token_of(worker), domain=copy.host, secure=True)
    return copy


def all_at_once(visitors: list[Visitor], path: str, form: dict[str, str]) -> list[TestResponse]:
    ready = Barrier(len(visitors))

    def send(visitor: Visitor) -> TestResponse:
        ready.wait(10)
        return visitor.post(path, data=form)

    with ThreadPoolExecutor(len(visitors)) as threads:
        return list(threads.map(send, visitors))
