"""The list of organisations, for somebody who typed the address without a region."""

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask_babel import get_locale

from hearth.accounts.guard import public
from tenants.context import runtime

blueprint = Blueprint("directory", __name__, template_folder="templates")


@dataclass(frozen=True)
class Entry:
    """One organisation as a visitor sees it."""

    name: str
    region: str
    url: str


@blueprint.get("/organisations/")
@public
def index() -> str:
    """Every active organisation with its region and address."""
    return render_template("directory/index.html", entries=_entries(str(get_locale())))


def _entries(locale: str) -> list[Entry]:
    known = runtime()
    return [
        Entry(
            name=organisation.name(locale),
            region=organisation.region(locale),
            url=known.settings.origin(f"{organisation.slug}.{known.settings.base_domain}") + "/",
        )
        for organisation in known.registry.all_active()
    ]
