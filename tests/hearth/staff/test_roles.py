"""Roles are narrowed within bounds, handed out by those who may, and every change is dated."""

import uuid
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from hearth.accounts import services as accounts
from hearth.accounts import sessions
from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import (
    ORGANISATION_ROLES,
    POLICY,
    WITHHELD,
    WITHIN,
    HeldRole,
    Scope,
    standing,
)
from hearth.accounts.policy_models import OwnRole, RoleAssignment, RoleRule, TeamMember
from hearth.audit.models import AuditEvent
from hearth.data_classes import FieldClass
from hearth.shelter import workplaces
from hearth.staff import roles, teams
from hearth.staff import services as staff
from hearth.staff.placing import NotYoursToPlaceError, ToOneselfError
from hearth.staff.roles import NotYoursToGiveError
from hearth.staff.services import NotYoursToChangeError
from tests.factories.families import open_family, staff_id
from tests.factories.people import HOST, as_role, as_user, colleague, narrowed, team, works_in
from tests.factories.shelter import make_house
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
Enter = Callable[[uuid.UUID], Visitor]
ANY_RULE = st.sampled_from([*Scope, WITHHELD, "everything", ""])
ANY_ITEM = st.sampled_from(
    [*Permission, *(f"field:{one}" for one in FieldClass), *(f"grant:{one}" for one in Role)]
)


def in_use(session: Session, code: str) -> roles.RoleInUse:
    role = roles.role_in_use(session, code)
    assert role is not None
    return role


@given(
    base=st.sampled_from(list(Role)),
    layers=st.lists(st.dictionaries(ANY_ITEM, ANY_RULE, max_size=8), max_size=3),
)
def test_no_rule_whatsoever_widens_a_role(base: Role, layers: list[dict[str, str]]) -> None:
    held = HeldRole(base=base, layers=tuple(layers))

    came_to = standing([held])

    for permission, scopes in came_to.scopes.items():
        assert scopes <= set(WITHIN[POLICY[base].scopes[permission]])
        assert came_to.fields[permission] <= POLICY[base].fields
    assert came_to.grants <= POLICY[base].grants


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
@given(role=st.sampled_from(ORGANISATION_ROLES), item=ANY_ITEM, rule=ANY_RULE)
def test_a_rule_that_does_not_narrow_is_refused(
    session: Session, role: Role, item: str, rule: str
) -> None:
    actor, chosen = as_role(session, Role.ADMINISTRATOR), in_use(session, role.value)
    savepoint = session.begin_nested()

    try:
        roles.narrow(session, chosen, {item: rule}, actor=actor)
    except (ValueError, NotYoursToGiveError):
        kept = POLICY[role].scopes
    else:
        kept = in_use(session, role.value).held.scopes()

    widest = POLICY[role].scopes
    assert all(scope in WITHIN[widest[permission]] for permission, scope in kept.items())
    savepoint.rollback()


def test_a_narrowed_role_counts_at_the_next_request(session: Session, sign_in: SignIn) -> None:
    worker, administrator = sign_in(Role.SOCIAL_WORKER), sign_in(Role.ADMINISTRATOR)
    household = open_family(session)
    path = "/colleagues/roles/usual/social-worker"
    answers = _answers(Role.SOCIAL_WORKER) | {"scope_families_read": WITHHELD}
    assert worker.get(f"/families/{household.id}").status_code == 200

    response = administrator.submit(path, answers)

    assert response.status_code == 303
    assert worker.get(f"/families/{household.id}").status_code == 403
    administrator.submit(path, _answers(Role.SOCIAL_WORKER))
    assert worker.get(f"/families/{household.id}").status_code == 200
    session.expire_all()
    (rule,) = session.scalars(select(RoleRule)).all()
    by = staff_id(session, Role.ADMINISTRATOR)
    assert (rule.set_by, rule.ended_by) == (by, by)


def test_a_role_of_our_own_does_less_and_follows_the_one_it_began_as(
    session: Session, sign_in: SignIn
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)

    made = administrator.submit(
        "/colleagues/roles/new", {"name": "Night watch", "base": "house-staff"}
    )
    administrator.submit(
        made.location,
        {"scope_shelter_read": "house", "scope_shelter_write": WITHHELD, "reads": ["location"]},
    )

    own = session.scalars(select(OwnRole)).one()
    user = as_user(session, colleague(session, own.code).id)
    assert user.permissions == {Permission.SHELTER_READ}
    assert user.role_labels == ["Night watch", "Night watch"]
    _rule(session, "house-staff", Permission.SHELTER_READ, WITHHELD)
    assert as_user(session, user.id).permissions == frozenset()


@pytest.mark.parametrize("base", ["federation-staff", "king", ""])
def test_a_role_of_our_own_begins_as_one_that_may_be_handed_out(
    base: str, session: Session, sign_in: SignIn
) -> None:
    answer = sign_in(Role.ADMINISTRATOR).submit(
        "/colleagues/roles/new", {"name": "Crown", "base": base}
    )

    assert answer.status_code == 422
    assert session.scalars(select(OwnRole)).all() == []


def test_nobody_gives_a_role_to_herself(session: Session, sign_in: SignIn) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)
    me = session.get_one(User, staff_id(session, Role.ADMINISTRATOR))
    known = {"name": me.name, "locale": "en", "works_here": "true"}

    answer = administrator.submit(
        f"/colleagues/{me.id}", {**known, "roles": ["administrator", "director"]}
    )

    assert answer.status_code == 422
    assert me.roles == ["administrator"]
    with pytest.raises(NotYoursToGiveError):
        roles.hand_out(
            session, me, ["administrator", "director"], actor=as_role(session, Role.ADMINISTRATOR)
        )


def test_who_may_hand_out_some_roles_hands_out_those_alone(session: Session) -> None:
    own = OwnRole(
        name="Front desk", base="administrator", created_by=staff_id(session, Role.ADMINISTRATOR)
    )
    session.add(own)
    session.flush()
    for role in set(ORGANISATION_ROLES) - {Role.HOUSE_STAFF}:
        _rule(session, own.code, f"grant:{role}", WITHHELD)
    actor = as_user(session, colleague(session, own.code).id)
    user = session.get_one(User, staff_id(session, Role.FUNDRAISER))

    roles.hand_out(session, user, ["fundraiser", "house-staff"], actor=actor)

    assert [one.code for one in roles.grantable(session, actor)] == ["house-staff"]
    for wanted in (["fundraiser", "director"], ["house-staff"], []):
        with pytest.raises(NotYoursToGiveError):
            roles.hand_out(session, user, wanted, actor=actor)
    (row,) = session.scalars(select(RoleAssignment).where(RoleAssignment.user_id == user.id)).all()
    assert (row.role, row.given_by, row.until_at) == ("house-staff", actor.id, None)


@pytest.fixture
def front_desk(session: Session, enter: Callable[[uuid.UUID], Visitor]) -> Visitor:
    """Somebody who may hand out "house staff" and nothing else, signed in."""
    own = OwnRole(
        name="Front desk", base="administrator", created_by=staff_id(session, Role.ADMINISTRATOR)
    )
    session.add(own)
    session.flush()
    for role in set(ORGANISATION_ROLES) - {Role.HOUSE_STAFF}:
        _rule(session, own.code, f"grant:{role}", WITHHELD)
    return enter(colleague(session, own.code).id)


@pytest.mark.parametrize("role", [Role.PRIVACY_OFFICER, Role.DIRECTOR, Role.ADMINISTRATOR])
def test_a_front_desk_touches_no_account_of_a_role_it_cannot_hand_out(
    session: Session, front_desk: Visitor, role: Role
) -> None:
    user = session.get_one(User, staff_id(session, role))
    page, name = f"/colleagues/{user.id}", user.name
    closing = {"name": "Somebody Else", "roles": [role.value], "locale": "en"}

    answers = [
        front_desk.get(page),
        front_desk.submit(page, closing, page="/colleagues/"),
        front_desk.submit(page, {**closing, "works_here": "true"}, page="/colleagues/"),
        front_desk.submit(f"{page}/second-factor", page="/colleagues/"),
        front_desk.submit(f"{page}/invitation", page="/colleagues/"),
    ]

    session.expire_all()
    assert [answer.status_code for answer in answers] == [403] * 5
    assert (user.name, user.disabled_at) == (name, None)
    assert user.second_factor_at is not None
    assert page not in front_desk.get("/colleagues/").text
    refused = select(func.count()).where(AuditEvent.action == "access.refused")
    assert session.scalar(refused) == 5


def test_a_front_desk_changes_the_accounts_of_those_whose_role_it_hands_out(
    session: Session, front_desk: Visitor
) -> None:
    user = session.get_one(User, staff_id(session, Role.HOUSE_STAFF))
    closing = {"name": user.name, "roles": ["house-staff"], "locale": "en"}

    answer = front_desk.submit(f"/colleagues/{user.id}", closing)

    session.expire_all()
    assert answer.status_code == 303
    assert user.disabled_at is not None


def test_the_service_itself_refuses_accounts_beyond_reach(session: Session) -> None:
    own = OwnRole(name="Desk", base="administrator", created_by=staff_id(session, Role.DIRECTOR))
    session.add(own)
    session.flush()
    _rule(session, own.code, f"grant:{Role.DIRECTOR}", WITHHELD)
    actor = as_user(session, colleague(session, own.code).id)
    director = session.get_one(User, staff_id(session, Role.DIRECTOR))

    with pytest.raises(NotYoursToChangeError):
        staff.change_colleague(
            session,
            director,
            name="X",
            roles=["director"],
            locale="en",
            works_here=True,
            actor=actor,
        )
    with pytest.raises(NotYoursToChangeError):
        staff.start_second_factor_anew(session, director, actor=actor)
    with pytest.raises(NotYoursToChangeError):
        staff.invite_again(session, director, actor=actor)


def test_the_organisations_key_is_not_for_a_front_desk(
    front_desk: Visitor, sign_in: SignIn
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)

    answers = [front_desk.get(path).status_code for path in ("/keys/", "/keys/lock")]

    assert answers == [403, 403]
    assert administrator.get("/keys/").status_code == 200


def test_an_administrator_calls_nobody_like_somebody_else(
    session: Session, sign_in: SignIn
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)
    user = session.get_one(User, staff_id(session, Role.HOUSE_STAFF))
    known = {"name": "Test Director", "roles": ["house-staff"], "locale": "en"}

    renamed = administrator.submit(f"/colleagues/{user.id}", {**known, "works_here": "true"})
    invited = administrator.submit("/colleagues/new", {**known, "email": "new@example.org"})

    session.expire_all()
    assert [renamed.status_code, invited.status_code] == [422, 422]
    assert "has this name already" in renamed.text
    assert user.name == "Test house-staff"


def test_nobody_changes_a_role_that_she_holds(session: Session, sign_in: SignIn) -> None:
    administrator = as_role(session, Role.ADMINISTRATOR)

    answer = sign_in(Role.ADMINISTRATOR).get("/colleagues/roles/usual/administrator")

    assert answer.status_code == 303
    with pytest.raises(NotYoursToGiveError):
        roles.narrow(session, in_use(session, "administrator"), {}, actor=administrator)


def test_a_team_opens_and_closes_its_families_at_once(session: Session, sign_in: SignIn) -> None:
    administrator, worker = sign_in(Role.ADMINISTRATOR), sign_in(Role.SOCIAL_WORKER)
    mate, me = colleague(session, Role.SOCIAL_WORKER), staff_id(session)
    household = open_family(session, key_worker_id=mate.id)
    together = team(session, mate.id)
    page = f"/colleagues/teams/{together.id}"
    assert worker.get(f"/families/{household.id}").status_code == 404

    administrator.submit(page, {"user_id": str(me)})

    assert worker.get(f"/families/{household.id}").status_code == 200
    administrator.submit(f"{page}/members/{me}/end", page=page)
    assert worker.get(f"/families/{household.id}").status_code == 404
    session.expire_all()
    row = session.scalars(select(TeamMember).where(TeamMember.user_id == me)).one()
    assert row.ended_by == row.set_by == staff_id(session, Role.ADMINISTRATOR)


def test_nobody_puts_herself_into_a_team_or_a_house(session: Session, sign_in: SignIn) -> None:
    administrator, me = sign_in(Role.ADMINISTRATOR), staff_id(session, Role.ADMINISTRATOR)
    together = team(session, staff_id(session))

    answer = administrator.submit(f"/colleagues/teams/{together.id}", {"user_id": str(me)})

    assert answer.status_code == 422
    assert as_role(session, Role.ADMINISTRATOR).teams == frozenset()


def test_nobody_lets_a_colleague_into_her_own_team_or_out_of_it(
    session: Session, enter: Callable[[uuid.UUID], Visitor]
) -> None:
    me = colleague(session, Role.ADMINISTRATOR, Role.SOCIAL_WORKER, name="Two Hats")
    mate, stranger = (colleague(session, Role.SOCIAL_WORKER) for _each in range(2))
    mine, family = team(session, me.id, mate.id), open_family(session, key_worker_id=stranger.id)
    visitor, page = enter(me.id), f"/colleagues/teams/{mine.id}"

    joins = visitor.submit(page, {"user_id": str(stranger.id)}, page="/colleagues/")
    leaves = visitor.submit(f"{page}/members/{mate.id}/end", page="/colleagues/")
    shown = visitor.get(page).text

    assert (joins.status_code, leaves.status_code) == (422, 303)
    assert "Somebody else says who joins it" in shown
    assert f"{page}/members" not in shown
    assert visitor.get(f"/families/{family.id}").status_code == 404
    assert [teams.is_mine(session, mine.id, as_user(session, one.id)) for one in (mate, me)] == [
        True,
        True,
    ]
    with pytest.raises(ToOneselfError):
        teams.join(session, mine, user_id=stranger.id, actor=as_user(session, me.id))


def test_a_front_desk_places_only_those_whose_every_role_it_could_hand_out(
    session: Session, front_desk: Visitor
) -> None:
    worker, warden = colleague(session, Role.SOCIAL_WORKER), colleague(session, Role.HOUSE_STAFF)
    shut, house = team(session, worker.id), make_house(session, staffed=False)
    works_in(session, worker.id, house)
    pages = [f"/colleagues/teams/{shut.id}", f"/colleagues/houses/{house.id}"]
    ends = [f"{pages[0]}/members/{worker.id}/end", f"{pages[1]}/workers/{worker.id}/end"]
    other = str(staff_id(session))

    refused = [front_desk.submit(page, {"user_id": other}).status_code for page in pages]
    ended = [front_desk.submit(path, page="/colleagues/").status_code for path in ends]
    placed = [front_desk.submit(page, {"user_id": str(warden.id)}).status_code for page in pages]

    assert (refused, ended, placed) == ([422, 422], [403, 403], [303, 303])
    assert not any(end in front_desk.get(page).text for page, end in zip(pages, ends, strict=True))
    session.expire_all()
    assert as_user(session, worker.id).teams == as_user(session, warden.id).teams == {shut.id}
    assert as_user(session, worker.id).houses == {house.id}
    tried = select(func.count()).where(AuditEvent.action == "access.refused")
    assert session.scalar(tried) == 2


def test_the_service_itself_places_nobody_beyond_reach(session: Session) -> None:
    desk = OwnRole(name="Desk", base="administrator", created_by=staff_id(session, Role.DIRECTOR))
    session.add(desk)
    session.flush()
    _rule(session, desk.code, f"grant:{Role.SOCIAL_WORKER}", WITHHELD)
    actor = as_user(session, colleague(session, desk.code).id)
    worker, house = colleague(session, Role.SOCIAL_WORKER), make_house(session, staffed=False)
    shut, begun = team(session, worker.id), works_in(session, worker.id, house)
    member = teams.member_of(session, team_id=shut.id, user_id=worker.id)

    assert member is not None
    with pytest.raises(NotYoursToPlaceError):
        teams.join(session, shut, user_id=staff_id(session), actor=actor)
    with pytest.raises(NotYoursToPlaceError):
        teams.leave(session, member, actor=actor)
    with pytest.raises(NotYoursToPlaceError):
        workplaces.begin_work(session, house_id=house.id, user_id=staff_id(session), actor=actor)
    with pytest.raises(NotYoursToPlaceError):
        workplaces.end_work(session, begun, actor=actor)
    with pytest.raises(ToOneselfError):
        workplaces.begin_work(session, house_id=house.id, user_id=actor.id, actor=actor)


def test_nobody_takes_a_role_off_herself(
    session: Session, enter: Callable[[uuid.UUID], Visitor]
) -> None:
    me = colleague(
        session, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.SOCIAL_WORKER, name="Three Hats"
    )
    known = {"name": me.name, "locale": "en", "works_here": "true"}
    less = ["privacy-officer", "administrator"]

    answer = enter(me.id).submit(f"/colleagues/{me.id}", {**known, "roles": less})

    assert answer.status_code == 422
    assert Role.SOCIAL_WORKER in as_user(session, me.id).roles
    with pytest.raises(NotYoursToGiveError):
        roles.hand_out(session, me, less, actor=as_user(session, me.id))


def test_a_request_is_recognised_in_one_query(session: Session) -> None:
    user_id = staff_id(session)
    team(session, user_id)
    token = sessions.start_session(session, user_id=user_id, host=HOST)
    session.expire_all()
    asked: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2]))

    known = accounts.recognise(session, token=token, host=HOST)

    assert known is not None
    assert len(known.teams) == 1
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/colleagues/roles/new", {"name": "", "base": "house-staff"}),
        ("/colleagues/roles/new", {"name": "Director", "base": "house-staff"}),
        ("/colleagues/roles/usual/specialist", {"scope_families_read": "organisation"}),
        ("/colleagues/teams/new", {"name": " "}),
    ],
)
def test_bad_input_is_explained(sign_in: SignIn, path: str, data: dict[str, str]) -> None:
    answer = sign_in(Role.ADMINISTRATOR).submit(path, data)

    assert answer.status_code == 422


def _answers(role: Role) -> dict[str, object]:
    policy = POLICY[role]
    names = {one: "scope_" + one.value.replace(".", "_").replace("-", "_") for one in Permission}
    scopes = {names[one]: scope.value for one, scope in policy.scopes.items()}
    reads = [one.value for one in policy.fields - {FieldClass.CASEWORK}]
    return {**scopes, "reads": reads}


def _rule(session: Session, role: str, item: str, rule: str) -> None:
    by: uuid.UUID = staff_id(session, Role.DIRECTOR)
    session.add(RoleRule(role=role, item=item, rule=rule, set_by=by))
    session.flush()


def test_the_organisations_key_is_for_whoever_may_hand_out_every_role(
    front_desk: Visitor, sign_in: SignIn
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)

    answers = [front_desk.get("/keys/"), front_desk.get("/keys/lock"), administrator.get("/keys/")]

    assert [answer.status_code for answer in answers] == [403, 403, 200]


@pytest.mark.parametrize(
    ("withheld", "path"),
    [
        (Permission.USERS_MANAGE, "/colleagues/{user}"),
        (Permission.USERS_MANAGE, "/colleagues/{user}/approval"),
        (Permission.USERS_MANAGE, "/colleagues/{user}/invitation"),
        (Permission.USERS_MANAGE, "/colleagues/{user}/second-factor"),
        (Permission.ROLES_MANAGE, "/colleagues/teams/{team}/members/{user}/end"),
    ],
)
def test_who_could_hand_out_every_role_does_nothing_that_was_taken_from_hers(
    withheld: Permission, path: str, session: Session, enter: Enter
) -> None:
    mate = colleague(session, Role.HOUSE_STAFF)
    group = team(session, mate.id)
    narrow = enter(colleague(session, narrowed(session, Role.ADMINISTRATOR, withheld)).id)
    usual = enter(colleague(session, narrowed(session, Role.ADMINISTRATOR)).id)
    here = path.format(user=mate.id, team=group.id)

    answers = [one.submit(here, page="/account/").status_code for one in (narrow, usual)]

    assert answers[0] == 403
    assert answers[1] != 403
