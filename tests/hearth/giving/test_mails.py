"""The mails after a gift: in the donor's language, alike as text and HTML, with a true receipt."""

import html
import io
import re
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy.orm import Session

from hearth.giving import mails
from hearth.giving.gateway import PaymentState
from hearth.giving.models import FundKind, Gift
from hearth.giving.settlement import apply_snapshot
from hearth.money import Money
from hearth.outbox.mail import Mail
from hearth.web.request import HearthFlask
from tests.factories.giving import make_fund, snapshot_of, start_gift

LOCALES = ("nl", "sv", "fr", "ru", "en")
AMOUNTS = {"nl": "€ 15,00", "sv": "15,00 €", "fr": "15,00 €", "ru": "15,00 €", "en": "€15.00"}


def received(session: Session, **changes: Any) -> Gift:
    payment = start_gift(session, **changes)
    apply_snapshot(session, snapshot=snapshot_of(payment, PaymentState.SUCCEEDED))
    return payment.gift


def thank_you(app: HearthFlask, session: Session, gift: Gift) -> Mail:
    with app.app_context():
        return mails.thank_you(session, {"gift": str(gift.id)})


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def words_of_html(markup: str) -> str:
    text = re.sub(r"<style.*?</style>|<title>.*?</title>|<[^>]+>", " ", markup, flags=re.S)
    return plain(html.unescape(text))


def words_of_pdf(mail: Mail) -> str:
    (attachment,) = mail.attachments
    return plain(" ".join(page.extract_text() for page in pages_of(attachment.content)))


def pages_of(content: bytes) -> Any:
    return PdfReader(io.BytesIO(content)).pages


@pytest.mark.parametrize("locale", LOCALES)
def test_thanks_have_one_link_a_plain_twin_and_a_receipt(
    app: HearthFlask, session: Session, locale: str
) -> None:
    gift = received(session, locale=locale)

    mail = thank_you(app, session, gift)

    assert mail.to == "anneke@example.org"
    assert mail.sender_name == session.info["organisation"].name(locale)
    assert f'lang="{locale}"' in mail.html
    assert re.findall(r'href="([^"]+)"', mail.html) == re.findall(r"https?://\S+", mail.text)
    for paragraph in mail.text.strip().split("\n\n"):
        said = plain(paragraph.split("\nhttps://")[0].removesuffix(":"))
        assert said in words_of_html(mail.html)
    assert gift.reference in mail.text


@pytest.mark.parametrize("locale", LOCALES)
def test_the_receipt_tells_amount_number_and_organisation(
    app: HearthFlask, session: Session, locale: str
) -> None:
    gift = received(session, locale=locale)

    receipt = words_of_pdf(thank_you(app, session, gift))

    assert AMOUNTS[locale] in receipt
    assert gift.reference in receipt
    assert session.info["organisation"].name(locale) in receipt
    assert "Anneke Voorbeeld" in receipt


def test_a_subject_holds_nothing_about_a_person(app: HearthFlask, session: Session) -> None:
    gift = received(session)

    mail = thank_you(app, session, gift)

    assert not any(word in mail.subject for word in ("Anneke", "15", gift.reference))


def test_the_receipt_does_not_pretend_to_be_a_tax_certificate(
    app: HearthFlask, session: Session
) -> None:
    gift = received(session, locale="en")

    receipt = words_of_pdf(thank_you(app, session, gift))

    assert "It is not a tax certificate." in receipt


def test_a_donor_without_a_name_gets_a_receipt_without_one(
    app: HearthFlask, session: Session
) -> None:
    gift = received(session, locale="en", name=None)

    mail = thank_you(app, session, gift)

    assert mail.text.startswith("Dear donor,")
    assert "Given by" not in words_of_pdf(mail)


@pytest.mark.parametrize("name", ["𒀀𒁀", "🎁" * 20, "#eval(1) $x$ *b* \\ @a", "Й" * 500], ids=ascii)
def test_no_name_keeps_a_receipt_from_being_made(
    app: HearthFlask, session: Session, name: str
) -> None:
    gift = received(session, name=name)

    mail = thank_you(app, session, gift)

    assert gift.reference in words_of_pdf(mail)
    assert name in mail.text


def test_a_name_is_never_markup(app: HearthFlask, session: Session) -> None:
    gift = received(session, name='<img src="https://example.org/x.png">')

    mail = thank_you(app, session, gift)

    assert "<img" not in mail.html


@pytest.mark.parametrize(
    ("kind", "minor", "weeks"),
    [
        (FundKind.ACCOMPANIMENT, 1500, "accompanied for 1 week."),
        (FundKind.ACCOMPANIMENT, 6000, "accompanied for 4 weeks."),
        (FundKind.ACCOMPANIMENT, 1499, None),
        (FundKind.SHELTER, 6000, None),
    ],
)
def test_thanks_say_what_the_gift_does(
    app: HearthFlask, session: Session, kind: FundKind, minor: int, weeks: str | None
) -> None:
    fund = make_fund(session, kind=kind)
    gift = received(session, fund=fund, locale="en", amount=Money(minor, "EUR"))

    mail = thank_you(app, session, gift)

    assert ("accompanied" in mail.text) is (weeks is not None)
    assert weeks is None or weeks in mail.text


def test_an_instruction_is_no_receipt(app: HearthFlask, session: Session) -> None:
    payment = start_gift(session, locale="en")
    apply_snapshot(session, snapshot=snapshot_of(payment, PaymentState.PROCESSING))

    with app.app_context():
        mail = mails.instruction(session, {"gift": str(payment.gift_id)})

    assert mail.attachments == ()
    assert "Your bank needs some days" in mail.text
    assert payment.gift.reference in mail.text


def test_each_mail_speaks_its_own_donors_language(app: HearthFlask, session: Session) -> None:
    dutch, russian = received(session, locale="nl"), received(session, locale="ru")

    with app.app_context():
        texts = [
            plain(mails.thank_you(session, {"gift": str(gift.id)}).text)
            for gift in (dutch, russian, dutch)
        ]

    assert "Een week" in texts[0]
    assert "€ 15 " in texts[0]
    assert "Одна неделя" in texts[1]
    assert re.search(r"15\s€", texts[1])
    assert texts[2] == texts[0]
