"""Writes of restricted files that nobody can open again; no mail tells which file it is."""

from functools import partial
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from hearth.accounts.letters import Letter, mail_to
from hearth.accounts.permissions import Permission
from hearth.case_access.keepers import MINE, TO_KNOW, TO_NAME
from hearth.outbox.mail import Mail


def name_a_keeper(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Ask somebody to name who goes on with these files."""
    write = partial(_please_name, int(payload["number"]))
    return mail_to(session, payload["user"], path="/restricted/", write=write, holding=MINE)


def no_keeper(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Tell those who answer for restrictions, so that they can say who knows the family."""
    write = partial(_please_tell, int(payload["number"]))
    able = Permission.CASES_RESTRICT
    return mail_to(session, payload["user"], path="/families/", write=write, holding=able)


def _please_name(number: int) -> Letter:
    asked = _("Please name a colleague who goes on with it. You need not open the file.")
    return _letter(number, asked, _("Name a colleague"))


def _please_tell(number: int) -> Letter:
    asked = _("The privacy officer names who goes on with it. Tell her who can, and who not.")
    return _letter(number, asked, _("Look at the families"))


def _letter(number: int, asked: str, link_label: str) -> Letter:
    closed = ngettext(
        "One file is closed to all but a few, and none of them can open it again.",
        "%(num)s files are closed to all but a few, and none of them can open them again.",
        number,
    )
    return Letter(
        subject=_("A closed file needs somebody"),
        greeting=_("Good day,"),
        paragraphs=(closed, asked),
        link_label=link_label,
    )


TEMPLATES = {TO_NAME: name_a_keeper, TO_KNOW: no_keeper}
