"""What views ask of a request about whoever comes: to which host, from where, and whither."""

import uuid
from datetime import UTC, datetime, timedelta

from flask import g, request, url_for
from werkzeug.wrappers import Response

from hearth.accounts.devices import REMEMBERED, in_words, remember_device
from hearth.accounts.passkeys import PasskeyRefusedError, Place
from hearth.accounts.services import SignedIn, Visit, recognise
from hearth.web.languages import site_name
from hearth.web.navigation import home
from hearth.web.request import current_site, full_address, session
from hearth.web.tokens import challenge, form_key, sent_before
from tenants.context import runtime
from tenants.passwords import derive

COOKIE = "__Host-hearth"
KNOWN_COOKIE = "__Host-known"
# How long a form waits for a device's answer.
ANSWER_WITHIN = timedelta(minutes=10)


def visit() -> Visit:
    """Who tries, as far as the limits on guessing need to know."""
    return Visit(
        host=current_site().host,
        address=request.remote_addr or "",
        pepper=derive(runtime().settings.secret_key, "sign-in-failures"),
        device=in_words(request.user_agent.string),
        known_token=one_cookie(KNOWN_COOKIE),
    )


def place() -> Place:
    """Where a passkey is asked for, from the settings and never from what the visitor says."""
    return Place(current_site().host, full_address(""), site_name("en"))


def device_challenge() -> bytes:
    """What the device must have answered in the form that was sent: lately, and for the first time.

    :raises PasskeyRefusedError: the form has waited too long, or was sent before.
    """
    key = form_key()
    if sent_before() or key.version != 7 or datetime.now(UTC) - _made_at(key) > ANSWER_WITHIN:
        raise PasskeyRefusedError
    return challenge(key)


def wanted() -> str:
    """The page that was asked for before this one came between."""
    # Only a path of this very host is followed: "//elsewhere" and "/\\elsewhere" leave it, and so
    # does "/<tab>/elsewhere", because browsers drop tabs and line breaks from an address.
    target = request.args.get("next", "")
    strange = any(sign <= " " or sign in "\\\x7f" for sign in target)
    if target.startswith("/") and target[1:2] != "/" and not strange:
        return target
    # Who it is will be known from the next request on; this page then leads to her own first one.
    return url_for("accounts.sign_in")


def next_step(user: SignedIn, target: str) -> str:
    """Where somebody goes on: to show or to set up her second factor, then to what she wanted."""
    if not user.is_half_in:
        first = url_for("my_account.index") if user.is_waiting else home()
        return first if target == url_for("accounts.sign_in") else target
    if user.has_second_factor:
        return url_for("accounts.second_step", next=target)
    return url_for("my_account.second_factor", next=target)


def one_cookie(name: str) -> str | None:
    """The value of a cookie.

    A sibling host could set a second cookie of the name without the prefix's guarantee in an old
    browser; two cookies of one name are therefore no cookie.
    """
    values = request.cookies.getlist(name)
    return values[0] if len(values) == 1 else None


def remember_sign_in(response: Response, token: str) -> None:
    """Give the visitor the cookie of a session, bound to this host by its name's prefix."""
    response.set_cookie(COOKIE, token, secure=True, httponly=True, samesite="Lax", path="/")


def bind_page_to(token: str) -> None:
    """Let the page that is answered now, with its forms, belong to a session's new token."""
    g.session_binding = token
    g.user = recognise(session, token=token, host=current_site().host)


def remember_browser(response: Response, user_id: uuid.UUID) -> None:
    """Give the visitor the cookie that tells a known browser from a strange one."""
    earlier, host = one_cookie(KNOWN_COOKIE), current_site().host
    token = remember_device(session, user_id=user_id, token=earlier, host=host)
    age = int(REMEMBERED.total_seconds())
    response.set_cookie(
        KNOWN_COOKIE, token, max_age=age, secure=True, httponly=True, samesite="Lax", path="/"
    )


def forget_sign_in(response: Response) -> None:
    """Take the session's cookie back."""
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")


def _made_at(key: uuid.UUID) -> datetime:
    return datetime.fromtimestamp((key.int >> 80) / 1000, UTC)
