"""Finishes what was asked for and not done: destroying the keys of erased people."""

from hearth.jobs import Job, begun
from hearth.sealing.services import sweep_destructions
from tenants.context import runtime, tenant_session
from workers.apart import apart, each


def sweep_keys() -> None:
    """Destroy every key that waits for it, organisation by organisation."""
    begun(Job.SWEEP_KEYS)
    for organisation in each(runtime().registry.all_working()):
        with (
            apart(Job.SWEEP_KEYS, organisation.slug),
            tenant_session(organisation) as session,
        ):
            sweep_destructions(session)
