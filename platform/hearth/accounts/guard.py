"""The decorators views bear, and the visitor they recognise."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, NoReturn, cast, overload

from flask import abort, g, jsonify, make_response, redirect, render_template, request, url_for
from sqlalchemy import Table
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from hearth.accounts import api_tokens, services
from hearth.accounts.api_tokens import TooManyRequestsError
from hearth.accounts.arriving import (
    COOKIE,
    forget_sign_in,
    next_step,
    one_cookie,
    remember_sign_in,
)
from hearth.accounts.confirming import ask_again
from hearth.accounts.models import directory
from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.trail import Fact, act_as, record
from hearth.web.request import commit_now, current_site, session
from hearth.web.tokens import UNSAFE, check_form_token, claim, remember
from tenants.routing import SiteKind

__all__ = [
    "COOKIE",
    "OWN",
    "current_user",
    "forget_sign_in",
    "own",
    "permit",
    "person",
    "public",
    "refuse",
    "remember_sign_in",
    "session_token",
    "signed_in",
]
# The guard of pages about oneself: whoever is signed in has them, whatever her role.
OWN: Final = "own"
STAFFED = frozenset({SiteKind.ORGANISATION, SiteKind.FEDERATION})
View = Callable[..., Any]
Enough = Callable[[SignedIn], bool]


def permit(
    permission: Permission,
    *,
    also: Permission | None = None,
    fresh: bool = False,
    programs: bool = False,
) -> Callable[[View], View]:
    """Open a view to those who hold a permission on this site, and to nobody else.

    ``also`` is a second permission without which it stays closed; ``fresh`` asks for a proof of who
    it is within the last minutes; ``programs`` lets a key for programs read it too.
    """
    asks = (permission,) if also is None else (permission, also)
    return _guarded(permission, asks, fresh=fresh, programs=programs)


def own(
    *, half_in: bool = False, enrolling: bool = False, fresh: bool = False, programs: bool = False
) -> Callable[[View], View]:
    """Open a view about oneself to everybody who is signed in on this site.

    ``half_in`` lets those pass whose second factor is still to come; ``enrolling`` only those of
    them who have none yet.
    """

    def enough(user: SignedIn) -> bool:
        return half_in or (enrolling and not user.has_second_factor)

    return _guarded(OWN, (), fresh=fresh, programs=programs, enough=enough)


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
        token = session_token()
        g.user = None
        if token and current_site().kind in STAFFED:
            g.user = services.recognise(session, token=token, host=current_site().host)
            g.session_binding = token if g.user else ""
            if g.user is not None:
                act_as(session, g.user.id)
    return cast("SignedIn | None", g.user)


def person() -> SignedIn:
    """Who is asking, in a view that is open to members of staff alone."""
    user = signed_in()
    if user is None:
        abort(401)
    return user


def session_token() -> str | None:
    """The token in the visitor's cookie."""
    return one_cookie(COOKIE)


def _guarded(
    guard: str,
    asks: tuple[Permission, ...],
    *,
    fresh: bool,
    programs: bool,
    enough: Enough = lambda _user: False,
) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(**arguments: Any) -> Response:
            if programs and "Authorization" in request.headers:
                return _answer_program(view, arguments, asks)
            user = signed_in()
            if user is None:
                return _ask_to_sign_in()
            if user.is_half_in and not enough(user):
                return _lead_on(user)
            if user.is_waiting and asks:
                return _say_that_it_waits()
            if (missing := _missing(user, asks)) is not None:
                refuse(missing)
            return _answer(view, arguments, forms=True, prove=user if fresh else None)

        wrapper.guard = guard  # type: ignore[attr-defined]
        wrapper.asks = asks  # type: ignore[attr-defined]
        wrapper.asks_programs = (Permission.TOKENS_USE,) if programs else ()  # type: ignore[attr-defined]
        wrapper.fresh = fresh  # type: ignore[attr-defined]
        wrapper.programs = programs  # type: ignore[attr-defined]
        return wrapper

    return decorate


def _answer(
    view: View, arguments: dict[str, Any], *, forms: bool, prove: SignedIn | None = None
) -> Response:
    if request.method not in UNSAFE or not forms:
        if prove is not None and not prove.is_fresh:
            return redirect(url_for("accounts.confirm", next=_asked_for()))
        return make_response(view(**arguments))
    key = check_form_token()
    table = cast("Table", directory(session).submission.__table__)
    if (earlier := claim(session, table, key)) is not None:
        return earlier
    if prove is not None and not prove.is_fresh:
        if (question := ask_again(prove)) is not None:
            return question
        # A code counts once, also when the form behind it is refused; the key is held on to.
        commit_now()
        if (earlier := claim(session, table, key)) is not None:
            return earlier
    response = make_response(view(**arguments))
    if response.status_code < 400 and not _changes_cookie(response):
        remember(session, table, key, response)
    return response


def _missing(user: SignedIn, asks: tuple[Permission, ...]) -> Permission | None:
    return next((one for one in asks if not user.may(one)), None)


def _answer_program(
    view: View, arguments: dict[str, Any], asks: tuple[Permission, ...]
) -> Response:
    """Answer a program: its key is all it has, and it only ever reads."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    route = str(request.url_rule.rule) if request.url_rule else ""
    try:
        use = api_tokens.use_token(session, token=token.strip(), route=route)
    except TooManyRequestsError:
        return make_response(jsonify(error="too many requests; wait a minute"), 429)
    if use is None or kind.lower() != "bearer" or request.method in UNSAFE:
        refusal = make_response(jsonify(error="this key opens nothing"), 401)
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal
    # The use counts towards the minute's sixty whatever the answer is.
    commit_now()
    g.user = owner = services.by_token(session, use)
    if owner is None or _missing(owner, asks) is not None:
        return make_response(jsonify(error="this key may not read that"), 403)
    return make_response(view(**arguments))


def _changes_cookie(response: Response) -> bool:
    # Who presses "Sign in" twice sees the second answer only, which must bring the cookie too.
    cookies = response.headers.getlist("Set-Cookie")
    return any(cookie.startswith(f"{COOKIE}=") for cookie in cookies)


def refuse(guard: str) -> NoReturn:
    """Refuse with 403. The refusal undoes all other work; that it happened is kept."""
    facts: dict[str, Fact] = {"permission": guard, "page": request.endpoint or ""}
    record(session, action="access.refused", subject_type="page", subject_id=None, facts=facts)
    commit_now()
    abort(403)


def _ask_to_sign_in() -> Response:
    if request.method in UNSAFE:
        abort(401)
    return redirect(url_for("accounts.sign_in", next=_asked_for()))


def _say_that_it_waits() -> Response:
    return make_response(render_template("errors/waiting.html"), 403)


def _lead_on(user: SignedIn) -> Response:
    if request.method in UNSAFE:
        abort(403)
    return redirect(next_step(user, _asked_for()))


def _asked_for() -> str:
    return request.full_path.rstrip("?")


current_user: SignedIn | None = cast("SignedIn | None", LocalProxy(signed_in))
