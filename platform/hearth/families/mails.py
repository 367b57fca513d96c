"""Tells whoever accompanies a family that it is reached otherwise; no mail says who or how."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hearth.accounts.letters import Letter, mail_to
from hearth.accounts.permissions import Permission
from hearth.families.reaching import TELEPHONE_CHANGED
from hearth.outbox.mail import Mail


def telephone_changed(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Ask the key worker to look into the file before she calls."""
    return mail_to(
        session,
        payload["user"],
        path="/families/?view=mine",
        write=_look_first,
        holding=Permission.FAMILIES_READ,
    )


def _look_first() -> Letter:
    return Letter(
        subject=_("Please look before you call"),
        greeting=_("Good day,"),
        paragraphs=(
            _("In one of the files that you accompany a telephone number was corrected."),
            _("Look at it before you call, and ask anew whether calling is safe."),
        ),
        link_label=_("Look at your families"),
    )


TEMPLATES = {TELEPHONE_CHANGED: telephone_changed}
