"""Writes the mail that carries a signed head to a mailbox outside."""

from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import escape
from sqlalchemy.orm import Session

from hearth.audit.anchors import TEMPLATE, signed_head
from hearth.audit.models import AuditAnchor
from hearth.outbox.mail import Mail
from tenants.context import runtime


class NoAnchorAddressError(LookupError):
    """Anchors are mailed nowhere any more."""


def anchor_mail(session: Session, payload: dict[str, Any]) -> Mail:
    """One head, which is to be kept as it came."""
    address = runtime().settings.audit_anchor_mail
    if address is None:
        raise NoAnchorAddressError("no address for anchors is set")
    house = session.info["organisation"]
    head = signed_head(house.schema_name, session.get_one(AuditAnchor, payload["seq"]))
    with force_locale(house.staff_locale):
        subject = _("Signed head of the records")
        text = _(
            "Please keep this message as it is. With it anybody can prove later that the records"
            " were not shortened or changed."
        )
    return Mail(
        to=address,
        sender_name=house.name(house.staff_locale),
        subject=subject,
        text=f"{text}\n\n{head.to_line()}\n",
        html=f"<p>{escape(text)}</p><pre>{escape(head.to_line())}</pre>",
    )


TEMPLATES = {TEMPLATE: anchor_mail}
