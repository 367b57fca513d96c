"""Whoever has somebody's mailbox, and nothing else, does not become her."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hearth.accounts import devices
from hearth.accounts.access_models import AccountEvent
from hearth.accounts.factor_models import AuthenticatorApp
from hearth.accounts.factors import ResetLatelyError
from hearth.accounts.invitations import start_anew_for
from hearth.accounts.links import LinkKind, secret_of
from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.outbox.mail import TEMPLATES, Mail
from hearth.outbox.models import OutboxMessage
from hearth.web.request import HearthFlask
from tenants.models import new_id
from tests.support.servers import PASSWORD
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
ANNA = "social-worker@spb.example.org"
CHOSEN = "seven herons under a rusty kettle"


def letters(session: Session, app: HearthFlask) -> list[Mail]:
    """Every letter that waits, as its reader sees it."""
    session.expire_all()
    with app.app_context():
        payloads = session.scalars(
            select(OutboxMessage.payload).order_by(OutboxMessage.created_at)
        ).all()
        mails = [TEMPLATES[one["template"]](session, one) for one in payloads]
    return [mail for mail in mails if mail]


def secret_in(mails: list[Mail], path: str) -> str:
    """The secret of the one letter whose link leads to a page."""
    (text,) = [mail.text for mail in mails if f"{path}?link=" in mail.text]
    return text.partition("link=")[2].split()[0]


def anna_in(session: Session) -> User:
    return session.scalars(select(User).where(User.email == ANNA)).one()


def take_off(administrator: Visitor, anna: User) -> str:
    """What the administrator is told when she has taken a second factor off."""
    page = f"/colleagues/{anna.id}"
    administrator.submit(f"{page}/second-factor", page=page)
    return administrator.get("/colleagues/").text


def test_while_a_second_factor_begins_anew_no_letter_gives_a_password(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session, app: HearthFlask
) -> None:
    usual = visitor("spb").submit("/forgotten-password", {"email": "nobody@spb.example.org"})
    take_off(sign_in(Role.ADMINISTRATOR), anna_in(session))

    answer = visitor("spb").submit("/forgotten-password", {"email": ANNA})

    written = [mail.text for mail in letters(session, app) if mail.to == ANNA]
    assert answer.status_code == usual.status_code == 200
    assert len(written) == 1
    assert "/new-password" not in written[0]


def test_a_letter_from_before_gives_no_password_either(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session, app: HearthFlask
) -> None:
    visitor("spb").submit("/forgotten-password", {"email": ANNA})
    secret = secret_in(letters(session, app), "/new-password")
    take_off(sign_in(Role.ADMINISTRATOR), anna_in(session))
    thief = visitor("spb")

    answer = thief.submit(
        "/new-password",
        {"link": secret, "password": CHOSEN},
        page=f"/new-password?link={secret}",
    )

    assert answer.status_code == 422
    assert thief.submit("/sign-in", {"email": ANNA, "password": CHOSEN}).status_code == 422


def test_a_password_that_came_by_mail_waits_a_day_for_a_second_factor_by_mail(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session, app: HearthFlask
) -> None:
    visitor("spb").submit("/forgotten-password", {"email": ANNA})
    secret = secret_in(letters(session, app), "/new-password")
    form = {"link": secret, "password": CHOSEN}
    visitor("spb").submit("/new-password", form, page=f"/new-password?link={secret}")

    told = take_off(sign_in(Role.ADMINISTRATOR), anna_in(session))
    with pytest.raises(ResetLatelyError):
        start_anew_for(session, email=ANNA)

    assert "within the last day" in told
    assert not anna_in(session).enrols_by_mail
    assert not [mail for mail in letters(session, app) if "/second-factor-anew" in mail.text]
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        assert start_anew_for(session, email=ANNA) is not None


def test_a_link_on_its_way_waits_for_such_a_password_too(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session, app: HearthFlask
) -> None:
    anna = anna_in(session)
    take_off(sign_in(Role.ADMINISTRATOR), anna)
    secret = secret_in(letters(session, app), "/second-factor-anew")
    session.add(AccountEvent(user_id=anna.id, kind="password-reset"))
    session.commit()

    answer = visitor("spb").submit(
        "/second-factor-anew",
        {"link": secret, "password": PASSWORD},
        page=f"/second-factor-anew?link={secret}",
    )

    assert answer.status_code == 422
    assert "within the last day" in answer.text


def test_a_mailbox_alone_sets_up_no_first_second_factor(
    visitor: MakeVisitor, session: Session, app: HearthFlask
) -> None:
    without_second_factor(session)
    visitor("spb").submit("/forgotten-password", {"email": ANNA})
    secret = secret_in(letters(session, app), "/new-password")
    form, thief = {"link": secret, "password": CHOSEN}, visitor("spb")

    thief.submit("/new-password", form, page=f"/new-password?link={secret}")
    thief.submit("/sign-in", {"email": ANNA, "password": CHOSEN})
    refused = [thief.get(f"/account/{page}").status_code for page in ("app", "passkeys/new")]
    told = thief.get("/account/second-factor").text

    assert refused == [303, 303]
    assert "ask an administrator" in told
    assert thief.get("/families/").status_code == 302


def test_after_a_day_and_with_an_administrator_she_sets_one_up(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session, app: HearthFlask
) -> None:
    without_second_factor(session)
    id_, before = anna_in(session).id, datetime.now(UTC) - timedelta(hours=25)
    session.add(AccountEvent(user_id=id_, kind="password-reset", happened_at=before))
    session.commit()
    anna = visitor("spb")

    anna.submit("/sign-in", {"email": ANNA, "password": PASSWORD})
    alone = anna.get("/account/app")
    take_off(sign_in(Role.ADMINISTRATOR), anna_in(session))
    secret = secret_in(letters(session, app), "/second-factor-anew")
    form = {"link": secret, "password": PASSWORD}
    anna.submit("/second-factor-anew", form, page=f"/second-factor-anew?link={secret}")
    together = anna.get("/account/app")

    assert (alone.status_code, together.status_code) == (303, 200)


def without_second_factor(session: Session) -> None:
    """Let Anna be somebody who has a password and came no further."""
    session.execute(update(User).where(User.email == ANNA).values(second_factor_at=None))
    session.execute(delete(AuthenticatorApp).where(AuthenticatorApp.user_id == anna_in(session).id))
    session.commit()


def test_others_hear_of_it_and_not_whose_it_was(
    sign_in: MakeVisitor, session: Session, app: HearthFlask
) -> None:
    director = session.scalars(select(User).where(User.roles == [Role.DIRECTOR.value])).one()
    also = [Role.DIRECTOR.value, Role.ADMINISTRATOR.value]
    session.execute(update(User).where(User.id == director.id).values(roles=also))
    session.commit()
    supervisor = session.scalars(select(User).where(User.roles == [Role.SUPERVISOR.value])).one()

    take_off(sign_in(Role.ADMINISTRATOR), anna_in(session))

    others = [mail for mail in letters(session, app) if mail.to != ANNA]
    assert {mail.to for mail in others} == {director.email, supervisor.email}
    assert not [mail for mail in others if anna_in(session).name in mail.subject + mail.text]


def test_a_secret_is_good_in_one_house_and_for_one_purpose(
    session: Session, pskov_session: Session, shared: Session
) -> None:
    link_id = new_id()

    secrets = {
        secret_of(one, kind=kind, link_id=link_id)
        for one in (session, pskov_session, shared)
        for kind in LinkKind
    }

    assert len(secrets) == 3 * len(LinkKind)
    assert secret_of(session, kind=LinkKind.RESET, link_id=link_id) in secrets


def test_a_browser_is_not_known_by_a_token_that_it_made_up(session: Session) -> None:
    anna, other = session.scalars(select(User).order_by(User.email).limit(2)).all()
    made_up, host = "x" * 43, "spb.hearth.test"

    kept = devices.remember_device(session, user_id=anna.id, token=made_up, host=host)
    shared_browser = devices.remember_device(session, user_id=other.id, token=kept, host=host)

    assert kept != made_up
    assert not devices.is_known(session, user_id=anna.id, token=made_up)
    assert shared_browser == kept
