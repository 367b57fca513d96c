"""One mail: how it looks to its writer, and how it leaves by SMTP."""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

from sqlalchemy.orm import Session

from config.settings import Settings

SMTP_TIMEOUT = 20


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    subtype: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A finished mail in its reader's language; ``sender_name`` is the organisation's name."""

    to: str
    sender_name: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = field(default_factory=tuple)


# Nothing to send is an answer too: what the mail was about may have passed.
Compose = Callable[[Session, dict[str, Any]], Mail | None]
# Filled by the application factory: template name -> the slice's function that writes the mail.
TEMPLATES: dict[str, Compose] = {}


def send(settings: Settings, mail: Mail, *, message_id: str) -> None:
    """Hand a mail to the relay. The same ``message_id`` marks a repeated mail as the same one.

    :raises smtplib.SMTPException: the relay refused it.
    :raises OSError: the relay could not be reached.
    """
    message = EmailMessage()
    local, _, domain = settings.mail_from.partition("@")
    message["From"] = Address(mail.sender_name, local, domain)
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = f"<{message_id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    for attachment in mail.attachments:
        message.add_attachment(
            attachment.content,
            maintype="application",
            subtype=attachment.subtype,
            filename=attachment.name,
        )
    with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SMTP_TIMEOUT) as relay:
        if settings.smtp_tls:
            relay.starttls(context=ssl.create_default_context())
        if settings.smtp_user and settings.smtp_password:
            relay.login(settings.smtp_user, settings.smtp_password)
        relay.send_message(message)
