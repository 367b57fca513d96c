"""The page with a family's file, and closing and reopening its case."""

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts.guard import permit, person
from hearth.accounts.permissions import Permission
from hearth.case_file import services
from hearth.case_file.schemas import CloseSchema, ReopenSchema
from hearth.case_file.services import StillInShelterError
from hearth.case_file.timeline import SHORT, timeline
from hearth.families import services as families
from hearth.families.access import find_household, may_reopen
from hearth.families.errors import (
    CaseClosedError,
    CaseOpenError,
    FamilyDatesError,
    FamilyError,
)
from hearth.families.fields import language_choices
from hearth.families.models import Household
from hearth.families.schemas import say_date_problem
from hearth.families.words import (
    LEAVING_REASONS,
    MEMBER_ROLES,
    NEEDS,
    age,
    birth_date,
    date_problem,
)
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.formatting import today
from hearth.web.forms import Form
from hearth.web.request import session

P = Permission
blueprint = Blueprint("case_file", __name__, template_folder="templates")


@blueprint.get("/families/<uuid:household_id>")
@permit(Permission.FAMILIES_READ)
def show(household_id: uuid.UUID) -> str:
    """A family's file: who, what next, and everything that happened."""
    user = person()
    file = services.open_file(session, _household(household_id, P.FAMILIES_READ), user=user)
    events = timeline(file)
    whole = request.args.get("timeline") == "whole"
    return render_template(
        "case_file/show.html",
        file=file,
        household=file.household,
        events=events if whole else events[:SHORT],
        hidden=0 if whole else max(0, len(events) - SHORT),
        words=_words(),
    )


@blueprint.route("/families/<uuid:household_id>/close", methods=BOTH)
@permit(Permission.FAMILIES_WRITE)
def close(household_id: uuid.UUID) -> Any:
    """Close a family's case."""
    household = _shown(household_id)
    form = Form(CloseSchema(), sent_form(), {"closed_on": today()})
    if form.validate():
        try:
            services.close_case(
                session, household, **form.loaded, closed_by=person(), today=today()
            )
        except (FamilyError, StillInShelterError) as error:
            _say_why(form, error)
        else:
            flash(_("The case is closed. It can be opened anew at any time."), "success")
            return _to_file(household)
    return form_page("case_file/close.html", form, household=household)


@blueprint.route("/families/<uuid:household_id>/reopen", methods=BOTH)
@permit(Permission.FAMILIES_WRITE)
def reopen(household_id: uuid.UUID) -> Any:
    """Open the case of a family that came back."""
    household = _kept(household_id)
    form = Form(ReopenSchema(), sent_form(), {"opened_on": today()})
    if form.validate():
        try:
            families.reopen_case(
                session, household, **form.loaded, opened_by=person().id, today=today()
            )
        except FamilyError as error:
            _say_why(form, error)
        else:
            flash(_("The case is open again. What happened before is kept."), "success")
            return _to_file(household)
    return form_page("case_file/reopen.html", form, household=household)


def _words() -> dict[str, Any]:
    return {
        "role": MEMBER_ROLES,
        "need": NEEDS,
        "leaving": LEAVING_REASONS,
        "language": dict(language_choices()),
        "age": age,
        "birth_date": birth_date,
        "today": today(),
    }


def _say_why(form: Form, error: Exception) -> None:
    match error:
        case FamilyDatesError():
            say_date_problem(form, error.field, date_problem(error.problem))
        case CaseClosedError():
            form.add_error(None, _("This case is closed already."))
        case CaseOpenError():
            form.add_error(None, _("This case is open already."))
        case StillInShelterError() if error.is_known:
            form.add_error(
                None, _("The family still lives in one of our houses. End its stay first.")
            )
        case StillInShelterError():
            form.add_error(None, _("This case cannot be closed yet. Ask your supervisor."))
        case _:
            raise error


def _household(
    household_id: uuid.UUID, permission: Permission = Permission.FAMILIES_WRITE
) -> Household:
    return found(find_household(session, household_id, user=person(), permission=permission))


def _shown(household_id: uuid.UUID) -> Household:
    household = _household(household_id)
    families.record_read(session, household_id=household.id, user_id=person().id, purpose="case")
    return household


def _kept(household_id: uuid.UUID) -> Household:
    """A family whose case is hers to open anew; none for a guest, whose visit that outlasts."""
    hers = may_reopen(session, household_id, user=person())
    return _shown(found(household_id if hers else None))


def _to_file(household: Household) -> Response:
    return redirect(url_for("case_file.show", household_id=household.id), 303)
