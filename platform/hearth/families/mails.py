"""Tells whoever accompanies a family that it is reached otherwise; no mail says who or how."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hearth.accounts.letters import Letter, mail_to
from hearth.families.reaching import TELEPHONE_CHANGED
from hearth.outbox.mail import Mail


def telephone_changed(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Ask whoever goes on with the family to look into the file before she calls."""
    # What waits since before there were others than the key worker says no view.
    path = f"/families/?view={payload.get('view', 'mine')}"
    return mail_to(session, payload["user"], path=path, write=_look_first)


def _look_first() -> Letter:
    return Letter(
        subject=_("Please look before you call"),
        greeting=_("Good day,"),
        paragraphs=(
            _("In one of your files it has changed how the family is reached safely."),
            _("Look at it before you call or write."),
        ),
        link_label=_("Look at your families"),
    )


TEMPLATES = {TELEPHONE_CHANGED: telephone_changed}
