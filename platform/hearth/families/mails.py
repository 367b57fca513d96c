"""Writes of families that are reached otherwise or have nobody; no mail says which they are."""

from functools import partial
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from hearth.accounts.letters import Letter, mail_to
from hearth.accounts.permissions import Permission
from hearth.families.reaching import TELEPHONE_CHANGED
from hearth.families.waiting import NOBODY_ACCOMPANIES
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


def nobody_accompanies(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Ask whoever hands families over to name somebody; which ones they are stands on the list."""
    write = partial(_please_hand_over, int(payload["number"]))
    return mail_to(
        session,
        payload["user"],
        path="/families/?view=nobody",
        write=write,
        holding=Permission.CASES_RESTRICT,
    )


def _please_hand_over(number: int) -> Letter:
    waiting = ngettext(
        "Nobody accompanies one of our families any more.",
        "Nobody accompanies %(num)s of our families any more.",
        number,
    )
    return Letter(
        subject=_("A family needs somebody"),
        greeting=_("Good day,"),
        paragraphs=(waiting, _("Please decide who goes on, and hand over.")),
        link_label=_("Look at the families"),
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


TEMPLATES = {TELEPHONE_CHANGED: telephone_changed, NOBODY_ACCOMPANIES: nobody_accompanies}
