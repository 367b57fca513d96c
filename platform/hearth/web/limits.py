"""How much one visitor, one sign-in and one organisation may ask for in a minute, and at once."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from flask import Flask, current_app, g, request
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from config.settings import Settings
from hearth.web.addresses import line_of
from hearth.web.counting import Count, Counters, Limit
from tenants.routing import Site, SiteKind

log = logging.getLogger(__name__)
# An office of fifty people stands behind one address; a person reads a page in some seconds.
PER_ADDRESS = Limit("address", 1_200)
PER_SIGN_IN = Limit("sign-in", 600)
# Two sheets for each organisation: strangers can fill theirs, and nobody's who works there.
PER_ORGANISATION = Limit("organisation", 12_000)
STRANGERS_PER_ORGANISATION = Limit("strangers", 12_000)
# And one for the pages by which those come in who work there, in browsers that know them.
KNOWN_PER_ORGANISATION = Limit("known-browsers", 3_000)
# What takes seconds of the processor: workbooks, and files that are looked through.
COSTLY_PER_SIGN_IN = Limit("costly-sign-in", 20)
COSTLY_PER_ORGANISATION = Limit("costly-organisation", 60)
# A browser tells of every blocked line of a page; a few are enough to know.
REPORTS_PER_ADDRESS = Limit("reports", 30)
# Files are cheap, and probes must never be turned away.
FREE = frozenset({"static", "health.live", "health.ready"})
# However many signed notices a provider sends, they are not counted. Whoever sends unsigned ones
# has places of that door's own, and none of anybody's house.
DOORS = frozenset({"webhooks.stripe"})
RETRY_AFTER_SECONDS = 2
FEW_THREADS = 3
# Where somebody works, and strangers come as well.
STAFFED = frozenset({SiteKind.ORGANISATION, SiteKind.FEDERATION})


@dataclass(frozen=True)
class Guarded:
    """Which pages cost much, which take reports, and what tells sign-ins apart.

    ``ours`` says of a cookie's value and a host whether the service gave it out there lately;
    ``known`` of that of the cookie ``browser``, and ``keys`` of a key for programs. ``ways_in`` is
    the feature whose pages lead in.
    """

    cookie: str
    ours: Callable[[str, str], bool]
    browser: str
    known: Callable[[str, str], bool]
    keys: Callable[[str, str], bool]
    ways_in: str
    costly: Collection[str]
    reports: Collection[str]


class InFlight:
    """Counts what each house has under way in this process, so that none takes every thread.

    A house has half of the threads and one more, and the last free thread is for a house that has
    nothing under way: so neither one house nor two together keep a third one waiting. Strangers
    leave two of a house's places to those who work there.
    """

    def __init__(self, threads: int) -> None:
        self.at_once = max(2, threads // 2 + 1)
        self.strangers_at_once = max(self.at_once - 2, 1)
        self.costly_at_once = max(1, threads // 8)
        # With three threads and fewer there is none to spare.
        self._shared = threads - 1 if threads > FEW_THREADS else threads
        self._lock = threading.Lock()
        self._running: Counter[tuple[str, str]] = Counter()
        self._under_way = 0

    def begin(self, house: str, *, costly: bool, stranger: bool = False) -> bool:
        """Take a place among those of a house, if one is free."""
        with self._lock:
            running = self._running[house, "any"]
            if running >= self.at_once or (running and self._under_way >= self._shared):
                return False
            if costly and self._running[house, "costly"] >= self.costly_at_once:
                return False
            if stranger and self._running[house, "strangers"] >= self.strangers_at_once:
                return False
            self._running[house, "any"] += 1
            self._running[house, "costly"] += costly
            self._running[house, "strangers"] += stranger
            self._under_way += 1
            return True

    def end(self, house: str, *, costly: bool, stranger: bool = False) -> None:
        """Give the place back."""
        with self._lock:
            self._running[house, "any"] -= 1
            self._running[house, "costly"] -= costly
            self._running[house, "strangers"] -= stranger
            self._under_way -= 1


def install_limits(app: Flask, settings: Settings, guarded: Guarded) -> None:
    """Turn away who asks for too much; called after the site of a request is known."""
    counters = Counters(settings.redis_url, settings.secret_key)
    in_flight = InFlight(settings.web_threads)

    @app.before_request
    def refuse_too_many() -> None:
        if settings.rate_limits and request.endpoint not in FREE | DOORS:
            over = counters.first_over(_counts(guarded))
            if over is not None:
                log.warning("too_many_requests", extra={"reason": over.limit.name})
                raise TooManyRequests(retry_after=over.seconds_left)

    @app.before_request
    def refuse_too_many_at_once() -> None:
        site = g.get("site")
        if site is None or request.endpoint in FREE:
            return
        house = _house(site)
        costly = request.endpoint in guarded.costly and bool(_recognised(guarded))
        stranger = site.kind in STAFFED and not (_recognised(guarded) or _comes_home(guarded))
        if not in_flight.begin(house, costly=costly, stranger=stranger):
            log.warning("too_many_at_once", extra={"reason": "costly" if costly else "any"})
            raise ServiceUnavailable(retry_after=RETRY_AFTER_SECONDS)
        g.place = (house, costly, stranger)

    @app.teardown_request
    def give_place_back(_error: BaseException | None) -> None:
        if place := g.pop("place", None):
            in_flight.end(place[0], costly=place[1], stranger=place[2])

    app.extensions["in_flight"] = in_flight


def _house(site: Site) -> str:
    """Who is charged with the thread in which this request is answered."""
    if request.endpoint in DOORS:
        return str(request.endpoint)
    return site.organisation.slug if site.organisation else site.kind.value


def _counts(guarded: Guarded) -> Iterable[Count]:
    """Which limits this request counts towards, and for whom."""
    address = line_of(request.remote_addr or "")
    if request.endpoint in guarded.reports:
        return [Count(REPORTS_PER_ADDRESS, address)]
    counts = [Count(PER_ADDRESS, address)]
    recognised = _recognised(guarded)
    claimed = recognised or request.cookies.get(guarded.cookie)
    if claimed:
        counts += [Count(PER_SIGN_IN, claimed)]
    # What is nowhere costs nothing and belongs to no house.
    site = g.get("site") if request.endpoint else None
    organisation = None
    if site is not None and site.kind is SiteKind.ORGANISATION:
        organisation = site.organisation.slug
    if organisation:
        counts += [Count(_sheet(guarded), organisation)]
    if recognised and request.endpoint in guarded.costly:
        counts += [Count(COSTLY_PER_SIGN_IN, recognised)]
        counts += [Count(COSTLY_PER_ORGANISATION, organisation)] if organisation else []
    return counts


def _sheet(guarded: Guarded) -> Limit:
    """Among whom a request to an organisation counts."""
    if _recognised(guarded):
        return PER_ORGANISATION
    return KNOWN_PER_ORGANISATION if _comes_home(guarded) else STRANGERS_PER_ORGANISATION


def _recognised(guarded: Guarded) -> str | None:
    """The session's cookie or the program's key that is asking; None for strangers.

    The database is not asked. Anybody can send either, so it must bear the service's own mark for
    this host. Whether it lives is asked later; until its mark lapses, one that ended fills a sheet.
    """
    site = g.get("site")
    if site is None:
        return None
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "programs", False) and "Authorization" in request.headers:
        key = request.headers["Authorization"].partition(" ")[2].strip()
        return key if guarded.keys(key, site.host) else None
    cookie = request.cookies.get(guarded.cookie)
    return cookie if cookie and guarded.ours(cookie, site.host) else None


def _comes_home(guarded: Guarded) -> bool:
    """Whether a browser in which somebody here passed the second factor asks the way in."""
    browser = request.cookies.get(guarded.browser)
    site = g.get("site")
    if request.blueprint != guarded.ways_in or not browser or site is None:
        return False
    return guarded.known(browser, site.host)
