"""Error pages: what happened, what to do now, and nothing about what stands behind the door."""

import logging
import traceback
from pathlib import Path

from flask import Flask, Response, g, make_response, render_template
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, InternalServerError

from config.sentry import report
from hearth.sealing.errors import ErasedError, KeysLockedError
from hearth.web.pauses import pause
from hearth.web.request import leave
from hearth.web.request_log import route
from hearth.web.tokens import kept_form
from tenants.context import NestedScopeError
from tenants.routing import SiteKind

log = logging.getLogger(__name__)
OUR_CODE = str(Path(__file__).parents[1])
# What was typed is offered once more where only the moment was wrong.
WORTH_SENDING_AGAIN = frozenset({429, 503})
PAGES = frozenset({400, 401, 403, 404, 405, 413, 422, 429, 500, 503})


def install_error_pages(app: Flask) -> None:
    """Answer every error with a page in the visitor's language and the house's own frame."""
    app.register_error_handler(HTTPException, _known)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeoutError, _database)
    app.register_error_handler(KeysLockedError, _locked)
    app.register_error_handler(ErasedError, _erased)
    app.register_error_handler(Exception, _unexpected)


def _known(error: HTTPException) -> Response:
    leave()
    code = error.code or 500
    response = _page(code)
    told = dict(error.get_headers())
    for name in ("Allow", "Retry-After"):
        if name in told:
            response.headers[name] = told[name]
    return response


def _database(error: Exception) -> Response:
    # The driver's text may quote a family's data, so only the kind of error is told.
    leave()
    if isinstance(error, DBAPIError) and isinstance(error.orig, ReadOnlySqlTransaction):
        # A page that must leave a record of who looked waits like a change does.
        return pause()
    unavailable = isinstance(error, OperationalError | PoolTimeoutError)
    log.error("database_error", extra=_where(error))
    report(error, **_whose())
    return _page(503 if unavailable else 500)


def _locked(_error: Exception) -> Response:
    leave()
    return _page(503, "locked")


def _erased(_error: Exception) -> Response:
    leave()
    return _page(409, "erased")


def _unexpected(error: Exception) -> Response:
    if isinstance(error, NestedScopeError):
        log.critical("nested_scope", extra={"route": route()})
    else:
        log.error("unexpected_error", extra=_where(error))
    report(error, **_whose())
    leave()
    return _page(InternalServerError.code)


def _page(code: int, template: str | None = None) -> Response:
    if g.get("site") is None or g.site.kind is SiteKind.FILES:
        # A host that is not ours learns nothing, not even which languages we speak; the one that
        # hands out files shows no page of ours at all.
        response = make_response("Not found\n" if code == 404 else "Error\n", code)
        response.mimetype = "text/plain"
        return response
    shown = code if code in PAGES else (400 if code < 500 else 500)
    # The account is not asked for again: the database may be what failed.
    g.setdefault("user", None)
    typed = kept_form() if shown in WORTH_SENDING_AGAIN else []
    return make_response(render_template(f"errors/{template or shown}.html", typed=typed), code)


def _where(error: Exception) -> dict[str, str]:
    """Kind and line of what broke; never the error's text, which may quote a family."""
    place = "unknown"
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(OUR_CODE) or place == "unknown":
            place = f"{Path(frame.filename).name} line {frame.lineno}"
    return {"reason": type(error).__name__, "route": route(), "place": place}


def _whose() -> dict[str, str]:
    organisation = g.site.organisation if g.get("site") else None
    return {"route": route(), "organisation": organisation.slug if organisation else "none"}
