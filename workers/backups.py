"""Writes the backups that are due, and tells of those that are late."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from rq.timeouts import BaseTimeoutException

from config.endpoints import EndpointKind
from config.settings import Settings
from hearth.jobs import Job, begun
from tenants import backups
from tenants.backup_keys import DerivedKeys
from tenants.context import runtime
from tenants.engines import PLATFORM_ROLE, role_url
from workers.apart import apart

log = logging.getLogger(__name__)
LATE = timedelta(hours=26)
# Whose backup took all of a job's time lately: the others go first, or they would never be served.
_slow: set[str] = set()


def back_up_due() -> None:
    """Back up the first organisation whose last backup is a day old; the others come after it.

    One a time, because a job ends within its time and the schedule asks again soon.
    """
    begun(Job.BACK_UP_DUE)
    settings = runtime().settings
    kept = any(kind is EndpointKind.BACKUPS for kind, _name in settings.endpoints)
    if not kept or settings.backup_secret is None:
        return
    url = role_url(settings, PLATFORM_ROLE, 1).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as platform:
        due = backups.overdue(platform)
        _tell_of_late_ones(due)
        keys = DerivedKeys(platform, settings)
        for slug in sorted((slug for slug, _last in due), key=lambda slug: (slug in _slow, slug)):
            with apart(Job.BACK_UP_DUE, slug):
                _back_up(platform, settings, keys, slug)
                break
        backups.remove_expired(platform)


def _back_up(
    platform: "psycopg.Connection[Any]", settings: Settings, keys: DerivedKeys, slug: str
) -> None:
    try:
        backups.back_up(platform, settings, keys, slug)
    except BaseTimeoutException:
        _slow.add(slug)
        raise
    _slow.discard(slug)


def _tell_of_late_ones(due: list[tuple[str, datetime | None]]) -> None:
    now = datetime.now(UTC)
    for slug, last in due:
        if last is not None and now - last > LATE:
            hours = int((now - last).total_seconds() // 3600)
            log.warning("backup_late", extra={"organisation": slug, "count": hours})
