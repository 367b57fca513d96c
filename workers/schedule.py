"""What happens by the clock: one declarative list, run by one scheduler process."""

from collections.abc import Callable

from redis import Redis
from rq.cron import CronJob, CronScheduler
from rq.utils import now

from config.settings import Settings
from hearth.jobs import QUEUE_OF, Job, enqueue
from tenants.context import configure
from workers import aggregates, audit, backups, break_glass, mail, money, privacy, sealing
from workers.beats import beat_file

# Seconds between two runs. Sweeping finds what a lost wake-up left behind, so its interval bounds
# how late anything can be when Redis has forgotten everything.
SCHEDULE: dict[Job, tuple[Callable[[], None], int]] = {
    Job.DRAIN_INBOX: (money.drain_inbox, 5),
    Job.SWEEP_OUTBOXES: (mail.sweep_outboxes, 10),
    Job.FETCH_MISSED_EVENTS: (money.fetch_missed_events, 900),
    Job.SETTLE_PAYMENTS: (money.settle_payments, 3_600),
    Job.PUBLISH_CUBES: (aggregates.publish_cubes, 21_600),
    Job.TIDY_ACCOUNTS: (aggregates.tidy_accounts, 86_400),
    Job.BACK_UP_DUE: (backups.back_up_due, 600),
    Job.RUN_RETENTION_CLOCKS: (privacy.run_retention_clocks, 86_400),
    Job.REMIND_OF_INCIDENTS: (privacy.remind_of_incidents, 600),
    Job.ANCHOR_LOGS: (audit.anchor_logs, 3_600),
    Job.VERIFY_LOGS: (audit.verify_logs, 86_400),
    Job.REMIND_OF_REVIEWS: (break_glass.remind_of_reviews, 21_600),
    Job.TELL_OF_LOST_FILES: (privacy.tell_of_lost_files, 21_600),
    Job.SWEEP_KEYS: (sealing.sweep_keys, 3_600),
}


class Scheduler(CronScheduler):
    """RQ's scheduler, where a run is a wake-up like any other: one waits in the queue at most."""

    def enqueue_jobs(self) -> list[CronJob]:
        """Wake every job that is due."""
        beat_file("scheduler").touch()
        due = [job for job in self.get_jobs() if job.should_run()]
        for job in due:
            enqueue(Job(job.func_name))
            job.set_enqueue_time(now())
        return due


def run_scheduler(settings: Settings) -> None:
    """Wake each job at its interval until told to stop."""
    configure(settings)
    scheduler = Scheduler(connection=Redis.from_url(settings.redis_url))
    for job, (function, seconds) in SCHEDULE.items():
        scheduler.register(function, queue_name=QUEUE_OF[job].value, interval=seconds)
    scheduler.start()  # type: ignore[no-untyped-call]
