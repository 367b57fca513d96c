"""What every answer tells the browser, and that no page asks it for more than that allows."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from config.settings import Settings
from hearth.accounts.permissions import Role
from hearth.files.views import POLICY
from hearth.web.headers import FIXED, content_security_policy
from tests.architecture.test_stdlib import ROOT
from tests.isolation.belongings import Ids
from tests.isolation.doors import Door
from tests.isolation.pages import Page
from tests.support.servers import BASE_DOMAIN
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
Answers = dict[str, TestResponse]
STATIC = ROOT / "platform/hearth/static"
FOREIGN_IN_STYLES = re.compile(r"@import|url\(\s*['\"]?(?:https?:)?//")


@pytest.fixture(scope="module")
def given() -> Answers:
    """What was answered so far, because asking everything takes seconds."""
    return {}


@pytest.fixture
def answers(
    given: Answers,
    doors: list[Door],
    ids: dict[str, Ids],
    person: Callable[[Door], Visitor],
    knock: Callable[..., TestResponse],
    visitor: MakeVisitor,
    sign_in: MakeVisitor,
) -> Answers:
    """The answer of every door to somebody who may pass, and every kind of error page."""
    if given:
        return given
    given |= {str(door): knock(person(door), door, ids["spb"]) for door in doors}
    worker = sign_in(Role.SOCIAL_WORKER)
    given |= {
        "400": worker.post("/referrals/new"),
        "401": visitor("spb").post("/referrals/new"),
        "403": worker.get("/ledger/"),
        "404": worker.get("/nothing"),
        "404 of a stranger": visitor("spb").get("/nothing"),
        "404 of no house": visitor("nowhere").get("/"),
        "405": worker.delete("/families/"),
        "413": visitor("spb").post("/sign-in", data={"email": "x" * 3_000_000}),
        "sign-in": visitor("spb").get("/sign-in"),
        "sign-in refused": visitor("spb").submit("/sign-in", {"email": "a@b.example"}),
        "to the sign-in": visitor("spb").get("/families/"),
        "wrong host": visitor("federation").get("/families/"),
    }
    return given


def pages_of(answers: Answers) -> Iterator[tuple[str, Page]]:
    for name, answer in answers.items():
        if answer.mimetype == "text/html" and not 300 <= answer.status_code < 400:
            yield name, Page(answer.text)


def test_every_answer_carries_the_strict_headers(answers: Answers, settings: Settings) -> None:
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
        "Reporting-Endpoints": 'csp="/csp-reports"',
        "Permissions-Policy": FIXED["Permissions-Policy"],
    }
    policies = {
        name: answer.headers.getlist("Content-Security-Policy") for name, answer in answers.items()
    }
    assert policies.pop("GET /f/<link>") in ([POLICY], [content_security_policy(settings)])

    lacking = {
        (name, header)
        for name, answer in answers.items()
        for header, value in wanted.items()
        if answer.headers.getlist(header) != [value]
    }

    assert lacking == set()
    assert {tuple(policy) for policy in policies.values()} == {(content_security_policy(settings),)}
    assert "camera=()" in FIXED["Permissions-Policy"]


def test_the_policy_allows_this_host_and_the_payment_page_alone(settings: Settings) -> None:
    policy = content_security_policy(settings)

    directives = {
        name: sources for name, *sources in (directive.split() for directive in policy.split(";"))
    }
    form_targets = directives.pop("form-action")
    assert directives.pop("report-uri") == ["/csp-reports"]
    assert directives.pop("report-to") == ["csp"]
    assert directives.pop("default-src") == ["'none'"]
    assert form_targets == ["'self'", settings.stripe_api_base]
    assert {tuple(sources) for sources in directives.values()} == {("'self'",), ("'none'",)}
    for nothing in ("base-uri", "frame-ancestors", "object-src"):
        assert directives[nothing] == ["'none'"]


def test_nothing_stands_inline_in_any_page(answers: Answers) -> None:
    inline = {name: page.inline for name, page in pages_of(answers) if page.inline}

    assert inline == {}
    assert len(dict(pages_of(answers))) > 30


def test_no_page_loads_anything_from_elsewhere(answers: Answers) -> None:
    foreign = {name: page.foreign for name, page in pages_of(answers) if page.foreign}

    assert foreign == {}


@pytest.mark.parametrize("file", sorted(STATIC.rglob("*.css")), ids=lambda file: file.name)
def test_no_style_loads_anything_from_elsewhere(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert FOREIGN_IN_STYLES.search(text) is None


def test_only_the_files_of_the_service_may_be_kept_by_a_browser(answers: Answers) -> None:
    kept = {
        name: answer.headers.get("Cache-Control")
        for name, answer in answers.items()
        if answer.headers.get("Cache-Control") != "no-store"
    }

    assert kept == {"GET /static/<path:filename>": "no-cache"}


def test_signing_out_empties_what_the_browser_kept(answers: Answers) -> None:
    cleared = {
        name: a.headers["Clear-Site-Data"]
        for name, a in answers.items()
        if "Clear-Site-Data" in a.headers
    }

    assert cleared == {"POST /sign-out": '"cache", "storage"'}


def test_every_cookie_is_bound_to_its_host(answers: Answers, visitor: MakeVisitor) -> None:
    chosen = visitor("spb").get("/?lang=ru")
    cookies = [
        cookie
        for answer in [*answers.values(), chosen]
        for cookie in answer.headers.getlist("Set-Cookie")
    ]

    loose = [cookie for cookie in cookies if not is_bound(cookie)]

    assert loose == []
    assert cookies


def is_bound(cookie: str) -> bool:
    name, *attributes = (part.strip() for part in cookie.split(";"))
    said = {attribute.lower() for attribute in attributes}
    return (
        name.startswith("__Host-")
        and {"secure", "httponly", "samesite=lax", "path=/"} <= said
        and not any(attribute.startswith("domain") for attribute in said)
    )


def test_no_redirect_leaves_the_host(answers: Answers) -> None:
    away = {
        name: location
        for name, answer in answers.items()
        if (location := answer.location or "/")[:1] != "/" and f".{BASE_DOMAIN}/" not in location
    }

    assert away == {}


def test_no_error_page_tells_what_stands_behind_it(answers: Answers) -> None:
    told = [
        (name, word)
        for name, answer in answers.items()
        if answer.status_code >= 400 and (answer.mimetype or "").startswith("text/")
        for word in ("Traceback", "psycopg", "sqlalchemy", "werkzeug", "org_0", "SELECT ")
        if word in answer.text
    ]

    assert told == []
    assert all("Server" not in answer.headers for answer in answers.values())
