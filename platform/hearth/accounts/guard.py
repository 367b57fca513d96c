"""The decorator every view bears, and the visitor it recognises."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast, overload

from flask import abort, g, make_response, redirect, request, url_for
from sqlalchemy import Table
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from hearth.accounts import services
from hearth.accounts.models import directory
from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.web.request import current_site, session
from hearth.web.tokens import UNSAFE, check_form_token, claim, remember
from tenants.routing import SiteKind

COOKIE = "__Host-hearth"
View = Callable[..., Any]


def permit(permission: Permission, *, fresh: bool = False) -> Callable[[View], View]:
    """Open a view to those who hold a permission on this site, and to nobody else.

    ``fresh`` marks a view that asks for a password again; the guard of accounts enforces it.
    """

    def guarded(view: View) -> View:
        @wraps(view)
        def wrapper(**arguments: Any) -> Response:
            user = signed_in()
            if user is None:
                return _ask_to_sign_in()
            if not user.may(permission):
                abort(403)
            return _answer(view, arguments, forms=True)

        wrapper.guard = permission  # type: ignore[attr-defined]
        wrapper.fresh = fresh  # type: ignore[attr-defined]
        return wrapper

    return guarded


@overload
def public(view: View) -> View: ...


@overload
def public(*, forms: bool = True, any_host: bool = False) -> Callable[[View], View]: ...


def public(
    view: View | None = None, *, forms: bool = True, any_host: bool = False
) -> View | Callable[[View], View]:
    """Open a view to everybody. ``forms=False`` is for machines that sign what they send."""

    def guarded(inner: View) -> View:
        @wraps(inner)
        def wrapper(**arguments: Any) -> Response:
            if not any_host:
                signed_in()
            return _answer(inner, arguments, forms=forms)

        wrapper.guard = None  # type: ignore[attr-defined]
        wrapper.any_host = any_host  # type: ignore[attr-defined]
        return wrapper

    return guarded if view is None else guarded(view)


def signed_in() -> SignedIn | None:
    """Who is asking, or None; asked of the database once a request."""
    if "user" not in g:
        token = _cookie()
        g.user = None
        if token and current_site().kind is not SiteKind.PLATFORM:
            g.user = services.recognise(session, token=token, host=current_site().host)
            g.session_binding = token if g.user else ""
    return cast("SignedIn | None", g.user)


def person() -> SignedIn:
    """Who is asking, in a view that is open to members of staff alone."""
    user = signed_in()
    if user is None:
        abort(401)
    return user


def remember_sign_in(response: Response, token: str) -> None:
    """Give the visitor the cookie of a new session, bound to this host by its name's prefix."""
    response.set_cookie(COOKIE, token, secure=True, httponly=True, samesite="Lax", path="/")


def forget_sign_in(response: Response) -> None:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")


def session_token() -> str | None:
    """The token in the visitor's cookie."""
    return _cookie()


def _cookie() -> str | None:
    # A sibling host could set a second cookie of the name without the prefix's guarantee in an
    # old browser; two cookies of one name are therefore no cookie.
    values = request.cookies.getlist(COOKIE)
    return values[0] if len(values) == 1 else None


def _answer(view: View, arguments: dict[str, Any], *, forms: bool) -> Response:
    if request.method not in UNSAFE or not forms:
        return make_response(view(**arguments))
    key = check_form_token()
    table = cast("Table", directory(session).submission.__table__)
    if (earlier := claim(session, table, key)) is not None:
        return earlier
    response = make_response(view(**arguments))
    if response.status_code < 400 and not _changes_cookie(response):
        remember(session, table, key, response)
    return response


def _changes_cookie(response: Response) -> bool:
    # Who presses "Sign in" twice sees the second answer only, which must bring the cookie too.
    cookies = response.headers.getlist("Set-Cookie")
    return any(cookie.startswith(f"{COOKIE}=") for cookie in cookies)


def _ask_to_sign_in() -> Response:
    if request.method in UNSAFE:
        abort(401)
    return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")))


current_user: SignedIn | None = cast("SignedIn | None", LocalProxy(signed_in))
