"""With the password alone nobody reads anything; the second factor opens, and guessing ends."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hearth.accounts import limits, recovery, sessions, totp
from hearth.accounts.access_models import AccountEvent
from hearth.accounts.factor_models import AuthenticatorApp, Passkey
from hearth.accounts.guard import COOKIE
from hearth.accounts.invitations import start_lost_ones_anew
from hearth.accounts.models import User, UserSession
from hearth.accounts.permissions import (
    Permission,
    Role,
    needs_second_factor,
)
from hearth.accounts.policy import ROLE_PERMISSIONS
from hearth.outbox.models import OutboxMessage
from tenants.context import Runtime
from tenants.passwords import derive
from tests.support.servers import APP_SECRET, PASSWORD
from tests.support.visitors import Visitor, codes_now

MakeVisitor = Callable[..., Visitor]
ANNA = "social-worker@spb.example.org"
WRONG = "000000"


def halfway(visitor: MakeVisitor, site: str = "spb", address: str | None = None) -> Visitor:
    """Somebody who has typed the password and not yet a code."""
    anna = visitor(site)
    if address:
        anna.environ_base["REMOTE_ADDR"] = address
    anna.submit("/sign-in", {"email": ANNA, "password": PASSWORD})
    return anna


def anna_in(session: Session) -> User:
    return session.scalars(select(User).where(User.email == ANNA)).one()


@pytest.mark.parametrize("role", list(Role))
def test_who_can_read_about_anybody_needs_a_second_factor(role: Role) -> None:
    needed = needs_second_factor(ROLE_PERMISSIONS[role])

    assert needed == (role is not Role.VOLUNTEER_COORDINATOR)


@pytest.mark.parametrize("permission", list(Permission))
def test_a_permission_asks_for_one_unless_it_is_about_nobody(permission: Permission) -> None:
    assert needs_second_factor([permission]) == (permission is not Permission.NUMBERS_READ)
    assert any(permission in held for held in ROLE_PERMISSIONS.values())


def lose_the_key(session: Session) -> None:
    """Leave everybody's app as it is after the service's key was replaced."""
    for app in session.scalars(select(AuthenticatorApp)).all():
        app.secret_sealed = totp.seal(APP_SECRET, secret_key="former", user_id=app.user_id)
    session.commit()


def test_a_code_under_a_former_key_is_refused_like_any_wrong_one(
    visitor: MakeVisitor, session: Session
) -> None:
    lose_the_key(session)
    anna = halfway(visitor)

    answer = anna.submit("/sign-in/second", {"code": codes_now()[0]})

    assert answer.status_code == 422
    assert "not right" in answer.text


def test_who_lost_her_app_with_the_key_begins_anew_and_nobody_else(session: Session) -> None:
    lose_the_key(session)
    everybody = {user.email for user in session.scalars(select(User)) if user.second_factor_at}
    anna, other = anna_in(session), session.scalars(select(User).where(User.email != ANNA)).first()
    assert other is not None
    device = {"credential_id": b"a device", "public_key": b"", "sign_count": 0, "name": "x"}
    session.add(Passkey(user_id=other.id, **device))
    session.add(AccountEvent(user_id=anna.id, kind="password-reset"))
    session.commit()

    told = start_lost_ones_anew(session)

    anew = {user.email for user in session.scalars(select(User).where(User.enrols_by_mail))}
    assert anew == everybody - {ANNA, other.email}
    assert told == (len(anew), 1)
    assert start_lost_ones_anew(session) == (0, 1)


@pytest.mark.parametrize("path", ["/families/", "/referrals/new", "/account/", "/account/keys/new"])
def test_the_password_alone_leads_to_the_second_step(sign_in: MakeVisitor, path: str) -> None:
    anna = sign_in(Role.SOCIAL_WORKER, assurance="password")

    answer = anna.get(path)

    assert answer.location == f"/sign-in/second?next={path}"


def test_nothing_can_be_sent_with_the_password_alone(visitor: MakeVisitor) -> None:
    anna = halfway(visitor)
    token = anna.token_on("/sign-in/second")

    answers = [
        anna.post(path, data={"form_token": token})
        for path in ("/referrals/new", "/account/", "/account/app", "/account/app/remove")
    ]

    assert [answer.status_code for answer in answers] == [403] * 4


def test_a_code_opens_and_makes_the_session_anew(visitor: MakeVisitor, session: Session) -> None:
    anna = halfway(visitor)
    before = anna.get_cookie(COOKIE, domain=anna.host)
    thief = visitor("spb")
    assert before is not None
    thief.set_cookie(COOKIE, before.value, domain=thief.host, secure=True)

    answer = anna.submit("/sign-in/second?next=/families/", {"code": codes_now()[0]})

    assert answer.status_code == 303
    assert answer.location == "/families/"
    assert anna.get("/families/").status_code == 200
    assert thief.get("/sign-in").status_code == 200


def test_a_code_alone_makes_no_session_fresh(sign_in: MakeVisitor, session: Session) -> None:
    anna = sign_in(Role.SOCIAL_WORKER, fresh=False)
    token = anna.token_on("/account/")
    before = session.scalars(select(UserSession.confirmed_at)).one()

    page = anna.get("/sign-in/second?next=/families/")
    sent = anna.post("/sign-in/second", data={"form_token": token, "code": codes_now()[0]})

    session.expire_all()
    assert (page.status_code, page.location) == (303, "/families/")
    assert sent.status_code == 303
    assert session.scalars(select(UserSession.confirmed_at)).one() == before
    assert anna.get("/account/app").location == "/confirm?next=/account/app"


@pytest.mark.parametrize(("assurance", "refreshed"), [("password", True), ("second-factor", False)])
def test_only_a_session_that_was_half_in_is_proved_anew(
    sign_in: MakeVisitor, session: Session, assurance: str, refreshed: bool
) -> None:
    anna = sign_in(Role.SOCIAL_WORKER, fresh=False, assurance=assurance)
    cookie = anna.get_cookie(COOKIE, domain=anna.host)
    assert cookie is not None
    before = session.scalars(select(UserSession.confirmed_at)).one()

    sessions.raise_assurance(session, token=cookie.value)

    session.expire_all()
    after = session.scalars(select(UserSession)).one()
    assert (after.confirmed_at > before) is refreshed
    assert after.assurance == "second-factor"


def test_a_code_is_taken_once(visitor: MakeVisitor) -> None:
    first, second = halfway(visitor), halfway(visitor)
    code = codes_now()[0]
    first.submit("/sign-in/second", {"code": code})

    answer = second.submit("/sign-in/second", {"code": code})

    assert answer.status_code == 422
    assert "used before" in answer.text
    assert second.get("/families/").status_code == 302


def test_a_recovery_code_opens_once_and_its_owner_is_told(
    visitor: MakeVisitor, session: Session, runtime: Runtime
) -> None:
    anna = anna_in(session)
    key = runtime.settings.secret_key
    code, *_ = recovery.make_codes(session, user_id=anna.id, secret_key=key)
    session.commit()

    first = halfway(visitor).submit("/sign-in/second", {"code": code.lower()})
    second = halfway(visitor).submit("/sign-in/second", {"code": code})

    assert first.status_code == 303
    assert second.status_code == 422
    assert recovery.codes_left(session, user_id=anna.id) == 9
    sent = session.scalars(select(OutboxMessage.payload)).all()
    assert [payload["template"] for payload in sent] == ["account.recovery-code-used"]


def test_a_recovery_code_is_its_owners_alone(session: Session, runtime: Runtime) -> None:
    key = runtime.settings.secret_key
    anna = anna_in(session)
    other = session.scalars(select(User).where(User.id != anna.id)).first()
    assert other is not None
    code, *_ = recovery.make_codes(session, user_id=anna.id, secret_key=key)

    assert not recovery.use_code(session, user_id=other.id, code=code, secret_key=key)
    assert recovery.use_code(session, user_id=anna.id, code=code, secret_key=key)


def test_new_recovery_codes_make_the_old_ones_worthless(session: Session, runtime: Runtime) -> None:
    key, anna = runtime.settings.secret_key, anna_in(session)
    old, *_ = recovery.make_codes(session, user_id=anna.id, secret_key=key)
    new = recovery.make_codes(session, user_id=anna.id, secret_key=key)

    assert len(set(new)) == 10
    assert not recovery.use_code(session, user_id=anna.id, code=old, secret_key=key)


def test_the_sixth_wrong_code_is_asked_to_wait(visitor: MakeVisitor) -> None:
    anna = halfway(visitor)
    for _ in range(limits.PER_ACCOUNT_AND_ADDRESS):
        anna.submit("/sign-in/second", {"code": WRONG})

    answer = anna.submit("/sign-in/second", {"code": codes_now()[0]})

    assert answer.status_code == 422
    assert "quarter of an hour" in answer.text


def test_codes_cannot_be_guessed_from_many_addresses_and_the_owner_still_comes_in(
    visitor: MakeVisitor, session: Session, runtime: Runtime
) -> None:
    at_home = visitor("spb")
    at_home.sign_in(ANNA)
    session.execute(update(AuthenticatorApp).values(last_step=0))
    session.commit()
    account = f"second factor of {anna_in(session).id}"
    pepper = derive(runtime.settings.secret_key, "sign-in-failures")
    for number in range(limits.CODES_PER_ACCOUNT - 1):
        limits.count_failure(session, account=account, address=f"203.0.{number}", pepper=pepper)
    session.commit()
    thief = halfway(visitor, address="203.0.113.9")
    thief.submit("/sign-in/second", {"code": WRONG})

    guessed = halfway(visitor, address="198.51.100.7").submit(
        "/sign-in/second", {"code": codes_now()[0]}
    )
    at_home.submit("/sign-in", {"email": ANNA, "password": PASSWORD}, page="/forgotten-password")
    owner = at_home.submit("/sign-in/second", {"code": codes_now()[0]})

    assert "quarter of an hour" in guessed.text
    assert owner.status_code == 303
    assert at_home.get("/families/").status_code == 200


def test_a_thousand_guesses_of_the_password_do_not_lock_the_owner_out(
    visitor: MakeVisitor, session: Session
) -> None:
    pepper = b"as the service has it"
    for number in range(1000):
        limits.count_failure(session, account=ANNA, address=f"10.0.{number}", pepper=pepper)
    session.flush()

    limits.refuse_guessing(session, account=ANNA, address="192.0.2.1", pepper=pepper)

    owner = visitor("spb")
    assert owner.sign_in(ANNA).status_code == 303


def test_whoever_needs_a_second_factor_and_has_none_sets_one_up_first(
    visitor: MakeVisitor, session: Session
) -> None:
    session.execute(update(User).where(User.email == ANNA).values(second_factor_at=None))
    session.execute(update(AuthenticatorApp).values(removed_at=datetime.now(UTC)))
    session.commit()
    anna = halfway(visitor)

    answers = {path: anna.get(path) for path in ("/families/", "/account/", "/figures/")}

    assert {a.location.partition("?")[0] for a in answers.values()} == {"/account/second-factor"}
    assert anna.get("/account/second-factor").status_code == 200
    assert anna.get("/account/app").status_code == 200


def test_who_reads_about_nobody_may_do_without(visitor: MakeVisitor, session: Session) -> None:
    session.execute(update(User).values(second_factor_at=None))
    session.commit()
    coordinator = visitor("spb")

    coordinator.submit(
        "/sign-in", {"email": "volunteer-coordinator@spb.example.org", "password": PASSWORD}
    )

    assert coordinator.get("/figures/").status_code == 200
    assert session.scalars(select(UserSession.assurance)).all() == ["password"]
