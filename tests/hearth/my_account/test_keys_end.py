"""What ends a key for programs when somebody else may have made it, or its owner says so."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts import api_tokens, factors, invitations, links
from hearth.accounts.links import LinkKind
from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.audit.models import AuditEvent
from tests.factories.families import staff_id
from tests.support.servers import PASSWORD
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
CHOSEN = "seven herons under a rusty kettle"
TO_CHANGE = {"old_password": PASSWORD, "new_password": CHOSEN}


@pytest.fixture
def director(session: Session) -> User:
    return session.get_one(User, staff_id(session, Role.DIRECTOR))


@pytest.fixture
def key(session: Session, director: User, visitor: SignIn) -> str:
    """A key with which a program reads her organisation's figures."""
    made = api_tokens.make_token(
        session,
        user_id=director.id,
        name="our website",
        scopes=[Permission.NUMBERS_READ],
        own=[Permission.NUMBERS_READ, Permission.TOKENS_USE],
        days=365,
        host=visitor("spb").host,
    )
    session.commit()
    return made


def ask(program: Visitor, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return program.get("/api/v1/me", headers=headers).status_code


def withdrawn(session: Session) -> list[tuple[object, object]]:
    """Whose keys were withdrawn, and by whom."""
    session.commit()
    events = session.scalars(select(AuditEvent).where(AuditEvent.action == "account.token-revoked"))
    return [(one.subject_id, one.actor_id) for one in events]


def test_a_password_from_a_letter_ends_every_key(
    session: Session, director: User, key: str, visitor: SignIn
) -> None:
    link = links.make_link(session, kind=LinkKind.RESET, user_id=director.id)
    secret = links.secret_of(session, kind=LinkKind.RESET, link_id=link.id)

    invitations.reset(session, secret=secret, password=CHOSEN, about=[])

    assert withdrawn(session) == [(director.id, director.id)]
    assert ask(visitor("spb"), key) == 401


def test_who_changes_her_password_hears_of_her_keys_and_may_end_them(
    session: Session, director: User, key: str, sign_in: SignIn, visitor: SignIn
) -> None:
    owner = sign_in(Role.DIRECTOR)

    page = owner.get("/account/password").text
    changed = owner.submit("/account/password", {**TO_CHANGE, "end_keys": "true"})

    assert "You have 1 key for programs" in page
    assert changed.status_code == 303
    assert withdrawn(session) == [(director.id, director.id)]
    assert ask(visitor("spb"), key) == 401


def test_a_key_goes_on_when_its_owner_changes_her_password_and_does_not_end_it(
    session: Session, key: str, sign_in: SignIn, visitor: SignIn
) -> None:
    owner = sign_in(Role.DIRECTOR)

    changed = owner.submit("/account/password", TO_CHANGE)

    assert changed.status_code == 303
    assert withdrawn(session) == []
    assert ask(visitor("spb"), key) == 200


def test_who_has_no_key_is_asked_nothing_about_one(sign_in: SignIn) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)

    page = worker.get("/account/password").text

    assert "end_keys" not in page


def test_a_second_factor_that_begins_anew_ends_every_key_by_name_of_who_did_it(
    session: Session, director: User, key: str, visitor: SignIn
) -> None:
    administrator = staff_id(session, Role.ADMINISTRATOR)

    factors.start_anew(session, user_id=director.id, actor_id=administrator)

    assert withdrawn(session) == [(director.id, administrator)]
    assert ask(visitor("spb"), key) == 401


def test_a_closed_account_ends_every_key_by_name_of_who_did_it(
    session: Session, director: User, key: str, sign_in: SignIn, visitor: SignIn
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)
    answers = {"name": director.name, "roles": director.roles, "locale": "en"}

    closed = administrator.submit(f"/colleagues/{director.id}", answers)

    assert closed.status_code == 303
    assert withdrawn(session) == [(director.id, staff_id(session, Role.ADMINISTRATOR))]
    assert ask(visitor("spb"), key) == 401
