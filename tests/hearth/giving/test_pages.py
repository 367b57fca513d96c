"""The giving pages: a gift in one screen, a return page that trusts nobody, staff who see all."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.giving.gateway import (
    CheckoutRequest,
    GatewayUnavailable,
    PaymentState,
    RefundState,
)
from hearth.giving.models import Donor, Fund, Gift, GiftState, Payment
from hearth.giving.settlement import apply_snapshot
from hearth.giving.stripe_gateway import StripeGateway
from hearth.web.request import HearthFlask
from tests.factories.giving import make_fund, snapshot_of, start_gift
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
NOWHERE = StripeGateway(api_key="sk_test_x", api_base="http://127.0.0.1:9")


@pytest.fixture
def site(app: HearthFlask, gateway: StripeGateway) -> Iterator[HearthFlask]:
    """The application with the sandbox behind it."""
    before = app.extensions["payment_gateway"]
    app.extensions["payment_gateway"] = gateway
    yield app
    app.extensions["payment_gateway"] = before


@pytest.fixture
def fund(session: Session) -> Fund:
    return make_fund(session, code="week")


def answers(fund: Fund, **changes: str) -> dict[str, str]:
    return {
        "amount": "1500",
        "fund_id": str(fund.id),
        "email": "anneke@example.org",
        "name": "Anneke Voorbeeld",
        **changes,
    }


def gifts_of(session: Session, fund: Fund) -> list[Gift]:
    session.expire_all()
    return list(session.scalars(select(Gift).where(Gift.fund_id == fund.id)))


def received(session: Session, fund: Fund, **changes: Any) -> Payment:
    payment = start_gift(session, fund, **changes)
    apply_snapshot(session, snapshot=snapshot_of(payment, PaymentState.SUCCEEDED, fee_minor=47))
    return payment


def test_the_giving_page_asks_everything_at_once(visitor: MakeVisitor, fund: Fund) -> None:
    page = visitor().get("/give?lang=nl").text

    assert 'name="amount" value="1500"' in page
    assert 'name="own_amount"' in page
    assert 'name="email"' in page
    assert "Een week" in page


def test_without_an_open_fund_nobody_is_asked(visitor: MakeVisitor) -> None:
    page = visitor().get("/give?lang=en")

    assert page.status_code == 200
    assert "not asking for gifts" in page.text


@pytest.mark.usefixtures("site")
def test_the_form_leads_to_the_payment_page(
    visitor: MakeVisitor, session: Session, fund: Fund, gateway: StripeGateway
) -> None:
    donor = visitor()

    answer = donor.submit("/give?lang=nl", answers(fund))

    (gift,) = gifts_of(session, fund)
    (payment,) = gift.payments
    assert answer.status_code == 303
    assert answer.location == payment.checkout_url
    assert gift.locale == "nl"
    snapshot = gateway.payment_by_session(payment.checkout_session_id or "")
    assert (snapshot.amount_minor, snapshot.currency) == (1500, "EUR")
    assert snapshot.gift_id == gift.id


@pytest.mark.usefixtures("site")
def test_sending_the_form_twice_leads_to_the_same_payment_page(
    visitor: MakeVisitor, session: Session, fund: Fund
) -> None:
    donor = visitor()
    sent = {"form_token": donor.token_on("/give"), **answers(fund)}

    first, second = donor.post("/give", data=sent), donor.post("/give", data=sent)

    assert first.location == second.location
    assert len(gifts_of(session, fund)) == 1


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    "typed",
    ["0", "-5", "15.005", "0,99", "1000000000000", "1e3", "NaN", "abc", "", "50000,01", "١٥"],
)
def test_amounts_that_cannot_be_given_are_asked_for_again(
    visitor: MakeVisitor, session: Session, fund: Fund, typed: str
) -> None:
    answer = visitor().submit("/give?lang=en", answers(fund, amount="other", own_amount=typed))

    assert answer.status_code == 422
    assert gifts_of(session, fund) == []
    assert 'value="anneke@example.org"' in answer.text, "What was typed is kept."


def test_everything_that_is_wrong_is_said_at_once(visitor: MakeVisitor, fund: Fund) -> None:
    wrong = answers(fund, amount="other", own_amount="", email="nobody")

    page = visitor().submit("/give?lang=en", wrong).text

    assert "Enter the amount you would like to give." in page
    assert "Enter an email address such as name@example.org." in page


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("typed", "minor"), [("1", 100), ("7,50", 750), ("50000", 5_000_000), ("€ 20", 2000)]
)
def test_an_own_amount_is_taken(
    visitor: MakeVisitor, session: Session, fund: Fund, typed: str, minor: int
) -> None:
    answer = visitor().submit("/give?lang=nl", answers(fund, amount="other", own_amount=typed))

    (gift,) = gifts_of(session, fund)
    assert answer.status_code == 303
    assert gift.amount_minor == minor


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "1"},
        {"amount": "1500.5"},
        {"email": "nobody"},
        {"email": "a@b\r\nBcc: c@example.org"},
        {"email": ""},
        {"fund_id": "018f0000-0000-7000-8000-000000000009"},
        {"fund_id": "1' OR 1=1"},
        {"name": "x" * 501},
        {"name": "a\x00b"},
    ],
    ids=str,
)
def test_answers_that_were_not_offered_are_refused(
    visitor: MakeVisitor, session: Session, fund: Fund, changes: dict[str, str]
) -> None:
    make_fund(session)

    answer = visitor().submit("/give?lang=en", answers(fund, **changes))

    assert answer.status_code == 422
    assert gifts_of(session, fund) == []


def test_an_unused_own_amount_does_not_matter(
    site: HearthFlask, visitor: MakeVisitor, session: Session, fund: Fund
) -> None:
    answer = visitor().submit("/give", answers(fund, amount="3000", own_amount="nonsense"))

    assert answer.status_code == 303
    assert [gift.amount_minor for gift in gifts_of(session, fund)] == [3000]


def test_when_the_provider_is_away_nothing_is_taken_and_the_form_is_kept(
    site: HearthFlask, visitor: MakeVisitor, session: Session, fund: Fund
) -> None:
    site.extensions["payment_gateway"] = NOWHERE

    answer = visitor().submit("/give?lang=en", answers(fund))

    assert answer.status_code == 503
    assert "Nothing was taken from your account" in answer.text
    assert 'value="anneke@example.org"' in answer.text
    assert [gift.state for gift in gifts_of(session, fund)] == [GiftState.STARTED]


def test_a_lost_answer_is_asked_for_again_under_the_same_key(
    site: HearthFlask,
    visitor: MakeVisitor,
    session: Session,
    fund: Fund,
    gateway: StripeGateway,
) -> None:
    donor = visitor()
    sent = {"form_token": donor.token_on("/give"), **answers(fund)}
    site.extensions["payment_gateway"] = LosesAnswers(gateway)
    lost = donor.post("/give", data=sent)
    site.extensions["payment_gateway"] = gateway

    again = donor.post("/give", data=sent)

    (gift,) = gifts_of(session, fund)
    assert (lost.status_code, again.status_code) == (503, 303)
    assert again.location == gift.payments[0].checkout_url
    assert list(gateway.events_since(gift.given_at)) == [], "Nobody has paid yet."


class LosesAnswers:
    """A connection to the true sandbox that breaks after the call has worked."""

    def __init__(self, gateway: StripeGateway) -> None:
        self._gateway = gateway

    def create_checkout(self, request: CheckoutRequest, *, idempotency_key: str) -> None:
        self._gateway.create_checkout(request, idempotency_key=idempotency_key)
        raise GatewayUnavailable("the answer was lost")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PaymentState.CREATED, "We are waiting for the confirmation"),
        (PaymentState.PROCESSING, "Your gift is on its way"),
        (PaymentState.SUCCEEDED, "Your gift has arrived"),
        (PaymentState.FAILED, "Your gift was not paid"),
    ],
)
def test_the_return_page_tells_what_the_books_say(
    visitor: MakeVisitor, session: Session, fund: Fund, state: PaymentState, words: str
) -> None:
    payment = start_gift(session, fund)
    apply_snapshot(session, snapshot=snapshot_of(payment, state))

    page = visitor().get(f"/give/thanks/{payment.gift.token}?lang=en&redirect_status=succeeded")

    assert words in page.text
    assert ('http-equiv="refresh"' in page.text) is (state is PaymentState.CREATED)
    assert ("Try again" in page.text) is (state is PaymentState.FAILED)


def test_the_return_page_stops_looking_after_a_while(
    visitor: MakeVisitor, session: Session, fund: Fund
) -> None:
    payment = start_gift(session, fund)

    page = visitor().get(f"/give/thanks/{payment.gift.token}?lang=en&looked=20")

    assert 'http-equiv="refresh"' not in page.text
    assert "You can close this page" in page.text


def test_public_pages_show_nothing_about_a_donor(
    visitor: MakeVisitor, session: Session, fund: Fund
) -> None:
    payment = received(session, fund)
    guest = visitor()

    pages = [
        guest.get(path).text
        for path in ("/", "/give", f"/give/thanks/{payment.gift.token}", "/give/cancelled")
    ]

    assert not any(re.search(r"anneke|voorbeeld|[\w.]+@\w", page, re.I) for page in pages)


def test_a_gift_is_reached_by_its_token_alone(
    visitor: MakeVisitor, session: Session, fund: Fund
) -> None:
    payment = start_gift(session, fund)
    guest, neighbour = visitor(), visitor("pskov")

    by_id = guest.get(f"/give/thanks/{payment.gift_id}")
    elsewhere = neighbour.get(f"/give/thanks/{payment.gift.token}")

    assert (by_id.status_code, elsewhere.status_code) == (404, 404)


@pytest.mark.parametrize("role", [Role.FUNDRAISER, Role.BOOKKEEPER, Role.DIRECTOR])
def test_staff_see_gift_fee_entries_and_mails(
    sign_in: MakeVisitor, session: Session, fund: Fund, role: Role
) -> None:
    payment = received(session, fund)

    page = sign_in(role).get(f"/gifts/{payment.gift_id}").text

    for word in ("€15.00", "€0.47", "€14.53", "Payment fees", "Thanks with receipt", "Anneke"):
        assert word in page
    assert "Anneke" not in re.findall(r"<title>(.*?)</title>", page)[0]


def test_the_list_filters_by_state_fund_and_month(
    sign_in: MakeVisitor, session: Session, fund: Fund
) -> None:
    there = received(session, fund).gift
    waiting = start_gift(session, fund).gift
    staff = sign_in(Role.FUNDRAISER)

    listed = staff.get(f"/gifts/?state=received&fund_id={fund.id}&month={there.given_at:%Y-%m}")
    of_long_ago = staff.get("/gifts/?month=2001-01")

    assert there.reference in listed.text
    assert waiting.reference not in listed.text
    assert there.reference not in of_long_ago.text
    assert "No gift matches" in of_long_ago.text


@pytest.mark.parametrize("query", ["?state=nonsense", "?month=2026-99", "?page=-1", "?fund_id=1"])
def test_a_strange_filter_is_no_error(sign_in: MakeVisitor, fund: Fund, query: str) -> None:
    answer = sign_in(Role.FUNDRAISER).get(f"/gifts/{query}")

    assert answer.status_code == 200


def test_an_address_is_looked_up_without_standing_in_an_address_bar(
    sign_in: MakeVisitor, session: Session, fund: Fund
) -> None:
    gift = received(session, fund, email="finn@example.org").gift
    staff = sign_in(Role.FUNDRAISER)

    by_address = staff.submit("/gifts/find", {"text": "FINN@example.org"}, page="/gifts/")
    by_number = staff.submit("/gifts/find", {"text": gift.reference.lower()}, page="/gifts/")
    nobody = staff.submit("/gifts/find", {"text": "nobody@example.org"}, page="/gifts/")

    donor = session.scalars(select(Donor).where(Donor.email_key == "finn@example.org")).one()
    assert by_address.location == f"/gifts/?donor_id={donor.id}"
    assert gift.reference in staff.get(by_address.location).text
    assert by_number.location == f"/gifts/{gift.id}"
    assert nobody.location == "/gifts/"


@pytest.mark.parametrize("path", ["/gifts/", "/funds/", "/funds/new", "/ledger/"])
def test_those_who_work_with_families_do_not_see_the_money(
    sign_in: MakeVisitor, visitor: MakeVisitor, path: str
) -> None:
    answer = sign_in(Role.SOCIAL_WORKER).get(path)
    stranger = visitor().get(path)

    assert answer.status_code == 403
    assert stranger.status_code == 302


def test_another_organisations_gift_is_not_found(
    sign_in: MakeVisitor, session: Session, fund: Fund
) -> None:
    gift = received(session, fund).gift

    elsewhere = sign_in(Role.DIRECTOR, site="pskov").get(f"/gifts/{gift.id}")

    assert elsewhere.status_code == 404


def test_a_fund_is_opened_changed_and_closed(sign_in: MakeVisitor, session: Session) -> None:
    staff = sign_in(Role.FUNDRAISER)
    told = {
        "code": "warm-coats",
        "kind": "material_aid",
        "title_nl": "Een warme jas",
        "goal": "4000",
        "opened_on": "2026-01-01",
    }

    added = staff.submit("/funds/new", told)
    fund = session.scalars(select(Fund).where(Fund.code == "warm-coats")).one()
    changed = staff.submit(f"/funds/{fund.id}", {**told, "closed_on": "2026-01-31", "goal": ""})

    session.expire_all()
    assert (added.status_code, changed.status_code) == (303, 303)
    assert fund.titles == {"nl": "Een warme jas"}
    assert fund.goal_minor is None
    assert str(fund.closed_on) == "2026-01-31"
    assert "Een warme jas" in staff.get("/funds/").text


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "week"},
        {"code": "Week 2"},
        {"closed_on": "2019-12-31"},
        {"title_nl": ""},
        {"kind": "other"},
    ],
    ids=str,
)
def test_a_fund_that_makes_no_sense_is_asked_for_again(
    sign_in: MakeVisitor, session: Session, fund: Fund, changes: dict[str, str]
) -> None:
    told = {
        "code": "other",
        "kind": "general",
        "title_nl": "Iets",
        "opened_on": "2026-01-01",
        **changes,
    }

    answer = sign_in(Role.FUNDRAISER).submit("/funds/new", told)

    assert answer.status_code == 422
    assert session.scalar(select(Fund.id).where(Fund.code == "other")) is None


@pytest.mark.usefixtures("site")
def test_a_refund_is_asked_for_once_and_booked_by_its_event(
    sign_in: MakeVisitor,
    visitor: MakeVisitor,
    session: Session,
    fund: Fund,
    gateway: StripeGateway,
    client: Any,
) -> None:
    visitor().submit("/give", answers(fund))
    (payment,) = gifts_of(session, fund)[0].payments
    client.switch(f"sessions/{payment.checkout_session_id}/pay", method="card")
    news = gateway.payment_by_session(payment.checkout_session_id or "")
    apply_snapshot(session, snapshot=news)
    staff = sign_in(Role.BOOKKEEPER)
    path = f"/gifts/{payment.gift_id}/refund"
    sent = {"form_token": staff.token_on(path), "amount": "5", "reason": "Asked by the donor"}

    first, second = staff.post(path, data=sent), staff.post(path, data=sent)

    session.expire_all()
    (refund,) = payment.refunds
    assert (first.status_code, second.status_code) == (303, 303)
    assert refund.state == RefundState.PENDING
    assert refund.provider_id is not None
    assert payment.refunded_minor == 0, "The event books it, not the answer."


def test_a_bookkeeper_cannot_give_back_more_than_was_given(
    sign_in: MakeVisitor, session: Session, fund: Fund
) -> None:
    payment = received(session, fund)

    answer = sign_in(Role.BOOKKEEPER).submit(
        f"/gifts/{payment.gift_id}/refund", {"amount": "15.01", "reason": "Too much"}
    )

    assert answer.status_code == 422
    assert payment.refunds == []


def test_a_fundraiser_cannot_give_money_back(
    sign_in: MakeVisitor, session: Session, fund: Fund
) -> None:
    payment = received(session, fund)

    answer = sign_in(Role.FUNDRAISER).get(f"/gifts/{payment.gift_id}/refund")

    assert answer.status_code == 403


def test_the_journal_shows_the_month_and_the_balances(
    sign_in: MakeVisitor, session: Session, fund: Fund
) -> None:
    received(session, fund)

    staff = sign_in(Role.BOOKKEEPER)
    now, long_ago = staff.get("/ledger/").text, staff.get("/ledger/?month=2001-01").text

    assert "Held by the payment provider" in now
    assert "€15.00" in now
    assert "Nothing was booked in this month" in long_ago
