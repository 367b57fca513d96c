"""Pages about emergency looks: opening one case, reviewing, and the month's report."""

import uuid
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts.guard import permit, person
from hearth.accounts.permissions import Permission
from hearth.break_glass import services, shown
from hearth.break_glass.export import workbook
from hearth.break_glass.indicators import BREAK_GLASS_USES
from hearth.break_glass.models import GlassLook
from hearth.break_glass.report import MonthReport, months_on_offer, report_of
from hearth.break_glass.schemas import LookSchema, ReviewSchema
from hearth.break_glass.services import (
    NotOpenedError,
    OpenAlreadyError,
    OwnLookError,
    ReviewedAlreadyError,
    TooManyTriesError,
)
from hearth.break_glass.words import OUTCOMES, REASONS
from hearth.families.access import is_bound
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.formatting import format_month, today
from hearth.web.forms import Form
from hearth.web.paging import USUAL_SIZE, Page, asked_page, offset_of
from hearth.web.request import commit_now, organisation, session
from hearth.web.workbooks import attachment

blueprint = Blueprint("break_glass", __name__, template_folder="templates")


@blueprint.route("/break-glass/", methods=BOTH)
@permit(Permission.BREAK_GLASS, fresh=True)
def open_case() -> Any:
    """Open one closed case for an hour; others are told at once."""
    form = Form(LookSchema(), sent_form())
    if form.validate() and (household_id := _opened(form)) is not None:
        return redirect(url_for("case_file.show", household_id=household_id), 303)
    reviewed = services.is_reviewed_by_others(session, person().id)
    return form_page("break_glass/open.html", form, reviewed=reviewed)


@blueprint.get("/looks/")
@permit(Permission.BREAK_GLASS_REVIEW)
def index() -> str:
    """The looks, those that wait for a review first."""
    number = asked_page()
    looks, total = services.looks(session, limit=USUAL_SIZE, offset=offset_of(number))
    context = {"looks": looks, "page": Page(number, total), **_told_of(looks)}
    shown.note_list(session, context["numbers"], user_id=person().id)
    return render_template("break_glass/index.html", **context, words=_words())


@blueprint.route("/looks/<uuid:look_id>", methods=BOTH)
@permit(Permission.BREAK_GLASS_REVIEW)
def review(look_id: uuid.UUID) -> Any:
    """One look and what was seen; somebody other than the one who looked decides about it."""
    look = found(services.get_look(session, look_id))
    form = Form(ReviewSchema(), sent_form())
    if form.validate() and _reviewed(look, form):
        flash(_("The review is recorded."), "success")
        return redirect(url_for("break_glass.index"), 303)
    return form_page("break_glass/review.html", form, look=look, **_shown_of(look), words=_words())


@blueprint.get("/looks/report")
@permit(Permission.BREAK_GLASS_REVIEW)
def report() -> str:
    """What a month of looks came to."""
    months, asked = _asked_report()
    choices = [(f"{month:%Y-%m}", format_month(month)) for month in months]
    context = {"report": asked, "months": choices, "indicator": BREAK_GLASS_USES}
    further = is_bound(person())
    return render_template("break_glass/report.html", **context, further=further, words=_words())


@blueprint.get("/looks/report.xlsx")
@permit(Permission.BREAK_GLASS_REVIEW, also=Permission.EXPORTS, fresh=True)
def export() -> Response:
    """The month's report to take along."""
    _months, month = _asked_report()
    return attachment(workbook(month), f"emergency-looks-{month.month:%Y-%m}.xlsx")


def _opened(form: Form) -> uuid.UUID | None:
    try:
        look = services.open_case(session, person(), **form.loaded)
    except OpenAlreadyError as known:
        flash(_("This case is open to you as it is. Nothing was recorded."), "info")
        return known.household_id
    except NotOpenedError:
        # The try is counted although the answer is a refusal, which undoes all other work.
        commit_now()
        form.add_error("case_number", _("No case is opened by this number. The try is recorded."))
        return None
    except TooManyTriesError:
        form.add_error(None, _("You have tried too often. Ask a supervisor, or wait an hour."))
        return None
    flash(_("The case is open to you for one hour. Others have been told."), "warning")
    return look.household_id


def _reviewed(look: GlassLook, form: Form) -> bool:
    try:
        services.review(session, look, **form.loaded, reviewed_by=person().id)
    except OwnLookError:
        form.add_error(None, _("Somebody else has to review what you looked at."))
    except ReviewedAlreadyError:
        form.add_error(None, _("Somebody has reviewed this already."))
    else:
        return True
    return False


def _shown_of(look: GlassLook) -> dict[str, Any]:
    number = asked_page()
    reads, total = shown.reads_during(
        session, look, user=person(), limit=USUAL_SIZE, offset=offset_of(number)
    )
    told = _told_of([look])
    shown.note_review(session, look, told["numbers"], user_id=person().id)
    seen = shown.seen_during(session, look, user=person())
    return {**told, "seen": seen, "reads": reads, "page": Page(number, total)}


def _told_of(looks: list[GlassLook]) -> dict[str, Any]:
    """Which of the cases, and of the words about them, somebody may be told."""
    return {
        "numbers": shown.case_numbers(session, looks, user=person()),
        "read": shown.files_read(session, looks, user=person()),
    }


def _asked_report() -> tuple[tuple[date, ...], MonthReport]:
    timezone = organisation().timezone
    months = months_on_offer(session, timezone=timezone, today=today())
    asked = {f"{month:%Y-%m}": month for month in months}
    month = asked.get(request.args.get("month", ""), months[0])
    return months, report_of(session, month, timezone=timezone, user=person())


def _words() -> dict[str, Any]:
    return {"reason": REASONS, "outcome": OUTCOMES, "today": today()}
