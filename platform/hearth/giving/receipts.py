"""Sets the PDF that confirms a gift."""

import json
from dataclasses import asdict
from functools import cache
from importlib import resources

import typst
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hearth.clock import day_of, organisation_of
from hearth.giving.models import Gift
from hearth.web.formatting import format_date, format_money
from hearth.web.palette import palette


def receipt(session: Session, *, gift: Gift) -> bytes:
    """The confirmation of a gift that has been received, in the language that is in force.

    A name in letters that no font here can draw is left out rather than printed as empty boxes.
    """
    try:
        return _set(_words(session, gift, name=gift.donor_name))
    except typst.TypstError:
        return _set(_words(session, gift, name=None))


def _words(session: Session, gift: Gift, *, name: str | None) -> dict[str, object]:
    house = organisation_of(session)
    rows = [
        (_("Receipt number"), gift.reference),
        (_("Received on"), format_date(day_of(session, gift.received_at or gift.given_at))),
        (_("Amount"), format_money(gift.money)),
        (_("For"), gift.fund.title(gift.locale)),
        (_("Received by"), house.name(gift.locale)),
    ]
    if name:
        rows.insert(0, (_("Given by"), name))
    return {
        **asdict(palette(house.theme)),
        "lang": gift.locale,
        "organisation": house.name(gift.locale),
        "title": _("Confirmation of your gift"),
        "intro": _("We have received your gift. Thank you."),
        "rows": rows,
        "note": _("This page confirms that a gift was received. It is not a tax certificate."),
    }


def _set(data: dict[str, object]) -> bytes:
    template = (resources.files("hearth.giving") / "receipt.typ").read_bytes()
    pdf = typst.compile(
        template,
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(data)},
        format="pdf",
        pdf_standards="ua-1",
    )
    if not isinstance(pdf, bytes):
        raise TypeError("a receipt is one document")
    return pdf


@cache
def _fonts() -> typst.Fonts:
    # The embedded serif draws Latin and Cyrillic; the system's fonts help with names in any other
    # script, where there are any.
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True)
