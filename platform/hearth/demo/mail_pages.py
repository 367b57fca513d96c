"""The mail catcher's web pages: the list, one message, its parts, and the same as JSON."""

import re
import time
from io import BytesIO
from pathlib import Path

import pyotp
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import Babel, get_locale
from werkzeug.wrappers import Response as BaseResponse

from hearth.accounts.totp import STEP_SECONDS
from hearth.demo.mail_store import CaughtMessage, MailStore
from hearth.demo.sample_staff import APP_SECRET

LIST_LENGTH = 200
LANGUAGES = ("en", "fr", "nl", "ru", "sv")

_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A message is somebody else's HTML: it may look as it likes, and neither run nor fetch anything.
# Its links open in a tab of their own.
_MESSAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none';"
    " frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


pages = Blueprint("mail", __name__)


def create_pages(store: MailStore) -> Flask:
    """Build the web application that shows what is in `store`."""
    app = Flask("hearth.demo", root_path=str(Path(__file__).parent))
    # A page of the internet that points its own name at this machine must not read the mail.
    app.config["TRUSTED_HOSTS"] = ["localhost", "127.0.0.1", ".localhost"]
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(Path(__file__).parents[1] / "translations")
    app.config["MAIL_STORE"] = store
    Babel(app, locale_selector=lambda: request.accept_languages.best_match(LANGUAGES))
    app.jinja_env.globals["get_locale"] = get_locale
    app.register_blueprint(pages)
    return app


@pages.get("/")
def messages() -> str:
    """List what was caught, or what was sent to one address."""
    recipient = request.args.get("to", "").strip()
    found = _store().all(recipient=recipient or None, limit=LIST_LENGTH)
    return render_template("mail_catcher/list.html", messages=found, recipient=recipient)


@pages.get("/messages/<int:number>")
def message(number: int) -> str:
    """Show one message."""
    return render_template("mail_catcher/message.html", message=_get(number))


@pages.get("/messages/<int:number>/html")
def html(number: int) -> Response:
    """Give a message's own HTML, for the frame on its page."""
    response = Response(_links_in_new_tab(_get(number).html), mimetype="text/html")
    response.headers["Content-Security-Policy"] = _MESSAGE_POLICY
    return response


@pages.get("/messages/<int:number>/source")
def source(number: int) -> Response:
    """Give the message as it came over the wire."""
    return Response(_get(number).raw, mimetype="text/plain")


@pages.get("/messages/<int:number>/attachments/<int:position>")
def attachment(number: int, position: int) -> Response:
    """Give one attached file for saving, never for showing here."""
    files = _get(number).attachments
    if position >= len(files):
        abort(404)
    file = files[position]
    return send_file(
        BytesIO(file.content),
        mimetype=file.media_type,
        as_attachment=True,
        download_name=file.name,
    )


@pages.post("/clear")
def clear() -> BaseResponse:
    """Forget every message."""
    _store().clear()
    return redirect(url_for("mail.messages"), 303)


@pages.get("/codes")
def codes() -> str:
    """Show what the sample accounts' app shows now; it is one app for all of them."""
    left = STEP_SECONDS - int(time.time()) % STEP_SECONDS
    app = pyotp.TOTP(APP_SECRET)
    return render_template("mail_catcher/codes.html", code=app.now(), secret=APP_SECRET, left=left)


@pages.get("/api/messages")
def api_messages() -> Response:
    """List what was caught, for programs; `?to=` chooses a recipient."""
    found = _store().all(recipient=request.args.get("to") or None)
    return jsonify([caught.as_json() for caught in found])


@pages.get("/health")
def health() -> str:
    """Answer that the page works."""
    return "ok"


@pages.after_app_request
def guard(response: Response) -> Response:
    """Give every answer the policy that suits it."""
    response.headers.setdefault("Content-Security-Policy", _PAGE_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _store() -> MailStore:
    store: MailStore = current_app.config["MAIL_STORE"]
    return store


def _get(number: int) -> CaughtMessage:
    return _store().get(number) or abort(404)


def _links_in_new_tab(html: str) -> str:
    base = '<base target="_blank">'
    placed, count = re.subn(r"(<head[^>]*>)", rf"\1{base}", html, count=1, flags=re.IGNORECASE)
    return placed if count else base + html
