"""The incident desk: opening, entries, who is concerned, who was told, the report, the end."""

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from hearth.accounts.guard import permit, person
from hearth.accounts.permissions import Permission
from hearth.accounts.services import names_of
from hearth.data_register.paper import Paper, as_pdf
from hearth.data_register.words import cited
from hearth.families.access import is_bound
from hearth.incidents import people, searching, services
from hearth.incidents.letters import letters
from hearth.incidents.models import Incident
from hearth.incidents.people import Concerned, UnsafeWayError
from hearth.incidents.report import authority_report
from hearth.incidents.schemas import (
    PARTS,
    CloseSchema,
    EntrySchema,
    OpenSchema,
    SearchSchema,
    TellSchema,
    on_the_clock,
)
from hearth.incidents.searching import Criteria, Part
from hearth.incidents.services import AheadError, IncidentClosedError, NoticeMissingError
from hearth.incidents.words import ENTRIES, FURTHER, KINDS, WAYS
from hearth.shelter.houses import all_houses
from hearth.shelter.seen import reads_every_house
from hearth.staff.services import colleagues
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.forms import Form
from hearth.web.request import organisation, session
from tenants.legal import LegalProfile, profile_for

blueprint = Blueprint("incidents", __name__, template_folder="templates")
MINE = Permission.INCIDENTS_MANAGE
PROBLEMS = (AheadError, IncidentClosedError, NoticeMissingError, UnsafeWayError)


@blueprint.get("/incidents/")
@permit(MINE)
def index() -> str:
    """Incidents with their clocks, and those that are over."""
    return render_template(
        "incidents/index.html",
        opened=services.open_incidents(session),
        closed=services.closed_incidents(session),
        standing=services.standing(session, notices=_law().notices),
        **_shown(),
    )


@blueprint.route("/incidents/new", methods=BOTH)
@permit(MINE)
def open_one() -> Any:
    """Open an incident."""
    start = {"aware_at": datetime.now(organisation().clock).replace(tzinfo=None)}
    form = Form(OpenSchema(), sent_form(), start)
    if form.validate():
        told = {**form.loaded, "aware_at": _at(form.loaded["aware_at"])}
        try:
            return _to(services.open_incident(session, **told, by=person().id))
        except AheadError as error:
            form.add_error("aware_at", _why(error))
    return form_page("incidents/open.html", form)


@blueprint.get("/incidents/<uuid:incident_id>")
@permit(MINE)
def show(incident_id: uuid.UUID) -> str:
    """One incident: its clocks, its entries, whom it concerns."""
    incident = _incident(incident_id)
    concerned = people.concerned(session, incident, user=person())
    people.note_look(session, concerned, user_id=person().id)
    return render_template(
        "incidents/show.html",
        incident=incident,
        concerned=concerned,
        further=FURTHER if is_bound(person()) else None,
        staff=names_of(session, {entry.by for entry in incident.entries}),
        **_shown(),
    )


@blueprint.route("/incidents/<uuid:incident_id>/entry", methods=BOTH)
@permit(MINE)
def add_entry(incident_id: uuid.UUID) -> Any:
    """Add a dated entry."""
    incident, form = _incident(incident_id), Form(EntrySchema(), sent_form())
    if form.validate():
        told = {**form.loaded, "happened_at": _at(form.loaded["happened_at"])}
        try:
            services.add_entry(session, incident, **told, by=person().id)
            return _to(incident)
        except PROBLEMS as error:
            form.add_error(None, _why(error))
    return form_page("incidents/entry.html", form, incident=incident)


@blueprint.route("/incidents/<uuid:incident_id>/search", methods=BOTH)
@permit(MINE, fresh=True)
def search(incident_id: uuid.UUID) -> Any:
    """Find whom it concerns, and freeze the answer."""
    incident = _incident(incident_id)
    form = _search_form()
    if form.validate():
        try:
            searching.freeze(session, incident, Criteria(**form.loaded), by=person().id)
            return _to(incident)
        except PROBLEMS as error:
            form.add_error(None, _why(error))
    return form_page("incidents/search.html", form, incident=incident)


@blueprint.route("/incidents/<uuid:incident_id>/people/<uuid:person_id>", methods=BOTH)
@permit(MINE, fresh=True)
def tell(incident_id: uuid.UUID, person_id: uuid.UUID) -> Any:
    """How somebody is told safely, and the tick that she was."""
    incident = _incident(incident_id)
    one = found(people.one_concerned(session, incident, person_id, user=person()))
    form, ticks = Form(TellSchema(), sent_form()), _ticks_off(one)
    if form.validate():
        try:
            people.tell(session, incident, one, **form.loaded, by=person().id)
            return _to(incident)
        except PROBLEMS as error:
            form.add_error(None, _why(error))
    people.note_look(session, [one], user_id=person().id)
    shown = {"incident": incident, "one": one, "ticks": ticks, **_shown()}
    return form_page("incidents/tell.html", form, **shown)


@blueprint.get("/incidents/letters")
@permit(MINE)
def neutral_letters() -> str:
    """A letter in five languages that betrays nothing."""
    return render_template("incidents/letters.html", letters=letters())


@blueprint.get("/incidents/<uuid:incident_id>/report")
@permit(MINE)
def report(incident_id: uuid.UUID) -> str:
    """The report for the authority, for the printer."""
    return render_template("incidents/report.html", paper=_report(_incident(incident_id)))


@blueprint.get("/incidents/<uuid:incident_id>/report.pdf")
@permit(MINE)
def report_pdf(incident_id: uuid.UUID) -> Response:
    """The report for the authority as a PDF."""
    paper = _report(_incident(incident_id))
    pdf = as_pdf(paper, house=organisation(), lang=str(get_locale()))
    headers = {"Content-Disposition": 'attachment; filename="report.pdf"'}
    return Response(pdf, mimetype="application/pdf", headers=headers)


@blueprint.route("/incidents/<uuid:incident_id>/close", methods=BOTH)
@permit(MINE)
def close(incident_id: uuid.UUID) -> Any:
    """Close an incident with what was learned."""
    incident, form = _incident(incident_id), Form(CloseSchema(), sent_form())
    if form.validate():
        try:
            services.close(session, incident, **form.loaded, by=person().id)
            return _to(incident)
        except PROBLEMS as error:
            form.add_error(None, _why(error))
    return form_page("incidents/close.html", form, incident=incident)


def _ticks_off(one: Concerned) -> bool:
    """Whether it is hers to tick somebody off; what a guest sends goes to a page nobody has."""
    ticks = people.is_told_by(session, one, user=person())
    if sent_form() is not None and not ticks:
        abort(404)
    return ticks


def _at(moment: datetime | None) -> datetime | None:
    return on_the_clock(moment, organisation().clock)


def _why(error: Exception) -> str:
    match error:
        case AheadError():
            return str(_("This moment is still to come."))
        case IncidentClosedError():
            return str(_("This incident is closed. Open another one."))
        case NoticeMissingError():
            return str(_("Record the notice to the authority, or say why there is none."))
        case UnsafeWayError():
            return str(_("Nobody has said that it is safe to call. Choose another way."))
        case _:
            raise error


def _search_form() -> Form:
    """What a search may ask for: whom it finds tells nobody more than she reads elsewhere."""
    offered: dict[str, Any] = {}
    if reads_every_house(person()):
        if person().may(Permission.AUDIT_READ):
            # Who works in a house looks at those alone who sleep there.
            offered["looked_by"] = [(one.id, one.name) for one in colleagues(session)]
        offered["house_id"] = [(house.id, house.name) for house in all_houses(session)]
    else:
        offered["part"] = [(part, label) for part, label in PARTS.items() if part is not Part.STAYS]
    left_out = {"looked_by", "house_id"} - offered.keys()
    return Form(SearchSchema(exclude=left_out), sent_form(), choices=offered)


def _shown() -> dict[str, Any]:
    notices = _law().notices
    return {
        "clocks": lambda incident: services.clocks(incident, notices),
        "authority": cited(notices.authority),
        "kinds": KINDS,
        "entries": ENTRIES,
        "ways": WAYS,
        "now": datetime.now(UTC),
    }


def _report(incident: Incident) -> Paper:
    return authority_report(
        incident,
        people.tally(session, incident, user=person()),
        profile=_law(),
        contact=person().name,
    )


def _law() -> LegalProfile:
    return profile_for(organisation().country)


def _incident(incident_id: uuid.UUID) -> Incident:
    return found(services.get_incident(session, incident_id))


def _to(incident: Incident) -> Any:
    return redirect(url_for("incidents.show", incident_id=incident.id), 303)
