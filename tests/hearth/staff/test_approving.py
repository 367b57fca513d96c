"""Nobody becomes somebody else here alone: a new account with a weighty role waits for a second."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts import approving, invitations
from hearth.accounts.mails import COLLEAGUE_ENTRUSTED
from hearth.accounts.models import User
from hearth.accounts.passwords import hash_password
from hearth.accounts.permissions import Permission, Role
from hearth.audit.models import AuditEvent
from hearth.outbox.mail import TEMPLATES
from hearth.outbox.models import OutboxMessage
from hearth.staff import roles, services
from hearth.staff.services import LastAdministratorError
from hearth.web.request import HearthFlask
from tests.factories.families import staff_id
from tests.factories.people import as_role, as_user, colleague, narrowed
from tests.support.servers import PASSWORD
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
EMAIL = "galina.new@example.org"


def invite(session: Session, *codes: str, email: str = EMAIL) -> User:
    """An account that the administrator opens, whose password is chosen."""
    services.invite_colleague(
        session,
        email=email,
        name=f"Galina {email}",
        roles=codes,
        locale="en",
        actor=as_role(session, Role.ADMINISTRATOR),
    )
    user = session.scalars(select(User).where(User.email == email)).one()
    user.password_hash = hash_password(PASSWORD)
    session.commit()
    return user


def told(session: Session) -> set[uuid.UUID]:
    """Who gets a letter about somebody's role."""
    waiting = session.scalars(select(OutboxMessage.payload)).all()
    letters = [one for one in waiting if one["template"] == COLLEAGUE_ENTRUSTED]
    assert len({one["user"] for one in letters}) == len(letters)
    return {uuid.UUID(one["user"]) for one in letters}


def approvals(session: Session, user: User) -> list[uuid.UUID | None]:
    session.commit()
    about = (AuditEvent.action == "account.approved", AuditEvent.subject_id == user.id)
    return list(session.scalars(select(AuditEvent.actor_id).where(*about)))


def sign_in_later(visitor: SignIn, user: User, **later: int) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(**later), tick=True):
        visitor("spb").submit("/sign-in", {"email": user.email, "password": PASSWORD})


@pytest.fixture
def galina(session: Session) -> User:
    """Who was invited as director and privacy officer, and waits."""
    return invite(session, Role.DIRECTOR, Role.PRIVACY_OFFICER)


@pytest.fixture
def second(session: Session) -> User:
    """An administrator beside the one who invited."""
    user = colleague(session, Role.ADMINISTRATOR, name="Second Administrator")
    session.commit()
    return user


def test_officers_and_directors_are_told_who_got_such_a_role_and_by_whom(
    session: Session, galina: User, app: HearthFlask
) -> None:
    with app.app_context():
        payloads = session.scalars(select(OutboxMessage.payload)).all()
        letters = [one for one in payloads if one["template"] == COLLEAGUE_ENTRUSTED]
        mails = [TEMPLATES[COLLEAGUE_ENTRUSTED](session, one) for one in letters]
    texts = [mail.text for mail in mails if mail]

    by = session.get_one(User, staff_id(session, Role.ADMINISTRATOR))
    offices = {staff_id(session, one) for one in (Role.DIRECTOR, Role.PRIVACY_OFFICER)}
    assert told(session) == offices
    assert len(texts) == len(offices)
    assert all(f"{galina.name} ({EMAIL})" in text for text in texts)
    assert all(f"{by.name} ({by.email})" in text for text in texts)


def test_those_who_may_approve_an_account_are_told_of_it_too(
    session: Session, second: User
) -> None:
    invite(session, Role.SOCIAL_WORKER)

    assert second.id in told(session)


def test_who_holds_the_office_and_gives_the_role_tells_the_others(session: Session) -> None:
    both = colleague(session, Role.ADMINISTRATOR, Role.DIRECTOR, name="Both")
    anna = session.get_one(User, staff_id(session))

    roles.hand_out(session, anna, ["supervisor"], actor=as_user(session, both.id))

    offices = {staff_id(session, one) for one in (Role.DIRECTOR, Role.PRIVACY_OFFICER)}
    assert told(session) == offices
    assert not anna.is_waiting


def test_while_an_account_waits_its_roles_open_nothing(
    session: Session, galina: User, enter: Callable[[uuid.UUID], Visitor], sign_in: SignIn
) -> None:
    visitor = enter(galina.id)

    families, mine = visitor.get("/families/"), visitor.get("/account/")

    assert families.status_code == 403
    assert "waits for a second person" in families.text
    assert "waits for a second person" in mine.text
    assert as_user(session, galina.id).permissions == frozenset()
    assert "Waits for a second person" in sign_in(Role.ADMINISTRATOR).get("/colleagues/").text


def test_who_invited_somebody_does_not_approve_the_account(
    session: Session, galina: User, sign_in: SignIn
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)
    page = f"/colleagues/{galina.id}"

    answer = administrator.submit(f"{page}/approval", page=page)

    session.expire_all()
    assert answer.status_code == 303
    assert "Confirm this account" not in administrator.get(page).text
    assert galina.is_waiting
    assert approvals(session, galina) == []


def test_a_second_administrator_approves_and_the_roles_count(
    session: Session, galina: User, second: User, enter: Callable[[uuid.UUID], Visitor]
) -> None:
    administrator = enter(second.id)
    page = f"/colleagues/{galina.id}"
    offered = administrator.get(page).text

    answer = administrator.submit(f"{page}/approval", page=page)

    session.expire_all()
    assert answer.status_code == 303
    assert "Confirm this account" in offered
    assert galina.approved_by == second.id
    assert as_user(session, galina.id).may(Permission.FAMILIES_READ)
    assert approvals(session, galina) == [second.id]


def test_who_may_not_open_accounts_approves_none(
    session: Session, galina: User, sign_in: SignIn
) -> None:
    director = sign_in(Role.DIRECTOR)

    answer = director.submit(f"/colleagues/{galina.id}/approval", page="/account/")

    session.expire_all()
    assert answer.status_code == 403
    assert galina.is_waiting


def test_whoever_gave_one_of_the_roles_is_no_second_person(session: Session, second: User) -> None:
    galina = invite(session, Role.DIRECTOR)
    me = as_user(session, second.id)

    roles.hand_out(session, galina, ["director", "supervisor"], actor=me)

    assert approving.approvers(session, galina) == set()


def test_an_account_that_waits_approves_no_other_and_is_nobodys_last_administrator(
    session: Session, galina: User
) -> None:
    me = session.get_one(User, staff_id(session, Role.ADMINISTRATOR))
    puppet = invite(session, Role.ADMINISTRATOR, email="puppet@example.org")

    with pytest.raises(LastAdministratorError):
        services.change_colleague(
            session,
            me,
            name=me.name,
            roles=me.roles,
            locale="en",
            works_here=False,
            actor=as_user(session, me.id),
        )

    assert puppet.id not in approving.approvers(session, galina)


@pytest.mark.parametrize(("hours", "waits"), [(23, True), (25, False)], ids=["in it", "after it"])
def test_where_nobody_else_may_approve_a_day_has_to_pass(
    session: Session, galina: User, visitor: SignIn, hours: int, waits: bool
) -> None:
    sign_in_later(visitor, galina, hours=hours)

    session.expire_all()
    assert galina.is_waiting is waits
    assert galina.approved_by is None
    assert as_user(session, galina.id).may(Permission.FAMILIES_READ) is not waits


@pytest.mark.usefixtures("second")
def test_where_somebody_else_may_approve_no_time_does_it_for_her(
    session: Session, galina: User, visitor: SignIn
) -> None:
    sign_in_later(visitor, galina, days=30)

    session.expire_all()
    assert galina.is_waiting


def test_a_further_role_begins_the_day_anew(
    session: Session, galina: User, visitor: SignIn
) -> None:
    me = as_role(session, Role.ADMINISTRATOR)
    galina.waits_since = datetime.now(UTC) - timedelta(hours=23)

    roles.hand_out(session, galina, [*galina.roles, "supervisor"], actor=me)
    session.commit()
    sign_in_later(visitor, galina, hours=2)

    session.expire_all()
    assert galina.is_waiting


def test_a_role_that_tells_of_nobody_waits_for_nobody_until_another_one_is_given(
    session: Session,
) -> None:
    vera = invite(session, Role.VOLUNTEER_COORDINATOR)
    at_first, nobody = vera.is_waiting, told(session)

    roles.hand_out(session, vera, ["director"], actor=as_role(session, Role.ADMINISTRATOR))

    assert (at_first, nobody) == (False, set())
    assert vera.is_waiting
    assert staff_id(session, Role.PRIVACY_OFFICER) in told(session)


def test_a_role_from_which_all_was_taken_counts_as_what_it_begins_as(session: Session) -> None:
    nothing = narrowed(session, Role.DIRECTOR, *(one.value for one in Permission))

    vera = invite(session, nothing)

    assert vera.is_waiting
    assert told(session)


def test_an_account_that_the_operator_opens_waits_for_nobody(session: Session) -> None:
    link = invitations.invite(
        session, email=EMAIL, name="First One", roles=[Role.DIRECTOR], locale="en"
    )

    first = session.get_one(User, link.user_id)

    assert not first.is_waiting
    assert as_user(session, first.id).may(Permission.FAMILIES_READ)
