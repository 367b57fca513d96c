"""Runs the clocks that protect people's data: retention, and the notices an incident demands."""

import time
from datetime import datetime

from hearth.case_access.keepers import tell_of_files_without_keeper
from hearth.families.waiting import tell_of_families_without_anybody
from hearth.incidents import reminders
from hearth.jobs import DRAIN_SECONDS, Job, begun, wake_now
from hearth.retention import services as retention
from tenants.context import runtime, tenant_session
from tenants.legal import profile_for
from tenants.registry import OrgRef
from workers.apart import apart, each


def run_retention_clocks() -> None:
    """Give notice of what has served its time, and end what nobody kept; one file a transaction.

    A run that is killed loses at most the file it was at, and the next run goes on there.
    """
    begun(Job.RUN_RETENTION_CLOCKS)
    until = time.monotonic() + DRAIN_SECONDS
    for organisation in each(runtime().registry.all_active()):
        with apart(Job.RUN_RETENTION_CLOCKS, organisation.slug):
            if not _end_what_is_over(organisation, until):
                wake_now(Job.RUN_RETENTION_CLOCKS)
                return


def remind_of_incidents() -> None:
    """Remind those who answer for it of every notice that is due, in every organisation."""
    begun(Job.REMIND_OF_INCIDENTS)
    for organisation in each(runtime().registry.all_active()):
        with (
            apart(Job.REMIND_OF_INCIDENTS, organisation.slug),
            tenant_session(organisation) as session,
        ):
            reminders.remind(session, notices=profile_for(organisation.country).notices)


def tell_of_lost_files() -> None:
    """Tell, in every organisation, of files that nobody goes on with, open ones and closed ones."""
    begun(Job.TELL_OF_LOST_FILES)
    for organisation in each(runtime().registry.all_active()):
        with (
            apart(Job.TELL_OF_LOST_FILES, organisation.slug),
            tenant_session(organisation) as session,
        ):
            tell_of_files_without_keeper(session)
            tell_of_families_without_anybody(session)


def _end_what_is_over(organisation: OrgRef, until: float) -> bool:
    """Whether everything that could end has ended before the time was over."""
    profile = profile_for(organisation.country)
    today = datetime.now(organisation.clock).date()
    with tenant_session(organisation) as session:
        retention.give_notices(session, profile=profile, today=today)
        over = retention.ending_now(session, today=today)
    for notice_id in over:
        if time.monotonic() > until:
            return False
        with tenant_session(organisation) as session:
            retention.end(session, notice_id, profile=profile, today=today)
    return True
