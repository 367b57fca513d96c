"""Bodies without a length, addresses to return to, hosts, proxies, cookies and fields too many."""

import io
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, urljoin, urlsplit

import pytest
from flask import g
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.accounts import arriving
from hearth.accounts.guard import COOKIE
from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.app import MAX_BODY, create_app
from hearth.intake.models import Referral
from hearth.web.request import HearthFlask
from tenants.context import Runtime
from tenants.routing import site_for
from tests.support.servers import PASSWORD
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
ANNA = {"email": "social-worker@spb.example.org", "password": PASSWORD}
REFERRAL = {
    "urgency": "within_72_hours",
    "mother_name": "Test-Mother",
    "safe_to_call": "unknown",
    "source": "hospital",
    "channel": "phone",
    "needs": "housing",
}
MULTIPART = "multipart/form-data; boundary=x"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("content_type", [FORM, MULTIPART])
def test_a_body_in_chunks_is_refused_at_the_limit_and_never_cut_off(
    sign_in: MakeVisitor, session: Session, content_type: str
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    form = {"form_token": worker.token_on("/referrals/new"), **REFERRAL}
    # The form is whole and true within the limit; only what follows it is too much.
    true = "&".join(f"{name}={quote(value)}" for name, value in form.items())
    body = true.encode() + b"&x=" + b"x" * MAX_BODY

    answer = worker.post(
        "/referrals/new",
        environ_overrides={
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "CONTENT_TYPE": content_type,
        },
    )

    assert answer.status_code == 413
    assert session.scalars(select(Referral.id)).all() == []


def test_a_small_body_in_chunks_is_taken(sign_in: MakeVisitor) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    form = {"form_token": worker.token_on("/referrals/new"), **REFERRAL}
    body = "&".join(f"{name}={quote(value)}" for name, value in form.items())

    answer = worker.post(
        "/referrals/new",
        environ_overrides={
            "wsgi.input": io.BytesIO(body.encode()),
            "wsgi.input_terminated": True,
            "CONTENT_TYPE": FORM,
        },
    )

    assert answer.status_code == 303


@tried(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(max_size=40),
        st.lists(
            st.sampled_from(
                ["/", "\\", "//", "evil.test", "\t", "\n", "\r", ":", "@", "?", "#", "%2f", "%5c",
                 "https:", "javascript:", ".", "..", ";", "\u2215", "\uff0f", "\u3002", "\x00", "a"]
            ),
            max_size=8,
        ).map("".join),
    )
)  # fmt: skip
def test_wherever_somebody_wants_to_return_it_is_on_this_host(
    app: HearthFlask, runtime: Runtime, wanted: str
) -> None:
    base = "https://spb.hearth.test"
    with app.test_request_context(
        "/sign-in", base_url=base, query_string={"next": wanted.encode(errors="replace").decode()}
    ):
        g.site = site_for("spb.hearth.test", runtime)
        target = arriving.wanted()

    # What a browser makes of it: tabs and line breaks are dropped, backslashes are slashes.
    as_browsers_read = "".join(sign for sign in target if sign not in "\t\r\n").replace("\\", "/")
    led_to = urlsplit(urljoin(f"{base}/sign-in", as_browsers_read))
    assert (led_to.scheme, led_to.netloc) == ("https", "spb.hearth.test")


def test_without_a_proxy_nobody_says_where_he_comes_from(
    settings: Settings, runtime: Runtime
) -> None:
    seen = {}
    for hops in (0, 1):
        environ = seen_by(create_app(replace(settings, forwarded_hops=hops)))
        seen[hops] = (environ["REMOTE_ADDR"], environ["HTTP_HOST"])

    assert seen == {
        0: ("192.0.2.1", "spb.hearth.test"),
        1: ("203.0.113.9", "spb.hearth.test"),
    }


def seen_by(service: HearthFlask) -> dict[str, str]:
    """What the application itself is told, behind whatever stands before it."""
    seen: dict[str, str] = {}
    inner = service.wsgi_app

    def look(environ: dict[str, str], start: object) -> object:
        answer = inner(environ, start)  # type: ignore[arg-type]
        seen.update({key: environ[key] for key in ("REMOTE_ADDR", "HTTP_HOST")})
        return answer

    service.wsgi_app = look  # type: ignore[method-assign,assignment]
    service.test_client().get(
        "/livez",
        base_url="https://spb.hearth.test",
        headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9", "X-Forwarded-Host": "evil.test"},
        environ_overrides={"REMOTE_ADDR": "192.0.2.1"},
    )
    return seen


@pytest.mark.parametrize("name", [COOKIE, "__Host-page"])
@pytest.mark.parametrize("form", ["{0}=a; {0}=b", "{0}=tossed", "{0}=; {0}={0}"])
def test_a_cookie_tossed_by_a_sibling_signs_nobody_in(
    visitor: MakeVisitor, name: str, form: str
) -> None:
    answer = visitor("spb").get("/families/", environ_overrides={"HTTP_COOKIE": form.format(name)})

    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in?")


def test_a_cookie_of_the_whole_domain_is_set_by_no_answer(
    visitor: MakeVisitor, sign_in: MakeVisitor
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)

    answers = [visitor("spb").submit("/sign-in", ANNA), worker.get("/families/?lang=fr")]

    cookies = [cookie for a in answers for cookie in a.headers.getlist("Set-Cookie")]
    assert cookies
    assert not [cookie for cookie in cookies if "domain=" in cookie.lower()]


@pytest.mark.parametrize(
    "override",
    [
        {"headers": {"X-HTTP-Method-Override": "POST"}},
        {"headers": {"X-HTTP-Method": "DELETE"}},
        {"headers": {"X-Method-Override": "POST"}},
        {"query_string": "_method=POST&form_token=x"},
    ],
)
def test_a_method_is_what_the_request_line_says(
    sign_in: MakeVisitor, session: Session, override: dict[str, object]
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)

    answer = worker.get("/referrals/new", **override)

    assert answer.status_code == 200
    assert session.scalars(select(Referral.id)).all() == []


def test_a_field_sent_twice_counts_once_and_the_address_adds_nothing(
    sign_in: MakeVisitor, session: Session
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    form = {
        "form_token": worker.token_on("/referrals/new"),
        **REFERRAL,
        "mother_name": ["First", "Second"],
    }

    answer = worker.post("/referrals/new?mother_name=Third&urgency=now", data=form)

    assert answer.status_code == 303
    assert [one.mother_name for one in session.scalars(select(Referral))] == ["First"]


def test_fields_that_no_form_has_change_nothing(sign_in: MakeVisitor, session: Session) -> None:
    worker, administrator = sign_in(Role.SOCIAL_WORKER), sign_in(Role.ADMINISTRATOR)
    stranger_id = "0198c0de-0000-7000-8000-000000000000"
    extra = {
        "id": stranger_id,
        "state": "accepted",
        "received_by": stranger_id,
        "household_id": stranger_id,
        "schema_name": "org_0002",
        "organisation": "pskov",
    }
    colleague = {
        "email": "new@spb.example.org",
        "name": "New",
        "password": "correct horse battery staple",
        "roles": "specialist",
        "locale": "en",
        "password_hash": "x",
        "disabled_at": "2020-01-01",
        "id": stranger_id,
        "permissions": "users.manage",
    }

    taken = worker.submit("/referrals/new", {**REFERRAL, **extra})
    added = administrator.submit("/colleagues/new", colleague)

    referral = session.scalars(select(Referral)).one()
    user = session.scalars(select(User).where(User.email == "new@spb.example.org")).one()
    assert (taken.status_code, added.status_code) == (303, 303)
    assert str(referral.id) != stranger_id
    assert str(referral.received_by) != stranger_id
    assert referral.household_id is None
    assert (str(user.id) != stranger_id, user.roles, user.disabled_at) == (
        True, ["specialist"], None,
    )  # fmt: skip
    assert user.password_hash is None


@pytest.mark.parametrize("role", ["administrator,federation-staff", "federation-staff", "root"])
def test_a_role_that_is_not_offered_is_not_given(
    sign_in: MakeVisitor, session: Session, role: str
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)
    colleague = {
        "email": "new@spb.example.org",
        "name": "New",
        "password": "correct horse battery staple",
        "roles": role.split(","),
        "locale": "en",
    }

    answer = administrator.submit("/colleagues/new", colleague)

    assert answer.status_code == 422
    assert session.scalars(select(User).where(User.email == "new@spb.example.org")).all() == []
