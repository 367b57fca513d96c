"""An organisation's public page."""

from flask import Blueprint, render_template
from flask_babel import get_locale

from hearth.accounts.guard import public
from hearth.giving.models import WEEK_CURRENCY, WEEK_MINOR
from hearth.giving.queries import open_funds, standings
from hearth.money import Money
from hearth.public_site.texts import text_of
from hearth.web.request import organisation, session

blueprint = Blueprint("public_site", __name__, template_folder="templates")
# A page that anybody may have open, without the house's name in its title.
EXIT_URL = "https://ya.ru/pogoda"


@blueprint.get("/")
@public
def home() -> str:
    """What happens here, for whom, what a gift does and how far we are."""
    return render_template(
        "public_site/home.html",
        text=text_of(organisation().slug),
        standings=standings(session, funds=open_funds(session)),
        week=Money(WEEK_MINOR, WEEK_CURRENCY),
        language=str(get_locale()),
        exit_url=EXIT_URL,
    )
