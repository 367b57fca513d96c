"""The mail that tells whose clocks have run out; it says how many, never who."""

from typing import Any

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hearth.data_register.post import office_mail, path_to, watcher
from hearth.outbox.mail import Mail
from hearth.retention.services import MAIL


def notice(session: Session, payload: dict[str, Any]) -> Mail:
    """Ask somebody to look at what ends soon."""
    user = watcher(session, payload["user"])
    with force_locale(user.locale):
        return office_mail(
            session,
            user,
            subject=_("Something ends soon"),
            sentences=(
                ngettext(
                    "The data of one more file have served their time.",
                    "The data of %(num)s more files have served their time.",
                    int(payload["count"]),
                ),
                _("Without another word from you they are erased after thirty days."),
            ),
            path=path_to("retention.index"),
        )


TEMPLATES = {MAIL: notice}
