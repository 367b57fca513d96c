"""Form tokens: proof that a form came from our page, and the guard against its second submit."""

import hashlib
import hmac
import uuid
from typing import cast
from urllib.parse import urlsplit

from flask import abort, g, redirect, request
from markupsafe import Markup
from sqlalchemy import Table, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from tenants.context import runtime
from tenants.passwords import derive

FIELD = "form_token"
# The names of fields with these in them hold what must stand in no further page.
SECRET = ("password", "passphrase", "passkey", "code", "secret")
KEPT_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def refuse_foreign_requests() -> None:
    """Refuse a change that another site asks for (Fetch Metadata, W3C; else the Origin header).

    A sibling subdomain counts as another site: it is another organisation.
    """
    if request.method not in UNSAFE or getattr(g, "site", None) is None:
        return
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        if fetch_site not in {"same-origin", "none"}:
            abort(403)
        return
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)


def form_token(key: uuid.UUID | None = None) -> Markup:
    """The hidden field that every form which changes something carries."""
    key = key or uuid.uuid4()
    return Markup('<input type="hidden" name="{}" value="{}.{}">').format(FIELD, key, _mac(key))


def check_form_token() -> uuid.UUID:
    """The key of the submitted form's token; a form without a true one is refused with 400."""
    text, _, mac = request.form.get(FIELD, "").partition(".")
    try:
        key = uuid.UUID(text)
    except ValueError:
        abort(400)
    if not hmac.compare_digest(mac.encode(), _mac(key).encode()):
        abort(400)
    g.form_key = key
    return key


def form_key() -> uuid.UUID:
    """The key of the form that is being answered, for work that must happen once per form."""
    return cast("uuid.UUID", g.form_key)


def sent_before() -> bool:
    """Whether this very form was answered once already, for proofs that count once."""
    return bool(g.get("form_sent_before", True))


def challenge(key: uuid.UUID) -> bytes:
    """What a device has to answer to in a form: good for this form, here and in this session."""
    return _keyed(key, "passkey-challenge")


def kept_form() -> list[tuple[str, str]]:
    """What a visitor just typed, to be sent once more; nothing that holds a password or a code.

    A body that has not come yet is waited for only in a place that some house is charged with.
    """
    if request.method != "POST" or request.mimetype not in KEPT_TYPES:
        return []
    if "form" not in vars(request) and "place" not in g:
        return []
    try:
        typed = [(name, value) for name, value in request.form.items(multi=True) if name != FIELD]
    except HTTPException:
        return []
    return [] if any(is_secret(name) for name, _value in typed) else typed


def is_secret(name: str) -> bool:
    """Whether what is typed into a field of this name is for one pair of eyes, once."""
    return any(word in name for word in SECRET)


def claim(session: Session, table: Table, key: uuid.UUID) -> Response | None:
    """Reserve a form's key; when it was used before, the answer leads to where it led then.

    Two submits at the same moment queue here: the second waits for the first to commit. It may be
    asked again within one request, and then holds the key as well.
    """
    taken = session.execute(
        insert(table).values(key=key).on_conflict_do_nothing().returning(table.c.key)
    ).first()
    g.setdefault("form_sent_before", taken is None)
    if taken is not None:
        return None
    known = select(table.c.location).where(table.c.key == key).with_for_update()
    location = session.scalar(known)
    return redirect(location, 303) if location else None


def remember(session: Session, table: Table, key: uuid.UUID, response: Response) -> None:
    """Note where a form led, for its second submit."""
    if 300 <= response.status_code < 400:
        session.execute(update(table).where(table.c.key == key).values(location=response.location))


def _mac(key: uuid.UUID) -> str:
    return _keyed(key, "form-token").hex()[:32]


def _keyed(key: uuid.UUID, purpose: str) -> bytes:
    secret = derive(runtime().settings.secret_key, purpose)
    # The styleguide answers under any host name; a token made there is good for no site.
    host = g.site.host if "site" in g else ""
    message = f"{host}|{getattr(g, 'session_binding', '')}|{key}"
    return hmac.new(secret, message.encode(), hashlib.sha256).digest()
