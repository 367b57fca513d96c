"""Asks once more who it is, before something that the next person at this desk must not do.

The question takes the place of the page; what was typed travels on in it and arrives with the
answer, so that nothing has to be written twice.
"""

from flask import make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts import passkeys, services, sessions
from hearth.accounts.arriving import device_challenge, place, visit
from hearth.accounts.events import Happened, note
from hearth.accounts.factors import WrongCodeError
from hearth.accounts.limits import TooManyFailuresError
from hearth.accounts.passkeys import PasskeyRefusedError
from hearth.accounts.schemas import ConfirmSchema
from hearth.accounts.services import SignedIn, SignInRefusedError
from hearth.web.forms import Form
from hearth.web.navigation import home
from hearth.web.request import commit_now, session
from hearth.web.tokens import FIELD, challenge, is_secret
from tenants.models import new_id

PREFIX = "confirm"
PASSKEY = f"{PREFIX}-passkey"


def ask_again(user: SignedIn) -> Response | None:
    """The question, or None once it is answered; for a form that is on its way."""
    if user.is_fresh:
        return None
    form, proved = confirm(user)
    return None if proved else question(user, form, 422 if form.errors else 403)


def confirm(user: SignedIn) -> tuple[Form, bool]:
    """Read the answer out of the form that was sent, and whether it is a proof."""
    answered = any(name.startswith(f"{PREFIX}-") for name in request.form)
    form = Form(_schema(user), request.form if answered else None, prefix=PREFIX)
    if request.form.get(PASSKEY):
        proved = _by_passkey(user, form)
    else:
        proved = form.validate() and _by_password(user, form)
    if proved and user.session_id is not None:
        sessions.confirm(session, session_id=user.session_id)
        note(session, Happened.CONFIRMED, user.id)
    return form, proved


def question(user: SignedIn, form: Form, status: int) -> Response:
    """The page that asks; whatever else was typed is carried on."""
    key = new_id()
    kept = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name != FIELD and not name.startswith(f"{PREFIX}-") and not is_secret(name)
    ]
    page = render_template(
        "accounts/confirm.html",
        form=form,
        kept=kept,
        key=key,
        action=request.full_path.rstrip("?"),
        options=passkeys.options_to_ask(place=place(), challenge=challenge(key)),
        has_second_factor=user.has_second_factor,
        back=home(),
    )
    return make_response(page, status)


def _schema(user: SignedIn) -> ConfirmSchema:
    return ConfirmSchema() if user.has_second_factor else ConfirmSchema(exclude=("code",))


def _by_password(user: SignedIn, form: Form) -> bool:
    who = visit()
    try:
        services.check_password(
            session, user_id=user.id, password=form.loaded["password"], visit=who
        )
        if user.has_second_factor:
            services.check_code(session, user_id=user.id, code=form.loaded["code"], visit=who)
    except (SignInRefusedError, WrongCodeError):
        # The failure is counted although the answer is a refusal, which undoes all other work.
        commit_now()
        form.add_error(None, _("That was not right. Please try again."))
        return False
    except TooManyFailuresError:
        form.add_error(None, _("Too many tries. Wait a quarter of an hour, then try again."))
        return False
    return True


def _by_passkey(user: SignedIn, form: Form) -> bool:
    try:
        owner = passkeys.prove(
            session, answer=request.form[PASSKEY], place=place(), challenge=device_challenge()
        )
    except PasskeyRefusedError:
        owner = None
    if owner != user.id:
        form.add_error(None, _("This passkey does not open your account. Please try again."))
        return False
    return True
