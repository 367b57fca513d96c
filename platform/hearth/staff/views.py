"""The administrator's pages about colleagues: accounts, roles and teams."""

import uuid
from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts import approving
from hearth.accounts.approving import NotYoursToApproveError
from hearth.accounts.entering import name_is_taken, reset_lately
from hearth.accounts.factors import ResetLatelyError
from hearth.accounts.guard import permit, person, refuse
from hearth.accounts.invitations import waiting_invitations
from hearth.accounts.models import User
from hearth.accounts.names import NameTakenError
from hearth.accounts.permissions import PERMISSION_LABELS, Permission, Role
from hearth.accounts.policy import FIELD_LABELS, SCOPE_LABELS
from hearth.accounts.policy_models import Team
from hearth.staff import roles as register
from hearth.staff import services
from hearth.staff import teams as team_register
from hearth.staff.leaving import families_accompanied
from hearth.staff.placing import NotYoursToPlaceError, ToOneselfError, placeable
from hearth.staff.role_forms import OwnRoleSchema, narrow_form, rules_of
from hearth.staff.roles import NotYoursToGiveError, RoleInUse, RoleNameTakenError
from hearth.staff.schemas import (
    ChangedColleagueSchema,
    NewColleagueSchema,
    TeamMemberSchema,
    TeamSchema,
)
from hearth.staff.services import (
    AlreadyAcceptedError,
    EmailTakenError,
    LastAdministratorError,
)
from hearth.staff.teams import TeamNameTakenError
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.forms import Form
from hearth.web.request import organisation, session

blueprint = Blueprint("staff", __name__, template_folder="templates")


@blueprint.get("/colleagues/")
@permit(Permission.USERS_MANAGE)
def index() -> str:
    """Everybody with an account here."""
    colleagues = services.colleagues(session)
    return render_template(
        "staff/index.html",
        colleagues=colleagues,
        within_reach=register.within_reach(session, person(), colleagues),
        names={role.code: role.name for role in register.roles_in_use(session)},
        invited=waiting_invitations(session),
    )


@blueprint.route("/colleagues/new", methods=BOTH)
@permit(Permission.USERS_MANAGE, fresh=True)
def add() -> Any:
    """Invite a new colleague."""
    start = {"locale": organisation().staff_locale}
    form = Form(NewColleagueSchema(), sent_form(), start, choices={"roles": _offered()})
    if form.validate():
        try:
            services.invite_colleague(session, **asdict(form.loaded), actor=person())
            flash(_("An invitation is on its way. Its link works for three days."), "success")
            return redirect(url_for("staff.index"), 303)
        except EmailTakenError:
            form.add_error("email", _("Somebody signs in with this address already."))
        except NameTakenError:
            form.add_error("name", name_is_taken())
    return form_page("staff/add.html", form)


@blueprint.route("/colleagues/<uuid:user_id>", methods=BOTH)
@permit(Permission.USERS_MANAGE, fresh=True)
def change(user_id: uuid.UUID) -> Any:
    """Change what a colleague is here, or close the account."""
    user = _within_reach(user_id)
    form = Form(
        ChangedColleagueSchema(), sent_form(), _as_it_is(user), choices={"roles": _offered(user)}
    )
    if form.validate():
        try:
            services.change_colleague(session, user, **asdict(form.loaded), actor=person())
            flash(_("The account has been changed."), "success")
            return redirect(url_for("staff.index"), 303)
        except NameTakenError:
            form.add_error("name", name_is_taken())
        except LastAdministratorError:
            form.add_error(None, _("Somebody must stay who can open and close accounts."))
        except NotYoursToGiveError:
            form.add_error("roles", _("One of these roles is not yours to give or to take."))
    return form_page("staff/change.html", form, colleague=user, **_known_of(user))


def _known_of(user: User) -> dict[str, Any]:
    """How many families she accompanies, and whether the reader may confirm what she was given."""
    return {
        "accompanied": families_accompanied(session, user.id),
        "may_approve": user.is_waiting and person().id in approving.approvers(session, user),
    }


@blueprint.post("/colleagues/<uuid:user_id>/invitation")
@permit(Permission.USERS_MANAGE, fresh=True)
def invite_again(user_id: uuid.UUID) -> Any:
    """Send a fresh invitation to somebody who has not chosen a password yet."""
    user = _within_reach(user_id)
    try:
        services.invite_again(session, user, actor=person())
        flash(_("An invitation is on its way. Its link works for three days."), "success")
    except AlreadyAcceptedError:
        flash(_("This person has chosen a password already."), "info")
    return redirect(url_for("staff.index"), 303)


@blueprint.post("/colleagues/<uuid:user_id>/approval")
@permit(Permission.USERS_MANAGE, fresh=True)
def approve(user_id: uuid.UUID) -> Any:
    """Say as a second person that a new account is a colleague's; its roles count from now on."""
    user = _within_reach(user_id)
    try:
        approving.approve(session, user, actor_id=person().id)
        flash(_("The account is confirmed. Its roles count from the next sign-in."), "success")
    except NotYoursToApproveError:
        flash(_("Somebody confirms this account who gave it no role."), "warning")
    return redirect(url_for("staff.index"), 303)


@blueprint.post("/colleagues/<uuid:user_id>/second-factor")
@permit(Permission.USERS_MANAGE, fresh=True)
def second_factor_anew(user_id: uuid.UUID) -> Any:
    """Take a lost second factor off a colleague's account."""
    user = _within_reach(user_id)
    try:
        services.start_second_factor_anew(session, user, actor=person())
        flash(
            _("The second factor is off. A letter tells the person how to begin anew."), "success"
        )
    except ResetLatelyError:
        flash(reset_lately(), "warning")
    return redirect(url_for("staff.index"), 303)


@blueprint.get("/colleagues/roles/")
@permit(Permission.ROLES_MANAGE)
def roles() -> str:
    """What every role may do here, as one table."""
    return render_template(
        "staff/roles.html",
        roles=[(one, _may_change(one)) for one in register.roles_in_use(session)],
        permissions=PERMISSION_LABELS,
        scopes=SCOPE_LABELS,
        field_labels=FIELD_LABELS,
    )


@blueprint.route("/colleagues/roles/new", methods=BOTH)
@permit(Permission.ROLES_MANAGE, fresh=True)
def add_role() -> Any:
    """Give a name to a role that can do no more than another one."""
    me = person()
    bases = [(role.code, role.name) for role in register.grantable(session, me) if not role.own]
    form = Form(OwnRoleSchema(), sent_form(), choices={"base": bases})
    if form.validate():
        name, base = form.loaded["name"], Role(form.loaded["base"])
        try:
            own = register.derive_role(session, name=name, base=base, actor=me)
            return redirect(url_for("staff.change_own_role", role_id=own.id), 303)
        except RoleNameTakenError:
            form.add_error("name", _("Another role has this name. Choose a different one."))
    return form_page("staff/add_role.html", form)


@blueprint.route("/colleagues/roles/<uuid:role_id>", methods=BOTH)
@permit(Permission.ROLES_MANAGE, fresh=True)
def change_own_role(role_id: uuid.UUID) -> Any:
    """Narrow a role of the organisation's own."""
    return _change_role(found(register.role_in_use(session, str(role_id))))


@blueprint.route("/colleagues/roles/usual/<role_code>", methods=BOTH)
@permit(Permission.ROLES_MANAGE, fresh=True)
def change_role(role_code: str) -> Any:
    """Narrow a role that comes with the service."""
    role = found(register.role_in_use(session, role_code))
    return _change_role(found(role if role.own is None else None))


@blueprint.get("/colleagues/teams/")
@permit(Permission.ROLES_MANAGE)
def teams() -> str:
    """The teams and who belongs to them."""
    return render_template("staff/teams.html", teams=team_register.teams(session))


@blueprint.route("/colleagues/teams/new", methods=BOTH)
@permit(Permission.ROLES_MANAGE, fresh=True)
def add_team() -> Any:
    """Form a team."""
    form = Form(TeamSchema(), sent_form())
    if form.validate():
        try:
            team = team_register.form_team(session, **form.loaded, created_by=person().id)
            return redirect(url_for("staff.team", team_id=team.id), 303)
        except TeamNameTakenError:
            form.add_error("name", _("Another team has this name. Choose a different one."))
    return form_page("staff/add_team.html", form)


@blueprint.route("/colleagues/teams/<uuid:team_id>", methods=BOTH)
@permit(Permission.ROLES_MANAGE, fresh=True)
def team(team_id: uuid.UUID) -> Any:
    """Who belongs to a team, and who joins it."""
    shown, me = found(session.get(Team, team_id)), person()
    possible = team_register.possible_members(session, team_id, actor=me)
    form = Form(TeamMemberSchema(), sent_form(), choices={"user_id": possible})
    if form.validate():
        team_register.join(session, shown, **form.loaded, actor=me)
        flash(_("Your colleague belongs to the team now."), "success")
        return redirect(url_for("staff.team", team_id=team_id), 303)
    members = team_register.members_of(session, team_id)
    is_mine = team_register.is_mine(session, team_id, me)
    reach = set() if is_mine else placeable(session, [one.user for one in members], me)
    context = {"members": members, "is_mine": is_mine, "reach": reach}
    return form_page("staff/team.html", form, team=shown, **context)


@blueprint.post("/colleagues/teams/<uuid:team_id>/members/<uuid:user_id>/end")
@permit(Permission.ROLES_MANAGE, fresh=True)
def leave_team(team_id: uuid.UUID, user_id: uuid.UUID) -> Response:
    """Let a colleague belong to a team no longer."""
    member = found(team_register.member_of(session, team_id=team_id, user_id=user_id))
    try:
        team_register.leave(session, member, actor=person())
        flash(_("Your colleague has left the team."), "success")
    except ToOneselfError:
        flash(_("You belong to this team yourself. Somebody else says who joins it."), "warning")
    except NotYoursToPlaceError:
        refuse(Permission.ROLES_MANAGE)
    return redirect(url_for("staff.team", team_id=team_id), 303)


def _within_reach(user_id: uuid.UUID) -> User:
    """A colleague whose account the actor may change; that she tried another one is recorded."""
    user = found(services.colleague(session, user_id))
    if user.id not in register.within_reach(session, person(), [user]):
        refuse(Permission.USERS_MANAGE)
    return user


def _change_role(role: RoleInUse) -> Any:
    if not _may_change(role):
        flash(_("A role that you hold yourself is changed by somebody else."), "warning")
        return redirect(url_for("staff.roles"), 303)
    form = narrow_form(role, sent_form())
    if form.validate():
        register.narrow(session, role, rules_of(role, form.loaded), actor=person())
        flash(_("The role is changed. It counts from the next page everybody opens."), "success")
        return redirect(url_for("staff.roles"), 303)
    return form_page("staff/change_role.html", form, role=role)


def _may_change(role: RoleInUse) -> bool:
    return register.may_change(session, person(), role)


def _offered(user: User | None = None) -> list[tuple[str, str]]:
    """The roles the actor may hand out, and those that somebody has already."""
    me, has = person(), user.roles if user else []
    options = {role.code for role in register.grantable(session, me)}
    if user is not None and user.id == me.id:
        options = set()
    return [
        (role.code, role.name)
        for role in register.roles_in_use(session)
        if role.code in options or role.code in has
    ]


def _as_it_is(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "roles": user.roles,
        "locale": user.locale,
        "works_here": user.disabled_at is None,
    }
