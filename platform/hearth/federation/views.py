"""Pages for federation staff: the board of figures, its definitions, and the workbook."""

from typing import Any

from flask import Blueprint, Response, jsonify, render_template
from flask_babel import get_locale
from flask_babel import gettext as _

from hearth.accounts.guard import permit
from hearth.accounts.permissions import Permission
from hearth.aggregates.catalogue import PUBLISHED
from hearth.aggregates.limits import LARGEST_DONOR_PERCENT, TWO_LARGEST_DONORS_PERCENT, Base
from hearth.federation import presentation
from hearth.federation.export import as_data, workbook
from hearth.federation.services import Board, Region, published_months, read_board
from hearth.web.forms import Form
from hearth.web.months import RangeSchema, asked_range, range_in_words, show_range
from hearth.web.workbooks import attachment
from tenants.context import reader_session, runtime

blueprint = Blueprint("federation", __name__, template_folder="templates")


@blueprint.get("/numbers/")
@permit(Permission.FEDERATION_NUMBERS)
def numbers() -> Any:
    """Show families served, bed nights and gifts by region and month."""
    form, board = _asked_for()
    page = render_template(
        "federation/numbers.html",
        form=form,
        board=board,
        figures=presentation.key_figures(board),
        drawn=presentation.draw(board),
        range=range_in_words(board.months) if board.months else "",
    )
    return page, 422 if form.errors else 200


@blueprint.get("/numbers/definitions/")
@permit(Permission.FEDERATION_NUMBERS)
def definitions() -> str:
    """Say what each figure counts and how it was protected."""
    return render_template(
        "federation/definitions.html",
        indicators=PUBLISHED,
        rounded=presentation.rounded_in_words(Base.FEDERATION),
        one_donor=LARGEST_DONOR_PERCENT / 100,
        two_donors=TWO_LARGEST_DONORS_PERCENT / 100,
    )


@blueprint.get("/numbers/hearth-numbers.xlsx")
@permit(Permission.FEDERATION_NUMBERS, also=Permission.EXPORTS, fresh=True)
def export() -> Response:
    """Hand out the figures of the page as a workbook."""
    _form, board = _asked_for()
    return attachment(workbook(board), "hearth-numbers.xlsx")


@blueprint.get("/api/v1/numbers")
@permit(Permission.FEDERATION_NUMBERS, programs=True)
def api() -> tuple[Response, int]:
    """The same protected figures for a program; `since` and `until` choose the months."""
    form, board = _asked_for()
    return jsonify(as_data(board)), 422 if form.errors else 200


def _asked_for() -> tuple[Form, Board]:
    """Read the range from the address; what cannot be read leaves the usual range and says so."""
    with reader_session() as session:
        form, chosen = asked_range(RangeSchema(), published_months(session, PUBLISHED))
        board = read_board(
            session,
            indicators=PUBLISHED,
            regions=_regions(),
            since=chosen.since,
            until=chosen.until,
            elsewhere=_("Former members"),
        )
    show_range(form, board.months)
    return form, board


def _regions() -> list[Region]:
    """Every organisation's region; two in one region are told apart by their own names."""
    locale = str(get_locale())
    organisations = runtime().registry.all_active()
    names = [organisation.region(locale) for organisation in organisations]
    return [
        Region(
            organisation.schema_name,
            name if names.count(name) == 1 else f"{name} – {organisation.name(locale)}",
        )
        for organisation, name in zip(organisations, names, strict=True)
    ]
