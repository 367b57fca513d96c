"""Writes the mails that follow a gift, in the donor's language."""

import uuid
from dataclasses import dataclass
from typing import Any

import css_inline
from flask import current_app
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hearth.clock import organisation_of
from hearth.giving.models import WEEK_CURRENCY, WEEK_MINOR, FundKind, Gift
from hearth.giving.receipts import receipt
from hearth.giving.settlement import INSTRUCTION, THANK_YOU
from hearth.outbox.mail import Attachment, Mail
from hearth.web.formatting import format_money
from hearth.web.palette import palette
from tenants.context import runtime
from tenants.registry import OrgRef

_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False)


class NobodyToWriteToError(LookupError):
    """The gift has no donor with an address."""


@dataclass(frozen=True)
class Letter:
    """What a mail says, before it is set as plain text and as HTML."""

    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    link_label: str
    closing: str


def thank_you(session: Session, payload: dict[str, Any]) -> Mail:
    """Thank for a gift that has been received; the receipt goes with it."""
    gift = session.get_one(Gift, uuid.UUID(payload["gift"]))
    with force_locale(gift.locale):
        word = _("receipt")
        attachment = Attachment(f"{word}-{gift.reference}.pdf", "pdf", receipt(session, gift=gift))
        return _mail(session, gift, _thanks(session, gift), attachment)


def instruction(session: Session, payload: dict[str, Any]) -> Mail:
    """Tell that a payment is under way which takes its bank some days."""
    gift = session.get_one(Gift, uuid.UUID(payload["gift"]))
    with force_locale(gift.locale):
        return _mail(session, gift, _on_its_way(session, gift))


def _thanks(session: Session, gift: Gift) -> Letter:
    return Letter(
        subject=_("Thank you for your gift"),
        greeting=_greeting(gift),
        paragraphs=(
            _("Your gift of %(amount)s has arrived. Thank you.", amount=_amount(gift)),
            _("It is meant for: %(fund)s.", fund=gift.fund.title(gift.locale)),
            *_weeks(gift),
            _("The receipt is attached. Its number is %(reference)s.", reference=gift.reference),
        ),
        link_label=_("See how far we are"),
        closing=_closing(session, gift),
    )


def _on_its_way(session: Session, gift: Gift) -> Letter:
    return Letter(
        subject=_("Your gift is on its way"),
        greeting=_greeting(gift),
        paragraphs=(
            _("We have received your instruction to give %(amount)s.", amount=_amount(gift)),
            _("It is meant for: %(fund)s.", fund=gift.fund.title(gift.locale)),
            _(
                "Your bank needs some days for this kind of payment. As soon as your gift has"
                " arrived, we write to you again and send you the receipt. You do not have to do"
                " anything."
            ),
            _("The number of your gift is %(reference)s.", reference=gift.reference),
        ),
        link_label=_("See how far we are"),
        closing=_closing(session, gift),
    )


def _greeting(gift: Gift) -> str:
    if gift.donor_name:
        return str(_("Dear %(name)s,", name=gift.donor_name))
    return str(_("Dear donor,"))


def _closing(session: Session, gift: Gift) -> str:
    name = organisation_of(session).name(gift.locale)
    return str(_("With warm greetings from everybody at %(organisation)s", organisation=name))


def _weeks(gift: Gift) -> tuple[str, ...]:
    """What the gift does, in weeks: EUR 15 accompany one family for one week."""
    weeks = gift.amount_minor // WEEK_MINOR
    if gift.currency != WEEK_CURRENCY or gift.fund.kind != FundKind.ACCOMPANIMENT or weeks < 1:
        return ()
    return (
        ngettext(
            "With it one family is accompanied for %(num)s week.",
            "With it one family is accompanied for %(num)s weeks.",
            weeks,
        ),
    )


def _amount(gift: Gift) -> str:
    return format_money(gift.money, whole=True)


def _mail(session: Session, gift: Gift, letter: Letter, *attachments: Attachment) -> Mail:
    if gift.donor is None:
        raise NobodyToWriteToError("this gift has no donor to write to")
    house = organisation_of(session)
    name = house.name(gift.locale)
    url = f"{_origin(house)}/?lang={gift.locale}"
    html = current_app.jinja_env.get_template("letter.html").render(
        letter=letter, url=url, organisation=name, lang=gift.locale, colours=palette(house.theme)
    )
    return Mail(
        to=gift.donor.email,
        sender_name=name,
        subject=letter.subject,
        text=_plain(letter, url),
        html=_INLINER.inline(html),
        attachments=attachments,
    )


def _plain(letter: Letter, url: str) -> str:
    parts = (letter.greeting, *letter.paragraphs, f"{letter.link_label}:\n{url}", letter.closing)
    return "\n\n".join(parts) + "\n"


def _origin(house: OrgRef) -> str:
    settings = runtime().settings
    host = house.hosts[0] if house.hosts else f"{house.slug}.{settings.base_domain}"
    return settings.origin(host)


TEMPLATES = {THANK_YOU: thank_you, INSTRUCTION: instruction}
