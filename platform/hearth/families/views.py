"""Pages about the families an organisation accompanies: the list, and the people of each family."""

import uuid
from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts.guard import permit, person
from hearth.accounts.permissions import Permission
from hearth.data_classes import FieldClass
from hearth.families import membership, services
from hearth.families.access import find_household, is_hers_to_hand_over, is_visible
from hearth.families.errors import (
    AlreadyLeftError,
    AlreadyMemberError,
    CaseClosedError,
    FamilyDatesError,
    FamilyError,
)
from hearth.families.facing import eyes_on
from hearth.families.history import history_of
from hearth.families.knowing import Knowledge, Known, as_answered, as_shown, known_in
from hearth.families.listing import (
    FamilyQuery,
    FamilySort,
    FamilyView,
    count_families,
    find_families,
    is_too_long_to_sort,
)
from hearth.families.membership import PersonDetails
from hearth.families.models import Household, HouseholdMember
from hearth.families.schemas import (
    FormerMemberSchema,
    KeyWorkerSchema,
    LeaveSchema,
    MemberSchema,
    SearchSchema,
    person_answers,
    say_date_problem,
)
from hearth.families.seen import see_household, see_member
from hearth.families.vocabulary import MemberRole
from hearth.families.words import MEMBER_ROLES, age, date_problem, former_person
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.formatting import today
from hearth.web.forms import Form
from hearth.web.paging import USUAL_SIZE, Page, asked_page, offset_of
from hearth.web.request import session

blueprint = Blueprint("families", __name__, template_folder="templates")


@blueprint.get("/families/")
@permit(Permission.FAMILIES_READ)
def index() -> str:
    """The families, those who are accompanied now first."""
    return _list(_query(), asked_page(), Form(SearchSchema()))


@blueprint.post("/families/")
@permit(Permission.FAMILIES_READ)
def search() -> Any:
    """The families in which somebody has this name; a name never becomes part of an address."""
    form = Form(SearchSchema(), request.form)
    if not form.validate():
        return _list(FamilyQuery(), 1, form), 422
    return _list(FamilyQuery(view=FamilyView.ALL, text=form.loaded["text"]), 1, form)


@blueprint.route("/families/<uuid:household_id>/members/new", methods=BOTH)
@permit(Permission.FAMILIES_WRITE)
def add_member(household_id: uuid.UUID) -> Any:
    """Add somebody to a family."""
    household = _household(household_id)
    usual = {**person_answers(PersonDetails()), "joined_on": today(), "role": MemberRole.CHILD}
    form = Form(MemberSchema(), sent_form(), usual)
    if form.validate():
        try:
            _join(household, form.loaded)
        except FamilyError as error:
            _say_why(form, error)
        else:
            flash(_("The family has one member more."), "success")
            return _to_file(household)
    return form_page("families/add_member.html", form, household=household)


@blueprint.route("/families/<uuid:household_id>/members/<uuid:member_id>/correct", methods=BOTH)
@permit(Permission.FAMILIES_WRITE)
def correct_member(household_id: uuid.UUID, member_id: uuid.UUID) -> Any:
    """Correct what is recorded about somebody; what stood before is kept."""
    household, member = _household(household_id), _member(household_id, member_id)
    known = _demand_the_whole_person(member)
    schema = FormerMemberSchema() if member.left_on else MemberSchema()
    form = Form(schema, sent_form(), _answers(member, known))
    if form.validate():
        try:
            _correct(member, form.loaded, known)
        except FamilyError as error:
            _say_why(form, error)
        else:
            _say_corrected(member, form.loaded.person)
            return _to_file(household)
    return form_page("families/correct_member.html", form, household=household, member=member)


@blueprint.route("/families/<uuid:household_id>/members/<uuid:member_id>/leave", methods=BOTH)
@permit(Permission.FAMILIES_WRITE)
def member_leaves(household_id: uuid.UUID, member_id: uuid.UUID) -> Any:
    """Record that somebody belongs to the family no longer."""
    household, member = _household(household_id), _member(household_id, member_id)
    form = Form(LeaveSchema(), sent_form(), {"left_on": today()})
    if form.validate():
        try:
            membership.leave(session, member, **form.loaded, recorded_by=person().id, today=today())
        except FamilyError as error:
            _say_why(form, error)
        else:
            flash(_("It is recorded that this person has left the family."), "success")
            return _to_file(household)
    shown = see_member(member, person().eyes(Permission.FAMILIES_WRITE), _known(member))
    return form_page("families/member_leaves.html", form, household=household, member=shown)


@blueprint.get("/families/<uuid:household_id>/members/<uuid:member_id>/history")
@permit(Permission.FAMILIES_READ)
def member_history(household_id: uuid.UUID, member_id: uuid.UUID) -> str:
    """What was recorded about somebody before it was corrected."""
    household = _household(household_id, Permission.FAMILIES_READ)
    member, sees = _member(household_id, member_id), person().eyes(Permission.FAMILIES_READ)
    known = _known(member)
    history = history_of(session, member, known.about(household_id, member.person_id))
    return render_template(
        "families/member_history.html",
        household=household,
        member=see_member(member, sees, known),
        history=history,
        memberships=[see_member(one, sees, known) for one in history.memberships],
        words={"role": MEMBER_ROLES, "person": partial(former_person, sees=sees)},
    )


@blueprint.route("/families/<uuid:household_id>/key-worker", methods=BOTH)
@permit(Permission.FAMILIES_WRITE)
def change_key_worker(household_id: uuid.UUID) -> Any:
    """Let somebody else accompany the family."""
    household = _reached(household_id)
    form = Form(
        KeyWorkerSchema(),
        sent_form(),
        {"from_on": today()},
        choices={"user_id": services.possible_key_workers(session, household.id)},
    )
    if form.validate():
        try:
            services.assign_key_worker(session, household, **vars(form.loaded), today=today())
        except FamilyError as error:
            _say_why(form, error)
        else:
            flash(_("From now on somebody else accompanies this family."), "success")
            return _to_file(household) if _still_sees(household) else _to_list()
    return form_page("families/change_key_worker.html", form, household=household)


def _list(query: FamilyQuery, number: int, form: Form) -> str:
    user, through = person(), Permission.FAMILIES_READ
    households, total = find_families(
        session, query, user=user, limit=USUAL_SIZE, offset=offset_of(number)
    )
    shown = [one.id for one in households]
    eyes = eyes_on(session, shown, user=user, permission=through)
    known = known_in(session, shown, user=user)
    purpose = "search" if query.text else "list"
    services.record_listed(session, households, user_id=person().id, purpose=purpose)
    return render_template(
        "families/index.html",
        households=[see_household(one, eyes[one.id], known) for one in households],
        page=Page(number, total),
        query=query,
        too_long_to_sort=is_too_long_to_sort(query, total),
        search=form,
        counts=count_families(session, user=user),
        words={"role": MEMBER_ROLES, "age": age, "today": today()},
    )


def _join(household: Household, answers: Any) -> None:
    joining = membership.add_person(session, answers.person, today=today())
    membership.join(
        session,
        household,
        joining,
        role=answers.role,
        joined_on=answers.joined_on,
        recorded_by=person().id,
        today=today(),
    )


def _correct(member: HouseholdMember, answers: Any, known: Known) -> None:
    membership.correct_membership(
        session,
        member,
        role=answers.role,
        joined_on=answers.joined_on,
        left_on=answers.left_on,
        leaving_reason=answers.leaving_reason,
        recorded_by=person().id,
        today=today(),
    )
    membership.correct_person(
        session,
        member.person,
        as_answered(member.person, answers.person, known),
        corrected_by=person().id,
        today=today(),
        household_id=member.household_id,
    )


def _say_corrected(member: HouseholdMember, answered: PersonDetails) -> None:
    flash(_("The correction is recorded. What stood before is kept."), "success")
    if answered.safe_to_call and not member.person.safe_to_call:
        flash(
            _(
                "How to reach this person has changed. Ask whether it is safe to call now, and"
                " record the answer; until then it is not known."
            ),
            "warning",
        )


def _answers(member: HouseholdMember, known: Known) -> dict[str, Any]:
    return {
        **person_answers(as_shown(member.person, known)),
        "role": member.role,
        "joined_on": member.joined_on,
        "left_on": member.left_on,
        "leaving_reason": member.leaving_reason,
    }


def _say_why(form: Form, error: FamilyError) -> None:
    match error:
        case FamilyDatesError():
            say_date_problem(form, error.field, date_problem(error.problem))
        case CaseClosedError():
            form.add_error(None, _("This family's case is closed. Open it anew first."))
        case AlreadyMemberError():
            form.add_error(
                "joined_on", _("This person belongs to the family already at that time.")
            )
        case AlreadyLeftError():
            form.add_error(
                None, _("Somebody changed this entry meanwhile. Look at the family's file first.")
            )
        case _:
            raise error


def _query() -> FamilyQuery:
    asked = request.args
    return FamilyQuery(
        view=_one_of(FamilyView, asked.get("view"), FamilyView.OPEN),
        sort=_one_of(FamilySort, asked.get("sort"), FamilySort.NUMBER),
        ascending=asked.get("order") == "ascending",
    )


def _one_of(kind: Any, code: str | None, otherwise: Any) -> Any:
    return kind(code) if code in set(kind) else otherwise


def _household(
    household_id: uuid.UUID, permission: Permission = Permission.FAMILIES_WRITE
) -> Household:
    user = person()
    household = found(find_household(session, household_id, user=user, permission=permission))
    services.record_read(session, household_id=household.id, user_id=user.id, purpose="members")
    return household


def _reached(household_id: uuid.UUID) -> Household:
    """A family that is hers to hand over: what was opened to a guest would stay open to her."""
    write, user = Permission.FAMILIES_WRITE, person()
    hers = is_hers_to_hand_over(session, household_id, user=user, permission=write)
    return _household(found(household_id if hers else None))


def _demand_the_whole_person(member: HouseholdMember) -> Known:
    """A form shows what it changes: whoever may not read all of it may not correct it either.

    Nor does anybody correct a person whom a family has now that she does not see.
    """
    sees = person().eyes(Permission.FAMILIES_WRITE)
    shown = (FieldClass.IDENTITY, FieldClass.CONTACT, FieldClass.CASEWORK)
    if not all(sees(one) for one in shown):
        abort(403)
    known = _known(member).about(member.household_id, member.person_id)
    if known.is_elsewhere:
        abort(404)
    return known


def _still_sees(household: Household) -> bool:
    return is_visible(session, household.id, user=person(), permission=Permission.FAMILIES_READ)


def _member(household_id: uuid.UUID, member_id: uuid.UUID) -> HouseholdMember:
    return found(membership.get_member(session, household_id=household_id, member_id=member_id))


def _known(member: HouseholdMember) -> Knowledge:
    return known_in(session, [member.household_id], user=person())


def _to_list() -> Response:
    return redirect(url_for("families.index"), 303)


def _to_file(household: Household) -> Response:
    return redirect(url_for("case_file.show", household_id=household.id), 303)
