"""Writes of restricted files that nobody can open again; no mail tells which file it is."""

import uuid
from typing import Any

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hearth.accounts.letters import Letter, house_of, mail_of
from hearth.accounts.models import User
from hearth.case_access.keepers import TO_KNOW, TO_NAME
from hearth.outbox.mail import Mail


def name_a_keeper(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Ask somebody to name who goes on with these files."""
    return _mail(
        session,
        payload,
        lambda: _("Please name a colleague who goes on with it. You need not open the file."),
        lambda: _("Name a colleague"),
        "/restricted/",
    )


def no_keeper(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Tell those who answer for restrictions, so that they can say who knows the family."""
    return _mail(
        session,
        payload,
        lambda: _("The privacy officer names who goes on with it. Tell her who can, and who not."),
        lambda: _("Look at the families"),
        "/families/",
    )


def _mail(
    session: Session, payload: dict[str, Any], asked: Any, label: Any, path: str
) -> Mail | None:
    reader = session.get(User, uuid.UUID(payload["user"]))
    if reader is None or reader.disabled_at is not None:
        return None
    with force_locale(reader.locale):
        letter = Letter(
            subject=_("A closed file needs somebody"),
            greeting=_("Good day,"),
            paragraphs=(
                ngettext(
                    "One file is closed to all but a few, and none of them can open it again.",
                    "%(num)s files are closed to all but a few, and none of them can open them"
                    " again.",
                    int(payload["number"]),
                ),
                asked(),
            ),
            link_label=label(),
        )
        url = f"{house_of(session).origin}{path}"
        return mail_of(session, letter, to=reader.email, url=url, locale=reader.locale)


TEMPLATES = {TO_NAME: name_a_keeper, TO_KNOW: no_keeper}
