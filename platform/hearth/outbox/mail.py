"""One mail: how it looks to its writer, and how it leaves by SMTP."""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy.orm import Session

from config.endpoints import DEFAULT, EndpointKind
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


@dataclass(frozen=True, kw_only=True)
class Relay:
    """The mail server that carries an organisation's mail."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: bool
    mail_from: str


# Nothing to send is an answer too: what the mail was about may have passed.
Compose = Callable[[Session, dict[str, Any]], Mail | None]
# Filled by the application factory: template name -> the slice's function that writes the mail.
TEMPLATES: dict[str, Compose] = {}


def relay_named(settings: Settings, name: str) -> Relay:
    """The installation's own relay, or the one that the environment describes by this name.

    :raises LookupError: this process was not told of it.
    """
    if name == DEFAULT:
        return Relay(
            host=settings.smtp_host,
            port=settings.smtp_port,
            user=settings.smtp_user,
            password=settings.smtp_password,
            tls=settings.smtp_tls,
            mail_from=settings.mail_from,
        )
    endpoint = settings.endpoint(EndpointKind.RELAY, name)
    if endpoint is None or endpoint.url is None:
        raise LookupError("the organisation's mail relay is not configured here")
    address = urlsplit(endpoint.url)
    return Relay(
        host=address.hostname or "",
        port=address.port or 587,
        user=unquote(address.username) if address.username else None,
        password=unquote(address.password) if address.password else None,
        tls=address.scheme == "smtp+tls",
        mail_from=parse_qs(address.query).get("from", [settings.mail_from])[0],
    )


def send(via: Relay, mail: Mail, *, message_id: str) -> None:
    """Hand a mail to the relay. The same ``message_id`` marks a repeated mail as the same one.

    :raises smtplib.SMTPException: the relay refused it.
    :raises OSError: the relay could not be reached.
    """
    message = EmailMessage()
    # The sender's setting may bear a name, which the organisation's own takes the place of.
    local, _, domain = parseaddr(via.mail_from)[1].rpartition("@")
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
    with smtplib.SMTP(via.host, via.port, timeout=SMTP_TIMEOUT) as relay:
        if via.tls:
            relay.starttls(context=ssl.create_default_context())
        if via.user and via.password:
            relay.login(via.user, via.password)
        relay.send_message(message)
