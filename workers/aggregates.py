"""Publishes protected cubes of closed periods, and tidies accounts."""

from hearth.accounts import services as accounts
from hearth.aggregates import services as aggregates
from hearth.aggregates.catalogue import PUBLISHED, first_month
from hearth.indicators import Period
from hearth.jobs import Job, begun
from tenants.context import runtime, shared_session, tenant_session
from tenants.registry import OrgRef
from workers.apart import apart, each


def publish_cubes() -> None:
    """Publish every closed month that has not been published, organisation by organisation.

    Exact counts end with the organisation's own unit of work; only what was rounded there goes on.
    """
    begun(Job.PUBLISH_CUBES)
    for organisation in each(runtime().registry.all_working()):
        with apart(Job.PUBLISH_CUBES, organisation.slug):
            for period in _unpublished(organisation):
                _publish(organisation, period)


def _publish(organisation: OrgRef, period: Period) -> None:
    secret = runtime().settings.secret_key
    with tenant_session(organisation) as session:
        cubes = aggregates.build_cubes(
            session,
            organisation=organisation,
            period=period,
            indicators=PUBLISHED,
            secret=secret,
        )
    with shared_session() as shared:
        aggregates.store_cubes(shared, cubes, secret=secret)


def _unpublished(organisation: OrgRef) -> list[Period]:
    with tenant_session(organisation) as session:
        first = first_month(session, clock=organisation.clock)
    if first is None:
        return []
    with shared_session() as shared:
        done = aggregates.months_stored(shared, organisation=organisation.schema_name)
    months = aggregates.closed_months(organisation, since=first)
    return [month for month in months if month.starts_on not in done]


def tidy_accounts() -> None:
    """Remove ended sessions and used form keys that have served their time."""
    begun(Job.TIDY_ACCOUNTS)
    with shared_session() as shared:
        accounts.tidy(shared)
    for organisation in each(runtime().registry.all_working()):
        with (
            apart(Job.TIDY_ACCOUNTS, organisation.slug),
            tenant_session(organisation) as session,
        ):
            accounts.tidy(session)
