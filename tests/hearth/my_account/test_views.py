"""One's own account: details, password, an app, recovery codes, and keys for programs."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import time_machine
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hearth.accounts import api_tokens
from hearth.accounts.access_models import ApiToken, ApiTokenUse
from hearth.accounts.factor_models import AuthenticatorApp, RecoveryCode
from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy_models import RoleRule
from hearth.audit.models import AuditEvent
from hearth.outbox.models import OutboxMessage
from tests.support.servers import PASSWORD
from tests.support.visitors import Visitor, codes_now

MakeVisitor = Callable[..., Visitor]
CHOSEN = "seven herons under a rusty kettle"
SEALED = re.compile(r'name="sealed"[^>]* value="([^"]+)"')
SECRET = re.compile(r'<code class="secret">([^<]+)</code>')
KEY = {"name": "our website", "scopes": Permission.NUMBERS_READ.value, "days": "30"}


def shown_secret(page: str) -> str:
    found = SECRET.search(page)
    assert found is not None
    return html.unescape(found[1]).strip()


def make_key(person: Visitor) -> str:
    return shown_secret(person.submit("/account/keys/new", KEY).text)


def ask(visitor: Visitor, path: str, key: str, method: str = "GET") -> int:
    answer = visitor.open(path, method=method, headers={"Authorization": f"Bearer {key}"})
    return answer.status_code


def test_a_new_name_is_recorded_and_is_nobody_elses(sign_in: MakeVisitor, session: Session) -> None:
    anna = sign_in(Role.SOCIAL_WORKER)
    whose = User.roles == [Role.SOCIAL_WORKER.value]
    me = session.scalars(select(User).where(whose)).one()
    # The second one is written with Cyrillic letters that look like Latin ones.
    taken = ("Test director", "T\u0435st  DIR\u0415CTOR")

    refused = [anna.submit("/account/", {"name": name, "locale": "en"}) for name in taken]
    renamed = anna.submit("/account/", {"name": "Anna Nova", "locale": "en"})
    again = anna.submit("/account/", {"name": "Anna Nova", "locale": "en"})

    events = session.scalars(select(AuditEvent).where(AuditEvent.action == "account.changed")).all()
    assert [answer.status_code for answer in refused] == [422, 422]
    assert "has this name already" in refused[0].text
    assert (renamed.status_code, again.status_code) == (303, 303)
    assert [(one.subject_id, one.actor_id, one.facts) for one in events] == [
        (me.id, me.id, {"fields": ["name"]})
    ]


def test_the_name_of_a_closed_account_is_free(sign_in: MakeVisitor, session: Session) -> None:
    anna = sign_in(Role.SOCIAL_WORKER)
    gone = User.roles == [Role.DIRECTOR.value]
    session.execute(update(User).where(gone).values(disabled_at=datetime.now(UTC)))
    session.commit()

    answer = anna.submit("/account/", {"name": "Test director", "locale": "en"})

    assert answer.status_code == 303


def withhold(session: Session, role: Role, permission: Permission) -> None:
    by = session.scalars(select(User.id).where(User.roles == ["administrator"])).one()
    session.add(RoleRule(role=role.value, item=permission.value, rule="withheld", set_by=by))
    session.commit()


@pytest.mark.parametrize("role", list(Role))
def test_everybody_has_the_page_and_a_way_to_it(sign_in: MakeVisitor, role: Role) -> None:
    person = sign_in(role, "federation" if role is Role.FEDERATION_STAFF else "spb")

    page = person.get("/account/")

    assert page.status_code == 200
    assert 'href="/account/"' in page.text


def test_name_and_language_are_ones_own_to_change(sign_in: MakeVisitor, session: Session) -> None:
    anna = sign_in(Role.SOCIAL_WORKER)

    answer = anna.submit("/account/", {"name": "Anna N.", "locale": "fr", "roles": "director"})

    user = session.scalars(select(User).where(User.name == "Anna N.")).one()
    assert answer.status_code == 303
    assert (user.locale, user.roles) == ("fr", [Role.SOCIAL_WORKER.value])


def test_a_changed_password_ends_the_sessions_elsewhere_and_is_told(
    sign_in: MakeVisitor, session: Session
) -> None:
    here, there = sign_in(Role.SOCIAL_WORKER), sign_in(Role.SOCIAL_WORKER)

    answer = here.submit("/account/password", {"old_password": PASSWORD, "new_password": CHOSEN})

    sent = session.scalars(select(OutboxMessage.payload)).all()
    assert answer.status_code == 303
    assert here.get("/families/").status_code == 200
    assert there.get("/families/").status_code == 302
    assert [one["template"] for one in sent] == ["account.password-changed"]


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"old_password": "not mine at all", "new_password": CHOSEN}, "not your password"),
        ({"old_password": PASSWORD, "new_password": "short"}, "12 characters"),
        ({"old_password": PASSWORD, "new_password": "password1234567"}, "Many people"),
        ({"old_password": PASSWORD, "new_password": "Mothers House Petersburg"}, "guessed"),
        ({"old_password": PASSWORD}, "password"),
    ],
)
def test_a_password_is_not_changed_without_the_old_one_and_a_good_new_one(
    sign_in: MakeVisitor, session: Session, form: dict[str, str], says: str
) -> None:
    anna = sign_in(Role.SOCIAL_WORKER)
    kept = select(User.password_hash).where(User.roles == [Role.SOCIAL_WORKER.value])
    before = session.scalar(kept)

    answer = anna.submit("/account/password", form)

    assert answer.status_code == 422
    assert says in answer.text
    assert session.scalar(kept) == before


def test_an_app_is_taken_when_it_shows_the_code_and_replaces_the_old_one(
    sign_in: MakeVisitor, session: Session
) -> None:
    anna = sign_in(Role.SOCIAL_WORKER)
    page = anna.get("/account/app").text
    sealed, secret = SEALED.search(page), shown_secret(page)
    assert sealed is not None

    wrong = anna.submit("/account/app", {"sealed": sealed[1], "code": "000000"})
    right = anna.submit("/account/app", {"sealed": sealed[1], "code": pyotp.TOTP(secret).now()})

    assert wrong.status_code == 422
    assert secret in wrong.text
    # Without it the picture would be cut off where it is shown smaller, and no app could read it.
    assert re.search(r'<svg[^>]* viewBox="0 0 \d+ \d+"[^>]* class="qr"', page)
    assert right.status_code == 200
    assert len(re.findall(r"<code>[A-Z0-9]{5}-[A-Z0-9]{5}</code>", right.text)) == 10
    whose = select(User.id).where(User.roles == [Role.SOCIAL_WORKER.value]).scalar_subquery()
    apps = session.scalars(select(AuthenticatorApp).where(AuthenticatorApp.user_id == whose)).all()
    assert sorted(app.removed_at is None for app in apps) == [False, True]
    assert secret.encode() not in b"".join(app.secret_sealed for app in apps)


@pytest.mark.parametrize("sealed", ["", "x", "é", "AAAA", "A" * 300])
def test_a_secret_that_is_not_ours_sets_up_nothing(sign_in: MakeVisitor, sealed: str) -> None:
    anna = sign_in(Role.SOCIAL_WORKER)

    answer = anna.submit("/account/app", {"sealed": sealed, "code": "123456"})

    assert answer.status_code == 422


def test_a_colleagues_sealed_secret_sets_up_nothing(sign_in: MakeVisitor) -> None:
    anna, other = sign_in(Role.SOCIAL_WORKER), sign_in(Role.DIRECTOR)
    page = other.get("/account/app").text
    sealed, secret = SEALED.search(page), shown_secret(page)
    assert sealed is not None

    form = {"sealed": sealed[1], "code": pyotp.TOTP(secret).now()}
    answer = anna.submit("/account/app", form)

    assert answer.status_code == 422


def test_the_last_second_factor_stays_where_the_role_needs_one(
    sign_in: MakeVisitor, session: Session
) -> None:
    anna, coordinator = sign_in(Role.SOCIAL_WORKER), sign_in(Role.VOLUNTEER_COORDINATOR)

    for person in (anna, coordinator):
        person.submit("/account/app/remove", page="/account/")

    removed = session.scalar(select(func.count()).where(AuthenticatorApp.removed_at.is_not(None)))
    without = session.scalars(select(User.roles).where(User.second_factor_at.is_(None))).all()
    assert removed == 1
    assert without == [[Role.VOLUNTEER_COORDINATOR.value]]


def test_new_recovery_codes_are_shown_once_and_kept_as_hashes(
    sign_in: MakeVisitor, session: Session
) -> None:
    anna = sign_in(Role.SOCIAL_WORKER)

    page = anna.submit("/account/recovery-codes", page="/account/").text

    codes = re.findall(r"<code>([A-Z0-9]{5}-[A-Z0-9]{5})</code>", page)
    kept = b"".join(session.scalars(select(RecoveryCode.code_hash)).all())
    assert len(set(codes)) == 10
    assert not any(code.replace("-", "").encode() in kept for code in codes)
    assert codes[0] not in anna.get("/account/").text


@pytest.mark.parametrize(
    "path",
    ["/account/app", "/account/passkeys/new", "/account/keys/new", "/colleagues/new"],
)
def test_a_fresh_proof_is_asked_for(sign_in: MakeVisitor, path: str) -> None:
    administrator = sign_in(Role.ADMINISTRATOR, fresh=False)

    asked = administrator.get(path)
    proof = {"confirm-password": PASSWORD, "confirm-code": codes_now()[0]}
    wrong = administrator.submit("/confirm", {**proof, "confirm-password": "wrong"})
    proved = administrator.submit(asked.location, proof)

    assert asked.location == f"/confirm?next={path}"
    assert wrong.status_code == 422
    assert proved.location == path
    assert administrator.get(path).status_code == 200


@pytest.mark.parametrize(
    ("role", "site", "path"),
    [
        (Role.DIRECTOR, "spb", "/figures/our-figures.xlsx"),
        (Role.FEDERATION_STAFF, "federation", "/numbers/hearth-numbers.xlsx"),
    ],
)
def test_an_export_asks_for_a_fresh_proof(
    sign_in: MakeVisitor, role: Role, site: str, path: str
) -> None:
    assert sign_in(role, site).get(path).status_code == 200
    assert sign_in(role, site, fresh=False).get(path).location == f"/confirm?next={path}"


def test_a_key_reads_what_it_says_and_nothing_else(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session
) -> None:
    director, program = sign_in(Role.DIRECTOR), visitor("spb")

    key = make_key(director)

    told = program.get("/api/v1/me", headers={"Authorization": f"Bearer {key}"})
    assert told.get_json()["may_read"] == [Permission.NUMBERS_READ.value]
    assert ask(program, "/api/v1/figures", key) == 200
    # Whatever else the director may open, a key does not: there it is no key at all.
    assert ask(program, "/families/", key) == 302
    assert ask(program, "/account/", key) == 302
    assert ask(program, "/figures/our-figures.xlsx", key) == 302
    assert ask(visitor("pskov"), "/api/v1/me", key) == 401
    assert key.encode() not in session.scalars(select(ApiToken.token_hash)).one()
    assert session.scalar(select(func.count(ApiTokenUse.id))) == 2
    assert key not in director.get("/account/").text


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer x", "Basic abc", "Bearer hearth_" + "x" * 43, "é"]
)
def test_what_is_no_key_opens_nothing(visitor: MakeVisitor, header: str) -> None:
    answer = visitor("spb").get("/api/v1/me", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_may_do_no_more_than_its_owner(sign_in: MakeVisitor, session: Session) -> None:
    director, fundraiser = sign_in(Role.DIRECTOR), sign_in(Role.FUNDRAISER)

    families = director.submit(
        "/account/keys/new", {**KEY, "scopes": Permission.FAMILIES_READ.value}
    )
    figures = fundraiser.submit("/account/keys/new", KEY)

    assert families.status_code == 422
    assert "figures that you may read yourself" in figures.text
    assert session.scalars(select(ApiToken.id)).all() == []


@pytest.mark.parametrize(
    ("role", "site", "path"),
    [
        (Role.VOLUNTEER_COORDINATOR, "spb", "/figures/our-figures.xlsx"),
        (Role.DIRECTOR, "spb", "/figures/our-figures.xlsx"),
        (Role.DIRECTOR, "spb", "/records/records.xlsx"),
        (Role.DIRECTOR, "spb", "/looks/report.xlsx"),
    ],
)
def test_taking_data_out_is_a_permission_of_its_own(
    sign_in: MakeVisitor, session: Session, role: Role, site: str, path: str
) -> None:
    reader = sign_in(role, site)
    withhold(session, role, Permission.EXPORTS)

    taken, page = reader.get(path), reader.get(path.rpartition("/")[0] + "/")

    assert (taken.status_code, page.status_code) == (403, 200)
    assert path not in page.text


def test_without_the_permission_to_use_programs_no_key_is_made_or_read_with(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session
) -> None:
    director, program = sign_in(Role.DIRECTOR), visitor("spb")
    key = make_key(director)
    withhold(session, Role.DIRECTOR, Permission.TOKENS_USE)

    answers = [ask(program, path, key) for path in ("/api/v1/figures", "/api/v1/me")]
    page = director.submit("/account/keys/new", KEY).text

    assert answers == [403, 403]
    assert "a role that may use the interface for programs" in page
    assert len(session.scalars(select(ApiToken.id)).all()) == 1


def test_the_service_makes_no_key_for_whoever_may_use_no_programs(session: Session) -> None:
    whose = User.roles == [Role.VOLUNTEER_COORDINATOR.value]
    user_id = session.scalars(select(User.id).where(whose)).one()
    scopes = [Permission.NUMBERS_READ]

    with pytest.raises(api_tokens.ScopeRefusedError):
        api_tokens.make_token(
            session, user_id=user_id, name="x", scopes=scopes, own=scopes, days=30, host="spb"
        )


@pytest.mark.parametrize("end", ["withdrawn", "lapsed", "closed", "demoted"])
def test_a_key_ends(sign_in: MakeVisitor, visitor: MakeVisitor, session: Session, end: str) -> None:
    director, program = sign_in(Role.DIRECTOR), visitor("spb")
    key = make_key(director)
    assert ask(program, "/api/v1/figures", key) == 200

    whose = User.roles == [Role.DIRECTOR.value]
    if end == "withdrawn":
        token_id = str(session.scalars(select(ApiToken.id)).one())
        director.submit("/account/keys/revoke", {"token_id": token_id}, page="/account/")
    if end == "closed":
        session.execute(update(User).where(whose).values(disabled_at=datetime.now(UTC)))
    if end == "demoted":
        session.execute(update(User).where(whose).values(roles=[Role.SPECIALIST.value]))
    later = timedelta(days=31) if end == "lapsed" else timedelta()

    with time_machine.travel(datetime.now(UTC) + later, tick=True):
        status = ask(program, "/api/v1/figures", key)

    assert status == (403 if end == "demoted" else 401)


def test_a_key_asks_so_often_and_no_more(
    sign_in: MakeVisitor, visitor: MakeVisitor, session: Session
) -> None:
    key = make_key(sign_in(Role.DIRECTOR))
    token_id = session.scalars(select(ApiToken.id)).one()
    session.add_all(
        ApiTokenUse(token_id=token_id, route="/") for _ in range(api_tokens.PER_MINUTE - 1)
    )
    session.commit()

    answers = [ask(visitor("spb"), "/api/v1/me", key) for _ in range(2)]

    assert answers == [200, 429]


def test_the_federations_figures_are_read_by_a_key_of_its_own(
    sign_in: MakeVisitor, visitor: MakeVisitor
) -> None:
    reader = sign_in(Role.FEDERATION_STAFF, "federation")
    form = {**KEY, "scopes": Permission.FEDERATION_NUMBERS.value}
    key = shown_secret(reader.submit("/account/keys/new", form).text)

    answer = visitor("federation").get(
        "/api/v1/numbers", headers={"Authorization": f"Bearer {key}"}
    )

    assert answer.status_code == 200
    assert set(answer.get_json()) == {"months", "figures"}
