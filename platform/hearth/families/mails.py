"""Tells whoever accompanies a family that it is reached otherwise; no mail says who or how."""

import uuid
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hearth.accounts.letters import Letter, house_of, mail_of
from hearth.accounts.models import User
from hearth.families.reaching import TELEPHONE_CHANGED
from hearth.outbox.mail import Mail


def telephone_changed(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Ask the key worker to look into the file before she calls."""
    reader = session.get(User, uuid.UUID(payload["user"]))
    if reader is None or reader.disabled_at is not None:
        return None
    with force_locale(reader.locale):
        letter = Letter(
            subject=_("Please look before you call"),
            greeting=_("Good day,"),
            paragraphs=(
                _("In one of the files that you accompany a telephone number was corrected."),
                _("Look at it before you call, and ask anew whether calling is safe."),
            ),
            link_label=_("Look at your families"),
        )
        url = f"{house_of(session).origin}/families/?view=mine"
        return mail_of(session, letter, to=reader.email, url=url, locale=reader.locale)


TEMPLATES = {TELEPHONE_CHANGED: telephone_changed}
