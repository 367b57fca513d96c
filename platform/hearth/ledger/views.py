"""The journal: what was booked in a month, and what stands on each account at its end."""

from datetime import timedelta

from flask import Blueprint, render_template, request

from hearth.accounts.guard import permit
from hearth.accounts.permissions import Permission
from hearth.indicators import Period
from hearth.ledger import services
from hearth.ledger.schemas import JournalSchema
from hearth.ledger.words import account_name, transaction_kind
from hearth.web.formatting import today
from hearth.web.forms import Form
from hearth.web.paging import USUAL_SIZE, Page, asked_page, offset_of
from hearth.web.request import organisation, session

blueprint = Blueprint("ledger", __name__, template_folder="templates")
blueprint.add_app_template_filter(account_name)
blueprint.add_app_template_filter(transaction_kind)


@blueprint.get("/ledger/")
@permit(Permission.LEDGER_READ)
def journal() -> str:
    """One month of the journal, newest first."""
    form, month = _month()
    number, last_on = asked_page(), month.ends_on - timedelta(days=1)
    transactions, total = services.journal(
        session,
        from_on=month.starts_on,
        to_on=last_on,
        offset=offset_of(number),
        limit=USUAL_SIZE,
    )
    balances = sorted(services.balances(session, until=last_on).items())
    page = Page(number, total)
    context = {"transactions": transactions, "balances": balances, "page": page, "form": form}
    return render_template("ledger/journal.html", **context, month=month.starts_on, until=last_on)


def _month() -> tuple[Form, Period]:
    form = Form(JournalSchema(), request.args)
    day = (form.loaded or {}).get("month") if form.validate() else None
    day = day or today()
    return form, Period.month(day.year, day.month, organisation().timezone)
