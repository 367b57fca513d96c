"""Error pages: what happened, what to do now, and nothing about what stands behind the door."""

import logging
import traceback
from pathlib import Path

from flask import Flask, Response, g, make_response, render_template, request
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, InternalServerError

from hearth.web.pauses import pause
from hearth.web.request import end_unit_of_work
from tenants.context import NestedScopeError

log = logging.getLogger(__name__)
OUR_CODE = str(Path(__file__).parents[1])
PAGES = frozenset({400, 401, 403, 404, 405, 413, 422, 429, 500, 503})


def install_error_pages(app: Flask) -> None:
    """Answer every error with a page in the visitor's language and the house's own frame."""
    app.register_error_handler(HTTPException, _known)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeoutError, _database)
    app.register_error_handler(Exception, _unexpected)


def _known(error: HTTPException) -> Response:
    end_unit_of_work(commit=False)
    code = error.code or 500
    response = _page(code)
    if code == 405:
        response.headers["Allow"] = dict(error.get_headers()).get("Allow", "")
    return response


def _database(error: Exception) -> Response:
    # The driver's text may quote a family's data, so only the kind of error is told.
    end_unit_of_work(commit=False)
    if isinstance(error, DBAPIError) and isinstance(error.orig, ReadOnlySqlTransaction):
        # A page that must leave a record of who looked waits like a change does.
        return pause()
    unavailable = isinstance(error, OperationalError | PoolTimeoutError)
    log.error("database_error", extra=_where(error))
    return _page(503 if unavailable else 500)


def _unexpected(error: Exception) -> Response:
    if isinstance(error, NestedScopeError):
        log.critical("nested_scope", extra={"route": _route()})
    else:
        log.error("unexpected_error", extra=_where(error))
    end_unit_of_work(commit=False)
    return _page(InternalServerError.code)


def _page(code: int) -> Response:
    if g.get("site") is None:
        # A host that is not ours learns nothing, not even which languages we speak.
        response = make_response("Not found\n" if code == 404 else "Error\n", code)
        response.mimetype = "text/plain"
        return response
    shown = code if code in PAGES else (400 if code < 500 else 500)
    # The account is not asked for again: the database may be what failed.
    g.setdefault("user", None)
    return make_response(render_template(f"errors/{shown}.html"), code)


def _where(error: Exception) -> dict[str, str]:
    """Kind and line of what broke; never the error's text, which may quote a family."""
    place = "unknown"
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(OUR_CODE) or place == "unknown":
            place = f"{Path(frame.filename).name} line {frame.lineno}"
    return {"reason": type(error).__name__, "route": _route(), "place": place}


def _route() -> str:
    return str(request.url_rule.rule) if request.url_rule else "none"
