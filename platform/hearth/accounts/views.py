"""Signing in and out, on an organisation's host and on the federation's."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts import services
from hearth.accounts.guard import (
    forget_sign_in,
    public,
    remember_sign_in,
    session_token,
    signed_in,
)
from hearth.accounts.schemas import SignInSchema
from hearth.accounts.services import SignInRefusedError, TooManyFailuresError
from hearth.web.forms import Form
from hearth.web.navigation import home
from hearth.web.request import commit_now, session, site
from tenants.context import runtime
from tenants.passwords import derive

blueprint = Blueprint("accounts", __name__, template_folder="templates")


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> Any:
    """Ask for address and password; afterwards lead to the page that was wanted."""
    if request.method == "GET" and signed_in():
        return redirect(home())
    form = Form(SignInSchema(), data=request.form if request.method == "POST" else None)
    token = _start_session(form) if form.validate() else None
    if token is None:
        return _sign_in_page(form)
    response = redirect(_wanted(), 303)
    remember_sign_in(response, token)
    return response


@blueprint.post("/sign-out")
@public
def sign_out() -> Response:
    """End the session; the cookie is worth nothing afterwards."""
    if token := session_token():
        services.sign_out(session, token=token)
    flash(_("You have signed out."), "success")
    response = redirect(url_for("accounts.sign_in"), 303)
    forget_sign_in(response)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _start_session(form: Form) -> str | None:
    try:
        return services.sign_in(
            session,
            email=form.loaded.email,
            password=form.loaded.password,
            address=request.remote_addr or "",
            host=site.host,
            pepper=derive(runtime().settings.secret_key, "sign-in-failures"),
        )
    except SignInRefusedError:
        # The failure is counted although the answer is a refusal, which undoes all other work.
        commit_now()
        form.add_error(None, _("This address and password do not belong together."))
    except TooManyFailuresError:
        form.add_error(
            None, _("Too many tries from here. Wait a quarter of an hour, then try again.")
        )
    return None


def _sign_in_page(form: Form) -> tuple[str, int]:
    status = 200 if request.method == "GET" else 422
    return render_template("accounts/sign_in.html", form=form), status


def _wanted() -> str:
    # Only a path of this very host is followed: "//elsewhere" and "/\\elsewhere" leave it, and so
    # does "/<tab>/elsewhere", because browsers drop tabs and line breaks from an address.
    target = request.args.get("next", "")
    strange = any(sign <= " " or sign in "\\\x7f" for sign in target)
    if target.startswith("/") and target[1:2] != "/" and not strange:
        return target
    # Who it is will be known from the next request on; this page then leads to her own first one.
    return url_for("accounts.sign_in")
