"""The page with an organisation's own figures, and the same figures as a workbook."""

from typing import Any

from flask import Blueprint, jsonify

from hearth.accounts.guard import permit
from hearth.accounts.permissions import Permission
from hearth.figures.export import as_data, workbook
from hearth.figures.presentation import show
from hearth.figures.schemas import OwnRangeSchema
from hearth.figures.services import Report, months_on_offer, read_report
from hearth.web.answers import form_page
from hearth.web.formatting import today
from hearth.web.forms import Form
from hearth.web.months import asked_range, show_range
from hearth.web.request import organisation, session
from hearth.web.workbooks import attachment

blueprint = Blueprint("figures", __name__, template_folder="templates")


@blueprint.get("/figures/")
@permit(Permission.NUMBERS_READ)
def index() -> Any:
    """Show the key figures and how they went month by month."""
    return _page(*_asked_for())


@blueprint.get("/figures/our-figures.xlsx")
@permit(Permission.NUMBERS_READ, also=Permission.EXPORTS, fresh=True)
def export() -> Any:
    """Hand out the figures of the page; a range that cannot be read is explained instead."""
    form, report = _asked_for()
    return attachment(workbook(report), "our-figures.xlsx") if report else _page(form, None)


@blueprint.get("/api/v1/figures")
@permit(Permission.NUMBERS_READ, programs=True)
def api() -> Any:
    """The same figures for a program; `since` and `until` choose the months."""
    form, report = _asked_for()
    if report is None:
        return jsonify(figures=[], errors=form.errors.get("since", [])), 422 if form.errors else 200
    return jsonify(as_data(report))


def _asked_for() -> tuple[Form, Report | None]:
    timezone, day = organisation().timezone, today()
    offered = months_on_offer(session, timezone=timezone, today=day)
    if not offered:
        return Form(OwnRangeSchema()), None
    form, chosen = asked_range(OwnRangeSchema(), offered)
    if form.errors:
        return form, None
    report = read_report(
        session,
        offered=offered,
        timezone=timezone,
        today=day,
        since=chosen.since,
        until=chosen.until,
    )
    show_range(form, report.months)
    return form, report


def _page(form: Form, report: Report | None) -> Any:
    return form_page("figures/index.html", form, shown=show(report) if report else None)
