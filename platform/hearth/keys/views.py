"""The page about the organisation's key: how it stands, and unlocking and locking it."""

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _

from hearth.accounts.guard import permit
from hearth.accounts.permissions import Permission
from hearth.keys import asking, services
from hearth.keys.schemas import LockSchema, UnlockSchema
from hearth.web.answers import BOTH, form_page, sent_form
from hearth.web.forms import Form
from hearth.web.request import organisation

blueprint = Blueprint("keys", __name__, template_folder="templates")


@blueprint.route("/keys/", methods=BOTH)
@permit(Permission.KEYS_MANAGE, fresh=True)
def show() -> Any:
    """How the organisation's key stands; the form unlocks it for half a day."""
    state = services.state_of(organisation().schema_name)
    form = Form(UnlockSchema(), sent_form())
    if state.is_held and form.validate() and asking.unlock(form):
        flash(_("The key is unlocked for twelve hours."), "success")
        return redirect(url_for("keys.show"), 303)
    return form_page("keys/show.html", form, state=state)


@blueprint.route("/keys/lock", methods=BOTH)
@permit(Permission.KEYS_MANAGE, fresh=True)
def lock() -> Any:
    """Lock the organisation's key at once."""
    form = Form(LockSchema(), sent_form())
    if form.validate() and asking.lock(form):
        flash(_("The key is locked. Names and notes cannot be read now."), "success")
        return redirect(url_for("keys.show"), 303)
    return form_page("keys/lock.html", form)
