"""Delivers what waits in the organisations' outboxes."""

from hearth.jobs import Job, begun
from hearth.outbox.services import deliver_next
from tenants.context import runtime, tenant_session
from tenants.registry import UnknownOrganisationError


def deliver_outbox(slug: str) -> None:
    """Deliver everything that is due in one organisation; one transaction a message."""
    begun(Job.DELIVER_OUTBOX, slug)
    try:
        organisation = runtime().registry.get(slug)
    except UnknownOrganisationError:
        return
    while True:
        with tenant_session(organisation) as session:
            if not deliver_next(session, runtime().settings):
                return


def sweep_outboxes() -> None:
    """Deliver what lost its wake-up, in every organisation."""
    begun(Job.SWEEP_OUTBOXES)
    for organisation in runtime().registry.all_active():
        deliver_outbox(organisation.slug)
