"""The pages about requests: taking one, its steps, the redaction queue, the file, the erasure."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask_babel import LazyString, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema

from hearth.accounts.guard import permit, person
from hearth.accounts.permissions import Permission
from hearth.accounts.services import names_of
from hearth.data_records import SubjectKind
from hearth.families.access import is_bound
from hearth.files.handing import address_of
from hearth.subject_rights import certificates as certificates_of
from hearth.subject_rights import (
    correction,
    disclosure,
    erasure,
    papers,
    reading,
    services,
    subjects,
)
from hearth.subject_rights.erasure_plan import preview
from hearth.subject_rights.gathering import Told
from hearth.subject_rights.labels import names_told
from hearth.subject_rights.models import SubjectRequest
from hearth.subject_rights.presentation import page_of, say_why, words, words_of
from hearth.subject_rights.schemas import (
    ClosingSchema,
    CorrectionSchema,
    DecisionSchema,
    ErasureSchema,
    IdentitySchema,
    NoteSchema,
    RequestSchema,
    SafetySchema,
    StartSchema,
    VerdictSchema,
)
from hearth.subject_rights.subjects import Subject
from hearth.subject_rights.vocabulary import Step
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.formatting import today
from hearth.web.forms import Form
from hearth.web.request import organisation, session
from tenants.legal import LegalProfile, profile_for

blueprint = Blueprint("subject_rights", __name__, template_folder="templates")
MINE = Permission.SUBJECT_RIGHTS
PROBLEMS = (
    services.RequestError,
    disclosure.StillToReadError,
    disclosure.ChangedError,
    disclosure.SealedNoteError,
    disclosure.ShownBeforeError,
    reading.NotReadError,
    erasure.ObstacleError,
    erasure.SamePersonError,
    erasure.DecidedError,
)


@blueprint.get("/data-protection/")
@permit(MINE)
def index() -> str:
    """Requests that wait, the most pressing first, and those that were answered."""
    waiting = subjects.entrusted_among(session, services.open_requests(session), user=person())
    answered = services.answered_requests(session, user=person())
    return render_template(
        "subject_rights/index.html",
        waiting=waiting,
        answered=answered,
        further=is_bound(person()),
        words=words(),
        today=today(),
    )


@blueprint.route("/data-protection/requests/new", methods=BOTH)
@permit(MINE)
def start() -> Any:
    """Find whom a request is about, by a number alone."""
    form = Form(StartSchema(), sent_form())
    if form.validate():
        number = form.loaded["number"]
        if family := subjects.family_by_number(session, number, user=person(), permission=MINE):
            return redirect(url_for("subject_rights.choose", household_id=family.id), 303)
        if gift := subjects.gift_by_reference(session, number, user=person()):
            return redirect(url_for("subject_rights.ask_as_donor", gift_id=gift.id), 303)
        form.add_error("number", _("No case and no gift has this number."))
    return form_page("subject_rights/start.html", form)


@blueprint.get("/data-protection/families/<uuid:household_id>")
@permit(MINE)
def choose(household_id: uuid.UUID) -> str:
    """The people of a family, to say about whom it is."""
    family = found(subjects.subject_of(session, SubjectKind.HOUSEHOLD, household_id))
    _refuse_others(family)
    people = subjects.members_entrusted(session, household_id, user=person())
    subjects.note_look(session, family.kind, family.id, user_id=person().id)
    return render_template(
        "subject_rights/choose.html",
        family=family,
        people=reading.as_read(session, people, user=person()),
        further=is_bound(person()),
    )


@blueprint.route("/data-protection/families/<uuid:household_id>/<uuid:person_id>", methods=BOTH)
@permit(MINE)
def ask(household_id: uuid.UUID, person_id: uuid.UUID) -> Any:
    """Take a request about somebody in a family."""
    people = subjects.members_of(session, household_id)
    return _take(found(next((one for one in people if one.id == person_id), None)))


@blueprint.route("/data-protection/gifts/<uuid:gift_id>", methods=BOTH)
@permit(MINE)
def ask_as_donor(gift_id: uuid.UUID) -> Any:
    """Take a request about a donor."""
    donor_id = found(subjects.donor_of_gift(session, gift_id))
    return _take(found(subjects.subject_of(session, SubjectKind.DONOR, donor_id)))


@blueprint.route("/data-protection/colleagues/<uuid:user_id>", methods=BOTH)
@permit(MINE)
def ask_as_colleague(user_id: uuid.UUID) -> Any:
    """Take a request about a member of staff."""
    return _take(found(subjects.subject_of(session, SubjectKind.STAFF, user_id)))


@blueprint.get("/data-protection/requests/<uuid:request_id>")
@permit(MINE)
def show(request_id: uuid.UUID) -> str:
    """One request with its clock, its steps and what can be done next."""
    request = _request(request_id)
    kind, subject_id = request.subject_kind, request.subject_id
    subjects.note_look(session, kind, subject_id, user_id=person().id)
    return render_template("subject_rights/show.html", **page_of(session, request, person()))


@blueprint.route("/data-protection/requests/<uuid:request_id>/identity", methods=BOTH)
@permit(MINE)
def identity(request_id: uuid.UUID) -> Any:
    """Record how it was made sure who asks."""

    def record(request: SubjectRequest, *, proof: Any, certain: bool, note: str | None) -> None:
        step = Step.IDENTITY_CONFIRMED if certain else Step.IDENTITY_DOUBTFUL
        told = " – ".join(part for part in (str(words()["proof"][proof]), note) if part)
        services.take_step(session, request, step, by=person().id, note=told)

    return _step(request_id, IdentitySchema(), record, _l("Who asks"))


@blueprint.route("/data-protection/requests/<uuid:request_id>/safety", methods=BOTH)
@permit(MINE)
def safety(request_id: uuid.UUID) -> Any:
    """Record whether an answer could bring somebody into danger."""

    def record(request: SubjectRequest, *, step: str, note: str) -> None:
        services.take_step(session, request, Step(step), by=person().id, note=note)

    return _step(request_id, SafetySchema(), record, _l("Safeguarding check"))


@blueprint.route("/data-protection/requests/<uuid:request_id>/extend", methods=BOTH)
@permit(MINE)
def extend(request_id: uuid.UUID) -> Any:
    """Take more time, once, with a reason."""

    def record(request: SubjectRequest, *, note: str) -> None:
        services.extend(session, request, by=person().id, note=note, profile=_law())

    return _step(request_id, NoteSchema(), record, _l("More time"))


@blueprint.route("/data-protection/requests/<uuid:request_id>/correct", methods=BOTH)
@permit(MINE, fresh=True)
def correct(request_id: uuid.UUID) -> Any:
    """Correct something; what stood there stays beside it."""

    def record(request: SubjectRequest, **right: str) -> None:
        reading.correct(session, request, **right, user=person(), today=today())

    return _step(request_id, CorrectionSchema(), record, _l("Correct something"))


@blueprint.route("/data-protection/requests/<uuid:request_id>/restrict", methods=BOTH)
@permit(MINE)
def restrict(request_id: uuid.UUID) -> Any:
    """Stop the uses somebody objects to."""

    def record(request: SubjectRequest, *, note: str) -> None:
        correction.stop_uses(session, request, note=note, by=person().id)

    return _step(request_id, NoteSchema(), record, _l("Stop uses"))


@blueprint.route("/data-protection/requests/<uuid:request_id>/renew", methods=BOTH)
@permit(MINE)
def renew(request_id: uuid.UUID) -> Any:
    """Let the file be handed out once more."""

    def record(request: SubjectRequest, *, note: str) -> None:
        services.take_step(session, request, Step.EXPORT_RENEWED, by=person().id, note=note)

    return _step(request_id, NoteSchema(), record, _l("Make the file anew"))


@blueprint.route("/data-protection/requests/<uuid:request_id>/close", methods=BOTH)
@permit(MINE)
def close(request_id: uuid.UUID) -> Any:
    """End a request with its answer."""

    def record(request: SubjectRequest, *, outcome: str, note: str) -> None:
        services.take_step(session, request, Step(outcome), by=person().id, note=note)

    return _step(request_id, ClosingSchema(), record, _l("Answer the request"))


@blueprint.post("/data-protection/requests/<uuid:request_id>/prepare")
@permit(MINE, fresh=True)
def prepare(request_id: uuid.UUID) -> Any:
    """Gather everything and fill the redaction queue."""
    request = _request(request_id)
    try:
        disclosure.prepare(session, request, by=person().id)
    except (services.RequestError, disclosure.ShownBeforeError) as error:
        flash(say_why(error), "warning")
        return _to(request)
    return redirect(url_for("subject_rights.queue", request_id=request.id), 303)


@blueprint.get("/data-protection/requests/<uuid:request_id>/queue")
@permit(MINE, fresh=True)
def queue(request_id: uuid.UUID) -> str:
    """What may tell of others, entry by entry; looking at it is a look into the file."""
    request = _request(request_id)
    entries = reading.queue_read_by(session, request, person())
    return render_template(
        "subject_rights/queue.html",
        request=request,
        entries=entries,
        further=is_bound(person()),
        words=words_of(session, entries),
    )


@blueprint.route(
    "/data-protection/requests/<uuid:request_id>/queue/<uuid:disclosure_id>", methods=BOTH
)
@permit(MINE, fresh=True)
def decide(request_id: uuid.UUID, disclosure_id: uuid.UUID) -> Any:
    """Give one entry out or keep it back."""
    request = _request(request_id)
    entry = found(reading.find_entry(session, request, disclosure_id, person()))
    form = Form(DecisionSchema(), sent_form(), {"decision": disclosure.leaning(entry)})
    if form.validate():
        try:
            reading.decide(session, request, entry, **form.loaded, user=person())
            return redirect(url_for("subject_rights.queue", request_id=request.id), 303)
        except PROBLEMS as error:
            form.add_error(None, say_why(error))
    read = reading.entry_read_by(session, request, entry, person())
    mark, said = disclosure.mark_of_entry(session, request, entry), words_of(session, [read])
    context = {"request": request, "read": read, "read_mark": mark, "words": said}
    return form_page("subject_rights/decide.html", form, **context)


@blueprint.get("/data-protection/requests/<uuid:request_id>/queue/<uuid:disclosure_id>/paper")
@permit(MINE, fresh=True)
def open_paper(request_id: uuid.UUID, disclosure_id: uuid.UUID) -> Any:
    """Lead to the paper that an entry is about by a link that works once, for a minute."""
    request = _request(request_id)
    entry = found(reading.find_entry(session, request, disclosure_id, person()))
    read = reading.entry_read_by(session, request, entry, person())
    if read.paper is None or not read.paper.opens:
        abort(404)
    return redirect(address_of(read.paper.file_id), 303)


@blueprint.route("/data-protection/requests/<uuid:request_id>/file", methods=BOTH)
@permit(MINE, also=Permission.EXPORTS, fresh=True)
def hand_out(request_id: uuid.UUID) -> Any:
    """Show the file once: one answer that holds it, and a step that says so."""
    request, form = _hers(request_id), Form(Schema(), sent_form())
    if form.validate():
        try:
            told = reading.hand_out(session, request, user=person())
            return _zip(told)
        except PROBLEMS as error:
            form.add_error(None, say_why(error))
    return form_page("subject_rights/hand_out.html", form, request=request)


@blueprint.route("/data-protection/requests/<uuid:request_id>/erasure", methods=BOTH)
@permit(MINE)
def propose(request_id: uuid.UUID) -> Any:
    """See what an erasure would do, and ask a second person to decide."""
    request = _request(request_id)
    form = Form(ErasureSchema(), sent_form())
    if form.validate():
        try:
            erasure.propose(session, request, **form.loaded, asked_by=person().id)
            flash(_("A second person has to decide about it now."), "success")
            return _to(request)
        except PROBLEMS as error:
            form.add_error(None, say_why(error))
    return form_page("subject_rights/propose.html", form, **_plan(request))


@blueprint.route(
    "/data-protection/requests/<uuid:request_id>/erasure/<uuid:proposal_id>", methods=BOTH
)
@permit(MINE, fresh=True)
def approve(request_id: uuid.UUID, proposal_id: uuid.UUID) -> Any:
    """Decide about an erasure that a colleague asked for."""
    request = _request(request_id)
    proposal = found(erasure.proposal_of(session, request, proposal_id))
    form, law = Form(VerdictSchema(), sent_form()), _law()
    if form.validate():
        try:
            erasure.decide(
                session, proposal, **form.loaded, by=person().id, profile=law, today=today()
            )
            return _to(request)
        except PROBLEMS as error:
            form.add_error(None, say_why(error))
    return form_page("subject_rights/approve.html", form, proposal=proposal, **_plan(request))


@blueprint.get("/data-protection/erasures/")
@permit(MINE)
def certificates() -> str:
    """Everything that was erased."""
    return render_template(
        "subject_rights/certificates.html",
        certificates=certificates_of.latest(session, user=person()),
        further=is_bound(person()),
        words=words(),
    )


@blueprint.get("/data-protection/erasures/<uuid:certificate_id>.pdf")
@permit(MINE)
def certificate(certificate_id: uuid.UUID) -> Response:
    """The certificate of one erasure."""
    made = found(certificates_of.one_of_them(session, certificate_id, user=person()))
    mark = certificates_of.mark_told(session, made)
    counts = certificates_of.counts_told(session, made, user=person())
    names = names_of(session, {one for one in (made.asked_by, made.approved_by) if one})
    pdf = papers.certificate_pdf(
        made, counts=counts, mark=mark, house=organisation(), lang=str(get_locale()), names=names
    )
    headers = {"Content-Disposition": 'attachment; filename="certificate.pdf"'}
    return Response(pdf, mimetype="application/pdf", headers=headers)


def _take(subject: Subject) -> Any:
    _refuse_others(subject)
    form = Form(RequestSchema(), sent_form(), {"received_on": today()})
    if form.validate():
        request = services.take_request(
            session, subject, **form.loaded, received_by=person().id, profile=_law()
        )
        return _to(request)
    subjects.note_look(session, subject.kind, subject.id, user_id=person().id)
    (read,) = reading.as_read(session, [subject], user=person())
    return form_page("subject_rights/ask.html", form, subject=read)


def _step(
    request_id: uuid.UUID, schema: Schema, record: Callable[..., None], title: LazyString
) -> Any:
    request = _hers(request_id)
    form = Form(schema, sent_form())
    if form.validate():
        try:
            record(request, **form.loaded)
        except PROBLEMS as error:
            form.add_error(None, say_why(error))
        else:
            return _to(request)
    return form_page("subject_rights/step.html", form, request=request, heading=title)


def _zip(told: list[Told]) -> Response:
    packed = papers.file_about(
        told,
        house=organisation(),
        profile=_law(),
        lang=str(get_locale()),
        made_at=datetime.now(UTC),
        names=names_told(session, told),
    )
    headers = {"Content-Disposition": 'attachment; filename="data.zip"'}
    return Response(packed, mimetype="application/zip", headers=headers)


def _plan(request: SubjectRequest) -> dict[str, Any]:
    subjects.note_look(session, request.subject_kind, request.subject_id, user_id=person().id)
    plan = preview(
        session,
        request.subject_kind,
        request.subject_id,
        whole_family=request.whole_family,
        profile=_law(),
        today=today(),
        but=request.id,
    )
    told = reading.own_words(session, request, user=person())
    goes = reading.what_goes(session, request, plan, user=person())
    return {"request": request, "plan": plan, "goes": goes, "told": told, "words": words()}


def _law() -> LegalProfile:
    return profile_for(organisation().country)


def _request(request_id: uuid.UUID, *, to_decide: bool = False) -> SubjectRequest:
    """A request to read; to whoever sends something, one about which she decides."""
    request = found(services.get_request(session, request_id))
    kind, subject_id = request.subject_kind, request.subject_id
    decides = to_decide or sent_form() is not None
    if not subjects.is_entrusted(session, kind, subject_id, user=person(), to_decide=decides):
        abort(404)
    return request


def _hers(request_id: uuid.UUID) -> SubjectRequest:
    return _request(request_id, to_decide=True)


def _refuse_others(subject: Subject) -> None:
    if not subjects.is_entrusted(session, subject.kind, subject.id, user=person()):
        abort(404)


def _to(request: SubjectRequest) -> Any:
    return redirect(url_for("subject_rights.show", request_id=request.id), 303)
