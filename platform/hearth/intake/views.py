"""Pages about referrals: the list, taking one down, and deciding what becomes of it."""

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts.guard import permit, person
from hearth.accounts.permissions import Permission
from hearth.audit.services import Reader, readers_of_referral
from hearth.data_classes import FieldClass
from hearth.families.access import find_household, is_visible, may_reopen
from hearth.families.errors import FamilyDatesError, FamilyError
from hearth.families.knowing import known_in
from hearth.families.listing import FamilyQuery, FamilyView, find_families
from hearth.families.models import Household
from hearth.families.names import search_key
from hearth.families.schemas import say_date_problem
from hearth.families.seen import SeenHousehold, see_household
from hearth.families.services import lock, record_listed
from hearth.families.words import MEMBER_ROLES, NEEDS, age, date_problem
from hearth.intake import services
from hearth.intake.listing import ReferralQuery, ReferralView, count_referrals, find_referrals
from hearth.intake.models import Referral
from hearth.intake.opening import opening_form
from hearth.intake.schemas import DeclineSchema, ReferralSchema, SearchSchema
from hearth.intake.seen import find_referral, see_referral, see_referrals
from hearth.intake.services import ReferralDecidedError
from hearth.intake.vocabulary import Channel, ReferralState
from hearth.intake.words import CHANNELS, REASONS, SOURCES, STATES, URGENCIES
from hearth.sealing.markers import Unreadable
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.formatting import today
from hearth.web.forms import Form
from hearth.web.paging import USUAL_SIZE, Page, asked_page, offset_of
from hearth.web.request import session

WRITE = Permission.FAMILIES_WRITE
blueprint = Blueprint("intake", __name__, template_folder="templates")
WORDS = {
    "source": SOURCES,
    "channel": CHANNELS,
    "urgency": URGENCIES,
    "state": STATES,
    "reason": REASONS,
    "need": NEEDS,
    "role": MEMBER_ROLES,
}


@blueprint.get("/referrals/")
@permit(Permission.REFERRALS_READ)
def index() -> str:
    """The referrals, those that wait first."""
    return _list(_query(), asked_page(), Form(SearchSchema()))


@blueprint.post("/referrals/")
@permit(Permission.REFERRALS_READ)
def search() -> Any:
    """The referrals that name somebody; a name never becomes part of an address."""
    form = Form(SearchSchema(), request.form)
    if not form.validate():
        return _list(ReferralQuery(), 1, form), 422
    return _list(ReferralQuery(view=ReferralView.ALL, text=form.loaded["text"]), 1, form)


@blueprint.route("/referrals/new", methods=BOTH)
@permit(Permission.REFERRALS_WRITE)
def take() -> Any:
    """Take a referral down."""
    form = Form(
        ReferralSchema(), sent_form(), {"channel": Channel.PHONE, "safe_to_call": "unknown"}
    )
    if form.validate():
        referral = services.take_referral(
            session, form.loaded, received_at=datetime.now(UTC), received_by=person().id
        )
        flash(_("The referral is taken down. Decide now, or come back to it."), "success")
        return _to_referral(referral)
    return form_page("intake/take.html", form)


@blueprint.get("/referrals/<uuid:referral_id>")
@permit(Permission.REFERRALS_READ)
def show(referral_id: uuid.UUID) -> str:
    """One referral, and the families it may be about."""
    referral = _looked_at(referral_id)
    return render_template(
        "intake/show.html",
        referral=see_referral(session, referral, person()),
        opens_family=_opens_family(referral),
        households=_perhaps_known(referral),
        may_accept=_may_accept,
        readers=_readers(referral),
        words={**WORDS, "age": age, "today": today()},
    )


@blueprint.route("/referrals/<uuid:referral_id>/open", methods=BOTH)
@permit(Permission.FAMILIES_WRITE)
def open_family(referral_id: uuid.UUID) -> Any:
    """Accept a referral by opening a family."""
    referral = _looked_at(referral_id)
    if not referral.is_waiting:
        return _decided_already(referral)
    opening = opening_form(see_referral(session, referral, person()), sent_form())
    if "add_child" not in request.form and opening.form.validate():
        try:
            return _open(referral, opening.form)
        except ReferralDecidedError:
            return _decided_already(referral)
        except FamilyError as error:
            _say_why(opening.form, error)
    return form_page("intake/open_family.html", opening.form, opening=opening, referral=referral)


@blueprint.post("/referrals/<uuid:referral_id>/known/<uuid:household_id>")
@permit(Permission.FAMILIES_WRITE)
def accept_for_known_family(referral_id: uuid.UUID, household_id: uuid.UUID) -> Response:
    """Accept a referral of a family we know already."""
    referral, household = _referral(referral_id), _known_family(household_id)
    try:
        services.accept_for_known_family(
            session, referral, household, decided_by=person().id, today=today()
        )
    except ReferralDecidedError:
        return _decided_already(referral)
    flash(_("The referral now belongs to this family's case, which is open."), "success")
    return redirect(url_for("case_file.show", household_id=household.id), 303)


@blueprint.route("/referrals/<uuid:referral_id>/decline", methods=BOTH)
@permit(Permission.REFERRALS_WRITE)
def decline(referral_id: uuid.UUID) -> Any:
    """Decide not to open a case, and say why."""
    referral = _looked_at(referral_id, Permission.REFERRALS_WRITE)
    form = Form(DeclineSchema(), sent_form(), {"state": ReferralState.DECLINED})
    if not referral.is_waiting:
        return _decided_already(referral)
    if form.validate():
        try:
            services.decline(session, referral, **vars(form.loaded), decided_by=person().id)
        except ReferralDecidedError:
            return _decided_already(referral)
        flash(_("The decision is recorded. Please tell those who asked."), "success")
        return _to_referral(referral)
    return form_page("intake/decline.html", form, referral=referral)


def _list(query: ReferralQuery, number: int, form: Form) -> str:
    user = person()
    referrals, total = find_referrals(
        session, query, user=user, limit=USUAL_SIZE, offset=offset_of(number)
    )
    services.record_listed(session, referrals, user_id=user.id)
    return render_template(
        "intake/index.html",
        referrals=see_referrals(session, referrals, user),
        page=Page(number, total),
        query=query,
        search=form,
        counts=count_referrals(session, user=user),
        words=WORDS,
    )


def _open(referral: Referral, form: Form) -> Response:
    household = services.open_family(
        session, referral, **vars(form.loaded), opened_by=person().id, today=today()
    )
    flash(_("The family's case is open, and you accompany it."), "success")
    return redirect(url_for("case_file.show", household_id=household.id), 303)


def _decided_already(referral: Referral) -> Response:
    flash(_("The decision about this referral has been taken already."), "info")
    return _to_referral(referral)


def _say_why(form: Form, error: FamilyError) -> None:
    if not isinstance(error, FamilyDatesError):
        raise error
    say_date_problem(form, error.field, date_problem(error.problem))


def _referral(
    referral_id: uuid.UUID, permission: Permission = Permission.REFERRALS_READ
) -> Referral:
    return found(find_referral(session, referral_id, user=person(), permission=permission))


def _looked_at(
    referral_id: uuid.UUID, permission: Permission = Permission.REFERRALS_READ
) -> Referral:
    referral = _referral(referral_id, permission)
    services.record_read(session, referral, user_id=person().id)
    return referral


def _opens_family(referral: Referral) -> bool:
    known, through = referral.household_id, Permission.FAMILIES_READ
    return known is not None and is_visible(session, known, user=person(), permission=through)


def _readers(referral: Referral) -> list[Reader] | None:
    """Who looked before it belonged to a family, for those who see the looks at files."""
    user = person()
    trusted = user.may(Permission.AUDIT_READ) or user.may(Permission.BREAK_GLASS_REVIEW)
    return readers_of_referral(session, referral.id) if trusted else None


def _perhaps_known(referral: Referral) -> list[SeenHousehold]:
    """Families with a member of the mother's name, among those this person may write in."""
    user = person()
    # Who is found would tell whoever does not read the name what it is.
    name = see_referral(session, referral, user).mother_name
    # A name without a letter to look for would find everybody, and one that is locked nobody.
    if not referral.is_waiting or not search_key(name) or isinstance(name, Unreadable):
        return []
    if not user.sees(FieldClass.IDENTITY, WRITE):
        return []
    query = FamilyQuery(view=FamilyView.ALL, text=name)
    households, _total = find_families(
        session, query, user=user, permission=WRITE, limit=5, offset=0
    )
    record_listed(session, households, user_id=user.id, purpose="search")
    known = known_in(session, [one.id for one in households], user=user)
    return [see_household(household, user.eyes(WRITE), known) for household in households]


def _known_family(household_id: uuid.UUID) -> Household:
    """A family for which a referral is hers to accept, held until that is done."""
    household = found(find_household(session, household_id, user=person(), permission=WRITE))
    lock(session, household)
    return found(household if _may_accept(household) else None)


def _may_accept(household: Household | SeenHousehold) -> bool:
    """Whether a referral of a family is hers to accept: no guest opens its case anew by it."""
    return household.is_open or may_reopen(session, household.id, user=person())


def _query() -> ReferralQuery:
    view = request.args.get("view", "")
    known = view in set(ReferralView)
    return ReferralQuery(view=ReferralView(view) if known else ReferralView.WAITING)


def _to_referral(referral: Referral) -> Response:
    return redirect(url_for("intake.show", referral_id=referral.id), 303)
