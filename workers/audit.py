"""Keeps the heads of the organisations' records outside the database, hour by hour."""

import logging

from sqlalchemy.exc import SQLAlchemyError

from hearth.audit.anchors import ChainBrokenError, anchor, sinks_of
from hearth.jobs import Job, begun
from tenants.context import runtime, tenant_session

log = logging.getLogger(__name__)


def anchor_logs() -> None:
    """Anchor the newest event of every organisation that has a new one."""
    begun(Job.ANCHOR_LOGS)
    settings = runtime().settings
    if not sinks_of(settings):
        log.warning("audit_not_anchored", extra={"job": Job.ANCHOR_LOGS.value})
    for organisation in runtime().registry.all_active():
        try:
            with tenant_session(organisation) as session:
                anchor(session, settings)
        except (ChainBrokenError, SQLAlchemyError, OSError) as error:
            # One organisation's trouble is not that of those who come after it.
            log.critical(
                "audit_anchor_failed",
                extra={"organisation": organisation.slug, "reason": type(error).__name__},
            )
