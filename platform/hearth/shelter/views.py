"""Pages of the houses: who is in tonight, admission, the stay, departure; houses and places."""

import uuid
from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from hearth.accounts.guard import permit, person, refuse
from hearth.accounts.permissions import Permission
from hearth.accounts.policy import ROLE_PERMISSIONS
from hearth.audit import services as audit
from hearth.data_classes import FieldClass
from hearth.families.access import find_household, is_visible, permissions_on
from hearth.families.models import Household
from hearth.families.services import record_read
from hearth.shelter import houses as house_register
from hearth.shelter import occupancy, schemas, services
from hearth.shelter import workplaces as work
from hearth.shelter.decisions import names_read
from hearth.shelter.forms import (
    admission_form,
    decided,
    departure_form,
    extension_form,
    move_form,
    why_not_closed,
)
from hearth.shelter.models import House, Place, Stay
from hearth.shelter.place_closing import ClosingTooEarlyError, SleptInUnseenError
from hearth.shelter.place_closing import close_place as close_the_place
from hearth.shelter.seen import (
    SeenStay,
    find_stay,
    houses_that_bind,
    see_persons,
    see_stay,
    seen_houses,
    seen_tonight,
)
from hearth.shelter.story import story_of
from hearth.shelter.visiting import Decide, as_guest, houses_closed_to, houses_closed_to_longer
from hearth.shelter.words import DESTINATIONS, END_REASONS, HOUSE_KINDS, PLACE_KINDS
from hearth.staff.placing import NotYoursToPlaceError, ToOneselfError, placeable
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.formatting import format_date, today
from hearth.web.forms import Form
from hearth.web.request import session

WRITE = Permission.SHELTER_WRITE
blueprint = Blueprint("shelter", __name__, template_folder="templates")


@blueprint.get("/shelter/")
@permit(Permission.SHELTER_READ)
def tonight() -> str:
    """Who is in the houses tonight, and which places are free."""
    houses = seen_tonight(session, today(), user=person())
    guests = [guest.person.id for one in houses for f in one.families for guest in f.guests]
    audit.record_read(
        session, user_id=person().id, purpose="tonight", person_ids=guests, number=len(guests)
    )
    return render_template("shelter/tonight.html", houses=houses, today=today())


@blueprint.route("/families/<uuid:household_id>/admit", methods=BOTH)
@permit(Permission.SHELTER_WRITE)
def admit(household_id: uuid.UUID) -> Any:
    """Admit a family: who comes, from when until when, and where each of them sleeps."""
    user = person()
    household = _family(household_id)
    record_read(session, household_id=household.id, user_id=user.id, purpose="admission")
    form = admission_form(session, household, sent_form(), today(), user)
    admission = partial(services.admit_family, session, household_id=household.id, **_who())
    closed = houses_closed_to(session, household.id, user=user)
    decide = as_guest(session, closed, lambda wanted: admission(**vars(wanted)))
    if stay := decided(session, form, decide, user):
        flash(_("The family is admitted."), "success")
        return redirect(url_for("shelter.show_stay", stay_id=stay.id), 303)
    return form_page("shelter/admit.html", form, household=household)


@blueprint.get("/shelter/stays/<uuid:stay_id>")
@permit(Permission.SHELTER_READ)
def show_stay(stay_id: uuid.UUID) -> str:
    """One stay: who sleeps where, until when, and what was decided."""
    stay, user = _stay(stay_id, Permission.SHELTER_READ), person()
    _note_look(stay)
    shown, persons = see_stay(session, stay, user=user), see_persons(session, stay, user=user)
    places = occupancy.place_names(session, shown.houses)
    names = names_read(session, shown, user=user)
    notes = user.sees(FieldClass.FREE_TEXT, Permission.SHELTER_READ)
    return render_template(
        "shelter/stay.html",
        stay=stay,
        shown=shown,
        household=session.get(Household, stay.household_id),
        allows=permissions_on(session, stay.household_id, user=user),
        may_write=find_stay(session, stay_id, user=user, permission=WRITE) is not None,
        persons=persons,
        place_names=places,
        events=story_of(shown, persons=persons, places=places, names=names, notes=notes),
        words={"reason": END_REASONS, "destination": DESTINATIONS},
        today=today(),
    )


@blueprint.route("/shelter/stays/<uuid:stay_id>/extend", methods=BOTH)
@permit(Permission.SHELTER_WRITE)
def extend(stay_id: uuid.UUID) -> Any:
    """Agree a new day of leaving."""
    stay = _stay(stay_id)
    _note_look(stay)
    form = extension_form(stay, sent_form())
    extension = partial(services.extend_stay, session, stay, houses=_bounds(stay), **_who())
    if decided(session, form, _no_longer(stay, lambda wanted: extension(**wanted)), person()):
        flash(_("Agreed until %(day)s.", day=format_date(stay.planned_until)), "success")
        return redirect(url_for("shelter.show_stay", stay_id=stay.id), 303)
    return form_page("shelter/extend.html", form, stay=stay, shown=_shown(stay))


@blueprint.route("/shelter/stays/<uuid:stay_id>/move/<uuid:person_id>", methods=BOTH)
@permit(Permission.SHELTER_WRITE)
def move(stay_id: uuid.UUID, person_id: uuid.UUID) -> Any:
    """Let one of the family sleep in another place."""
    stay = _stay(stay_id)
    guest = found(see_persons(session, stay, user=person(), permission=WRITE).get(person_id))
    _note_look(stay)
    houses = _bounds(stay)
    form = move_form(session, sent_form(), today(), houses, person())
    moving = partial(services.move, session, stay, person_id=guest.id, houses=houses, **_who())
    closed = houses_closed_to(session, stay.household_id, user=person())
    decide = as_guest(session, closed, lambda wanted: moving(**vars(wanted)), stay)
    if decided(session, form, decide, person()):
        flash(_("The new place is written down."), "success")
        return redirect(url_for("shelter.show_stay", stay_id=stay.id), 303)
    return form_page("shelter/move.html", form, stay=stay, person=guest)


@blueprint.route("/shelter/stays/<uuid:stay_id>/end", methods=BOTH)
@permit(Permission.SHELTER_WRITE)
def end(stay_id: uuid.UUID) -> Any:
    """Record that a family left, or correct what was recorded about it."""
    stay = _stay(stay_id)
    _note_look(stay)
    shown, notes = _shown(stay), person().sees(FieldClass.FREE_TEXT, WRITE)
    form = departure_form(shown, sent_form(), today(), notes=notes)
    kept = {"keep_note": not notes, "keep_end": not shown.knows_end}
    how = {**_who(), **kept, "houses": _bounds(stay)}
    departure = partial(services.end_stay, session, stay, **how)
    if decided(session, form, _no_longer(stay, lambda wanted: departure(**wanted)), person()):
        flash(_("The stay has ended. The places are free again."), "success")
        return redirect(url_for("shelter.show_stay", stay_id=stay.id), 303)
    return form_page("shelter/end.html", form, stay=stay, shown=shown)


@blueprint.get("/shelter/houses")
@permit(Permission.SHELTER_READ)
def houses() -> str:
    """Every house with its places; for its staff, their own."""
    return render_template(
        "shelter/houses.html",
        houses=seen_houses(session, user=person()),
        house_kinds=HOUSE_KINDS,
        place_kinds=PLACE_KINDS,
        today=today(),
    )


@blueprint.route("/shelter/houses/new", methods=BOTH)
@permit(Permission.HOUSES_MANAGE)
def add_house() -> Any:
    """Open a house."""
    form = Form(schemas.HouseSchema(), sent_form(), {"open_from": today()})
    if form.validate():
        try:
            house_register.open_house(session, **form.loaded)
        except house_register.NameTakenError:
            form.add_error("name", _("Another house has this name. Choose a different one."))
        else:
            flash(_("The house is open. Add its places now."), "success")
            return redirect(url_for("shelter.houses"), 303)
    return form_page("shelter/add_house.html", form)


@blueprint.route("/shelter/houses/<uuid:house_id>/places/new", methods=BOTH)
@permit(Permission.HOUSES_MANAGE)
def add_place(house_id: uuid.UUID) -> Any:
    """Add a bed or a cot to a house."""
    house = found(session.get(House, house_id))
    begin = max(house.open_from, today())
    form = Form(schemas.PlaceSchema(), sent_form(), {"open_from": begin})
    if form.validate():
        try:
            house_register.open_place(session, house, **form.loaded)
        except house_register.NameTakenError:
            form.add_error("name", _("This house has a place of this name. Choose another name."))
        else:
            flash(_("The place is added."), "success")
            return redirect(url_for("shelter.houses"), 303)
    return form_page("shelter/add_place.html", form, house=house)


@blueprint.route("/shelter/places/<uuid:place_id>/close", methods=BOTH)
@permit(Permission.HOUSES_MANAGE)
def close_place(place_id: uuid.UUID) -> Any:
    """Let nobody sleep in a place from a day on."""
    place = found(session.get(Place, place_id))
    form = Form(schemas.ClosePlaceSchema(), sent_form(), {"open_to": place.open_to or today()})
    if form.validate():
        try:
            close_the_place(session, place, **form.loaded, user=person(), today=today())
        except (ClosingTooEarlyError, SleptInUnseenError) as error:
            form.add_error("open_to", why_not_closed(error))
        else:
            flash(_("The place is closed from then on."), "success")
            return redirect(url_for("shelter.houses"), 303)
    return form_page("shelter/close_place.html", form, place=place)


@blueprint.get("/colleagues/houses/")
@permit(Permission.ROLES_MANAGE)
def workplaces() -> str:
    """The houses, each with a page about who works there."""
    return render_template("shelter/workplaces.html", houses=house_register.all_houses(session))


@blueprint.route("/colleagues/houses/<uuid:house_id>", methods=BOTH)
@permit(Permission.ROLES_MANAGE, fresh=True)
def workplace(house_id: uuid.UUID) -> Any:
    """Who works in a house, and who begins there."""
    house, me = found(session.get(House, house_id)), person()
    possible = work.possible_workers(session, house_id, actor=me)
    form = Form(schemas.WorkerSchema(), sent_form(), choices={"user_id": possible})
    if form.validate():
        work.begin_work(session, house_id=house_id, **form.loaded, actor=me)
        flash(_("Your colleague works in this house now."), "success")
        return redirect(url_for("shelter.workplace", house_id=house_id), 303)
    workers = work.workers_of(session, house_id)
    reach = placeable(session, [one.user for one in workers], me)
    return form_page("shelter/workplace.html", form, house=house, workers=workers, reach=reach)


@blueprint.post("/colleagues/houses/<uuid:house_id>/workers/<uuid:user_id>/end")
@permit(Permission.ROLES_MANAGE, fresh=True)
def end_work(house_id: uuid.UUID, user_id: uuid.UUID) -> Any:
    """Let a colleague work in a house no longer."""
    worker = found(work.worker_in(session, house_id=house_id, user_id=user_id))
    try:
        work.end_work(session, worker, actor=person())
        flash(_("Your colleague no longer works in this house."), "success")
    except (ToOneselfError, NotYoursToPlaceError):
        refuse(Permission.ROLES_MANAGE)
    return redirect(url_for("shelter.workplace", house_id=house_id), 303)


def _family(household_id: uuid.UUID) -> Household:
    """A family that may be admitted by whoever asks, who must know in which houses she does it.

    Where a role of hers is made to read files, this is a page about one that she reads.
    """
    user, reads = person(), Permission.FAMILIES_READ
    knows = user.sees(FieldClass.LOCATION, WRITE)
    household = find_household(session, household_id, user=user, permission=WRITE)
    if any(reads in ROLE_PERMISSIONS[one] for one in user.roles):
        knows = knows and is_visible(session, household_id, user=user, permission=reads)
    return found(household if knows else None)


def _stay(stay_id: uuid.UUID, permission: Permission = WRITE) -> Stay:
    return found(find_stay(session, stay_id, user=person(), permission=permission))


def _bounds(stay: Stay) -> frozenset[uuid.UUID] | None:
    return houses_that_bind(session, stay, user=person(), permission=WRITE)


def _shown(stay: Stay) -> SeenStay:
    return see_stay(session, stay, user=person(), permission=WRITE)


def _no_longer(stay: Stay, decide: Decide) -> Decide:
    closed = houses_closed_to_longer(session, stay, user=person())
    return as_guest(session, closed, decide, stay)


def _note_look(stay: Stay) -> None:
    record_read(session, household_id=stay.household_id, user_id=person().id, purpose="stay")


def _who() -> dict[str, Any]:
    return {"recorded_by": person().id, "today": today()}
