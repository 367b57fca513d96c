"""Counts what was asked for in the running minute: in Redis for all processes, else in this one.

Without Redis the service goes on and each process counts for itself, so the limits grow with the
number of processes instead of closing the house. Tries to sign in are counted in PostgreSQL.
"""

import hashlib
import hmac
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import RedisError

from tenants.passwords import derive

log = logging.getLogger(__name__)
WINDOW = 60
PATIENCE = 0.25
SILENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Limit:
    """How often something may be asked for in a minute."""

    name: str
    a_minute: int


@dataclass(frozen=True)
class Count:
    """One request's mark on somebody's sheet."""

    limit: Limit
    whose: str


@dataclass(frozen=True)
class Over:
    """A limit that was passed, and how long the minute still lasts."""

    limit: Limit
    seconds_left: int


class Counters:
    """The sheets of everybody who asked for something in this minute."""

    def __init__(self, redis_url: str, secret: str) -> None:
        self._redis = Redis.from_url(
            redis_url, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE
        )
        self._key = derive(secret, "rate-limits")
        self._lock = threading.Lock()
        self._here: Counter[str] = Counter()
        self._window_here = 0
        self._silent_until = 0.0

    def first_over(self, counts: Iterable[Count]) -> Over | None:
        """Mark a request on every sheet; returns the first limit it passes, if any."""
        marked = list(counts)
        now = time.time()
        window = int(now // WINDOW)
        names = [self._name(count, window) for count in marked]
        for count, number in zip(marked, self._mark(names, window), strict=True):
            if number > count.limit.a_minute:
                return Over(count.limit, max(1, round(WINDOW * (window + 1) - now)))
        return None

    def _name(self, count: Count, window: int) -> str:
        # An address or a session's token is nobody else's business, so only its keyed hash counts.
        whose = hmac.new(self._key, count.whose.encode(errors="replace"), hashlib.sha256)
        return f"hearth:limit:{count.limit.name}:{whose.hexdigest()[:24]}:{window}"

    def _mark(self, names: list[str], window: int) -> list[int]:
        if time.monotonic() >= self._silent_until:
            try:
                return self._mark_in_redis(names)
            except RedisError as error:
                self._silent_until = time.monotonic() + SILENCE_SECONDS
                log.warning("limits_counted_here", extra={"reason": type(error).__name__})
        return self._mark_here(names, window)

    def _mark_in_redis(self, names: list[str]) -> list[int]:
        with self._redis.pipeline(transaction=False) as orders:
            for name in names:
                orders.incr(name)
                orders.expire(name, 2 * WINDOW)
            return [int(number) for number in orders.execute()[::2]]

    def _mark_here(self, names: list[str], window: int) -> list[int]:
        with self._lock:
            if window != self._window_here:
                self._here.clear()
                self._window_here = window
            self._here.update(names)
            return [self._here[name] for name in names]
