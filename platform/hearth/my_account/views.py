"""The pages about one's own account, and what a program may ask about it."""

import uuid
from typing import Any

from flask import (
    Blueprint,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts import api_tokens, factors, passkeys, sessions
from hearth.accounts import services as accounts
from hearth.accounts.arriving import (
    bind_page_to,
    place,
    remember_browser,
    remember_sign_in,
    wanted,
)
from hearth.accounts.factors import LastFactorError
from hearth.accounts.guard import own, person, session_token
from hearth.accounts.permissions import Permission
from hearth.my_account import changing, enrolling, services
from hearth.my_account.schemas import (
    AppSchema,
    DetailsSchema,
    PasskeySchema,
    PasswordSchema,
    TokenSchema,
)
from hearth.my_account.words import EVENTS, SCOPES
from hearth.web.answers import BOTH, form_page, sent_form
from hearth.web.forms import Form
from hearth.web.request import current_site, session
from hearth.web.tokens import challenge
from tenants.models import new_id

blueprint = Blueprint("my_account", __name__, template_folder="templates")


@blueprint.route("/account/", methods=BOTH)
@own()
def index() -> Any:
    """Everything about one's own account; name and language may be changed here."""
    user = person()
    account = services.account_of(session, user.id)
    start = {"name": account.user.name, "locale": account.user.locale}
    form = Form(DetailsSchema(), data=sent_form(), initial=start)
    if form.validate() and changing.details_changed(form, user.id):
        flash(_("Your details have been changed."), "success")
        return redirect(url_for("my_account.index"), 303)
    words = {"events": EVENTS, "scopes": SCOPES}
    here = {"own": user, "may_have_tokens": bool(_offered_scopes())}
    return form_page("my_account/index.html", form, account=account, words=words, **here)


@blueprint.route("/account/password", methods=BOTH)
@own()
def password() -> Any:
    """Change one's own password; the old one is needed."""
    user = person()
    keys = api_tokens.living(session, user_id=user.id)
    form = Form(PasswordSchema(exclude=() if keys else ("end_keys",)), data=sent_form())
    if form.validate() and changing.password_changed(form, user):
        flash(_("The new password is set. You are signed out everywhere else."), "success")
        return redirect(url_for("my_account.index"), 303)
    return form_page("my_account/password.html", form, keys=keys)


@blueprint.get("/account/second-factor")
@own(enrolling=True)
def second_factor() -> str:
    """Say what a second factor is, and which ones there are."""
    return render_template("my_account/second_factor.html", own=person(), wanted=_next())


@blueprint.route("/account/app", methods=BOTH)
@own(enrolling=True, fresh=True)
def app() -> Any:
    """Set up an app that shows codes."""
    user = person()
    if not _may_enrol():
        return redirect(url_for("my_account.second_factor"), 303)
    form = Form(AppSchema(), data=sent_form(), initial={"sealed": enrolling.fresh_secret(user.id)})
    if form.validate() and enrolling.keep_app(form, user.id):
        return _factor_is_kept(_("The app is set up."))
    secret = enrolling.opened(form["sealed"].value, user.id) or ""
    drawn = enrolling.picture(secret, services.me(session, user.id).email) if secret else ""
    return form_page("my_account/app.html", form, secret=secret, picture=drawn, wanted=_next())


@blueprint.route("/account/passkeys/new", methods=BOTH)
@own(enrolling=True, fresh=True)
def add_passkey() -> Any:
    """Make a passkey on this device or on a stick."""
    user, key = person(), new_id()
    if not _may_enrol():
        return redirect(url_for("my_account.second_factor"), 303)
    form = Form(PasskeySchema(), data=sent_form())
    if form.validate() and enrolling.keep_passkey(form, user.id):
        return _factor_is_kept(_("The passkey is set up."))
    options = passkeys.options_to_add(
        session, user=services.me(session, user.id), place=place(), challenge=challenge(key)
    )
    return form_page("my_account/add_passkey.html", form, key=key, options=options, wanted=_next())


@blueprint.post("/account/app/remove")
@own(fresh=True)
def remove_app() -> Response:
    """Take the app off the account."""
    user = person()
    try:
        must_keep = user.needs_second_factor
        factors.remove_app(session, user_id=user.id, must_keep_one=must_keep)
        services.tell_of_changed_factor(session, user.id)
        flash(_("The app is no longer used."), "success")
    except LastFactorError:
        flash(_("Add another second factor first: your role needs one."), "warning")
    return redirect(url_for("my_account.index"), 303)


@blueprint.post("/account/passkeys/remove")
@own(fresh=True)
def remove_passkey() -> Response:
    """Take a passkey off the account."""
    user, chosen = person(), _chosen("passkey_id")
    must_keep = user.needs_second_factor
    try:
        if chosen and factors.remove_passkey(
            session, user_id=user.id, passkey_id=chosen, must_keep_one=must_keep
        ):
            services.tell_of_changed_factor(session, user.id)
            flash(_("The passkey is no longer used."), "success")
    except LastFactorError:
        flash(_("Add another second factor first: your role needs one."), "warning")
    return redirect(url_for("my_account.index"), 303)


@blueprint.post("/account/recovery-codes")
@own(fresh=True)
def recovery_codes() -> Any:
    """Make new recovery codes and show them once."""
    user = person()
    if not user.has_second_factor:
        return redirect(url_for("my_account.second_factor"), 303)
    codes = services.new_codes(session, user.id)
    return render_template(
        "my_account/recovery_codes.html", codes=codes, onward=url_for("my_account.index")
    )


@blueprint.post("/account/sessions/end")
@own()
def end_session() -> Response:
    """End one of one's own sessions."""
    chosen = _chosen("session_id")
    if chosen and services.end_session(session, person().id, chosen):
        flash(_("That session has ended."), "success")
    return redirect(url_for("my_account.index"), 303)


@blueprint.post("/account/sessions/end-others")
@own()
def end_other_sessions() -> Response:
    """End all of one's own sessions but this one."""
    user = person()
    services.end_others(session, user.id, but=user.session_id)
    flash(_("You are signed out everywhere else."), "success")
    return redirect(url_for("my_account.index"), 303)


@blueprint.route("/account/keys/new", methods=BOTH)
@own(fresh=True)
def add_token() -> Any:
    """Make a key for a program and show it once."""
    user = person()
    form = Form(TokenSchema(), data=sent_form(), choices={"scopes": _offered_scopes()})
    possible = bool(_offered_scopes()) and user.has_second_factor
    if possible and form.validate():
        made = _make_token(user, form)
        return render_template("my_account/token_is_made.html", token=made)
    return form_page("my_account/add_token.html", form, possible=possible)


@blueprint.post("/account/keys/revoke")
@own()
def revoke_token() -> Response:
    """Make a key worthless."""
    chosen = _chosen("token_id")
    if chosen and api_tokens.revoke_token(session, user_id=person().id, token_id=chosen):
        flash(_("The key opens nothing any more."), "success")
    return redirect(url_for("my_account.index"), 303)


@blueprint.get("/api/v1/me")
@own(programs=True)
def api_me() -> Response:
    """Say in whose name a program reads, and what it may read."""
    user = person()
    return jsonify(id=str(user.id), name=user.name, may_read=sorted(user.permissions))


def _factor_is_kept(message: str) -> Response:
    """Raise the session, and show recovery codes to whoever has none yet."""
    user, token = person(), session_token()
    services.tell_of_changed_factor(session, user.id)
    flash(message, "success")
    codes = services.first_codes(session, user.id)
    fresh = sessions.raise_assurance(session, token=token) if token else ""
    bind_page_to(fresh)
    response = _codes_or_onward(codes)
    remember_sign_in(response, fresh)
    remember_browser(response, user.id)
    return response


def _codes_or_onward(codes: list[str]) -> Response:
    onward = wanted() if request.args.get("next") else url_for("my_account.index")
    if not codes:
        return redirect(onward, 303)
    return make_response(
        render_template("my_account/recovery_codes.html", codes=codes, onward=onward)
    )


def _make_token(user: accounts.SignedIn, form: Form) -> str:
    return api_tokens.make_token(
        session,
        user_id=user.id,
        name=form.loaded["name"],
        scopes=[Permission(scope) for scope in form.loaded["scopes"]],
        own=user.permissions,
        days=int(form.loaded["days"]),
        host=current_site().host,
    )


def _offered_scopes() -> list[tuple[str, str]]:
    user = person()
    if not user.may(Permission.TOKENS_USE):
        return []
    return [
        (scope.value, str(SCOPES[scope])) for scope in api_tokens.FOR_PROGRAMS if user.may(scope)
    ]


def _may_enrol() -> bool:
    user = person()
    return user.has_second_factor or user.may_enrol


def _chosen(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.form.get(name, ""))
    except ValueError:
        return None


def _next() -> str:
    return request.args.get("next", "")
