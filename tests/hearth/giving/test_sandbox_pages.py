"""A donor pays on the hosted page, once, in a language of their own and without scripts."""

import re
from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from hearth.giving.gateway import CheckoutRequest, CheckoutSession, PaymentState
from hearth.giving.sandbox.checkout import CHOICES
from hearth.giving.sandbox.server import SandboxServer
from hearth.giving.sandbox.texts import TEXTS
from hearth.giving.stripe_gateway import StripeGateway

Eventually = Callable[[Callable[[], object]], None]


@pytest.fixture
def page(gateway: StripeGateway, gift: CheckoutRequest) -> CheckoutSession:
    return gateway.create_checkout(gift, idempotency_key="gift-1")


def path(page: CheckoutSession) -> str:
    assert page.url is not None
    return urlsplit(page.url).path


def test_the_page_says_what_is_given_by_whom_and_that_it_is_a_test(
    client: Any, page: CheckoutSession
) -> None:
    body = client.get(path(page)).body

    links = re.findall(r'(?:src|href|action)="([^"]*)"', body)

    assert '<html lang="nl">' in body
    assert "Testmodus – er wordt geen geld afgeschreven" in body
    assert "€\xa015,00" in body
    assert "One week for a mother and her child" in body
    assert "donor@example.org" in body
    assert "<script" not in body
    assert links == ["data:,", "/static/sandbox.css", "http://spb.localhost/giving/"]


@pytest.mark.parametrize("locale", ["nl", "sv", "fr", "ru", "en"])
def test_the_page_speaks_the_donors_language(
    gateway: StripeGateway, client: Any, gift: CheckoutRequest, locale: str
) -> None:
    session = gateway.create_checkout(replace(gift, locale=locale), idempotency_key="gift-1")

    body = client.get(path(session)).body

    assert f'<html lang="{locale}">' in body
    assert TEXTS[locale]["test"] in body


def test_every_language_has_every_text() -> None:
    english = set(TEXTS["en"])

    others = {language: set(texts) for language, texts in TEXTS.items()}

    assert set(others) == {"en", "nl", "sv", "fr", "ru"}
    assert all(texts == english for texts in others.values())
    assert set(CHOICES) <= english


def test_another_language_follows_the_browser(
    gateway: StripeGateway, client: Any, gift: CheckoutRequest
) -> None:
    session = gateway.create_checkout(replace(gift, locale="auto"), idempotency_key="gift-1")

    body = client.get(path(session), {"Accept-Language": "de, sv;q=0.8, en;q=0.5"}).body

    assert '<html lang="sv">' in body


def test_a_text_from_the_organisation_stays_text(
    gateway: StripeGateway, client: Any, gift: CheckoutRequest
) -> None:
    request = replace(gift, description="<b>coat</b>")
    session = gateway.create_checkout(request, idempotency_key="gift-1")

    body = client.get(path(session)).body

    assert "&lt;b&gt;coat&lt;/b&gt;" in body


@pytest.mark.parametrize("method", ["card", "ideal", "sepa_debit"])
def test_paying_leads_back_with_the_sessions_id(
    client: Any, page: CheckoutSession, method: str
) -> None:
    answer = client.submit(path(page), method=method)

    assert answer.status == 303
    assert answer.location == f"http://spb.localhost/giving/thanks?session={page.id}"


def test_many_clicks_pay_once(client: Any, page: CheckoutSession, sandbox: SandboxServer) -> None:
    answers: list[Any] = []
    clicks = [
        Thread(target=lambda: answers.append(client.submit(path(page), method="card")))
        for _ in range(5)
    ]

    for click in clicks:
        click.start()
    for click in clicks:
        click.join()

    assert {answer.location for answer in answers} == {
        f"http://spb.localhost/giving/thanks?session={page.id}"
    }
    assert sandbox.machine.counts()["objects"]["charge"] == 1


def test_a_declined_card_is_explained_and_another_way_works(
    client: Any, page: CheckoutSession, gateway: StripeGateway
) -> None:
    declined = client.submit(path(page), method="card_declined")

    explained = client.get(declined.location).body
    paid = client.submit(path(page), method="ideal")

    assert declined.location == path(page)
    assert TEXTS["nl"]["declined"] in explained
    assert paid.location.startswith("http://spb.localhost/giving/thanks")
    assert gateway.payment_by_session(page.id).state is PaymentState.SUCCEEDED


def test_a_donor_without_an_address_is_asked_for_one(client: Any, sandbox: SandboxServer) -> None:
    price = {"currency": "sek", "unit_amount": 20_000, "product_data": {"name": "Gift"}}
    session = sandbox.machine.checkout.create(
        {
            "mode": "payment",
            "locale": "sv",
            "success_url": "http://localhost/thanks",
            "line_items": [{"quantity": 1, "price_data": price}],
        },
        base_url=sandbox.url,
    )

    wrong = client.submit(f"/c/pay/{session['id']}", method="card", email="nobody")
    right = client.submit(f"/c/pay/{session['id']}", method="card", email="donor@example.org")

    assert wrong.status == 422
    assert TEXTS["sv"]["wrong_email"] in wrong.body
    assert "sepa_debit" not in wrong.body
    assert right.location == "http://localhost/thanks"


def test_a_paid_page_leads_on_and_an_expired_one_back(
    client: Any, page: CheckoutSession, gateway: StripeGateway, gift: CheckoutRequest
) -> None:
    client.submit(path(page), method="card")
    other = gateway.create_checkout(gift, idempotency_key="gift-2")
    gateway.expire_checkout(other.id)

    paid = client.get(path(page))
    expired = client.get(f"/c/pay/{other.id}")

    assert paid.location == f"http://spb.localhost/giving/thanks?session={page.id}"
    assert TEXTS["nl"]["expired_title"] in expired.body
    assert "http://spb.localhost/giving/" in expired.body


def test_an_unknown_page_is_not_found(client: Any) -> None:
    answer = client.get("/c/pay/cs_test_nothing")

    assert answer.status == 404


def test_the_switchboard_has_a_button_for_what_can_happen_next(
    client: Any, page: CheckoutSession
) -> None:
    debit = client.switch("payments", method="sepa_debit")["payment_intent"]
    before = client.get("/_sandbox/").body

    answer = client.submit(f"/_sandbox/payments/{debit}/settle", reason="", succeed="true")
    after = client.get("/_sandbox/").body

    assert (answer.status, answer.location) == (303, "/_sandbox/")
    assert f"payments/{debit}/settle" in before
    assert f"payments/{debit}/settle" not in after
    assert f"payments/{debit}/refund" in after
    assert f"sessions/{page.id}/pay" in after
