"""Organisation by organisation, where the trouble of one is not that of all who come after it."""

import logging
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rq.timeouts import BaseTimeoutException

from config.logs import place_of
from config.sentry import report
from hearth.jobs import Job
from tenants.registry import OrgRef

log = logging.getLogger(__name__)


def each(organisations: Iterable[OrgRef]) -> list[OrgRef]:
    """The organisations in another order each time.

    One that is slow enough to end the job with its time then stands before others now and then,
    and before none of them always.
    """
    mixed = list(organisations)
    random.shuffle(mixed)
    return mixed


@contextmanager
def apart(job: Job, organisation: str) -> Iterator[None]:
    """Tell what went wrong in one organisation, with the place in the code, and go on.

    Whatever it is: a database that is away, a key service that does not answer, a wrong setting.
    """
    try:
        yield
    except BaseTimeoutException:
        # The job's own time is over, which is nobody's trouble but the job's.
        raise
    except Exception as error:
        extra = {
            "job": job.value,
            "organisation": organisation,
            "reason": type(error).__name__,
            "place": place_of(error.__traceback__),
        }
        # Two of them are alerted on by a name of their own.
        if job is Job.ANCHOR_LOGS:
            log.critical("audit_anchor_failed", extra=extra)
        elif job is Job.BACK_UP_DUE:
            log.error("backup_failed", extra=extra)
        else:
            log.error("organisation_left_out", extra=extra)
        report(error, job=job.value, organisation=organisation)
