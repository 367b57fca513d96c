"""The administrator's pages about colleagues."""

import uuid
from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from hearth.accounts.guard import permit
from hearth.accounts.models import User
from hearth.accounts.permissions import ROLE_LABELS, Permission, known_roles
from hearth.staff import services
from hearth.staff.schemas import ChangedColleagueSchema, NewColleagueSchema
from hearth.staff.services import EmailTakenError, LastAdministratorError
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.forms import Form
from hearth.web.request import organisation, session

blueprint = Blueprint("staff", __name__, template_folder="templates")


@blueprint.get("/colleagues/")
@permit(Permission.USERS_MANAGE)
def index() -> str:
    """Everybody with an account here."""
    return render_template(
        "staff/index.html",
        colleagues=services.colleagues(session),
        labels=ROLE_LABELS,
        known_roles=known_roles,
    )


@blueprint.route("/colleagues/new", methods=BOTH)
@permit(Permission.USERS_MANAGE)
def add() -> Any:
    """Open an account for a new colleague."""
    start = {"locale": organisation().staff_locale}
    form = Form(NewColleagueSchema(), data=sent_form(), initial=start)
    if form.validate():
        try:
            services.add_colleague(session, **asdict(form.loaded))
            flash(_("The account is open. Tell the person the password in private."), "success")
            return redirect(url_for("staff.index"), 303)
        except EmailTakenError:
            form.add_error("email", _("Somebody signs in with this address already."))
    return form_page("staff/add.html", form)


@blueprint.route("/colleagues/<uuid:user_id>", methods=BOTH)
@permit(Permission.USERS_MANAGE)
def change(user_id: uuid.UUID) -> Any:
    """Change what a colleague is here, or close the account."""
    user = found(services.colleague(session, user_id))
    form = Form(ChangedColleagueSchema(), data=sent_form(), initial=_as_it_is(user))
    if form.validate():
        try:
            services.change_colleague(session, user, **asdict(form.loaded))
            flash(_("The account has been changed."), "success")
            return redirect(url_for("staff.index"), 303)
        except LastAdministratorError:
            form.add_error(None, _("Somebody must stay who can open and close accounts."))
    return form_page("staff/change.html", form, email=user.email)


def _as_it_is(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "roles": user.roles,
        "locale": user.locale,
        "works_here": user.disabled_at is None,
    }
