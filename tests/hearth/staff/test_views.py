"""An administrator opens, changes and closes accounts; a change counts at the next request."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hearth.accounts.models import User, UserSession
from hearth.accounts.permissions import Role
from hearth.outbox.mail import TEMPLATES
from hearth.outbox.models import OutboxMessage
from hearth.web.request import HearthFlask
from tenants.context import Runtime
from tests.isolation.pages import Page
from tests.support.servers import PASSWORD
from tests.support.visitors import TOKEN, Visitor, codes_now

MakeVisitor = Callable[..., Visitor]
CHOSEN = "seven herons under a rusty kettle"
NEW = {
    "name": "Vera Example",
    "email": "Vera@spb.example.org",
    "roles": ["house-staff"],
    "locale": "ru",
}


def _user(session: Session, role: Role) -> User:
    return session.scalars(select(User).where(User.roles == [role.value])).one()


def _links(session: Session, runtime: Runtime, app: HearthFlask) -> list[str]:
    """The links of every mail that waits, as their readers would see them."""
    with app.app_context():
        waiting = session.scalars(select(OutboxMessage).order_by(OutboxMessage.created_at)).all()
        mails = [TEMPLATES[one.payload["template"]](session, one.payload) for one in waiting]
    return [line for mail in mails if mail for line in mail.text.splitlines() if "?link=" in line]


def _path(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


def test_a_colleague_is_invited_and_chooses_the_password_herself(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session, runtime: Runtime, app: HearthFlask
) -> None:
    administrator, vera = sign_in(Role.ADMINISTRATOR), visitor("spb")

    invited = administrator.submit("/colleagues/new", NEW)
    (link,) = _links(session, runtime, app)
    begun = vera.submit(_path(link), {"link": link.partition("=")[2], "password": CHOSEN})

    assert invited.status_code == begun.status_code == 303
    assert link.startswith("https://spb.hearth.test/invitation?link=")
    assert vera.get("/sign-in").location == "/account/second-factor?next=/sign-in"
    assert vera.get("/shelter/").location.startswith("/account/second-factor")
    assert "Vera Example" in administrator.get("/colleagues/").text


def test_the_link_of_an_invitation_works_once(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session, runtime: Runtime, app: HearthFlask
) -> None:
    sign_in(Role.ADMINISTRATOR).submit("/colleagues/new", NEW)
    (link,) = _links(session, runtime, app)
    form = {"link": link.partition("=")[2], "password": CHOSEN}
    thief = visitor("spb")
    page = thief.token_on(_path(link))
    visitor("spb").submit(_path(link), form)

    again = thief.post("/invitation", data={"form_token": page, **form})

    assert again.status_code == 422
    assert "served its time" in again.text


@pytest.mark.parametrize(("hours", "works"), [(71, True), (73, False)], ids=["in time", "too late"])
def test_an_invitation_lapses_after_three_days(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session, runtime: Runtime,
    app: HearthFlask, hours: int, works: bool,
) -> None:  # fmt: skip
    sign_in(Role.ADMINISTRATOR).submit("/colleagues/new", NEW)
    (link,) = _links(session, runtime, app)

    with time_machine.travel(datetime.now(UTC) + timedelta(hours=hours), tick=True):
        page = visitor("spb").get(_path(link)).text

    assert ("served its time" not in page) is works


def test_a_new_invitation_makes_the_one_before_worthless(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session, runtime: Runtime, app: HearthFlask
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)
    administrator.submit("/colleagues/new", NEW)
    (first,) = _links(session, runtime, app)
    vera = session.scalars(select(User).where(User.name == "Vera Example")).one()

    administrator.submit(f"/colleagues/{vera.id}/invitation", page=f"/colleagues/{vera.id}")

    assert "served its time" in visitor("spb").get(_path(first)).text
    assert len(_links(session, runtime, app)) == 1


def test_a_forged_host_never_comes_into_the_mail(
    sign_in: MakeVisitor, session: Session, runtime: Runtime, app: HearthFlask
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)

    administrator.post(
        "/colleagues/new",
        data={"form_token": administrator.token_on("/colleagues/new"), **NEW},
        headers={"X-Forwarded-Host": "evil.test", "Origin": "https://spb.hearth.test"},
        environ_overrides={"HTTP_HOST": "spb.hearth.test:8443"},
    )

    (link,) = _links(session, runtime, app)
    assert link.startswith("https://spb.hearth.test/invitation?")


def test_an_administrator_alone_cannot_become_a_colleague(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session, runtime: Runtime, app: HearthFlask
) -> None:
    worker, administrator = sign_in(Role.SOCIAL_WORKER), sign_in(Role.ADMINISTRATOR)
    anna = _user(session, Role.SOCIAL_WORKER)

    administrator.submit(f"/colleagues/{anna.id}/second-factor", page=f"/colleagues/{anna.id}")

    # Even who has the password does not come further without the letter.
    assert worker.get("/families/").status_code == 302
    thief = visitor("spb")
    thief.submit("/sign-in", {"email": anna.email, "password": PASSWORD})
    assert "follow its link" in thief.get("/account/second-factor").text
    assert thief.get("/account/app").location == "/account/second-factor"
    (link,) = [one for one in _links(session, runtime, app) if "/second-factor-anew?" in one]
    form = {"link": link.partition("=")[2]}
    guess = thief.submit(_path(link), {**form, "password": "not the right one"})
    assert guess.status_code == 422
    owner = visitor("spb")
    assert owner.submit(_path(link), {**form, "password": PASSWORD}).status_code == 303
    assert owner.get("/account/app").status_code == 200


def test_accounts_are_changed_only_after_a_fresh_proof(
    sign_in: MakeVisitor, session: Session
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)
    page = administrator.token_on("/colleagues/new")
    earlier = datetime.now(UTC) - timedelta(hours=1)
    session.execute(update(UserSession).values(confirmed_at=earlier))

    asked = administrator.post("/colleagues/new", data={"form_token": page, **NEW})
    kept = Page(asked.text).fields
    proof = {"confirm-password": PASSWORD, "confirm-code": codes_now()[0]}
    token = TOKEN.search(asked.text)
    assert token is not None
    sent = {name: field.offered for name, field in kept.items() if field.offered}
    done = administrator.post(
        "/colleagues/new", data={**sent, "form_token": token.group(1), **proof}
    )

    assert asked.status_code == 403
    assert administrator.get("/colleagues/new").status_code == 200
    assert done.status_code == 303
    assert session.scalars(select(User.name).where(User.name == "Vera Example")).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"email": "social-worker@spb.example.org"}, "already"),
        ({"email": "nonsense"}, "address"),
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


def test_a_changed_role_ends_the_session_at_once(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    administrator = sign_in(Role.ADMINISTRATOR)
    anna = _user(session, Role.SOCIAL_WORKER)

    administrator.submit(
        f"/colleagues/{anna.id}",
        {"name": anna.name, "roles": ["fundraiser"], "locale": "ru", "works_here": "true"},
    )

    assert worker.get("/families/").status_code == 302
    again = visitor("spb")
    again.sign_in(anna.email)
    assert again.get("/families/").status_code == 403
    assert again.get("/gifts/").status_code == 200


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
