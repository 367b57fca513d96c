"""The mail that tells whose clocks have run out; it says how many, never who."""

from functools import partial
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from hearth.accounts.letters import Letter, mail_to
from hearth.accounts.permissions import Permission
from hearth.outbox.mail import Mail
from hearth.retention.services import MAIL


def notice(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Ask somebody to look at what ends soon."""
    return mail_to(
        session,
        payload["user"],
        path="/data-protection/ends-soon/",
        write=partial(_ends_soon, int(payload["count"])),
        holding=Permission.RETENTION_MANAGE,
    )


def _ends_soon(number: int) -> Letter:
    return Letter(
        subject=_("Something ends soon"),
        greeting=_("Good day,"),
        paragraphs=(
            ngettext(
                "The data of one more file have served their time.",
                "The data of %(num)s more files have served their time.",
                number,
            ),
            _("Without another word from you they are erased after thirty days."),
        ),
        link_label=_("Ends soon"),
    )


TEMPLATES = {MAIL: notice}
