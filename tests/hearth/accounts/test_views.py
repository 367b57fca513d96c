"""Signing in, being recognised on one host alone, and signing out."""

from collections.abc import Callable

import pytest

from hearth.accounts.guard import COOKIE
from hearth.accounts.permissions import Role
from tests.support.servers import PASSWORD
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
ANNA = "social-worker@spb.example.org"


def test_signing_in_leads_to_the_wanted_page(visitor: MakeVisitor) -> None:
    anna = visitor("spb")

    response = anna.submit("/sign-in?next=/wanted", {"email": ANNA, "password": PASSWORD})

    assert response.status_code == 303
    assert response.location == "/wanted"
    cookie = response.headers.get_all("Set-Cookie")
    assert any(c.startswith(f"{COOKIE}=") and "Secure" in c and "HttpOnly" in c for c in cookie)


def test_signing_in_without_a_wish_leads_to_the_first_page_of_the_role(
    visitor: MakeVisitor,
) -> None:
    anna = visitor("spb")

    anna.sign_in(ANNA)
    begun = anna.get("/sign-in")

    assert begun.location == "/referrals/"


@pytest.mark.parametrize("target", ["//evil.test/", "https://evil.test/", "/\\evil.test", "evil"])
def test_signing_in_never_leads_elsewhere(visitor: MakeVisitor, target: str) -> None:
    anna = visitor("spb")

    response = anna.submit(
        f"/sign-in?next={target}", {"email": ANNA, "password": PASSWORD}, page="/sign-in"
    )

    assert response.location is not None
    assert "evil" not in response.location


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (ANNA, "wrong"),
        ("nobody@spb.example.org", PASSWORD),
        (ANNA.replace("spb", "pskov"), PASSWORD),
    ],
)
def test_a_refusal_is_the_same_for_every_reason(
    visitor: MakeVisitor, email: str, password: str
) -> None:
    stranger = visitor("spb")

    response = stranger.submit("/sign-in", {"email": email, "password": password})

    assert response.status_code == 422
    assert "do not belong together" in response.text
    assert email in response.text
    assert password not in response.text


def test_the_sixth_wrong_try_is_asked_to_wait(visitor: MakeVisitor) -> None:
    stranger = visitor("spb")
    for _ in range(5):
        stranger.submit("/sign-in", {"email": ANNA, "password": "wrong"})

    response = stranger.submit("/sign-in", {"email": ANNA, "password": PASSWORD})

    assert response.status_code == 422
    assert "quarter of an hour" in response.text


def test_somebody_elses_guesses_do_not_lock_the_owner_out(visitor: MakeVisitor) -> None:
    stranger = visitor("spb")
    for _ in range(6):
        stranger.post(
            "/sign-in",
            data={"form_token": stranger.token_on("/sign-in"), "email": ANNA, "password": "wrong"},
            environ_overrides={"REMOTE_ADDR": "203.0.113.9"},
        )

    response = visitor("spb").submit("/sign-in", {"email": ANNA, "password": PASSWORD})

    assert response.status_code == 303


def test_signing_out_ends_the_session_for_every_copy_of_the_cookie(
    visitor: MakeVisitor, sign_in: MakeVisitor
) -> None:
    anna = sign_in(Role.SOCIAL_WORKER)
    thief = visitor("spb")
    stolen = anna.get_cookie(COOKIE, domain=anna.host)
    assert stolen is not None
    thief.set_cookie(COOKIE, stolen.value, domain=thief.host, secure=True)
    assert thief.get("/sign-in").status_code == 302

    response = anna.post("/sign-out", data={"form_token": anna.token_on("/families/")})

    assert response.status_code == 303
    assert thief.get("/sign-in").status_code == 200


def test_a_cookie_is_worth_nothing_on_another_host(
    visitor: MakeVisitor, sign_in: MakeVisitor
) -> None:
    anna = sign_in(Role.SOCIAL_WORKER, "spb")
    elsewhere = visitor("pskov")
    cookie = anna.get_cookie(COOKIE, domain=anna.host)
    assert cookie is not None

    elsewhere.set_cookie(COOKIE, cookie.value, domain=elsewhere.host, secure=True)

    assert elsewhere.get("/sign-in").status_code == 200


def test_a_form_from_another_site_is_refused(visitor: MakeVisitor) -> None:
    anna = visitor("spb")

    response = anna.post(
        "/sign-in",
        data={"form_token": anna.token_on("/sign-in"), "email": ANNA, "password": PASSWORD},
        headers={"Sec-Fetch-Site": "same-site"},
    )

    assert response.status_code == 403


@pytest.mark.parametrize("token", ["", "x", "0198c0de-0000-7000-8000-000000000000.00"])
def test_a_form_without_a_true_token_is_refused(visitor: MakeVisitor, token: str) -> None:
    anna = visitor("spb")

    response = anna.post("/sign-in", data={"form_token": token, "email": ANNA})

    assert response.status_code == 400
