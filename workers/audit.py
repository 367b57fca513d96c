"""Keeps the heads of the organisations' records outside the database, hour by hour."""

import logging

from hearth.audit.anchors import anchor, sinks_of
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
