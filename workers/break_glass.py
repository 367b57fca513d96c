"""Reminds those who review looks at closed cases that one has waited too long."""

from hearth.break_glass.services import remind_reviewers
from hearth.jobs import Job, begun
from tenants.context import runtime, tenant_session
from workers.apart import apart, each


def remind_of_reviews() -> None:
    """Write to the reviewers of every organisation in which a review is overdue, once a day."""
    begun(Job.REMIND_OF_REVIEWS)
    for organisation in each(runtime().registry.all_working()):
        with (
            apart(Job.REMIND_OF_REVIEWS, organisation.slug),
            tenant_session(organisation) as session,
        ):
            remind_reviewers(session)
