"""Runs one worker process for one queue, and tells whether it is alive."""

import os
import time
from pathlib import Path

from redis import Redis
from rq import Queue as RedisQueue
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from config.settings import Settings
from hearth.app import create_app
from hearth.jobs import Queue
from tenants.context import configure

BEAT_SECONDS = 15.0
DEAD_AFTER_SECONDS = 180.0


class BeatingWorker(SimpleWorker):
    """A worker that touches a file as long as its own loop turns.

    It runs jobs in its own process: they are thin, their connections stay warm, and whatever a
    killed process leaves undone is still in the database.
    """

    beat_file: Path

    def heartbeat(self, *arguments: object, **options: object) -> None:
        """Tell Redis and the orchestrator that this process still takes work."""
        self.beat_file.touch()
        super().heartbeat(*arguments, **options)  # type: ignore[arg-type]


def run_worker(settings: Settings, queue: Queue) -> None:
    """Serve one queue until told to stop.

    One queue a process: with two, RQ takes a job off the list without keeping it anywhere, and a
    process that dies at that moment takes the job with it.
    """
    configure(settings)
    connection = Redis.from_url(settings.redis_url)
    worker = BeatingWorker(
        [RedisQueue(queue.value, connection=connection, serializer=JSONSerializer)],
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=60,
        job_monitoring_interval=5,
    )
    worker.beat_file = beat_file(queue)
    worker.log_job_description = False
    with create_app(settings).app_context():
        worker.work(with_scheduler=False, logging_level="WARNING")


def beat_file(queue: Queue) -> Path:
    """Where a worker leaves its sign of life."""
    return Path(os.environ.get("TMPDIR", "/tmp")) / f"hearth-{queue.value}.beat"  # noqa: S108


def is_alive(queue: Queue) -> bool:
    """Whether this machine's worker of a queue has turned its loop lately."""
    try:
        return time.time() - beat_file(queue).stat().st_mtime < DEAD_AFTER_SECONDS
    except FileNotFoundError:
        return False
