"""Keeps the heads of the records outside the database, and reads the whole of them once a day."""

import logging

from hearth.audit.anchors import anchor, sinks_of
from hearth.audit.verification import verify
from hearth.jobs import Job, begun
from tenants.context import runtime, tenant_session
from workers.apart import apart, each

log = logging.getLogger(__name__)


def anchor_logs() -> None:
    """Anchor the newest event of every organisation that has a new one."""
    begun(Job.ANCHOR_LOGS)
    settings = runtime().settings
    if not sinks_of(settings):
        log.warning("audit_not_anchored", extra={"job": Job.ANCHOR_LOGS.value})
    for organisation in each(runtime().registry.all_working()):
        with (
            apart(Job.ANCHOR_LOGS, organisation.slug),
            tenant_session(organisation) as session,
        ):
            anchor(session, settings)


def verify_logs() -> None:
    """Read every chain anew, and raise the alarm where it is not what was written."""
    begun(Job.VERIFY_LOGS)
    for organisation in each(runtime().registry.all_working()):
        with (
            apart(Job.VERIFY_LOGS, organisation.slug),
            tenant_session(organisation) as session,
        ):
            found = verify(session, runtime().settings).findings
            if found:
                extra = {"organisation": organisation.slug, "reason": found[0].harm.name}
                log.critical("audit_log_harmed", extra=extra)
