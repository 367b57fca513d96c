"""A restricted file whose last keeper left: who is told, and who goes on with it."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent, PersonRead
from hearth.case_access import keepers
from hearth.case_access.keepers import TO_KNOW, TO_NAME, KeptError
from hearth.case_access.services import NobodyLiftsError
from hearth.families.access_models import CaseGrant, HouseholdRestriction
from hearth.families.models import Household
from hearth.outbox.mail import TEMPLATES
from hearth.outbox.models import OutboxMessage
from hearth.web.request import HearthFlask
from tests.factories.families import open_family, staff_id
from tests.factories.people import as_role, as_user, colleague, grant, restriction
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
REASON = "agreed with the director"


@pytest.fixture
def keeper(session: Session) -> User:
    return colleague(session, Role.SUPERVISOR, name="Test Keeper")


@pytest.fixture
def family(session: Session) -> Household:
    return open_family(session)


@pytest.fixture
def closed(session: Session, family: Household, keeper: User) -> HouseholdRestriction:
    """A restriction that one supervisor alone could lift; a social worker reads the file, too."""
    grant(session, family, keeper.id)
    grant(session, family, staff_id(session))
    return restriction(session, family)


def leaves(session: Session, user: User) -> None:
    user.disabled_at = datetime.now(UTC)
    session.flush()


def told(session: Session) -> dict[uuid.UUID, str]:
    keepers.tell_of_files_without_keeper(session)
    payloads = session.scalars(select(OutboxMessage.payload)).all()
    wanted = {TO_KNOW, TO_NAME}
    return {uuid.UUID(p["user"]): p["template"] for p in payloads if p["template"] in wanted}


def test_those_who_answer_for_it_are_told_when_the_last_keeper_leaves(
    session: Session, closed: HouseholdRestriction, keeper: User
) -> None:
    before = told(session)

    leaves(session, keeper)
    after = told(session)

    assert before == {}
    assert after == {
        staff_id(session, Role.PRIVACY_OFFICER): TO_NAME,
        staff_id(session, Role.DIRECTOR): TO_KNOW,
        staff_id(session, Role.SUPERVISOR): TO_KNOW,
    }


@pytest.mark.parametrize("ending", ["role", "grant"])
def test_a_keeper_who_can_lift_it_no_longer_keeps_it_no_longer(
    ending: str, session: Session, closed: HouseholdRestriction, keeper: User
) -> None:
    if ending == "role":
        keeper.roles = [Role.SOCIAL_WORKER.value]
    else:
        given = session.scalars(select(CaseGrant).where(CaseGrant.user_id == keeper.id)).one()
        given.ends_at = datetime.now(UTC) - timedelta(minutes=1)
    session.flush()

    user = as_role(session, Role.PRIVACY_OFFICER)
    (file,) = keepers.files_without_keeper(session, user=user)

    assert file.restriction is closed
    assert set(file.kept_by) == {"Test Keeper", "Test social-worker"}


def test_a_guest_who_could_lift_it_keeps_no_file(
    session: Session, family: Household, closed: HouseholdRestriction, keeper: User
) -> None:
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    grant(session, family, colleague(session, Role.SUPERVISOR).id, ends_at=in_an_hour)
    leaves(session, keeper)

    user = as_role(session, Role.PRIVACY_OFFICER)
    files = keepers.files_without_keeper(session, user=user)

    assert [file.restriction for file in files] == [closed]


def test_the_mail_comes_once_a_day_and_says_neither_which_nor_who(
    session: Session,
    app: HearthFlask,
    closed: HouseholdRestriction,
    family: Household,
    keeper: User,
) -> None:
    leaves(session, keeper)

    written = [keepers.tell_of_files_without_keeper(session) for _ in range(2)]
    with time_machine.travel(datetime.now(UTC) + timedelta(days=1), tick=False):
        written.append(keepers.tell_of_files_without_keeper(session))
    readers = {TO_NAME: Role.PRIVACY_OFFICER, TO_KNOW: Role.SUPERVISOR}
    payloads = {
        one: {"user": str(staff_id(session, role)), "number": 1} for one, role in readers.items()
    }
    with app.app_context():
        mails = [TEMPLATES[one](session, payload) for one, payload in payloads.items()]

    assert written == [3, 0, 3]
    for mail in mails:
        assert mail is not None
        said = f"{mail.subject} {mail.text} {mail.html}"
        assert "none of them can open it again" in said
        for telling in (family.case_number, str(family.id), "Testova", "Test Keeper"):
            assert telling not in said
    assert "/restricted/" in str(mails[0])
    assert "/restricted/" not in str(mails[1])


def test_the_officer_names_who_goes_on_and_opens_nothing_herself(
    session: Session,
    closed: HouseholdRestriction,
    family: Household,
    keeper: User,
    sign_in: SignIn,
) -> None:
    leaves(session, keeper)
    officer, director = sign_in(Role.PRIVACY_OFFICER), sign_in(Role.DIRECTOR)
    chosen, path = staff_id(session, Role.DIRECTOR), f"/restricted/{closed.id}"

    listed, page = officer.get("/restricted/"), officer.get(path)
    answer = officer.submit(path, {"user_id": str(chosen), "reason": REASON})
    session.commit()

    assert family.case_number in listed.text
    assert "Test Keeper" in page.text
    assert "Testova" not in listed.text + page.text
    assert answer.status_code == 303
    assert director.get(f"/families/{family.id}/access").status_code == 200
    assert officer.get(f"/families/{family.id}").status_code == 403
    assert "Every closed file has somebody" in officer.get("/restricted/").text
    actions = session.scalars(
        select(AuditEvent.action).where(AuditEvent.household_id == family.id)
    ).all()
    assert {"access.granted", "access.keeper-named"} <= set(actions)
    looked = select(PersonRead.purpose).where(PersonRead.household_id == family.id)
    assert "access" in session.scalars(looked).all()


def test_a_file_that_somebody_keeps_is_left_to_her(
    session: Session, closed: HouseholdRestriction, sign_in: SignIn
) -> None:
    officer, path = sign_in(Role.PRIVACY_OFFICER), f"/restricted/{closed.id}"
    user = as_role(session, Role.PRIVACY_OFFICER)
    file = keepers.restricted_file(session, closed.id, user=user)
    assert file is not None

    page = officer.get(path).text
    with pytest.raises(KeptError):
        keepers.name_keeper(
            session, file, user_id=staff_id(session, Role.DIRECTOR), reason=REASON, by=user.id
        )

    assert "Somebody can open this file to the others again" in page
    assert 'name="user_id"' not in page


def test_nobody_is_named_who_could_not_lift_it(
    session: Session, closed: HouseholdRestriction, keeper: User, sign_in: SignIn
) -> None:
    leaves(session, keeper)
    officer, path = sign_in(Role.PRIVACY_OFFICER), f"/restricted/{closed.id}"
    user, worker = as_role(session, Role.PRIVACY_OFFICER), staff_id(session)
    file = keepers.restricted_file(session, closed.id, user=user)
    assert file is not None

    answers = [
        officer.submit(path, sent).status_code
        for sent in ({"user_id": str(worker), "reason": REASON}, {"user_id": ""})
    ]
    with pytest.raises(NobodyLiftsError):
        keepers.name_keeper(session, file, user_id=worker, reason=REASON, by=user.id)

    assert answers == [422, 422]


def test_an_officer_who_reads_files_is_bound_here_too(
    session: Session, closed: HouseholdRestriction, keeper: User
) -> None:
    leaves(session, keeper)
    both = colleague(session, Role.PRIVACY_OFFICER, Role.DIRECTOR)

    user = as_user(session, both.id)

    assert keepers.files_without_keeper(session, user=user) == []
    assert keepers.restricted_file(session, closed.id, user=user) is None


def test_it_asks_who_it_is_before_anybody_is_named(
    closed: HouseholdRestriction, sign_in: SignIn
) -> None:
    officer = sign_in(Role.PRIVACY_OFFICER, fresh=False)

    answer = officer.get(f"/restricted/{closed.id}")

    assert answer.status_code == 302
    assert answer.location.startswith("/confirm")


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_others_name_nobody(role: Role, closed: HouseholdRestriction, sign_in: SignIn) -> None:
    visitor = sign_in(role)

    answers = [
        visitor.get(path).status_code for path in ("/restricted/", f"/restricted/{closed.id}")
    ]

    assert answers == [403, 403]


def test_a_restriction_that_was_lifted_is_not_found(
    session: Session, closed: HouseholdRestriction, sign_in: SignIn
) -> None:
    closed.until_at, closed.lifted_by = datetime.now(UTC), closed.set_by
    session.flush()

    answer = sign_in(Role.PRIVACY_OFFICER).get(f"/restricted/{closed.id}")

    assert answer.status_code == 404
