"""One line for every request: which page, how it ended and how long it took – never whose page."""

import logging
import os
import time

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

log = logging.getLogger(__name__)
# Probes and files come every few seconds and say nothing.
QUIET = frozenset({"static", "health.live", "health.ready"})
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
# An id of letters alone is never taken for a telephone number.
LETTERS = str.maketrans("0123456789", "ghijklmnop")


def install_request_log(app: Flask) -> None:
    """Count time from here on, and tell about the request when it has been answered."""
    app.before_request(_begin)
    app.after_request(_tell)


def name_the_house() -> None:
    """Let every record of this request say whose it is, once that is known."""
    if g.get("site") is not None and g.site.organisation is not None:
        bind_contextvars(organisation=g.site.organisation.slug)


def route() -> str:
    """The pattern of the page's address, which holds no id; "none" where there is no such page."""
    return str(request.url_rule.rule) if request.url_rule else "none"


def _begin() -> None:
    g.began = time.perf_counter()
    # Threads are used again: what the last request left must not stick to this one.
    clear_contextvars()
    bind_contextvars(request_id=os.urandom(8).hex().translate(LETTERS))


def _tell(response: Response) -> Response:
    began = g.get("began", time.perf_counter())
    extra = {
        "method": request.method if request.method in KNOWN_METHODS else "other",
        "route": route(),
        "status": response.status_code,
        "milliseconds": round(1000 * (time.perf_counter() - began)),
    }
    if request.endpoint in QUIET:
        log.debug("request", extra=extra)
    else:
        log.info("request", extra=extra)
    return response
