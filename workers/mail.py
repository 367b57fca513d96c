"""Delivers what waits in the organisations' outboxes."""

import logging
import time

from sqlalchemy.exc import SQLAlchemyError

from hearth.jobs import DRAIN_SECONDS, Job, begun, wake_now
from hearth.outbox.services import deliver_next
from tenants.context import runtime, tenant_session
from tenants.registry import UnknownOrganisationError

log = logging.getLogger(__name__)


def deliver_outbox(slug: str) -> None:
    """Deliver everything that is due in one organisation; one transaction a message."""
    begun(Job.DELIVER_OUTBOX, slug)
    try:
        organisation = runtime().registry.get(slug)
    except UnknownOrganisationError:
        return
    if organisation.read_only:
        # Whatever waits is found by the sweeper when the organisation takes changes again.
        return
    until = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < until:
        with tenant_session(organisation) as session:
            if not deliver_next(session, runtime().settings):
                return
    wake_now(Job.DELIVER_OUTBOX, slug)


def sweep_outboxes() -> None:
    """Deliver what lost its wake-up, in every organisation."""
    begun(Job.SWEEP_OUTBOXES)
    for organisation in runtime().registry.all_working():
        try:
            deliver_outbox(organisation.slug)
        except SQLAlchemyError as error:
            # One organisation's trouble is not that of those who come after it.
            log.error(
                "outbox_not_swept",
                extra={"organisation": organisation.slug, "reason": type(error).__name__},
            )
