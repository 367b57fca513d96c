"""The administrator's pages about colleagues."""

import uuid
from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from hearth.accounts.guard import permit, person
from hearth.accounts.invitations import waiting_invitations
from hearth.accounts.models import User
from hearth.accounts.permissions import ROLE_LABELS, Permission, known_roles
from hearth.staff import services
from hearth.staff.schemas import ChangedColleagueSchema, NewColleagueSchema
from hearth.staff.services import (
    AlreadyAcceptedError,
    EmailTakenError,
    LastAdministratorError,
)
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
        invited=waiting_invitations(session),
        labels=ROLE_LABELS,
        known_roles=known_roles,
    )


@blueprint.route("/colleagues/new", methods=BOTH)
@permit(Permission.USERS_MANAGE, fresh=True)
def add() -> Any:
    """Invite a new colleague."""
    start = {"locale": organisation().staff_locale}
    form = Form(NewColleagueSchema(), data=sent_form(), initial=start)
    if form.validate():
        try:
            services.invite_colleague(session, **asdict(form.loaded), invited_by=person().id)
            flash(_("An invitation is on its way. Its link works for three days."), "success")
            return redirect(url_for("staff.index"), 303)
        except EmailTakenError:
            form.add_error("email", _("Somebody signs in with this address already."))
    return form_page("staff/add.html", form)


@blueprint.route("/colleagues/<uuid:user_id>", methods=BOTH)
@permit(Permission.USERS_MANAGE, fresh=True)
def change(user_id: uuid.UUID) -> Any:
    """Change what a colleague is here, or close the account."""
    user = found(services.colleague(session, user_id))
    form = Form(ChangedColleagueSchema(), data=sent_form(), initial=_as_it_is(user))
    if form.validate():
        try:
            changes = asdict(form.loaded)
            services.change_colleague(session, user, **changes, changed_by=person().id)
            flash(_("The account has been changed."), "success")
            return redirect(url_for("staff.index"), 303)
        except LastAdministratorError:
            form.add_error(None, _("Somebody must stay who can open and close accounts."))
    return form_page("staff/change.html", form, colleague=user)


@blueprint.post("/colleagues/<uuid:user_id>/invitation")
@permit(Permission.USERS_MANAGE, fresh=True)
def invite_again(user_id: uuid.UUID) -> Any:
    """Send a fresh invitation to somebody who has not chosen a password yet."""
    user = found(services.colleague(session, user_id))
    try:
        services.invite_again(session, user, invited_by=person().id)
        flash(_("An invitation is on its way. Its link works for three days."), "success")
    except AlreadyAcceptedError:
        flash(_("This person has chosen a password already."), "info")
    return redirect(url_for("staff.index"), 303)


@blueprint.post("/colleagues/<uuid:user_id>/second-factor")
@permit(Permission.USERS_MANAGE, fresh=True)
def second_factor_anew(user_id: uuid.UUID) -> Any:
    """Take a lost second factor off a colleague's account."""
    user = found(services.colleague(session, user_id))
    services.start_second_factor_anew(session, user, actor_id=person().id)
    flash(_("The second factor is off. A letter tells the person how to begin anew."), "success")
    return redirect(url_for("staff.index"), 303)


def _as_it_is(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "roles": user.roles,
        "locale": user.locale,
        "works_here": user.disabled_at is None,
    }
