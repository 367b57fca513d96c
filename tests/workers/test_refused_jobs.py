"""Whoever is able to write to the queue gets our own jobs run and nothing else."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from redis import Redis
from rq import Callback
from rq import Queue as RedisQueue
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer

from hearth.jobs import JOB_TIMEOUT, Job, Queue
from tenants.context import Runtime
from tests.support.servers import Addresses
from workers.queues import make_worker

# No other test's jobs lie in this database of the queue.
QUEUE = "/7"
OURS = Job.DELIVER_OUTBOX.value


@pytest.fixture
def redis(addresses: Addresses) -> Iterator[Redis]:
    connection = Redis.from_url(urlunsplit(urlsplit(addresses.redis_url)._replace(path=QUEUE)))
    connection.flushdb()
    yield connection
    connection.flushdb()
    connection.close()


@pytest.fixture
def mail(redis: Redis) -> RedisQueue:
    return RedisQueue(Queue.MAIL.value, connection=redis, serializer=JSONSerializer)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """Where a function that should not have been called would have written."""
    return tmp_path / "called"


def leave_a_mark(*_arguments: object) -> None:
    """What no worker of ours has any business to call."""
    raise AssertionError("this was imported and called")


def test_a_job_that_is_none_of_ours_is_neither_imported_nor_run(
    redis: Redis, mail: RedisQueue, mark: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mail.enqueue_call("os.system", args=(f"touch {mark}",), timeout=JOB_TIMEOUT)
    worker = make_worker(redis, Queue.MAIL)

    worker.work(burst=True)

    assert not mark.exists()
    assert worker.refused == 1
    assert redis.keys("rq:job:*") == []
    told = [one for one in caplog.records if one.msg == "job_refused"]
    assert [(one.levelno, one.reason, one.queue) for one in told] == [  # type: ignore[attr-defined]
        (logging.CRITICAL, "unknown", "mail")
    ]
    assert "os.system" not in caplog.text


@pytest.mark.parametrize(
    ("name", "forged", "reason"),
    [
        ("rq.utils.import_attribute", {"args": ("antigravity",)}, "unknown"),
        ("workers.queues.run_worker", {}, "unknown"),
        (f"{OURS} ", {"args": ("spb",)}, "unknown"),
        (OURS, {"args": (["spb"],)}, "arguments"),
        (OURS, {"args": (7,)}, "arguments"),
        (OURS, {"kwargs": {"slug": "spb"}}, "arguments"),
        (Job.DRAIN_INBOX.value, {}, "misplaced"),
        (OURS, {"args": ("spb",), "timeout": -1}, "besides"),
        (OURS, {"args": ("spb",), "on_success": Callback(leave_a_mark)}, "besides"),
        (OURS, {"args": ("spb",), "on_failure": Callback(leave_a_mark)}, "besides"),
        (OURS, {"args": ("spb",), "on_stopped": Callback(leave_a_mark)}, "besides"),
    ],
)
def test_a_job_that_asks_for_more_than_we_ever_do_is_refused(
    redis: Redis,
    mail: RedisQueue,
    caplog: pytest.LogCaptureFixture,
    name: str,
    forged: dict[str, object],
    reason: str,
) -> None:
    mail.enqueue_call(name, **{"timeout": JOB_TIMEOUT, **forged})  # type: ignore[arg-type]
    worker = make_worker(redis, Queue.MAIL)

    worker.work(burst=True)

    told = [one.reason for one in caplog.records if one.msg == "job_refused"]  # type: ignore[attr-defined]
    assert told == [reason]
    assert worker.refused == 1
    assert mail.failed_job_registry.get_job_ids() == []


@pytest.mark.parametrize("data", [b"[1]", b"{}", b'[["a"], null, [], {}]', b"\x80\x04."])
def test_what_is_no_job_at_all_does_not_end_the_worker(
    redis: Redis, mail: RedisQueue, runtime: Runtime, data: bytes
) -> None:
    redis.hset("rq:job:b", "status", "odd")
    for job_id in ("a", "b"):
        redis.hset(f"rq:job:{job_id}", "data", data)
        redis.rpush(mail.key, job_id)
    mail.enqueue_call(OURS, args=("nobody",), timeout=JOB_TIMEOUT, result_ttl=500)
    worker = make_worker(redis, Queue.MAIL)

    worker.work(burst=True)

    assert mail.count == 0
    assert worker.refused == 1
    assert len(mail.finished_job_registry.get_job_ids()) == 1


def test_a_callback_of_a_job_that_was_left_behind_is_not_called(
    redis: Redis, mail: RedisQueue, caplog: pytest.LogCaptureFixture
) -> None:
    job = mail.enqueue_call(OURS, args=("nobody",), on_failure=Callback(leave_a_mark))
    redis.hset(job.key, mapping={"status": "started", "data": json.dumps([OURS, None, [], {}])})
    redis.delete(mail.key)
    registry = StartedJobRegistry(mail.name, connection=redis)
    redis.zadd(registry.key, {f"{job.id}:1": 1})

    make_worker(redis, Queue.MAIL).work(burst=True)

    assert mail.failed_job_registry.get_job_ids() == [job.id]
    assert "callback" not in caplog.text


def test_a_job_of_ours_is_run(redis: Redis, mail: RedisQueue, runtime: Runtime) -> None:
    mail.enqueue_call(OURS, args=("nobody",), timeout=JOB_TIMEOUT, result_ttl=500)
    worker = make_worker(redis, Queue.MAIL)

    worker.work(burst=True)

    assert worker.refused == 0
    assert len(mail.finished_job_registry.get_job_ids()) == 1
