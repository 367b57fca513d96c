"""Pages on which services are recorded, corrected and cancelled."""

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts.guard import permit, person
from hearth.accounts.permissions import Permission
from hearth.families.models import Household
from hearth.families.services import get_household, record_read
from hearth.service_delivery import services
from hearth.service_delivery.models import ServiceDelivery
from hearth.service_delivery.schemas import (
    CancelSchema,
    ServiceSchema,
    recipient_choices,
    service_answers,
)
from hearth.service_delivery.services import (
    BeforeCaseError,
    NotYetDeliveredError,
    ServiceEndedError,
    ServiceError,
)
from hearth.service_delivery.vocabulary import ServiceMode
from hearth.service_delivery.words import SERVICE_KINDS
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.formatting import today
from hearth.web.forms import Form
from hearth.web.request import session

blueprint = Blueprint("service_delivery", __name__, template_folder="templates")


@blueprint.route("/families/<uuid:household_id>/services/new", methods=BOTH)
@permit(Permission.SERVICES_WRITE)
def record(household_id: uuid.UUID) -> Any:
    """Record something that was done for a family."""
    household = _household(household_id)
    form = _service_form(household, None)
    if form.validate():
        try:
            _record(household, form)
        except ServiceError as error:
            _say_why(form, error)
        else:
            flash(_("The service is recorded."), "success")
            return _to_file(household_id)
    return form_page("service_delivery/record.html", form, household=household)


@blueprint.route("/families/<uuid:household_id>/services/<uuid:service_id>/correct", methods=BOTH)
@permit(Permission.SERVICES_WRITE)
def correct(household_id: uuid.UUID, service_id: uuid.UUID) -> Any:
    """Put a right entry in the place of a wrong one."""
    household, service = _household(household_id), _service(household_id, service_id)
    form = _service_form(household, service)
    if form.validate():
        try:
            services.correct_service(
                session, service, form.loaded, recorded_by=person().id, today=today()
            )
        except ServiceError as error:
            _say_why(form, error)
        else:
            flash(_("The correction is recorded. What stood before is kept."), "success")
            return _to_file(household_id)
    return form_page("service_delivery/correct.html", form, household=household, service=service)


@blueprint.route("/families/<uuid:household_id>/services/<uuid:service_id>/cancel", methods=BOTH)
@permit(Permission.SERVICES_WRITE)
def cancel(household_id: uuid.UUID, service_id: uuid.UUID) -> Any:
    """Mark an entry as never having happened."""
    household, service = _household(household_id), _service(household_id, service_id)
    form = Form(CancelSchema(), sent_form())
    if form.validate():
        try:
            services.cancel_service(session, service, **form.loaded, cancelled_by=person().id)
        except ServiceError as error:
            _say_why(form, error)
        else:
            flash(_("The service is cancelled. It counts no longer."), "success")
            return _to_file(household_id)
    return form_page(
        "service_delivery/cancel.html",
        form,
        household=household,
        service=service,
        kind=SERVICE_KINDS[service.kind],
    )


def _service_form(household: Household, service: ServiceDelivery | None) -> Form:
    choices = recipient_choices(household, service)
    usual = {
        "delivered_on": today(),
        "mode": ServiceMode.ON_SITE,
        "recipient_ids": [person_id for person_id, _name in choices[:1]],
    }
    return Form(
        ServiceSchema(),
        sent_form(),
        service_answers(service) if service else usual,
        choices={"recipient_ids": choices},
    )


def _record(household: Household, form: Form) -> None:
    services.record_service(
        session,
        household,
        form.loaded,
        provided_by=person().id,
        recorded_by=person().id,
        today=today(),
    )


def _say_why(form: Form, error: ServiceError) -> None:
    match error:
        case BeforeCaseError():
            form.add_error(
                "delivered_on", _("The case was opened after this day. Enter a later one.")
            )
        case NotYetDeliveredError():
            form.add_error(
                "delivered_on", _("This day is still to come. Enter today or a day before it.")
            )
        case ServiceEndedError():
            form.add_error(
                None, _("Somebody changed this entry meanwhile. Look at the family's file first.")
            )
        case _:
            form.add_error("recipient_ids", _("Choose at least one of the family."))


def _household(household_id: uuid.UUID) -> Household:
    household = found(get_household(session, household_id))
    if request.method == "GET":
        record_read(session, household_id=household.id, user_id=person().id, purpose="service")
    return household


def _service(household_id: uuid.UUID, service_id: uuid.UUID) -> ServiceDelivery:
    return found(services.get_service(session, household_id=household_id, service_id=service_id))


def _to_file(household_id: uuid.UUID) -> Response:
    return redirect(url_for("case_file.show", household_id=household_id), 303)
