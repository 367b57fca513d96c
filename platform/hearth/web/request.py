"""The request's site, its unit of work and who is asking."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import IO, Any, cast

from flask import Flask, Request, Response, abort, current_app, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from sqlalchemy.orm import Session
from werkzeug.local import LocalProxy
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream

from tenants.context import refuse, runtime, shared_session, tenant_session, work_for
from tenants.registry import OrgRef
from tenants.routing import Site, SiteKind, site_for


class PageCookie(SecureCookieSessionInterface):
    """The signed page cookie; whoever brings none costs no cryptography."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """An empty session without a cookie, else what the cookie says."""
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


class WholeOrNothing(LimitedStream):
    """A body without an announced length: one that is too long is refused, never cut off."""

    def readall(self) -> bytes:
        """Everything, or 413 at the limit."""
        taken = super().readall()
        if self.is_exhausted:
            self.on_exhausted()
        return taken


class HearthRequest(Request):
    """A request whose files stay in memory and whose body is taken whole or not at all."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, never more of it than is allowed here."""
        stream = super().stream
        if self.content_length is None and isinstance(stream, LimitedStream):
            return cast("IO[bytes]", WholeOrNothing(stream._stream, stream.limit, is_max=True))
        return stream

    def _get_file_stream(self, *_told: object, **_named: object) -> IO[bytes]:
        # A temporary file would lie on a disk, readable, until somebody tidies up.
        return io.BytesIO()


class HearthFlask(Flask):
    """Flask, where a view's work is committed when it answers well and undone when it does not."""

    session_interface = PageCookie()
    request_class = HearthRequest

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: none of ours is a coroutine, and asking each time costs."""
        return func

    def dispatch_request(self) -> Response:
        """Run the view, then end the unit of work: from 400 on only the looks at people stay."""
        response = self.make_response(super().dispatch_request())
        end_unit_of_work(undo=refuse if response.status_code >= 400 else None)
        return response


def arrive() -> None:
    """Find out which house this host name leads to; a name that is not ours ends here."""
    # A thread that served another house before must not send this one's errors there.
    work_for(None)
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "any_host", False):
        return
    site = site_for(request.host, runtime())
    if site is None:
        abort(404)
    g.site = site
    work_for(site.organisation)


def current_site() -> Site:
    """The site of this request."""
    return cast("Site", g.site)


def full_address(path: str) -> str:
    """A path of this site as others reach it: scheme and port are not the visitor's."""
    return f"{runtime().settings.origin(current_site().host)}{path}"


def organisation() -> OrgRef:
    """The organisation of this request's site; a page of another kind of site is not found."""
    found = current_site().organisation
    if found is None:
        abort(404)
    return found


def _session() -> Session:
    if "session" not in g:
        g.unit_of_work = _open(current_site())
        g.session = g.unit_of_work.__enter__()
    return cast("Session", g.session)


def _open(site: Site) -> AbstractContextManager[Session]:
    if site.kind is SiteKind.ORGANISATION and site.organisation is not None:
        return tenant_session(site.organisation)
    return shared_session()


def commit_now() -> None:
    """Make what was done so far durable, for a call to the outside that must follow it."""
    _session().commit()


def end_unit_of_work(*, undo: Callable[[Session], None] | None) -> None:
    """End this request's transaction and scope, if a view opened them."""
    opened = cast("AbstractContextManager[Session] | None", g.pop("unit_of_work", None))
    working = cast("Session | None", g.pop("session", None))
    if opened is None or working is None:
        return
    if undo is not None:
        undo(working)
    opened.__exit__(None, None, None)


def leave(_error: BaseException | None = None) -> None:
    """Undo whatever an error left open."""
    end_unit_of_work(undo=Session.rollback)


session: Session = cast("Session", LocalProxy(_session))
site: Site = cast("Site", LocalProxy(current_site))
