"""Runs one worker process for one queue."""

import logging
import os
from pathlib import Path
from typing import Any

from redis import Redis
from rq import Queue as RedisQueue
from rq import SimpleWorker
from rq.job import Job as RedisJob
from rq.serializers import JSONSerializer

from config.logs import place_of
from config.sentry import report
from config.settings import Settings
from hearth.app import create_app
from hearth.jobs import Queue
from tenants.context import configure
from workers.beats import beat_file
from workers.known_jobs import KnownJob, refusal

log = logging.getLogger(__name__)


class BeatingWorker(SimpleWorker):
    """A worker that touches a file as long as its own loop turns.

    It runs jobs in its own process: they are thin, their connections stay warm, and whatever a
    killed process leaves undone is still in the database.
    """

    beat_file: Path
    # How many jobs this process found in its queue and did not run.
    refused = 0

    def execute_job(self, job: RedisJob, queue: RedisQueue) -> None:
        """Run a job of ours; whatever else somebody laid into the queue is taken out of it.

        Of what is refused only the kind is told, because its name may be a sentence.
        """
        reason = refusal(job, queue.name)
        if reason is None:
            super().execute_job(job, queue)
            return
        self.refused += 1
        extra = {"queue": queue.name, "reason": reason, "count": self.refused}
        log.critical("job_refused", extra=extra)
        queue.intermediate_queue.remove(job.id)
        # RQ's own way of deleting goes by what stands in the job.
        self.connection.delete(job.key)

    def heartbeat(self, *arguments: object, **options: object) -> None:
        """Tell Redis and the orchestrator that this process still takes work."""
        self.beat_file.touch()
        super().heartbeat(*arguments, **options)  # type: ignore[arg-type]

    def handle_job_failure(
        self,
        job: RedisJob,
        queue: RedisQueue,
        started_job_registry: Any = None,
        exc_string: Any = "",
        execution: Any = None,
    ) -> None:
        """Keep in Redis that a job failed and not with which words, which may quote a family."""
        super().handle_job_failure(job, queue, started_job_registry, "See the log.", execution)

    def handle_exception(self, job: RedisJob, *exc_info: Any) -> None:
        """Log kind and line of what broke, in place of RQ's own record with the whole text."""
        kind, error, trace = exc_info
        extra = {"job": job.func_name, "reason": kind.__name__, "place": place_of(trace)}
        log.error("job_failed", extra=extra)
        report(error, job=str(job.func_name))


def run_worker(settings: Settings, queue: Queue) -> None:
    """Serve one queue until told to stop.

    One queue a process: with two, RQ takes a job off the list without keeping it anywhere, and a
    process that dies at that moment takes the job with it.
    """
    if queue is not Queue.MONEY:
        # On a small machine a letter with its receipt can wait a moment; a payment should not.
        os.nice(5)
    configure(settings)
    worker = make_worker(Redis.from_url(settings.redis_url), queue)
    with create_app(settings).app_context():
        worker.work(with_scheduler=False, logging_level="WARNING")


def make_worker(connection: Redis, queue: Queue) -> BeatingWorker:
    """The worker of one queue, ready to work."""
    worker = BeatingWorker(
        [
            RedisQueue(
                queue.value, connection=connection, serializer=JSONSerializer, job_class=KnownJob
            )
        ],
        connection=connection,
        job_class=KnownJob,
        serializer=JSONSerializer,
        worker_ttl=60,
        job_monitoring_interval=5,
    )
    worker.beat_file = beat_file(queue)
    worker.log_job_description = False
    return worker
