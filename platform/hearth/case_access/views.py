"""Pages on which a family's file is opened to a colleague, or closed to all but a few."""

import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts.guard import permit, person
from hearth.accounts.permissions import Permission
from hearth.accounts.standing import holders
from hearth.case_access import keepers, services
from hearth.case_access.keepers import KeptError
from hearth.case_access.schemas import GrantSchema, KeeperSchema, RestrictSchema
from hearth.case_access.seen import see_ended_grant, see_grant, see_restriction
from hearth.case_access.services import AlreadyRestrictedError, NobodyLiftsError
from hearth.case_access.words import KINDS, WAYS
from hearth.families.access import find_household, is_hers_for_good, is_visible
from hearth.families.models import Household
from hearth.families.services import record_listed, record_read
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.formatting import organisation_clock
from hearth.web.forms import Form
from hearth.web.request import session

THROUGH = Permission.CASES_RESTRICT
Find = Callable[..., Household | None]
blueprint = Blueprint("case_access", __name__, template_folder="templates")


@blueprint.get("/families/<uuid:household_id>/access")
@permit(Permission.CASES_RESTRICT)
def show(household_id: uuid.UUID) -> str:
    """Everybody who opens a family's file and why, and who was let in by name."""
    household, user = _household(household_id, find_household), person()
    eyes = user.eyes(THROUGH)
    return render_template(
        "case_access/show.html",
        household=household,
        may_change=is_hers_for_good(session, household.id, user=user, permission=THROUGH),
        openers=services.openers(session, household.id, user=user),
        grants=[see_grant(one, eyes) for one in services.active_grants(session, household.id)],
        ended=[see_ended_grant(one, eyes) for one in services.ended_grants(session, household.id)],
        restrictions=[
            see_restriction(one, eyes) for one in services.restrictions(session, household.id)
        ],
        kinds=KINDS,
        ways=WAYS,
    )


@blueprint.route("/families/<uuid:household_id>/access/grants/new", methods=BOTH)
@permit(Permission.CASES_RESTRICT, fresh=True)
def give(household_id: uuid.UUID) -> Any:
    """Let a colleague into a family's file."""
    household = _household(household_id)
    form = Form(GrantSchema(), sent_form(), choices={"user_id": _others()})
    if form.validate():
        wanted = form.loaded
        services.give(
            session,
            household,
            user_id=wanted["user_id"],
            reason=wanted["reason"],
            ends_at=_end_of(wanted["until"]),
            granted_by=person().id,
        )
        flash(_("Your colleague can open this file now."), "success")
        return _to_access(household)
    return form_page("case_access/give.html", form, household=household)


@blueprint.route("/families/<uuid:household_id>/access/grants/<uuid:grant_id>", methods=BOTH)
@permit(Permission.CASES_RESTRICT, fresh=True)
def revoke(household_id: uuid.UUID, grant_id: uuid.UUID) -> Any:
    """Take back what let a colleague into a file."""
    household = _household(household_id)
    grant = found(services.get_grant(session, household_id=household.id, grant_id=grant_id))
    form = sent_form()
    if form is None:
        return render_template("case_access/revoke.html", household=household, grant=grant)
    try:
        services.take_back(session, household, grant, revoked_by=person().id)
        flash(_("Your colleague can no longer open this file by your leave."), "success")
    except NobodyLiftsError:
        flash(_("Nobody else could open this file again. Let somebody in first."), "warning")
    return _to_access(household)


@blueprint.route("/families/<uuid:household_id>/access/restrict", methods=BOTH)
@permit(Permission.CASES_RESTRICT, fresh=True)
def restrict(household_id: uuid.UUID) -> Any:
    """Let a family's file open by name alone."""
    household = _household(household_id)
    form = Form(RestrictSchema(), sent_form(), choices={"keeper_ids": _others()})
    if form.validate():
        try:
            services.restrict(session, household, **form.loaded, set_by=person().id)
        except AlreadyRestrictedError:
            form.add_error("kind", _("This file is restricted for this reason already."))
        except NobodyLiftsError:
            form.add_error("keeper_ids", _("Choose at least one who may open the file again."))
        else:
            flash(_("The file is closed to everybody but those you chose."), "success")
            return _to_access(household)
    return form_page("case_access/restrict.html", form, household=household)


@blueprint.route(
    "/families/<uuid:household_id>/access/restrictions/<uuid:restriction_id>", methods=BOTH
)
@permit(Permission.CASES_RESTRICT, fresh=True)
def lift(household_id: uuid.UUID, restriction_id: uuid.UUID) -> Any:
    """Let a family's file open again to those whose work it is."""
    household, here = _household(household_id), {"restriction_id": restriction_id}
    restriction = found(services.get_restriction(session, household_id=household.id, **here))
    form = sent_form()
    if form is None:
        return render_template("case_access/lift.html", household=household, **here)
    services.lift(session, restriction, lifted_by=person().id)
    flash(_("The file opens again to those whose work it is."), "success")
    return _to_access(household)


@blueprint.get("/restricted/")
@permit(Permission.CASES_ENTRUST)
def without_keeper() -> str:
    """The restricted files that nobody is left to open to the others again."""
    files = keepers.files_without_keeper(session, user=person())
    shown = [one.household for one in files]
    record_listed(session, shown, user_id=person().id, purpose="access")
    return render_template("case_access/without_keeper.html", files=files)


@blueprint.route("/restricted/<uuid:restriction_id>", methods=BOTH)
@permit(Permission.CASES_ENTRUST, fresh=True)
def name_keeper(restriction_id: uuid.UUID) -> Any:
    """Name who goes on with a restricted file that has nobody left."""
    file = found(keepers.restricted_file(session, restriction_id, user=person()))
    record_read(session, household_id=file.household.id, user_id=person().id, purpose="access")
    possible = keepers.possible_keepers(session, but=person().id)
    form = Form(KeeperSchema(), sent_form(), choices={"user_id": possible})
    if form.validate():
        try:
            keepers.name_keeper(session, file, **form.loaded, by=person().id)
        except KeptError:
            flash(_("Somebody can open this file again by now."), "info")
        else:
            flash(_("Your colleague goes on with this file, and was let in by name."), "success")
        return redirect(url_for("case_access.without_keeper"), 303)
    return form_page("case_access/name_keeper.html", form, file=file)


def _household(household_id: uuid.UUID, find: Find | None = None) -> Household:
    if find is None:
        find = services.hold_household if request.method == "POST" else services.find_hers
    household = found(find(session, household_id, user=person(), permission=THROUGH))
    record_read(session, household_id=household.id, user_id=person().id, purpose="access")
    return household


def _others() -> list[tuple[uuid.UUID, str]]:
    """Everybody who may open files at all, but whoever asks."""
    me = person().id
    able = holders(session, Permission.FAMILIES_READ)
    return [(user_id, name) for user_id, name in able if user_id != me]


def _end_of(day: date | None) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time(), organisation_clock())


def _to_access(household: Household) -> Response:
    if not is_visible(session, household.id, user=person(), permission=THROUGH):
        # Whoever closed the file to herself is led to what she still sees.
        return redirect(url_for("families.index"), 303)
    return redirect(url_for("case_access.show", household_id=household.id), 303)
