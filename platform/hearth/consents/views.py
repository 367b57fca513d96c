"""The pages about consents: on the family's file, and the list of what ends."""

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext as _

from hearth.accounts.guard import permit, person
from hearth.accounts.permissions import Permission
from hearth.accounts.redaction import Sees
from hearth.consents import services
from hearth.consents.models import ConsentPurpose
from hearth.consents.schemas import ASSENT, ConsentSchema, StopSchema, WithdrawSchema
from hearth.consents.services import (
    AssentNeededError,
    GuardianNeededError,
    NewConsent,
    WithdrawnError,
)
from hearth.consents.texts import text_of
from hearth.consents.words import GIVERS, MEDIA, PURPOSES
from hearth.data_classes import FieldClass
from hearth.families import services as families
from hearth.families.access import find_household
from hearth.families.knowing import known_in
from hearth.families.models import Household
from hearth.families.seen import SeenHousehold, see_household
from hearth.families.words import MEMBER_ROLES
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.formatting import reader_locale, today
from hearth.web.forms import Form
from hearth.web.request import organisation, session
from tenants.legal import profile_for

blueprint = Blueprint("consents", __name__, template_folder="templates")


@blueprint.get("/consents/")
@permit(Permission.FAMILIES_READ)
def ending() -> str:
    """What ends soon or was taken back and still has an effect; case numbers alone."""
    rows = services.to_look_at(session, user=person(), today=today())
    shown = {row.Consent.household_id for row in rows}
    families.record_numbers(session, shown, user_id=person().id, purpose="consents")
    return render_template("consents/ending.html", rows=rows, **_shown())


@blueprint.get("/families/<uuid:household_id>/consents")
@permit(Permission.FAMILIES_READ)
def index(household_id: uuid.UUID) -> str:
    """A family's consents; looking at them is a look into its file."""
    household = _household(household_id, Permission.FAMILIES_READ)
    _note_look(household)
    rows = services.consents_of(session, household.id)
    eyes = person().eyes(Permission.FAMILIES_READ)
    names = {one.person_id: one.person.full_name for one in _seen(household, eyes).members}
    return render_template(
        "consents/index.html",
        household=household,
        consents=rows,
        names=names,
        reads_words=eyes(FieldClass.FREE_TEXT),
        **_shown(),
    )


@blueprint.route("/families/<uuid:household_id>/consents/new", methods=BOTH)
@permit(Permission.FAMILIES_WRITE)
def give(household_id: uuid.UUID) -> Any:
    """Record a yes."""
    household = _household(household_id)
    form = Form(ConsentSchema(), sent_form(), _start(), choices={"person_id": _people(household)})
    if form.validate():
        try:
            _keep(household, dict(form.loaded))
            return _to(household)
        except GuardianNeededError:
            form.add_error("giver", _("For a child a parent or guardian says yes."))
        except AssentNeededError:
            form.add_error("assent", _("A child of this age is asked itself."))
    _note_look(household)
    texts = [(PURPOSES[one], text_of(one, str(reader_locale())[:2])) for one in ConsentPurpose]
    return form_page("consents/give.html", form, household=household, texts=texts)


@blueprint.route("/families/<uuid:household_id>/consents/<uuid:consent_id>/withdraw", methods=BOTH)
@permit(Permission.FAMILIES_WRITE)
def withdraw(household_id: uuid.UUID, consent_id: uuid.UUID) -> Any:
    """Take a yes back."""
    household, form = _household(household_id), Form(WithdrawSchema(), sent_form())
    consent = found(_consent(household, consent_id))
    if form.validate():
        try:
            services.withdraw(session, consent, **form.loaded, by=person().id)
            return _to(household)
        except WithdrawnError:
            form.add_error(None, _("It was taken back before."))
    _note_look(household)
    return form_page("consents/withdraw.html", form, household=household, consent=consent)


@blueprint.route("/families/<uuid:household_id>/consents/<uuid:consent_id>/stop", methods=BOTH)
@permit(Permission.FAMILIES_WRITE)
def stop(household_id: uuid.UUID, consent_id: uuid.UUID) -> Any:
    """Tick off that what rested on a yes has stopped."""
    household, form = _household(household_id), Form(StopSchema(), sent_form())
    consent = found(_consent(household, consent_id))
    if form.validate():
        try:
            services.stop(session, consent, **form.loaded, by=person().id)
            return _to(household)
        except WithdrawnError:
            form.add_error(None, _("There is nothing to stop any more."))
    _note_look(household)
    return form_page("consents/stop.html", form, household=household, consent=consent)


def _keep(household: Household, loaded: dict[str, Any]) -> None:
    services.give(
        session,
        household,
        NewConsent(**{**loaded, "assent": ASSENT[loaded["assent"]]}),
        assent_age=profile_for(organisation().country).assent_age,
        recorded_by=person().id,
        today=today(),
    )


def _people(household: Household) -> list[tuple[uuid.UUID, str]]:
    seen = _seen(household, person().eyes(Permission.FAMILIES_WRITE))
    return [
        (one.person_id, one.person.full_name or str(MEMBER_ROLES[one.role]))
        for one in seen.current_members
    ]


def _seen(household: Household, eyes: Sees) -> SeenHousehold:
    return see_household(household, eyes, known_in(session, [household.id], user=person()))


def _start() -> dict[str, Any]:
    return {"valid_from": today(), "language": organisation().staff_locale}


def _shown() -> dict[str, Any]:
    return {"purposes": PURPOSES, "givers": GIVERS, "media": MEDIA, "today": today()}


def _household(
    household_id: uuid.UUID, permission: Permission = Permission.FAMILIES_WRITE
) -> Household:
    return found(find_household(session, household_id, user=person(), permission=permission))


def _note_look(household: Household) -> None:
    families.record_read(
        session, household_id=household.id, user_id=person().id, purpose="consents"
    )


def _consent(household: Household, consent_id: uuid.UUID) -> Any:
    return services.get_consent(session, household_id=household.id, consent_id=consent_id)


def _to(household: Household) -> Any:
    return redirect(url_for("consents.index", household_id=household.id), 303)
