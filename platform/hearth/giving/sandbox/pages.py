"""The hosted payment page, as a donor sees it."""

from babel import Locale
from babel.numbers import format_currency, get_currency_precision
from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

from hearth.giving.sandbox.checkout import CHOICES
from hearth.giving.sandbox.errors import ApiError
from hearth.giving.sandbox.machine import Machine
from hearth.giving.sandbox.store import Json
from hearth.giving.sandbox.texts import TEXTS

# Browsers apply form-action to the redirect after the form as well, and that leads to the site.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action http: https:; base-uri 'none'"
)


def create_pages(machine: Machine) -> Blueprint:
    """Build the routes below ``/c/pay``."""
    pages = Blueprint("pages", __name__, url_prefix="/c/pay")

    @pages.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @pages.get("/<session_id>")
    def show(session_id: str) -> WerkzeugResponse:
        """Show what is to be paid and the ways to pay it."""
        session = _session(machine, session_id)
        if session["status"] == "complete":
            return redirect(_success_url(session), 303)
        return _render(machine, session)

    @pages.post("/<session_id>")
    def pay(session_id: str) -> WerkzeugResponse:
        """Pay, then lead the donor back; the second of two clicks finds the page paid already."""
        _session(machine, session_id)
        chosen = [choice for choice in CHOICES if choice == request.form.get("method")]
        if not chosen:
            return redirect(request.path, 303)
        email = request.form.get("email")
        try:
            session = machine.checkout.pay(session_id, chosen[0], email=email)
        except ApiError as error:
            return _render(machine, _session(machine, session_id), param=error.param)
        if session["status"] == "complete":
            return redirect(_success_url(session), 303)
        return redirect(request.path, 303)

    return pages


def _session(machine: Machine, session_id: str) -> Json:
    try:
        return machine.store.get("checkout.session", session_id)
    except ApiError:
        raise NotFound from None


def _render(machine: Machine, session: Json, *, param: str | None = None) -> WerkzeugResponse:
    language = _language(session["locale"])
    minor = 10 ** get_currency_precision(session["currency"].upper())
    intent_id = session["payment_intent"]
    intent = machine.store.find(intent_id) if intent_id else None
    page = render_template(
        "sandbox/pay.html",
        session=session,
        language=language,
        text=TEXTS[language],
        amount=format_currency(
            session["amount_total"] / minor, session["currency"].upper(), locale=Locale(language)
        ),
        choices=[
            choice
            for choice in CHOICES
            if choice.removesuffix("_declined") in session["payment_method_types"]
        ],
        declined=bool(intent and intent["last_payment_error"]),
        wrong_email=param == "email",
    )
    return Response(page, 200 if param is None else 422)


def _language(locale: str | None) -> str:
    if locale is not None and locale in TEXTS:
        return locale
    return request.accept_languages.best_match(list(TEXTS)) or "en"


def _success_url(session: Json) -> str:
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])
