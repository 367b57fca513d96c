"""Pages of the records: who looked at a family, and the organisation's log."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for

from hearth.accounts.guard import permit, person
from hearth.accounts.permissions import Permission
from hearth.audit.services import Look
from hearth.audit.signing import sign
from hearth.families.access import find_entrusted, find_household
from hearth.families.models import Household
from hearth.records import services
from hearth.records.export import workbook
from hearth.records.hashes import newest_told
from hearth.records.lines import Line
from hearth.records.presentation import (
    action_in_words,
    facts_in_words,
    page_of,
    purpose_in_words,
)
from hearth.records.schemas import EventsSchema, LooksSchema
from hearth.records.services import MOST_EXPORTED, MOST_PRINTED, Wanted
from hearth.web.answers import form_page, found
from hearth.web.forms import Form
from hearth.web.paging import USUAL_SIZE, Page, asked_page, offset_of
from hearth.web.request import organisation, session
from hearth.web.workbooks import attachment
from tenants.context import runtime

blueprint = Blueprint("records", __name__, template_folder="templates")
FILTERS = ("user_id", "since", "until", "action", "case_number", "lists")


@blueprint.get("/families/<uuid:household_id>/who-looked")
@permit(Permission.FAMILIES_WRITE)
def who_looked(household_id: uuid.UUID) -> Any:
    """Who looked at a family, for the colleague who accompanies it."""
    return _looks(found(_own_family(household_id)), "records.who_looked")


@blueprint.get("/records/families/<uuid:household_id>")
@permit(Permission.AUDIT_READ)
def family(household_id: uuid.UUID) -> Any:
    """Who looked at a family, for those whom the records are entrusted to."""
    return _looks(found(_entrusted(household_id)), "records.family")


@blueprint.get("/records/referrals/<uuid:referral_id>")
@permit(Permission.AUDIT_READ)
def referral(referral_id: uuid.UUID) -> Any:
    """Who looked at a referral while it belonged to no family, which may be for good."""
    about = found(services.entrusted_referral(session, referral_id, user=person()))
    services.note_look_at_referral(session, about, user=person())
    return _looks_page(
        partial(services.looks_at_referral, session, about),
        _urls("records.referral", referral_id=about.id),
        referral=about,
    )


@blueprint.get("/records/")
@permit(Permission.AUDIT_READ)
def index() -> Any:
    """Everything that was done in this organisation, the newest first."""
    form, wanted = _asked(EventsSchema())
    number = asked_page()
    lines, total = _lines(wanted, limit=USUAL_SIZE, offset=offset_of(number))
    context = {"lines": lines, "page": Page(number, total), "active": wanted.number}
    return form_page("records/index.html", form, **context, words=_words(), export=_export_url())


@blueprint.get("/records/records.xlsx")
@permit(Permission.AUDIT_READ, also=Permission.EXPORTS, fresh=True)
def export() -> Any:
    """The events that the page shows, to take along; that they were taken is recorded."""
    _form, wanted = _asked(EventsSchema())
    lines, total = _lines(wanted, limit=MOST_EXPORTED)
    services.record_export(session, wanted, len(lines))
    return attachment(workbook(lines, total), "records.xlsx")


@blueprint.get("/records/head")
@permit(Permission.AUDIT_READ)
def head() -> str:
    """The newest event with a signature, to be printed and kept in a drawer."""
    newest = newest_told(session, user=person())
    signed = newest and sign(
        runtime().settings,
        organisation=organisation().schema_name,
        seq=newest.seq,
        head=newest.hash,
    )
    return render_template("records/head.html", head=signed)


def _lines(wanted: Wanted, *, limit: int, offset: int = 0) -> tuple[list[Line], int]:
    user, clock = person(), organisation().clock
    lines, total = services.log_lines(
        session, wanted, user=user, clock=clock, limit=limit, offset=offset
    )
    services.note_look(session, wanted, lines, user=user)
    return lines, total


def _own_family(household_id: uuid.UUID) -> Household | None:
    permission = Permission.FAMILIES_WRITE
    return find_household(session, household_id, user=person(), permission=permission)


def _entrusted(household_id: uuid.UUID) -> Household | None:
    permission = Permission.AUDIT_READ
    return find_entrusted(session, household_id, user=person(), permission=permission)


def _looks(household: Household, endpoint: str) -> Any:
    if not services.may_see_looks(person(), household):
        abort(404)
    services.note_look_at(session, household.id, user=person())
    return _looks_page(
        partial(services.looks_at, session, household, user=person()),
        _urls(endpoint, household_id=household.id),
        household=household,
    )


def _looks_page(
    looks_at: Callable[..., tuple[list[Look], int]], urls: dict[str, str], **about: Any
) -> Any:
    form, wanted = _asked(LooksSchema())
    on_paper = request.args.get("print") == "yes"
    number = 1 if on_paper else asked_page()
    looks, total = looks_at(
        wanted,
        clock=organisation().clock,
        limit=MOST_PRINTED if on_paper else USUAL_SIZE,
        offset=offset_of(number),
    )
    page = "records/paper.html" if on_paper else "records/who_looked.html"
    context = {"looks": looks, "page": Page(number, total), "active": wanted.number}
    return form_page(page, form, **about, **context, urls=urls, words=_words())


def _asked(schema: EventsSchema | LooksSchema) -> tuple[Form, Wanted]:
    asked = request.args if set(FILTERS) & request.args.keys() else None
    form = Form(schema, asked, choices={"user_id": services.people_of_staff(session)})
    return form, Wanted(**form.loaded) if form.validate() else Wanted()


def _urls(endpoint: str, **about: uuid.UUID) -> dict[str, str]:
    shown: dict[str, Any] = dict(about)
    return {
        "clear": url_for(endpoint, **shown),
        "paper": url_for(endpoint, **{**_kept(), **shown, "print": "yes"}),
    }


def _export_url() -> str:
    return url_for("records.export", **_kept())


def _kept() -> dict[str, Any]:
    return {name: request.args[name] for name in FILTERS if name in request.args}


def _words() -> dict[str, Any]:
    return {
        "action": action_in_words,
        "facts": facts_in_words,
        "purpose": purpose_in_words,
        "page": lambda line: page_of(line, person()),
    }
