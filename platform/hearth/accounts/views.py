"""Signing in and out, and the ways back in, on an organisation's host and on the federation's."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts import entering, invitations, passkeys, sessions
from hearth.accounts.arriving import (
    device_challenge,
    forget_sign_in,
    next_step,
    place,
    remember_browser,
    remember_sign_in,
    wanted,
)
from hearth.accounts.confirming import confirm as proof
from hearth.accounts.confirming import question
from hearth.accounts.events import Happened, note
from hearth.accounts.guard import own, person, public, session_token, signed_in
from hearth.accounts.links import LinkKind, owner_of
from hearth.accounts.passkeys import PasskeyRefusedError
from hearth.accounts.schemas import (
    ChosenPasswordSchema,
    CodeSchema,
    ForgottenSchema,
    LinkSchema,
    SignInSchema,
)
from hearth.web.answers import BOTH, form_page, sent_form
from hearth.web.forms import Form
from hearth.web.request import session
from hearth.web.tokens import challenge
from tenants.models import new_id

blueprint = Blueprint("accounts", __name__, template_folder="templates")


@blueprint.route("/sign-in", methods=BOTH)
@public
def sign_in() -> Any:
    """Ask for address and password; afterwards lead to the page that was wanted."""
    user = signed_in()
    if request.method == "GET" and user is not None:
        return redirect(next_step(user, wanted()))
    form = Form(SignInSchema(), data=sent_form())
    token = entering.with_password(form) if form.validate() else None
    if token is None:
        return form_page("accounts/sign_in.html", form, passkey=_asking(), wanted=_next())
    response = redirect(wanted(), 303)
    remember_sign_in(response, token)
    return response


@blueprint.post("/sign-in/passkey")
@public
def with_passkey() -> Any:
    """Let a device answer for its owner; that is both factors at once."""
    try:
        answer = request.form.get("passkey", "")
        user_id = passkeys.prove(
            session, answer=answer, place=place(), challenge=device_challenge()
        )
    except PasskeyRefusedError:
        flash(_("No passkey of yours has answered. Use your password, or try again."), "warning")
        return redirect(url_for("accounts.sign_in", next=_next()), 303)
    response = redirect(wanted(), 303)
    _enter(response, entering.as_owner_of_passkey(user_id, session_token()), user_id)
    return response


@blueprint.route("/sign-in/second", methods=BOTH)
@own(half_in=True)
def second_step() -> Any:
    """Ask for the second factor, of those alone who have still to show it."""
    user, token = person(), session_token()
    if not user.is_half_in:
        return redirect(next_step(user, wanted()), 303)
    form = Form(CodeSchema(), data=sent_form())
    if form.validate() and token and (fresh := entering.with_code(form, user.id, token)):
        response = redirect(wanted(), 303)
        _enter(response, fresh, user.id)
        return response
    return form_page("accounts/second_step.html", form, passkey=_asking(), wanted=_next())


@blueprint.post("/sign-out")
@public
def sign_out() -> Response:
    """End the session; the cookie is worth nothing afterwards."""
    token = session_token()
    user_id = sessions.sign_out(session, token=token) if token else None
    if user_id is not None:
        note(session, Happened.SIGNED_OUT, user_id)
    flash(_("You have signed out."), "success")
    response = redirect(url_for("accounts.sign_in"), 303)
    forget_sign_in(response)
    # Not "cookies": the page cookie holds the language, and the known browser stays known.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@blueprint.route("/confirm", methods=BOTH)
@own()
def confirm() -> Any:
    """Ask once more who it is, then lead on."""
    user = person()
    form, proved = proof(user)
    if proved:
        return redirect(next_step(user, wanted()), 303)
    return question(user, form, 422 if form.errors else 200)


@blueprint.route("/forgotten-password", methods=BOTH)
@public
def forgotten() -> Any:
    """Send a link to choose a new password; the answer is the same for every address."""
    form = Form(ForgottenSchema(), data=sent_form())
    if form.validate():
        entering.ask_for_reset(form.loaded["email"])
        return render_template("accounts/mail_is_on_its_way.html")
    return form_page("accounts/forgotten.html", form)


@blueprint.route("/new-password", methods=BOTH)
@public
def new_password() -> Any:
    """Choose a new password by the link from the mail."""
    form = _link_form(ChosenPasswordSchema())
    user = entering.choose_password(form, invitations.reset) if form.validate() else None
    if user is not None:
        flash(_("The new password is set. Sign in with it."), "success")
        return redirect(url_for("accounts.sign_in"), 303)
    return form_page("accounts/new_password.html", form, owner=_owner(LinkKind.RESET))


@blueprint.route("/invitation", methods=BOTH)
@public
def invitation() -> Any:
    """Choose the first password by the link from the mail."""
    form = _link_form(ChosenPasswordSchema())
    user = entering.choose_password(form, invitations.accept) if form.validate() else None
    if user is not None:
        response = redirect(url_for("accounts.sign_in"), 303)
        remember_sign_in(response, entering.begin_enrolling(user))
        return response
    return form_page("accounts/invitation.html", form, owner=_owner(LinkKind.INVITATION))


@blueprint.route("/second-factor-anew", methods=BOTH)
@public
def second_factor_anew() -> Any:
    """Begin a new second factor with the link from the mail *and* the password."""
    form = _link_form(LinkSchema())
    token = entering.enrol_anew(form) if form.validate() else None
    if token is not None:
        response = redirect(url_for("accounts.sign_in"), 303)
        remember_sign_in(response, token)
        return response
    return form_page("accounts/second_factor_anew.html", form, owner=_owner(LinkKind.ENROLMENT))


def _enter(response: Response, token: str, user_id: Any) -> None:
    remember_sign_in(response, token)
    remember_browser(response, user_id)


def _asking() -> dict[str, Any]:
    """What a form needs in which a device answers."""
    key = new_id()
    return {"key": key, "options": passkeys.options_to_ask(place=place(), challenge=challenge(key))}


def _next() -> str:
    return request.args.get("next", "")


def _link_form(schema: Any) -> Form:
    return Form(schema, data=sent_form(), initial={"link": request.args.get("link", "")})


def _owner(kind: LinkKind) -> Any:
    secret = request.form.get("link") or request.args.get("link", "")
    return owner_of(session, kind=kind, secret=secret)
