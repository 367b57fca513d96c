"""Delivers what waits in the outboxes of the organisations and of the federation."""

import time
from contextlib import AbstractContextManager

from sqlalchemy.orm import Session

from hearth.jobs import DRAIN_SECONDS, Job, begun, wake_now
from hearth.outbox.services import FEDERATION, deliver_next
from tenants.context import runtime, shared_session, tenant_session
from tenants.registry import UnknownOrganisationError
from workers.apart import apart, each


def deliver_outbox(slug: str) -> None:
    """Deliver everything that is due in one outbox; one transaction a message."""
    begun(Job.DELIVER_OUTBOX, slug)
    until = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < until:
        try:
            unit = _unit_of_work(slug)
        except UnknownOrganisationError:
            return
        if unit is None:
            return
        with unit as session:
            if not deliver_next(session, runtime().settings):
                return
    wake_now(Job.DELIVER_OUTBOX, slug)


def sweep_outboxes() -> None:
    """Deliver what lost its wake-up, in every organisation and in the federation."""
    begun(Job.SWEEP_OUTBOXES)
    organisations = [one.slug for one in each(runtime().registry.all_working())]
    for slug in (*organisations, FEDERATION):
        with apart(Job.SWEEP_OUTBOXES, slug):
            deliver_outbox(slug)


def _unit_of_work(slug: str) -> AbstractContextManager[Session] | None:
    if slug == FEDERATION:
        return shared_session()
    organisation = runtime().registry.get(slug)
    # Whatever waits is found by the sweeper when the organisation takes changes again.
    return None if organisation.read_only else tenant_session(organisation)
