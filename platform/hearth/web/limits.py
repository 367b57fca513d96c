"""How much one visitor, one sign-in and one organisation may ask for in a minute, and at once."""

import logging
import threading
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from flask import Flask, g, request
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from config.settings import Settings
from hearth.web.counting import Count, Counters, Limit
from tenants.routing import SiteKind

log = logging.getLogger(__name__)
# An office of fifty people stands behind one address; a person reads a page in some seconds.
PER_ADDRESS = Limit("address", 1_200)
PER_SIGN_IN = Limit("sign-in", 600)
PER_ORGANISATION = Limit("organisation", 12_000)
# What takes seconds of the processor: workbooks, and files that are looked through.
COSTLY_PER_SIGN_IN = Limit("costly-sign-in", 20)
COSTLY_PER_ORGANISATION = Limit("costly-organisation", 60)
# A browser tells of every blocked line of a page; a few are enough to know.
REPORTS_PER_ADDRESS = Limit("reports", 30)
# Files are cheap; probes and the provider's signed notices must never be turned away.
FREE = frozenset({"static", "health.live", "health.ready", "webhooks.stripe"})
RETRY_AFTER_SECONDS = 2


@dataclass(frozen=True)
class Guarded:
    """Which pages cost much, which take reports, and which cookie tells sign-ins apart."""

    cookie: str
    costly: Collection[str]
    reports: Collection[str]


class InFlight:
    """Counts what each house has under way in this process, so that none takes every thread."""

    def __init__(self, threads: int) -> None:
        self.at_once = max(2, threads * 3 // 4)
        self.costly_at_once = max(1, threads // 8)
        self._lock = threading.Lock()
        self._running: Counter[tuple[str, bool]] = Counter()

    def begin(self, house: str, *, costly: bool) -> bool:
        """Take a place among those of a house, if one is free."""
        with self._lock:
            running = self._running[house, False]
            if running >= self.at_once:
                return False
            if costly and self._running[house, True] >= self.costly_at_once:
                return False
            self._running[house, False] += 1
            self._running[house, True] += costly
            return True

    def end(self, house: str, *, costly: bool) -> None:
        """Give the place back."""
        with self._lock:
            self._running[house, False] -= 1
            self._running[house, True] -= costly


def install_limits(app: Flask, settings: Settings, guarded: Guarded) -> None:
    """Turn away who asks for too much; called after the site of a request is known."""
    counters = Counters(settings.redis_url, settings.secret_key)
    in_flight = InFlight(settings.web_threads)

    @app.before_request
    def refuse_too_many() -> None:
        if settings.rate_limits and request.endpoint not in FREE:
            over = counters.first_over(_counts(guarded))
            if over is not None:
                log.warning("too_many_requests", extra={"reason": over.limit.name})
                raise TooManyRequests(retry_after=over.seconds_left)

    @app.before_request
    def refuse_too_many_at_once() -> None:
        site = g.get("site")
        if site is None or request.endpoint in FREE:
            return
        house = site.organisation.slug if site.organisation else site.kind.value
        costly = request.endpoint in guarded.costly
        if not in_flight.begin(house, costly=costly):
            log.warning("too_many_at_once", extra={"reason": "costly" if costly else "any"})
            raise ServiceUnavailable(retry_after=RETRY_AFTER_SECONDS)
        g.place = (house, costly)

    @app.teardown_request
    def give_place_back(_error: BaseException | None) -> None:
        if place := g.pop("place", None):
            in_flight.end(place[0], costly=place[1])

    app.extensions["in_flight"] = in_flight


def _counts(guarded: Guarded) -> Iterable[Count]:
    """Which limits this request counts towards, and for whom."""
    address = request.remote_addr or ""
    if request.endpoint in guarded.reports:
        return [Count(REPORTS_PER_ADDRESS, address)]
    counts = [Count(PER_ADDRESS, address)]
    costly = request.endpoint in guarded.costly
    if cookie := request.cookies.get(guarded.cookie):
        counts += [Count(PER_SIGN_IN, cookie)]
        counts += [Count(COSTLY_PER_SIGN_IN, cookie)] if costly else []
    site = g.get("site")
    if site is not None and site.kind is SiteKind.ORGANISATION:
        counts += [Count(PER_ORGANISATION, site.organisation.slug)]
        counts += [Count(COSTLY_PER_ORGANISATION, site.organisation.slug)] if costly else []
    return counts
