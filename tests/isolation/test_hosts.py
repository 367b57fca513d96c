"""Which host a request is for, and what a forged one gets to see."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.app import create_app
from hearth.giving.sandbox.server import SandboxServer
from tenants import provisioning
from tenants.context import Runtime
from tenants.registry import Registry
from tests.factories.giving import make_fund
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
PATHS = ("/", "/sign-in", "/families/", "/static/icon.svg", "/give", "/webhooks/stripe", "/nothing")
NOT_OURS = (
    "evil.test",
    "hearth.test.evil.test",
    "spb.hearth.test.",
    "xspb.hearth.test",
    "spb.federation.hearth.test",
    "krasnoyarsk.hearth.test",
    "spb.hearth.test:443@evil.test",
    "spb.hearth.test:0x1bb",
    "spb.hearth.test evil.test",
    "spb..hearth.test",
    "%73pb.hearth.test",
    "ѕpb.hearth.test".encode().decode("latin1"),
    "127.0.0.1",
    "[::1]:443",
    "",
)


@pytest.mark.parametrize("host", NOT_OURS)
def test_a_host_that_is_not_ours_learns_nothing(visitor: MakeVisitor, host: str) -> None:
    stranger = visitor("spb")

    answers = [
        stranger.open(path, method=method, environ_overrides={"HTTP_HOST": host}, buffered=True)
        for path in PATHS
        for method in ("GET", "POST")
    ]

    assert {(a.status_code, a.text, a.mimetype) for a in answers} == {
        (404, "Not found\n", "text/plain")
    }
    assert not any("Set-Cookie" in answer.headers for answer in answers)


@pytest.mark.parametrize("host", ["SPB.Hearth.TEST", "spb.hearth.test:443", "spb.hearth.test:8443"])
def test_our_own_host_is_known_in_every_writing(visitor: MakeVisitor, host: str) -> None:
    answer = visitor("spb").get("/", environ_overrides={"HTTP_HOST": host})

    assert answer.status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-URL"])
def test_a_header_beside_the_host_changes_nothing(visitor: MakeVisitor, header: str) -> None:
    value = "host=evil.test" if header == "Forwarded" else "evil.test"
    stranger, elsewhere = visitor("spb"), visitor("spb")

    plain = stranger.get("/give")
    forged = stranger.get("/give", headers={header: value})
    helped = elsewhere.get(
        "/", headers={header: "spb.hearth.test"}, environ_overrides={"HTTP_HOST": "evil.test"}
    )

    assert forged.status_code == plain.status_code == 200
    assert "evil.test" not in forged.text
    assert helped.status_code == 404


def test_an_absolute_address_in_the_request_line_chooses_no_other_house(
    visitor: MakeVisitor,
) -> None:
    forged = {
        "REQUEST_URI": "http://pskov.hearth.test/sign-in",
        "RAW_URI": "http://pskov.hearth.test/sign-in",
    }

    answer = visitor("spb").get("/sign-in", environ_overrides=forged)

    assert answer.status_code == 200
    assert answer.text.count("pskov") == 0


def test_a_suspended_organisation_is_not_there(
    visitor: MakeVisitor, settings: Settings, registry: Registry
) -> None:
    with suspended("pskov", settings, registry):
        answers = [visitor("pskov").get(path, buffered=True) for path in PATHS]
        neighbour = visitor("spb").get("/")

    assert {(a.status_code, a.text) for a in answers} == {(404, "Not found\n")}
    assert neighbour.status_code == 200
    assert visitor("pskov").get("/").status_code == 200


@contextmanager
def suspended(slug: str, settings: Settings, registry: Registry) -> Iterator[None]:
    assert settings.owner_database_url is not None
    with psycopg.connect(settings.owner_database_url, autocommit=True) as connection:
        provisioning.set_state(connection, slug, before="active", after="suspended")
        registry.refresh()
        try:
            yield
        finally:
            provisioning.set_state(connection, slug, before="suspended", after="active")
            registry.refresh()


@pytest.mark.parametrize(
    "target",
    [
        "/%09/evil.test",
        "/%0a/evil.test",
        "%09//evil.test",
        "/%5cevil.test",
        "//evil.test",
        "/%00/evil.test",
        "https:evil.test",
        "javascript:evil.test",
    ],
)
def test_signing_in_leads_nowhere_else(visitor: MakeVisitor, runtime: Runtime, target: str) -> None:
    worker = visitor("spb")
    credentials = {
        "email": "social-worker@spb.example.org",
        "password": "correct horse battery staple",
    }

    answer = worker.submit(f"/sign-in?next={target}", credentials, page="/sign-in")

    assert answer.status_code == 303
    assert "evil" not in answer.location


@pytest.mark.parametrize(
    "query",
    ["_external=1&_scheme=javascript", "endpoint=static", "_anchor=x", "_method=POST", "lang=xx"],
)
def test_an_address_cannot_give_orders_to_the_language_links(
    visitor: MakeVisitor, query: str
) -> None:
    page = visitor("spb").get(f"/give?{query}")

    assert page.status_code == 200
    assert 'href="javascript:' not in page.text
    assert 'href="/give?' in page.text


def test_the_way_back_from_the_payment_page_is_our_own_address(
    sandbox: SandboxServer, settings_with_sandbox: Settings, session: Session
) -> None:
    fund = make_fund(session)
    service = create_app(settings_with_sandbox)
    service.test_client_class = Visitor
    donor = service.test_client()
    assert isinstance(donor, Visitor)
    donor.host = "spb.hearth.test:9999"
    gift = {"amount": "1500", "fund_id": str(fund.id), "email": "donor@example.org"}

    answer = donor.submit("/give", gift)

    assert answer.location.startswith(f"{sandbox.url}/c/pay/")
    payment_page = page_at(answer.location)
    assert "https://spb.hearth.test/give/cancelled" in payment_page
    assert "9999" not in payment_page


def page_at(address: str) -> str:
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()
