"""What a worker agrees to run: our own jobs, as we ourselves would have asked for them.

RQ imports whatever dotted name lies in Redis, as a job, as a callback or as a serializer's choice.
Whoever is able to write there would otherwise run anything at all with the workers' secrets.
"""

import logging
from typing import Any, cast

from redis.exceptions import RedisError
from rq.exceptions import DeserializationError, NoSuchJobError
from rq.job import Job as RedisJob
from rq.serializers import JSONSerializer
from rq.utils import import_attribute

from hearth.jobs import JOB_TIMEOUT, QUEUE_OF, Job

log = logging.getLogger(__name__)
KNOWN = frozenset(job.value for job in Job)
CALLBACKS = ("_success_callback_name", "_failure_callback_name", "_stopped_callback_name")
# What RQ would do besides running a job, and nobody here asks for.
BESIDES = (*CALLBACKS, "webhooks", "_dependency_ids", "retries_left", "repeats_left",
           "rate_limit_key", "group_id")  # fmt: skip


class UnknownJobError(LookupError):
    """A name that is none of our jobs was to be run."""


class KnownJob(RedisJob):
    """A job that leads to nothing but what ``hearth.jobs.Job`` names.

    Wherever RQ reads a job, in a queue, in a registry or among those left behind, it reads it as
    one of these: as JSON whatever anybody says, with no callback and no call to other servers.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments[:2], **{**options, "serializer": JSONSerializer})

    @classmethod
    def fetch(cls, *arguments: Any, **options: Any) -> "KnownJob":
        """Read a job; what is none counts as gone, so that it ends no worker.

        :raises NoSuchJobError: there is none, or it cannot be read as one.
        """
        try:
            return cast("KnownJob", super().fetch(*arguments, **options))
        except (RedisError, NoSuchJobError):
            raise
        except Exception as error:
            log.error("job_unreadable", extra={"reason": type(error).__name__})
            raise NoSuchJobError("this cannot be read as a job") from None

    @property
    def func(self) -> Any:
        """The function of one of our jobs; no other is imported.

        :raises UnknownJobError: the name is none of ours.
        """
        if not isinstance(self.func_name, str) or self.func_name not in KNOWN:
            raise UnknownJobError("this is none of our jobs")
        return import_attribute(self.func_name)

    @property
    def success_callback(self) -> None:
        """Nothing: no job of ours has one, and its name is not imported."""

    @property
    def failure_callback(self) -> None:
        """Nothing, as above."""

    @property
    def stopped_callback(self) -> None:
        """Nothing, as above."""

    def send_webhooks(self, *_arguments: Any, **_options: Any) -> None:
        """Call no other server."""


def refusal(job: RedisJob, queue: str) -> str | None:
    """Why a job that lies in a queue is not run, in one word; None when it is one of ours."""
    try:
        name, arguments = job.func_name, job.args
        called_with = (job.instance, job.kwargs)
    except DeserializationError:
        return "unreadable"
    if not isinstance(name, str) or name not in KNOWN:
        return "unknown"
    if QUEUE_OF[Job(name)].value != queue:
        return "misplaced"
    if any(called_with) or not isinstance(arguments, list | tuple):
        return "arguments"
    if not all(isinstance(argument, str) for argument in arguments):
        return "arguments"
    if job.timeout != JOB_TIMEOUT or any(getattr(job, what, None) for what in BESIDES):
        return "besides"
    return None
