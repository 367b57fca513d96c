"""A Dutch donor gives to St Petersburg: page, payment, mail, books, and how far it is now."""

import io
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader
from sqlalchemy import select

from hearth.demo.mail_store import CaughtMessage
from hearth.giving.models import Fund, Gift, GiftState
from tests.factories.giving import make_fund
from tests.support.browsing import Visit
from tests.support.stack import Stack, eventually

pytestmark = pytest.mark.browser


@pytest.fixture
def fund(stack: Stack) -> Iterator[str]:
    """A purpose of this story's own, whose progress begins at nothing; closed when it is told."""
    code = f"nappies-{secrets.token_hex(2)}"
    titles = {"nl": f"Luiers en melk ({code})", "en": f"Nappies and milk ({code})"}
    with stack.session_of("spb") as session:
        fund_id = make_fund(session, code=code, titles=titles, goal=100_000).id
    yield code
    with stack.session_of("spb") as session:
        session.get_one(Fund, fund_id).closed_on = date(2020, 1, 2)


@pytest.mark.parametrize("width", [1280, 360])
def test_a_gift_of_fifteen_euros_is_thanked_for_and_booked(
    stack: Stack, visit: Callable[..., Visit], fund: str, width: int
) -> None:
    address = _an_address()

    donor = visit(width, locale="nl-NL")
    donor.open("spb", "/")
    donor.look("giving-01-front-page")
    donor.open("spb", f"/give?lang=nl&fund={fund}")
    expect(donor.page.locator("html")).to_have_attribute("lang", "nl")
    assert "€\xa00" in _progress(donor, fund)
    donor.look("giving-02-giving-page")

    # A slip in the address is said where it happened, and nothing else is asked again.
    _writes(donor, email="anneke@", name="Anneke Voorbeeld")
    donor.press_pay()
    expect(donor.page.locator(".error-summary a")).to_have_count(1)
    expect(donor.field("name")).to_have_value("Anneke Voorbeeld")
    donor.look("giving-03-error")

    # She taps twice, as people do; there is one gift all the same.
    donor.fill(email=address)
    donor.press_pay(twice=True)
    donor.page.wait_for_url(f"http://127.0.0.1:{stack.ports.checkout}/c/pay/*")
    expect(donor.page.locator("html")).to_have_attribute("lang", "nl")
    donor.look("giving-04-payment-page")
    donor.page.locator('input[name="method"][value="card"]').check()
    donor.page.locator("button.pay").click()
    donor.page.wait_for_url(re.compile("/give/thanks/"))
    donor.look("giving-05-just-paid")

    # The provider's word arrives, a worker books it, and the page has looked again by itself.
    gift = eventually(lambda: _gift(stack, address, GiftState.RECEIVED))
    expect(donor.page.locator("[role=status]")).to_have_count(0, timeout=20_000)
    expect(donor.page.locator("main")).to_contain_text(gift.reference)
    donor.look("giving-06-thanks")

    (thanks,) = eventually(lambda: stack.mails_to(address))
    assert 'lang="nl"' in thanks.html
    assert "Thank you" not in thanks.subject + thanks.text
    assert "€\xa015" in thanks.text
    assert "Luiers en melk" in thanks.text
    assert gift.reference in thanks.text
    receipt = _text_of_the_receipt(thanks)
    for words in (gift.reference, "Anneke Voorbeeld", "€ 15,00", "Opvanghuis Sint-Petersburg"):
        assert words in receipt
    donor.page.goto(f"http://127.0.0.1:{stack.ports.mail}/messages/{thanks.id}/html")
    donor.photograph("giving-07-mail")

    donor.open("spb", f"/give?lang=nl&fund={fund}")
    assert "€\xa015" in _progress(donor, fund)
    donor.look("giving-08-progress-has-moved")

    fundraiser = visit(width)
    fundraiser.sign_in("spb", "fundraiser")
    fundraiser.look("giving-09-gifts")
    _finds(fundraiser, gift.reference)
    fee, net = eventually(lambda: _fee_and_net(stack, gift))
    page = fundraiser.page.locator("main")
    expect(page).to_contain_text(address)
    for amount in (fee, net):
        expect(page).to_contain_text(f"€{amount / 100:.2f}")
    _sees_a_balanced_booking(fundraiser)
    fundraiser.look("giving-10-gift")
    fundraiser.go_to("Ledger")
    fundraiser.look("giving-11-ledger")
    fundraiser.go_to("Funds")
    fundraiser.look("giving-12-funds")


@pytest.mark.parametrize("width", [1280, 360])
def test_a_direct_debit_is_announced_first_and_thanked_for_when_it_has_arrived(
    stack: Stack, visit: Callable[..., Visit], fund: str, width: int
) -> None:
    address = _an_address()

    donor = visit(width, locale="nl-NL")
    donor.open("spb", f"/give?lang=nl&fund={fund}")
    donor.choose(amount="other")
    _writes(donor, own_amount="25,50", email=address)
    donor.look("giving-20-own-amount")
    donor.press_pay()
    donor.page.locator('input[name="method"][value="sepa_debit"]').check()
    donor.page.locator("button.pay").click()
    donor.page.wait_for_url(re.compile("/give/thanks/"))
    gift = eventually(lambda: _gift(stack, address, GiftState.ON_ITS_WAY))
    expect(donor.page.locator("[role=status]")).to_have_count(0, timeout=20_000)
    donor.look("giving-21-on-its-way")

    # What is on its way is shown apart from what has arrived.
    (announced,) = eventually(lambda: stack.mails_to(address))
    assert announced.attachments == []
    assert "€\xa025,50" in announced.text
    donor.open("spb", f"/give?lang=nl&fund={fund}")
    assert "€\xa025,50" in _progress(donor, fund)
    donor.look("giving-22-progress-on-its-way")

    # Some days later the bank says yes; then, and only then, come thanks and receipt.
    stack.sandbox(f"payments/{_intent(stack, gift)}/settle", succeed=True)
    eventually(lambda: _gift(stack, address, GiftState.RECEIVED))
    thanks = eventually(lambda: stack.mails_to(address)[1:])
    assert len(thanks) == 1
    assert "€ 25,50" in _text_of_the_receipt(thanks[0])


def test_a_declined_card_and_a_change_of_mind_take_nothing(
    stack: Stack, visit: Callable[..., Visit], fund: str
) -> None:
    address = _an_address()
    donor = visit(360, locale="nl-NL")
    donor.open("spb", f"/give?lang=nl&fund={fund}")
    _writes(donor, email=address)
    donor.press_pay()

    donor.page.locator('input[name="method"][value="card_declined"]').check()
    donor.page.locator("button.pay").click()
    expect(donor.page.locator("[role=alert]")).to_be_visible()
    donor.look("giving-30-declined")
    donor.page.locator("a.back").click()
    donor.page.wait_for_url(re.compile("/give/cancelled"))
    donor.look("giving-31-cancelled")

    assert _gift(stack, address, GiftState.RECEIVED) is None
    assert stack.mails_to(address) == []


def _an_address() -> str:
    return f"donor-{secrets.token_hex(4)}@example.org"


def _writes(donor: Visit, **answers: str) -> None:
    """Fill in the giving page, where the name waits behind a small button."""
    if "name" in answers:
        donor.page.locator("details.disclosure > summary").click()
    donor.fill(**answers)


def _progress(donor: Visit, fund: str) -> str:
    return donor.page.locator("section.purpose", has_text=fund).inner_text()


def _gift(stack: Stack, address: str, state: GiftState) -> Gift | None:
    """The one gift of this donor, once it is in this state."""
    with stack.session_of("spb") as session:
        gift = session.scalars(select(Gift).where(Gift.donor.has(email=address))).one_or_none()
        return gift if gift is not None and gift.state == state else None


def _intent(stack: Stack, gift: Gift) -> str:
    with stack.session_of("spb") as session:
        (payment,) = session.get_one(Gift, gift.id).payments
        return str(payment.payment_intent_id)


def _fee_and_net(stack: Stack, gift: Gift) -> tuple[int, int] | None:
    with stack.session_of("spb") as session:
        (payment,) = session.get_one(Gift, gift.id).payments
        if payment.fee_minor is None or payment.net_minor is None:
            return None
        return payment.fee_minor, payment.net_minor


def _finds(fundraiser: Visit, reference: str) -> None:
    fundraiser.fill(text=reference)
    fundraiser.send()
    expect(fundraiser.page.locator("h1")).to_contain_text(reference)


def _sees_a_balanced_booking(fundraiser: Visit) -> None:
    """Debit and credit of the gift's entries come to the same."""
    columns = {
        name: [
            _minor(cell)
            for cell in fundraiser.page.locator(f'td[data-label="{name}"]').all_inner_texts()
        ]
        for name in ("Debit", "Credit")
    }
    assert sum(columns["Debit"]) == sum(columns["Credit"]) > 0


def _minor(cell: str) -> int:
    return int(re.sub(r"\D", "", cell) or 0)


def _text_of_the_receipt(mail: CaughtMessage) -> str:
    (attachment,) = mail.attachments
    pages = PdfReader(io.BytesIO(attachment.content)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))
