"""An administrator opens, changes and closes accounts; a change counts at the next request."""

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
NEW = {
    "name": "Vera Example",
    "email": "Vera@spb.example.org",
    "password": "four words are plenty",
    "roles": ["house-staff"],
    "locale": "ru",
}


def _user(session: Session, role: Role) -> User:
    return session.scalars(select(User).where(User.roles == [role.value])).one()


def test_an_account_is_opened_and_works(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)

    response = administrator.submit("/colleagues/new", NEW)

    assert response.status_code == 303
    vera = visitor("spb")
    entered = vera.submit("/sign-in", {"email": NEW["email"], "password": NEW["password"]})
    assert entered.status_code == 303
    assert vera.get("/sign-in").location == "/shelter/"
    assert "Vera Example" in administrator.get("/colleagues/").text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"email": "social-worker@spb.example.org"}, "already"),
        ({"email": "nonsense"}, "address"),
        ({"password": "short"}, "12 characters"),
        ({"roles": []}, "role"),
        ({"roles": ["federation-staff"]}, "role"),
        ({"name": "  "}, "name"),
    ],
)
def test_bad_input_is_explained_and_kept(
    sign_in: MakeVisitor, change: dict[str, object], says: str
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)

    response = administrator.submit("/colleagues/new", {**NEW, **change})

    assert response.status_code == 422
    assert says in response.text
    assert str(change.get("email", NEW["email"])) in response.text
    assert str(NEW["password"]) not in response.text


def test_a_closed_account_is_signed_out_at_once(sign_in: MakeVisitor, session: Session) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    administrator = sign_in(Role.ADMINISTRATOR)
    anna = _user(session, Role.SOCIAL_WORKER)
    assert worker.get("/families/").status_code == 200

    response = administrator.submit(
        f"/colleagues/{anna.id}", {"name": anna.name, "roles": anna.roles, "locale": "ru"}
    )

    assert response.status_code == 303
    assert worker.get("/families/").status_code == 302


def test_a_changed_role_counts_at_the_next_request(sign_in: MakeVisitor, session: Session) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    administrator = sign_in(Role.ADMINISTRATOR)
    anna = _user(session, Role.SOCIAL_WORKER)

    administrator.submit(
        f"/colleagues/{anna.id}",
        {"name": anna.name, "roles": ["fundraiser"], "locale": "ru", "works_here": "true"},
    )

    assert worker.get("/families/").status_code == 403
    assert worker.get("/gifts/").status_code == 200


def test_the_last_administrator_cannot_leave(sign_in: MakeVisitor, session: Session) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)
    me = _user(session, Role.ADMINISTRATOR)

    response = administrator.submit(
        f"/colleagues/{me.id}",
        {"name": me.name, "roles": ["director"], "locale": "ru", "works_here": "true"},
    )

    assert response.status_code == 422
    assert administrator.get("/colleagues/").status_code == 200


@pytest.mark.parametrize("path", ["/colleagues/", "/colleagues/new"])
def test_others_do_not_manage_accounts(
    sign_in: MakeVisitor, visitor: MakeVisitor, path: str
) -> None:
    assert sign_in(Role.DIRECTOR).get(path).status_code == 403
    assert visitor("spb").get(path).status_code == 302
    assert sign_in(Role.ADMINISTRATOR).delete(path).status_code == 405


def test_a_missing_and_a_foreign_account_are_not_found(
    sign_in: MakeVisitor, pskov_session: Session
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)
    foreign = _user(pskov_session, Role.DIRECTOR).id

    missing = administrator.get(f"/colleagues/{uuid.uuid4()}")
    theirs = administrator.get(f"/colleagues/{foreign}")

    assert missing.status_code == theirs.status_code == 404
    assert administrator.get("/colleagues/nonsense").status_code == 404
