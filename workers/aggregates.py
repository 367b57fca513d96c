"""Publishes protected cubes of closed periods, and tidies accounts."""

from hearth.accounts import services as accounts
from hearth.jobs import Job, begun
from tenants.context import runtime, shared_session, tenant_session


def publish_cubes() -> None:
    """Publish every closed month that has not been published, organisation by organisation."""
    begun(Job.PUBLISH_CUBES)


def tidy_accounts() -> None:
    """Remove ended sessions and used form keys that have served their time."""
    begun(Job.TIDY_ACCOUNTS)
    with shared_session() as shared:
        accounts.tidy(shared)
    for organisation in runtime().registry.all_active():
        with tenant_session(organisation) as session:
            accounts.tidy(session)
