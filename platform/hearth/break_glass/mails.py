"""Writes about emergency looks; no mail tells which family or which colleague."""

import uuid
from typing import Any, cast

from flask import current_app
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.break_glass.models import GlassLook
from hearth.break_glass.services import NOTICE, REMINDER, TOLD, UNREVIEWED
from hearth.outbox.mail import Mail
from hearth.web.formatting import format_date
from tenants.context import runtime
from tenants.registry import OrgRef


def notice(session: Session, payload: dict[str, Any]) -> Mail:
    """Tell that one case was opened, and until when somebody should look into it."""
    reader = session.get_one(User, uuid.UUID(payload["user"]))
    look = session.get_one(GlassLook, uuid.UUID(payload["look"]))
    with force_locale(reader.locale):
        return _mail(
            session,
            reader,
            _("Please review one entry"),
            _("A colleague has opened one case in an emergency. It is open for one hour."),
            _("Please review it by %(day)s.", day=format_date(look.review_due_on)),
        )


def reminder(session: Session, payload: dict[str, Any]) -> Mail:
    """Remind of reviews that should have been there by now."""
    reader = session.get_one(User, uuid.UUID(payload["user"]))
    with force_locale(reader.locale):
        return _mail(
            session,
            reader,
            _("A review is overdue"),
            ngettext(
                "%(num)s emergency look waits for its review longer than it should.",
                "%(num)s emergency looks wait for their review longer than they should.",
                int(payload["number"]),
            ),
        )


def told(session: Session, payload: dict[str, Any]) -> Mail:
    """Tell whoever accompanies a family, or was let in, that somebody else looked."""
    reader = session.get_one(User, uuid.UUID(payload["user"]))
    with force_locale(reader.locale):
        return _mail(
            session,
            reader,
            _("One of your families' files was opened"),
            _("A colleague has opened one case that is open to you, in an emergency."),
            _("It is open to that colleague for one hour and is then reviewed."),
            path="/families/",
        )


def unreviewed(session: Session, payload: dict[str, Any]) -> Mail:
    """Tell an administrator that nobody can review what somebody looked at."""
    reader = session.get_one(User, uuid.UUID(payload["user"]))
    with force_locale(reader.locale):
        return _mail(
            session,
            reader,
            _("Nobody can review one entry"),
            _("A colleague has opened one case in an emergency, and nobody else may review it."),
            _("Please give a second colleague a role that reviews emergency looks."),
            path="/colleagues/",
        )


def _mail(
    session: Session, reader: User, subject: str, *paragraphs: str, path: str = "/looks/"
) -> Mail:
    house = cast("OrgRef", session.info["organisation"])
    settings = runtime().settings
    host = house.hosts[0] if house.hosts else f"{house.slug}.{settings.base_domain}"
    url = f"{settings.origin(host)}{path}"
    html = current_app.jinja_env.get_template("break_glass/mail.html").render(
        lang=reader.locale, subject=subject, paragraphs=paragraphs, url=url
    )
    return Mail(
        to=reader.email,
        sender_name=house.name(reader.locale),
        subject=subject,
        text="\n\n".join((*paragraphs, url)) + "\n",
        html=html,
    )


TEMPLATES = {NOTICE: notice, REMINDER: reminder, TOLD: told, UNREVIEWED: unreviewed}
