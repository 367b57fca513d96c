"""The record of processing as a page, on paper and as a PDF."""

from typing import Any

from flask import Blueprint, Response, render_template
from flask_babel import get_locale
from flask_babel import gettext as _

from hearth.accounts.guard import permit
from hearth.accounts.permissions import Permission
from hearth.data_register import services
from hearth.data_register.paper import Paper, Section, as_pdf
from hearth.data_register.words import MEASURES, cited
from hearth.web.formatting import format_date, today
from hearth.web.request import organisation
from tenants.legal import profile_for

blueprint = Blueprint("data_register", __name__, template_folder="templates")


@blueprint.get("/data-protection/record")
@permit(Permission.SUBJECT_RIGHTS)
def show() -> str:
    """What we process, for what, for how long."""
    return render_template("data_register/show.html", **_record())


@blueprint.get("/data-protection/record/print")
@permit(Permission.SUBJECT_RIGHTS)
def on_paper() -> str:
    """The same for the printer."""
    return render_template("data_register/print.html", **_record())


@blueprint.get("/data-protection/record.pdf")
@permit(Permission.SUBJECT_RIGHTS)
def download() -> Response:
    """The same as a PDF."""
    pdf = as_pdf(_as_paper(), house=organisation(), lang=str(get_locale()))
    headers = {"Content-Disposition": 'attachment; filename="record-of-processing.pdf"'}
    return Response(pdf, mimetype="application/pdf", headers=headers)


def _record() -> dict[str, Any]:
    profile = profile_for(organisation().country)
    return {
        "activities": services.record_of_processing(profile),
        "measures": MEASURES,
        "profile": profile,
        "law": cited(profile.law),
    }


def _as_paper() -> Paper:
    record = _record()
    sections = [
        Section(
            heading=activity.purpose,
            pairs=[
                (_("Whose data"), "; ".join(activity.subjects)),
                (_("Which data"), "; ".join(activity.data)),
                (_("Legal ground"), "; ".join(activity.bases)),
                (_("Who receives them"), activity.recipients),
                (_("How long they are kept"), "; ".join(activity.retention)),
            ],
        )
        for activity in record["activities"]
    ]
    sections.append(Section(heading=_("How they are protected"), sentences=_sentences()))
    return Paper(
        title=_("Record of processing"),
        intro=_("Law: %(law)s", law=record["law"]),
        sections=sections,
        note=_("Made from the service's own tables on %(day)s.", day=format_date(today())),
    )


def _sentences() -> list[str]:
    return [str(measure) for measure in MEASURES]
