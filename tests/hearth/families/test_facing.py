"""A permission that does not count on a family lends nothing to another that opens its page."""

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import FEDERATION_ROLES, Permission, Role
from hearth.accounts.policy_models import RoleRule
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.documents import services as documents
from hearth.families.access import is_visible, permissions_on
from hearth.families.facing import eyes_in_files, facing
from hearth.families.models import Household
from tests.factories.families import mother, open_family, staff_id
from tests.factories.files import picture
from tests.factories.people import as_role, as_user, colleague, grant, narrowed, team, works_in
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house, make_stay
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
P = Permission
READS = ("identity", "contact", "free_text", "location", "health", "legal")
SCRIBE = tuple(f"field:{one}" for one in READS)


@pytest.fixture
def scribe(session: Session) -> User:
    """Who writes for her team and reads little there, and is a specialist with other families."""
    made = colleague(session, narrowed(session, Role.SOCIAL_WORKER, *SCRIBE), Role.SPECIALIST)
    team(session, made.id, staff_id(session))
    return made


@pytest.fixture
def teams_family(session: Session) -> Household:
    return open_family(session, members=[mother(given_name="Zina", family_name="Secretova")])


@pytest.fixture
def own_family(session: Session, scribe: User) -> Household:
    named = mother(given_name="Zina", family_name="Secretova")
    return open_family(session, members=[named], key_worker_id=scribe.id)


@pytest.mark.parametrize("page", ["consents/new", "services/new", "documents/new", "close"])
def test_what_another_role_reads_elsewhere_stands_on_no_page_of_the_team(
    page: str, scribe: User, teams_family: Household, own_family: Household, enter: Enter
) -> None:
    visitor = enter(scribe.id)

    answer = visitor.get(f"/families/{teams_family.id}/{page}")

    assert answer.status_code == 200
    assert "Secretova" not in answer.text
    assert "Secretova" not in visitor.get(f"/families/{teams_family.id}").text
    assert "Secretova" in visitor.get(f"/families/{own_family.id}").text


def test_a_paper_is_withdrawn_without_its_title_where_only_another_role_reads_it(
    session: Session, scribe: User, teams_family: Household, enter: Enter
) -> None:
    paper = documents.add_document(
        session,
        teams_family,
        title="Verdict of May",
        data=picture(),
        filename="scan.jpg",
        added_by=staff_id(session),
        scanner=None,
    )
    path = f"/families/{teams_family.id}/documents/{paper.id}/withdraw"

    answer = enter(scribe.id).get(path)

    assert answer.status_code == 200
    assert "Verdict" not in answer.text


@pytest.mark.parametrize("permission", [P.FAMILIES_READ, P.SERVICES_WRITE, P.CASES_RESTRICT])
def test_a_permission_that_does_not_count_on_a_family_reads_nothing_of_it(
    permission: Permission, session: Session, teams_family: Household
) -> None:
    user = as_user(session, colleague(session, Role.SPECIALIST, Role.DIRECTOR).id)

    seen = facing(session, {"household_id": teams_family.id}, user=user)

    counts = permission is not P.SERVICES_WRITE
    assert seen.sees(FieldClass.IDENTITY, permission) is counts


def test_a_role_that_was_narrowed_reads_only_where_it_reads(
    session: Session, teams_family: Household
) -> None:
    by = staff_id(session, Role.ADMINISTRATOR)
    session.add(RoleRule(role=Role.SUPERVISOR, item=P.FAMILIES_READ, rule="own", set_by=by))
    supervisor = staff_id(session, Role.SUPERVISOR)
    team(session, supervisor, staff_id(session))
    session.flush()

    seen = facing(session, {"household_id": teams_family.id}, user=as_user(session, supervisor))

    assert not seen.sees(FieldClass.IDENTITY, P.FAMILIES_READ)
    assert not seen.sees(FieldClass.IDENTITY, P.FAMILIES_WRITE)
    assert seen.sees(FieldClass.IDENTITY, P.SHELTER_READ)


def test_whoever_did_something_for_a_family_corrects_it_with_two_roles_too(
    session: Session, teams_family: Household, enter: Enter
) -> None:
    me = colleague(session, Role.SPECIALIST, narrowed(session, Role.DIRECTOR, "families.read"))
    mine = record_service(session, teams_family, provided_by=me.id, note="Called the court")
    path = f"/families/{teams_family.id}/services/{mine.id}/correct"

    answer = enter(me.id).get(path)

    assert answer.status_code == 200
    assert "Secretova" in answer.text


@pytest.mark.parametrize("is_let_in", [False, True])
def test_a_house_lends_nothing_to_what_is_read_of_stays_in_a_file(
    session: Session, teams_family: Household, *, is_let_in: bool
) -> None:
    house = make_house(session)
    make_stay(session, household=teams_family, places=house.places[:1])
    withheld = ("shelter.read", "shelter.write")
    roles = (narrowed(session, Role.SOCIAL_WORKER, *withheld), Role.DUTY_OPERATOR, Role.HOUSE_STAFF)
    me = colleague(session, *roles)
    works_in(session, me.id, house)
    teams_family.key_workers[0].user_id = me.id
    if is_let_in:
        grant(session, teams_family, me.id)
    session.flush()

    user = as_user(session, me.id)
    read = eyes_in_files(session, [teams_family.id], user=user, besides=P.SHELTER_READ)

    assert read[teams_family.id](FieldClass.LOCATION) is is_let_in
    assert read[teams_family.id](FieldClass.CASEWORK)


def _statements(session: Session, ask: Callable[[], object]) -> list[str]:
    connection, asked = session.connection(), list[str]()

    def note(*told: object) -> None:
        asked.append(str(told[2]))

    event.listen(connection, "before_cursor_execute", note)
    ask()
    event.remove(connection, "before_cursor_execute", note)
    return asked


def _asked(session: Session, named: dict[str, uuid.UUID], user: SignedIn) -> tuple[int, SignedIn]:
    seen = list[SignedIn]()
    asked = _statements(session, lambda: seen.append(facing(session, named, user=user)))
    return len(asked), seen[0]


@pytest.mark.parametrize("roles", [(Role.SUPERVISOR,), (Role.SPECIALIST, Role.DIRECTOR)])
def test_permissions_that_reach_alike_are_asked_once(
    session: Session, teams_family: Household, roles: tuple[Role, ...]
) -> None:
    me = colleague(session, *roles)
    team(session, me.id, staff_id(session))
    user, home = as_user(session, me.id), teams_family.id

    counting = permissions_on(session, home, user=user)
    asked = _statements(session, lambda: permissions_on(session, home, user=user))
    faced = _statements(session, lambda: facing(session, {"household_id": home}, user=user))

    one_by_one = {
        one for one in user.permissions if is_visible(session, home, user=user, permission=one)
    }
    assert counting == one_by_one
    assert len(asked) == 1
    for statement in (*asked, *faced):
        assert 0 < statement.count("case_grants.user_id =") < len(user.permissions) / 2


@pytest.mark.parametrize("role", [role for role in Role if role not in FEDERATION_ROLES])
def test_one_plain_role_costs_no_question(
    role: Role, session: Session, teams_family: Household
) -> None:
    user = as_role(session, role)

    number, seen = _asked(session, {"household_id": teams_family.id}, user)

    assert number == 0
    assert seen is user


@pytest.mark.parametrize("part", ["household_id", "stay_id"])
def test_several_roles_cost_one_question(
    part: str, session: Session, scribe: User, teams_family: Household
) -> None:
    house = make_house(session)
    stay = make_stay(session, household=teams_family, places=house.places[:1])
    named = {"household_id": teams_family.id} if part == "household_id" else {"stay_id": stay.id}

    number, seen = _asked(session, named, as_user(session, scribe.id))

    assert number == 1
    assert not seen.sees(FieldClass.IDENTITY, P.FAMILIES_READ)
