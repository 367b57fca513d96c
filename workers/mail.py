"""Delivers what waits in the outboxes of the organisations and of the federation."""

import logging
import time
from contextlib import AbstractContextManager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hearth.jobs import DRAIN_SECONDS, Job, begun, wake_now
from hearth.outbox.services import FEDERATION, deliver_next
from tenants.context import runtime, shared_session, tenant_session
from tenants.registry import UnknownOrganisationError

log = logging.getLogger(__name__)


def deliver_outbox(slug: str) -> None:
    """Deliver everything that is due in one outbox; one transaction a message."""
    begun(Job.DELIVER_OUTBOX, slug)
    until = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < until:
        try:
            unit = _unit_of_work(slug)
        except UnknownOrganisationError:
            return
        with unit as session:
            if not deliver_next(session, runtime().settings):
                return
    wake_now(Job.DELIVER_OUTBOX, slug)


def sweep_outboxes() -> None:
    """Deliver what lost its wake-up, in every organisation and in the federation."""
    begun(Job.SWEEP_OUTBOXES)
    organisations = [organisation.slug for organisation in runtime().registry.all_active()]
    for slug in (*organisations, FEDERATION):
        try:
            deliver_outbox(slug)
        except SQLAlchemyError as error:
            # One organisation's trouble is not that of those who come after it.
            log.error(
                "outbox_not_swept",
                extra={"organisation": slug, "reason": type(error).__name__},
            )


def _unit_of_work(slug: str) -> AbstractContextManager[Session]:
    if slug == FEDERATION:
        return shared_session()
    return tenant_session(runtime().registry.get(slug))
