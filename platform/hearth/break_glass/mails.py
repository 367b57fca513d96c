"""Writes about emergency looks; no mail tells which family or which colleague."""

import uuid
from functools import partial
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from hearth.accounts.letters import Letter, mail_to
from hearth.accounts.permissions import Permission, Role
from hearth.break_glass.models import GlassLook
from hearth.break_glass.services import NOTICE, REMINDER, TOLD, UNREVIEWED
from hearth.outbox.mail import Mail
from hearth.web.formatting import format_date


def notice(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Tell that one case was opened, and until when somebody should look into it."""
    look = session.get_one(GlassLook, uuid.UUID(payload["look"]))
    return _to_reviewer(session, payload, partial(_please_review, look))


def reminder(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Remind of reviews that should have been there by now."""
    return _to_reviewer(session, payload, partial(_is_overdue, int(payload["number"])))


def told(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Tell whoever accompanies a family, or was let in, that somebody else looked."""
    return mail_to(
        session,
        payload["user"],
        path="/families/",
        write=_somebody_looked,
        holding=Permission.FAMILIES_READ,
    )


def unreviewed(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Tell an administrator that nobody can review what somebody looked at."""
    return mail_to(
        session,
        payload["user"],
        path="/colleagues/",
        write=_nobody_reviews,
        among=[Role.ADMINISTRATOR],
    )


def _to_reviewer(session: Session, payload: dict[str, Any], write: partial[Letter]) -> Mail | None:
    able = Permission.BREAK_GLASS_REVIEW
    return mail_to(session, payload["user"], path="/looks/", write=write, holding=able)


def _please_review(look: GlassLook) -> Letter:
    return Letter(
        subject=_("Please review one entry"),
        greeting=_("Good day,"),
        paragraphs=(
            _("A colleague has opened one case in an emergency. It is open for one hour."),
            _("Please review it by %(day)s.", day=format_date(look.review_due_on)),
        ),
        link_label=_("Emergency looks"),
    )


def _is_overdue(number: int) -> Letter:
    waits = ngettext(
        "%(num)s emergency look waits for its review longer than it should.",
        "%(num)s emergency looks wait for their review longer than they should.",
        number,
    )
    return Letter(
        subject=_("A review is overdue"),
        greeting=_("Good day,"),
        paragraphs=(waits,),
        link_label=_("Emergency looks"),
    )


def _somebody_looked() -> Letter:
    return Letter(
        subject=_("One of your families' files was opened"),
        greeting=_("Good day,"),
        paragraphs=(
            _("A colleague has opened one case that is open to you, in an emergency."),
            _("It is open to that colleague for one hour and is then reviewed."),
        ),
        link_label=_("Look at your families"),
    )


def _nobody_reviews() -> Letter:
    return Letter(
        subject=_("Nobody can review one entry"),
        greeting=_("Good day,"),
        paragraphs=(
            _("A colleague has opened one case in an emergency, and nobody else may review it."),
            _("Please give a second colleague a role that reviews emergency looks."),
        ),
        link_label=_("Colleagues"),
    )


TEMPLATES = {NOTICE: notice, REMINDER: reminder, TOLD: told, UNREVIEWED: unreviewed}
