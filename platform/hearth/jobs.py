"""Names of the jobs that may be asked for, and the wake-up that follows a commit."""

import logging
import threading
import time
from contextlib import suppress
from enum import StrEnum
from functools import lru_cache, partial

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue as RedisQueue
from rq.serializers import JSONSerializer
from sqlalchemy.orm import Session

from tenants.context import after_commit, runtime, work_for

log = logging.getLogger(__name__)


class Queue(StrEnum):
    """What waits in it; one worker process serves one queue."""

    MONEY = "money"
    MAIL = "mail"
    STATISTICS = "statistics"


class Job(StrEnum):
    """Every job by the dotted path of its function; a test resolves each of them."""

    DRAIN_INBOX = "workers.money.drain_inbox"
    FETCH_MISSED_EVENTS = "workers.money.fetch_missed_events"
    SETTLE_PAYMENTS = "workers.money.settle_payments"
    DELIVER_OUTBOX = "workers.mail.deliver_outbox"
    SWEEP_OUTBOXES = "workers.mail.sweep_outboxes"
    PUBLISH_CUBES = "workers.aggregates.publish_cubes"
    TIDY_ACCOUNTS = "workers.aggregates.tidy_accounts"
    BACK_UP_DUE = "workers.backups.back_up_due"
    RUN_RETENTION_CLOCKS = "workers.privacy.run_retention_clocks"
    REMIND_OF_INCIDENTS = "workers.privacy.remind_of_incidents"
    ANCHOR_LOGS = "workers.audit.anchor_logs"
    VERIFY_LOGS = "workers.audit.verify_logs"
    REMIND_OF_REVIEWS = "workers.break_glass.remind_of_reviews"
    TELL_OF_LOST_FILES = "workers.privacy.tell_of_lost_files"
    SWEEP_KEYS = "workers.sealing.sweep_keys"


QUEUE_OF: dict[Job, Queue] = {
    Job.DRAIN_INBOX: Queue.MONEY,
    Job.FETCH_MISSED_EVENTS: Queue.MONEY,
    Job.SETTLE_PAYMENTS: Queue.MONEY,
    Job.DELIVER_OUTBOX: Queue.MAIL,
    Job.SWEEP_OUTBOXES: Queue.MAIL,
    Job.PUBLISH_CUBES: Queue.STATISTICS,
    Job.TIDY_ACCOUNTS: Queue.STATISTICS,
    Job.BACK_UP_DUE: Queue.STATISTICS,
    Job.RUN_RETENTION_CLOCKS: Queue.STATISTICS,
    Job.REMIND_OF_INCIDENTS: Queue.STATISTICS,
    Job.ANCHOR_LOGS: Queue.STATISTICS,
    Job.VERIFY_LOGS: Queue.STATISTICS,
    Job.REMIND_OF_REVIEWS: Queue.STATISTICS,
    Job.TELL_OF_LOST_FILES: Queue.STATISTICS,
    Job.SWEEP_KEYS: Queue.STATISTICS,
}
JOB_TIMEOUT = 120
# A job that empties something ends itself long before it would be ended amid a message, and asks
# to be called again.
DRAIN_SECONDS = 60.0
# After a failed wake-up the queue is left alone for a while: the sweeper finds the work anyway, and
# nobody's request should wait for a server that is away.
SILENCE_SECONDS = 5.0
# In a rush one wake-up serves everything that has arrived in this time.
GATHER_SECONDS = 0.05

_silent_until = 0.0
_silence = threading.Lock()


def wake(session: Session, job: Job, *arguments: str) -> None:
    """Ask for a job once this session's work is durable; arguments are ids, never personal data."""
    after_commit(session, (job, arguments), partial(wake_now, job, *arguments))


def wake_now(job: Job, *arguments: str) -> None:
    """Ask for a job whose work is durable already; returns at once, wherever the queue is."""
    _messenger.hand_over(job, arguments)


def enqueue(job: Job, *arguments: str) -> bool:
    """Put a job in its queue unless the same one waits there; False when the queue is away."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return False
    try:
        connection = redis_connection()
        if connection.set(waiting_key(job, *arguments), 1, nx=True, px=1000):
            queue = RedisQueue(
                QUEUE_OF[job].value, connection=connection, serializer=JSONSerializer
            )
            queue.enqueue_call(
                job.value,
                args=arguments,
                timeout=JOB_TIMEOUT,
                result_ttl=0,
                failure_ttl=86_400,
                description=job.value,
            )
    except RedisError as error:
        with _silence:
            _silent_until = time.monotonic() + SILENCE_SECONDS
        log.warning("wake_up_lost", extra={"job": job.value, "reason": type(error).__name__})
        return False
    return True


def begun(job: Job, *arguments: str) -> None:
    """Tell that a job has started, so that work arriving from now on wakes it again."""
    work_for(None)
    # The key passes by itself within a second, so a queue that is away stops no work.
    with suppress(RedisError):
        redis_connection().delete(waiting_key(job, *arguments))


def waiting_key(job: Job, *arguments: str) -> str:
    """The key that stands while a wake-up waits in its queue, at most a second."""
    return ":".join(("hearth", "waiting", job.value, *arguments))


def redis_connection() -> Redis:
    """The process's connection pool to the queue."""
    return _connection(runtime().settings.redis_url)


class _Messenger:
    """Carries wake-ups to the queue in a thread of its own, so that no request waits for Redis.

    What is still in its hands when the process dies is a lost wake-up like any other.
    """

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._waiting: set[tuple[Job, tuple[str, ...]]] = set()
        self._thread: threading.Thread | None = None

    def hand_over(self, job: Job, arguments: tuple[str, ...]) -> None:
        """Take a wake-up; the same one is carried once, however often it was asked for."""
        with self._news:
            self._waiting.add((job, arguments))
            # After a fork the thread is dead and its object is not.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._carry, name="wake-ups", daemon=True)
                self._thread.start()
            self._news.notify()

    def _carry(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting)
                carried = list(self._waiting)
                self._waiting.clear()
            for job, arguments in carried:
                enqueue(job, *arguments)
            time.sleep(GATHER_SECONDS)


_messenger = _Messenger()


@lru_cache(maxsize=4)
def _connection(url: str) -> Redis:
    return Redis.from_url(
        url, socket_connect_timeout=0.5, socket_timeout=5, health_check_interval=30
    )
