"""The pages "ends soon" and "legal holds"."""

import uuid
from collections.abc import Sequence
from typing import Any, TypeVar

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from hearth.accounts.guard import permit, person
from hearth.accounts.permissions import Permission
from hearth.accounts.services import names_of
from hearth.data_records import SubjectKind
from hearth.data_register.words import GROUPS
from hearth.families.access import is_bound
from hearth.retention import services
from hearth.retention.models import Answer, RetentionNotice
from hearth.retention.schemas import AnswerSchema, HoldSchema, LiftSchema
from hearth.retention.services import AnsweredError
from hearth.subject_rights import holds as standing_holds
from hearth.subject_rights import reading, subjects
from hearth.subject_rights.erasure import SamePersonError
from hearth.subject_rights.holds import NotStandingError
from hearth.subject_rights.models import LegalHold
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.formatting import today
from hearth.web.forms import Form
from hearth.web.request import session

blueprint = Blueprint("retention", __name__, template_folder="templates")
MINE = Permission.RETENTION_MANAGE
Row = TypeVar("Row", RetentionNotice, LegalHold)


@blueprint.get("/data-protection/ends-soon/")
@permit(MINE)
def index() -> str:
    """Whose data have served their time, the next end first."""
    notices = _shown(services.waiting(session))
    kept = _shown(services.kept(session, today=today()))
    services.note_looks(session, [*notices, *kept], user_id=person().id)
    ids = {one.subject_id for one in notices}
    return render_template(
        "retention/index.html",
        notices=notices,
        kept=kept,
        further=is_bound(person()),
        held={hold.subject_id for hold in standing_holds.standing(session, ids, on=today())},
        name=_name,
        words=_words,
        groups=GROUPS,
        hers=_decided_by_her(notices),
    )


@blueprint.route("/data-protection/ends-soon/<uuid:notice_id>", methods=BOTH)
@permit(MINE, fresh=True)
def answer(notice_id: uuid.UUID) -> Any:
    """Keep something longer, or let it go."""
    notice = found(_hers(services.get_notice(session, notice_id)))
    form = Form(AnswerSchema(), sent_form())
    if form.validate():
        try:
            services.answer(session, notice, **_answered(form.loaded), by=person().id)
            flash(_("Your decision is recorded."), "success")
            return redirect(url_for("retention.index"), 303)
        except AnsweredError:
            form.add_error(None, _("This has been decided already."))
        except SamePersonError:
            form.add_error(None, _("Somebody else has to decide: you asked for it yourself."))
    services.note_looks(session, [notice], user_id=person().id)
    return form_page("retention/answer.html", form, notice=notice, name=_name, groups=GROUPS)


@blueprint.get("/data-protection/holds/")
@permit(MINE)
def holds() -> str:
    """Every hold that stands."""
    rows = _shown(standing_holds.standing(session, on=today()))
    services.note_looks(session, rows, user_id=person().id)
    staff = names_of(session, {hold.set_by for hold in rows})
    context = {"staff": staff, "name": _name, "words": _words, "hers": _decided_by_her(rows)}
    return render_template(
        "retention/holds.html", holds=rows, further=is_bound(person()), **context
    )


@blueprint.route("/data-protection/holds/new", methods=BOTH)
@permit(MINE)
def hold() -> Any:
    """Let nothing about a family or a donor end."""
    form = Form(HoldSchema(), sent_form())
    if form.validate():
        number, rest = form.loaded.pop("number"), form.loaded
        if subject := _subject_by(number):
            kind, subject_id = subject
            standing_holds.set_hold(
                session, kind=kind, subject_id=subject_id, **rest, set_by=person().id
            )
            return redirect(url_for("retention.holds"), 303)
        form.add_error("number", _("No case and no gift has this number."))
    return form_page("retention/hold.html", form)


@blueprint.route("/data-protection/holds/<uuid:hold_id>/lift", methods=BOTH)
@permit(MINE)
def lift(hold_id: uuid.UUID) -> Any:
    """End a hold; the clocks count again."""
    standing = found(_hers(session.get(LegalHold, hold_id)))
    form = Form(LiftSchema(), sent_form())
    if form.validate():
        try:
            standing_holds.lift_hold(session, standing, **form.loaded, lifted_by=person().id)
            return redirect(url_for("retention.holds"), 303)
        except NotStandingError:
            form.add_error(None, _("This hold was lifted before."))
    services.note_looks(session, [standing], user_id=person().id)
    return form_page("retention/lift.html", form, hold=standing, name=_name, words=_words)


def _answered(loaded: dict[str, Any]) -> dict[str, Any]:
    # An end that was typed before somebody chose to let go means nothing.
    return loaded if loaded["answer"] is Answer.KEEP else {**loaded, "keep_until": None}


def _subject_by(number: str) -> tuple[SubjectKind, uuid.UUID] | None:
    family = subjects.family_by_number(
        session, number, user=person(), permission=MINE, to_decide=True
    )
    if family:
        return SubjectKind.HOUSEHOLD, family.id
    gift = subjects.gift_by_reference(session, number, user=person())
    return (SubjectKind.DONOR, gift.donor_id) if gift and gift.donor_id else None


def _shown(rows: Sequence[Row]) -> list[Row]:
    """The rows about those who are entrusted to whoever asks."""
    about = [(row.subject_kind, row.subject_id) for row in rows]
    hidden = subjects.hidden_among(session, about, user=person(), permission=MINE)
    return [row for row in rows if row.subject_id not in hidden]


def _hers(row: Row | None) -> Row | None:
    """The row, to somebody who decides about it for good."""
    return row if row and _decided_by_her([row]) else None


def _decided_by_her(rows: Sequence[Row]) -> set[uuid.UUID]:
    about = {(row.subject_kind, row.subject_id) for row in rows}
    others = subjects.hidden_among(session, about, user=person(), permission=MINE, to_decide=True)
    return {subject_id for _kind, subject_id in about} - others


def _words(row: Row) -> str | None:
    kind, subject_id = row.subject_kind, row.subject_id
    known = reading.reads_words(session, kind, subject_id, user=person())
    return row.reason if known else None


def _name(kind: SubjectKind, subject_id: uuid.UUID) -> str:
    return reading.called(session, kind, subject_id, user=person())
