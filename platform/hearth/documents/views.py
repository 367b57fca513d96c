"""Pages about a family's documents; the documents themselves are on a host of their own."""

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts.guard import permit, person
from hearth.accounts.permissions import Permission
from hearth.documents import services
from hearth.documents.schemas import REFUSALS, AddDocumentSchema, WithdrawSchema
from hearth.documents.seen import see_document
from hearth.documents.services import AlreadyWithdrawnError
from hearth.families import services as families
from hearth.families.access import find_household
from hearth.families.models import Household
from hearth.files.handing import address_of
from hearth.files.kinds import FileRefusedError, Refusal
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.forms import Form
from hearth.web.request import session
from tenants.context import runtime

blueprint = Blueprint("documents", __name__, template_folder="templates")


@blueprint.get("/families/<uuid:household_id>/documents")
@permit(Permission.FAMILIES_READ)
def index(household_id: uuid.UUID) -> str:
    """A family's documents."""
    household = _household(household_id, Permission.FAMILIES_READ)
    families.record_read(
        session, household_id=household.id, user_id=person().id, purpose="documents"
    )
    return render_template(
        "documents/index.html",
        household=household,
        documents=[
            see_document(one, person().eyes(Permission.FAMILIES_READ))
            for one in services.documents_of(session, household.id)
        ],
    )


@blueprint.route("/families/<uuid:household_id>/documents/new", methods=BOTH)
@permit(Permission.FAMILIES_WRITE)
def add(household_id: uuid.UUID) -> Any:
    """Add a document."""
    household = _household(household_id)
    form = Form(AddDocumentSchema(), sent_form())
    if form.validate():
        try:
            services.add_document(
                session,
                household,
                title=form.loaded["title"],
                **_sent_file(),
                added_by=person().id,
                scanner=runtime().settings.scanner,
            )
        except FileRefusedError as refusal:
            form.add_error("file", REFUSALS[refusal.reason])
        else:
            flash(_("The document is in the family's file."), "success")
            return _to_list(household)
    elif form.is_bound and not request.files.get("file"):
        form.add_error("file", REFUSALS[Refusal.NOTHING])
    _note_look(household)
    return form_page("documents/add.html", form, household=household)


@blueprint.get("/families/<uuid:household_id>/documents/<uuid:document_id>")
@permit(Permission.FAMILIES_READ)
def open_document(household_id: uuid.UUID, document_id: uuid.UUID) -> Response:
    """Lead to the document by a link that works once, for a minute."""
    household = _household(household_id, Permission.FAMILIES_READ)
    document = found(services.find_document(session, household, document_id))
    if not see_document(document, person().eyes(Permission.FAMILIES_READ)).opens:
        abort(404)
    families.record_read(
        session, household_id=household.id, user_id=person().id, purpose="documents"
    )
    return redirect(address_of(document.file_id), 303)


@blueprint.route(
    "/families/<uuid:household_id>/documents/<uuid:document_id>/withdraw", methods=BOTH
)
@permit(Permission.FAMILIES_WRITE)
def withdraw(household_id: uuid.UUID, document_id: uuid.UUID) -> Any:
    """Withdraw a document that does not belong here."""
    household = _household(household_id)
    document = found(services.find_document(session, household, document_id))
    form = Form(WithdrawSchema(), sent_form())
    if form.validate():
        try:
            services.withdraw_document(
                session, document, **form.loaded, withdrawn_by=person().id, now=datetime.now(UTC)
            )
        except AlreadyWithdrawnError:
            form.add_error(None, _("This document has been withdrawn already."))
        else:
            flash(_("The document is withdrawn. It stays on the list, closed."), "success")
            return _to_list(household)
    _note_look(household)
    shown = see_document(document, person().eyes(Permission.FAMILIES_WRITE))
    return form_page("documents/withdraw.html", form, household=household, document=shown)


def _sent_file() -> dict[str, Any]:
    sent = request.files.get("file")
    return {"data": sent.read() if sent else b"", "filename": (sent and sent.filename) or ""}


def _household(
    household_id: uuid.UUID, permission: Permission = Permission.FAMILIES_WRITE
) -> Household:
    return found(find_household(session, household_id, user=person(), permission=permission))


def _note_look(household: Household) -> None:
    families.record_read(
        session, household_id=household.id, user_id=person().id, purpose="documents"
    )


def _to_list(household: Household) -> Response:
    return redirect(url_for("documents.index", household_id=household.id), 303)
