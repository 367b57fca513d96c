"""Reminds those who review looks at closed cases that one has waited too long."""

import logging

from sqlalchemy.exc import SQLAlchemyError

from hearth.break_glass.services import remind_reviewers
from hearth.jobs import Job, begun
from tenants.context import runtime, tenant_session

log = logging.getLogger(__name__)


def remind_of_reviews() -> None:
    """Write to the reviewers of every organisation in which a review is overdue, once a day."""
    begun(Job.REMIND_OF_REVIEWS)
    for organisation in runtime().registry.all_active():
        try:
            with tenant_session(organisation) as session:
                remind_reviewers(session)
        except SQLAlchemyError as error:
            # One organisation's trouble is not that of those who come after it.
            log.error(
                "reviews_not_reminded",
                extra={"organisation": organisation.slug, "reason": type(error).__name__},
            )
