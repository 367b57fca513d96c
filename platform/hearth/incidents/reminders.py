"""Reminds by mail of every notice that is due, three times each and never twice the same."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.data_register.post import office_mail, path_to, watcher, watchers
from hearth.incidents.models import EntryKind, Incident
from hearth.incidents.services import clocks, open_incidents
from hearth.outbox.mail import Mail
from hearth.outbox.services import put
from tenants.legal import Notices, profile_for

MAIL = "incident_reminder"
# At once, when half of the time is over, and when little is left.
BEFORE = {"at_once": 1.0, "half": 0.5, "last": 0.15}


def remind(session: Session, *, notices: Notices) -> int:
    """Put every reminder that is due into the outbox; returns how many are new."""
    now = datetime.now(UTC)
    new = 0
    for incident in open_incidents(session):
        for clock in clocks(incident, notices):
            if clock.done_at is None:
                stage = _stage(incident, clock.due_at, now)
                new += _put(session, incident, clock.kind, stage)
    return new


def reminder(session: Session, payload: dict[str, Any]) -> Mail:
    """Say how much time is left; nothing about what happened."""
    user = watcher(session, payload["user"])
    incident = session.get_one(Incident, uuid.UUID(payload["incident"]))
    notices = profile_for(session.info["organisation"].country).notices
    due = {clock.kind.value: clock for clock in clocks(incident, notices)}
    hours = due[payload["clock"]].hours_left(datetime.now(UTC))
    with force_locale(user.locale):
        left = ngettext(
            "One hour is left for the notice that the law demands.",
            "%(num)s hours are left for the notice that the law demands.",
            hours,
        )
        return office_mail(
            session,
            user,
            subject=_("An incident waits for a notice"),
            sentences=(left if hours else _("The time for the notice is over. Give it now."),),
            path=path_to("incidents.show", incident_id=incident.id),
        )


def _put(session: Session, incident: Incident, kind: EntryKind, stage: str) -> int:
    new = 0
    for user in watchers(session, Permission.INCIDENTS_MANAGE):
        new += put(
            session,
            key=f"incident:{incident.id}:{kind}:{stage}:{user.id}",
            kind="mail",
            payload={
                "template": MAIL,
                "incident": str(incident.id),
                "clock": kind.value,
                "user": str(user.id),
            },
        )
    return new


def _stage(incident: Incident, due_at: datetime, now: datetime) -> str:
    """The last of the three moments that has come; after the deadline one reminder a day."""
    if now >= due_at:
        return f"late-{(now - due_at) // timedelta(days=1)}"
    share = (due_at - now) / (due_at - incident.aware_at)
    return [name for name, left in BEFORE.items() if share <= left or name == "at_once"][-1]


TEMPLATES = {MAIL: reminder}
