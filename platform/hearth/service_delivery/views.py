"""Pages on which services are recorded, corrected and cancelled."""

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts.guard import own, permit, person
from hearth.accounts.permissions import ROLE_LABELS, Permission
from hearth.accounts.policy import RECORDED_THROUGH
from hearth.families.access import find_household, is_reached_by_role, is_visible
from hearth.families.knowing import known_in
from hearth.families.models import Household
from hearth.families.seen import see_household
from hearth.families.services import record_read
from hearth.service_delivery import note_readers, sealed, services
from hearth.service_delivery.models import ServiceDelivery
from hearth.service_delivery.schemas import (
    CancelSchema,
    NoteReaderSchema,
    recipient_choices,
    service_answers,
    service_schema,
)
from hearth.service_delivery.services import (
    BeforeCaseError,
    NotYetDeliveredError,
    ServiceEndedError,
    ServiceError,
)
from hearth.service_delivery.vocabulary import ServiceMode
from hearth.service_delivery.words import SERVICE_MODES, kind_in_words
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
    household, service = _entry(household_id, service_id)
    form = _service_form(household, service)
    if form.validate():
        try:
            _correct(service, form)
        except ServiceError as error:
            _say_why(form, error)
        else:
            flash(_("The correction is recorded. What stood before is kept."), "success")
            return _to_file(household_id)
    return form_page("service_delivery/correct.html", form, household=household, service=service)


@blueprint.get("/families/<uuid:household_id>/services/<uuid:service_id>/history")
@permit(Permission.FAMILIES_READ)
def history(household_id: uuid.UUID, service_id: uuid.UUID) -> str:
    """What stood in an entry before it was corrected."""
    household = _household(household_id, Permission.FAMILIES_READ)
    here = {"household_id": household_id, "service_id": service_id}
    entry = found(services.find_entry(session, **here))
    return render_template(
        "service_delivery/history.html",
        household=household,
        versions=found(sealed.see_versions(session, entry, person())),
        words={"kind": kind_in_words, "mode": SERVICE_MODES, "role": ROLE_LABELS},
    )


@blueprint.route("/families/<uuid:household_id>/services/<uuid:service_id>/cancel", methods=BOTH)
@permit(Permission.SERVICES_WRITE)
def cancel(household_id: uuid.UUID, service_id: uuid.UUID) -> Any:
    """Mark an entry as never having happened."""
    household, service = _entry(household_id, service_id)
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
        kind=_kind(service, Permission.SERVICES_WRITE),
    )


@blueprint.get("/notes/")
@own()
def opened_notes() -> str:
    """The sealed notes that whoever asks lets colleagues read, whosever the families are now."""
    notes = note_readers.opened_notes(session, person().id)
    return render_template("service_delivery/opened_notes.html", notes=notes)


@blueprint.get("/families/<uuid:household_id>/notes/<uuid:note_id>/readers")
@own()
def readers(household_id: uuid.UUID, note_id: uuid.UUID) -> Any:
    """Whom the owner of a sealed note lets read it."""
    return _readers_page(_own_note(household_id, note_id), None)


@blueprint.post("/families/<uuid:household_id>/notes/<uuid:note_id>/readers")
@permit(Permission.NOTES_SEALED)
def add_reader(household_id: uuid.UUID, note_id: uuid.UUID) -> Any:
    """Let a colleague read a sealed note."""
    own_note = _own_note(household_id, note_id)
    note = found(own_note if _may_open(own_note) else None)
    form = _reader_form(note, request.form)
    if form.validate():
        note_readers.let_read(session, note, user_id=form.loaded["user_id"])
        flash(_("Your colleague can read this note now."), "success")
        return _to_readers(note)
    return _readers_page(note, form)


@blueprint.post("/families/<uuid:household_id>/notes/<uuid:note_id>/readers/<uuid:user_id>/end")
@own()
def end_reader(household_id: uuid.UUID, note_id: uuid.UUID, user_id: uuid.UUID) -> Any:
    """Let a colleague read a sealed note no longer."""
    note = _own_note(household_id, note_id)
    found(note_readers.take_back(session, note, user_id=user_id) or None)
    flash(_("Your colleague can no longer read this note."), "success")
    return _to_readers(note)


def _own_note(household_id: uuid.UUID, note_id: uuid.UUID) -> ServiceDelivery:
    """A sealed note of whoever asks, also of a family that she has no longer."""
    user = person()
    here = {"household_id": household_id, "note_id": note_id}
    note = found(note_readers.own_note(session, **here, owner_id=user.id))
    record_read(session, household_id=note.household_id, user_id=user.id, purpose="service")
    return note


def _may_open(note: ServiceDelivery) -> bool:
    """Whether its owner lets others read a note: while it stands, and the family is hers."""
    sealing, home = Permission.NOTES_SEALED, note.household_id
    hers = is_visible(session, home, user=person(), permission=sealing, own_entries=True)
    return hers and note.is_valid


def _reader_form(note: ServiceDelivery, sent: Any) -> Form:
    choices = {"user_id": note_readers.possible_readers(session, note)}
    return Form(NoteReaderSchema(), sent, choices=choices)


def _readers_page(note: ServiceDelivery, form: Form | None) -> Any:
    may_open = _may_open(note)
    return form_page(
        "service_delivery/readers.html",
        form or _reader_form(note, None),
        note=note,
        may_open=may_open,
        kind=_kind(note, Permission.NOTES_SEALED) if may_open else _("Sealed note"),
        readers=note_readers.readers(session, note),
    )


def _kind(service: ServiceDelivery, permission: Permission) -> str:
    return kind_in_words(sealed.see_kind(service, person().eyes(permission)))


def _to_readers(note: ServiceDelivery) -> Response:
    where = url_for("service_delivery.readers", household_id=note.household_id, note_id=note.id)
    return redirect(where, 303)


def _service_form(household: Household, service: ServiceDelivery | None) -> Form:
    user = person()
    known = known_in(session, [household.id], user=user)
    shown = see_household(household, user.eyes(Permission.SERVICES_WRITE), known)
    choices = recipient_choices(shown, service)
    usual = {
        "delivered_on": today(),
        "mode": ServiceMode.ON_SITE,
        "recipient_ids": [person_id for person_id, _name in choices[:1]],
    }
    is_own = service is None or service.provided_by == user.id
    return Form(
        service_schema(
            may_seal=is_own and user.may(Permission.NOTES_SEALED),
            may_write=service is None or sealed.may_rewrite(service, user),
        ),
        sent_form(),
        service_answers(service) if service else usual,
        choices={"recipient_ids": choices},
    )


def _record(household: Household, form: Form) -> None:
    user = person()
    by_role = all(
        is_reached_by_role(session, household.id, user=user, permission=one)
        for one in RECORDED_THROUGH
    )
    services.record_service(
        session,
        household,
        form.loaded,
        provided_by=user.id,
        recorded_by=user.id,
        today=today(),
        through_grant=not by_role,
    )


def _correct(service: ServiceDelivery, form: Form) -> None:
    services.correct_service(
        session,
        service,
        form.loaded,
        recorded_by=person().id,
        today=today(),
        over_others=sealed.may_rewrite(service, person()),
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


def _household(
    household_id: uuid.UUID,
    permission: Permission = Permission.SERVICES_WRITE,
    *,
    own_entries: bool = False,
) -> Household:
    user = person()
    household = find_household(
        session, household_id, user=user, permission=permission, own_entries=own_entries
    )
    record_read(session, household_id=found(household).id, user_id=user.id, purpose="service")
    return found(household)


def _entry(
    household_id: uuid.UUID,
    service_id: uuid.UUID,
    permission: Permission = Permission.SERVICES_WRITE,
) -> tuple[Household, ServiceDelivery]:
    """An entry that may be changed; her own also by whoever reads the file because of it."""
    here = {"household_id": household_id, "service_id": service_id}
    service = found(services.get_service(session, **here, user=person()))
    is_own = service.provided_by == person().id
    return _household(household_id, permission, own_entries=is_own), service


def _to_file(household_id: uuid.UUID) -> Response:
    return redirect(url_for("case_file.show", household_id=household_id), 303)
