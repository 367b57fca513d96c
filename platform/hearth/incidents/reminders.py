"""Reminds by mail of every notice that is due, three times each and never twice the same."""

import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from hearth.accounts.letters import Letter, mail_to
from hearth.accounts.permissions import Permission
from hearth.accounts.standing import holders
from hearth.incidents.models import EntryKind, Incident
from hearth.incidents.services import clocks, open_incidents
from hearth.outbox.mail import Mail
from hearth.outbox.services import put
from tenants.legal import Notices, profile_for

MAIL = "incident_reminder"
MINE = Permission.INCIDENTS_MANAGE
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


def reminder(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Say how much time is left; nothing about what happened."""
    incident = session.get_one(Incident, uuid.UUID(payload["incident"]))
    notices = profile_for(session.info["organisation"].country).notices
    due = {clock.kind.value: clock for clock in clocks(incident, notices)}
    return mail_to(
        session,
        payload["user"],
        path=f"/incidents/{incident.id}",
        write=partial(_waits, due[payload["clock"]].hours_left(datetime.now(UTC))),
        holding=MINE,
    )


def _waits(hours: int) -> Letter:
    left = ngettext(
        "One hour is left for the notice that the law demands.",
        "%(num)s hours are left for the notice that the law demands.",
        hours,
    )
    return Letter(
        subject=_("An incident waits for a notice"),
        greeting=_("Good day,"),
        paragraphs=(left if hours else _("The time for the notice is over. Give it now."),),
        link_label=_("Incidents"),
    )


def _put(session: Session, incident: Incident, kind: EntryKind, stage: str) -> int:
    new = 0
    for user_id, _name in holders(session, MINE):
        new += put(
            session,
            key=f"incident:{incident.id}:{kind}:{stage}:{user_id}",
            kind="mail",
            payload={
                "template": MAIL,
                "incident": str(incident.id),
                "clock": kind.value,
                "user": str(user_id),
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
