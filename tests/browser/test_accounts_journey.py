"""Coming in: an invitation and a telephone, a passkey, and the day the telephone is lost."""

import re
import secrets
from collections.abc import Callable

import pyotp
import pytest
from playwright.sync_api import expect

from hearth.accounts.permissions import Role
from hearth.demo import sample_staff
from tests.support.browsing import Visit
from tests.support.servers import PASSWORD
from tests.support.stack import Stack, eventually

pytestmark = pytest.mark.browser
CHOSEN = "seven herons under a rusty kettle"


@pytest.mark.parametrize("width", [1280, 360])
def test_from_an_invitation_to_a_lost_telephone(
    stack: Stack, visit: Callable[..., Visit], width: int
) -> None:
    email = f"vera-{secrets.token_hex(3)}@example.org"
    _is_invited(visit(width), email)

    # The letter has one link; the password is hers alone to choose.
    vera = visit(width)
    vera.page.goto(_link_in(stack, email))
    vera.look("accounts-02-invitation")
    vera.fill(password="password12345")
    vera.send()
    expect(vera.page.locator(".error-summary")).to_contain_text("Many people use this password")
    vera.fill(password=CHOSEN)
    vera.send()

    # Without a second factor no door opens; the app shows a code, and ten codes are kept on paper.
    expect(vera.page.locator("h1")).to_have_text("A second factor")
    vera.look("accounts-03-second-factor")
    vera.open("spb", "/families/")
    expect(vera.page.locator("h1")).to_have_text("A second factor")
    vera.follow("An app with codes on my telephone")
    expect(vera.page.locator("svg.qr")).to_be_visible()
    vera.page.locator("details.definition > summary").click()
    app = pyotp.TOTP(vera.page.locator("code.secret").inner_text())
    vera.look("accounts-04-app")
    vera.fill(code="000000")
    vera.send()
    expect(vera.page.locator(".error-summary")).to_contain_text("not what the app shows")
    vera.fill(code=app.now())
    vera.send()
    expect(vera.page.locator("h1")).to_have_text("Your recovery codes")
    codes = vera.page.locator(".recovery-codes code").all_inner_texts()
    vera.look("accounts-05-recovery-codes")
    assert len(set(codes)) == 10
    vera.follow("I have kept them")

    # Whoever invites her is not who says that it is she: a second administrator does.
    vera.open("spb", "/families/")
    expect(vera.page.locator("h1")).to_have_text("Your account waits for a second person")
    vera.look("accounts-05-waiting")
    _is_confirmed(stack, visit(width), email)
    stack.let_codes_work_again("spb", email)
    vera.open("spb", "/sign-in")
    vera.fill(email=email, password=CHOSEN)
    vera.send()
    vera.fill(code=app.now())
    vera.send()
    vera.open("spb", "/families/")
    expect(vera.page.locator("h1")).to_contain_text("Families")

    # Months later the telephone is lost: a code from the paper opens, once.
    vera.open("spb", "/account/")
    vera.look("accounts-06-account")
    late = visit(width)
    late.open("spb", "/sign-in")
    late.fill(email=email, password=CHOSEN)
    late.send()
    late.look("accounts-07-second-step")
    late.fill(code=codes[0])
    late.send()
    late.open("spb", "/account/")
    expect(late.page.locator("main")).to_contain_text("9 codes are left")
    expect(late.page.locator("main")).to_contain_text("A recovery code was used")
    told = eventually(lambda: [m for m in stack.mails_to(email) if "recovery" in m.subject])
    assert codes[0] not in told[0].text

    # She ends the session on the computer that she left.
    with late.page.expect_navigation():
        late.page.get_by_role("button", name="End all other sessions").click()
    vera.open("spb", "/families/")
    expect(vera.page.locator("h1")).to_have_text("Sign in")


def test_a_passkey_takes_the_place_of_password_and_code(
    stack: Stack, visit: Callable[..., Visit]
) -> None:
    director = visit(1280)
    _has_a_device(director)
    director.sign_in("pskov", "director")
    director.open("pskov", "/account/second-factor")
    director.follow("A passkey on this device or on a stick")
    director.look("accounts-10-passkey")
    director.fill(name="Blue key")
    with director.page.expect_navigation():
        director.page.get_by_role("button", name="Make a passkey").click()
    director.open("pskov", "/account/")
    expect(director.page.locator("main")).to_contain_text("Blue key")

    with director.page.expect_navigation():
        director.page.locator(".rail form button").click()
    expect(director.page.locator("h1")).to_have_text("Sign in")
    director.look("accounts-11-sign-in")
    with director.page.expect_navigation(url=re.compile(r"/(?!sign-in)")):
        director.page.get_by_role("button", name="Sign in with a passkey").click()
    director.open("pskov", "/families/")
    expect(director.page.locator("h1")).to_contain_text("Families")

    # The key answers to Pskov's host alone.
    director.open("spb", "/sign-in")
    director.page.get_by_role("button", name="Sign in with a passkey").click()
    expect(director.page.locator("[data-refused]")).to_be_visible()


def test_where_no_script_runs_the_page_says_what_to_do(visit: Callable[..., Visit]) -> None:
    worker = visit(360, java_script_enabled=False)

    worker.open("spb", "/sign-in")
    worker.look("accounts-12-without-scripts")

    instead = worker.page.locator("[data-without-script]")
    expect(instead).to_contain_text("Use your password and a code instead")
    expect(worker.page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()


def test_what_was_typed_survives_the_question_who_it_is(
    stack: Stack, visit: Callable[..., Visit]
) -> None:
    administrator = visit(1280)
    administrator.sign_in("spb", "administrator")
    administrator.open("spb", "/colleagues/new")
    email = f"ines-{secrets.token_hex(3)}@example.org"
    administrator.fill(name="Ines Example", email=email)
    administrator.choose(roles="fundraiser", locale="fr")
    stack.let_time_pass("spb", "administrator@spb.example.org")

    administrator.send()
    administrator.look("accounts-20-is-it-still-you")
    stack.let_codes_work_again("spb", "administrator@spb.example.org")
    administrator.page.locator('[name="confirm-password"]').fill(PASSWORD)
    administrator.page.locator('[name="confirm-code"]').fill(
        pyotp.TOTP("CORRECTHORSEBATTERYSTAPLE2345673").now()
    )
    administrator.send()

    expect(administrator.page.locator(".flash")).to_contain_text("An invitation is on its way")
    expect(administrator.page.locator("main table")).to_contain_text("Ines Example")


def _is_invited(administrator: Visit, email: str) -> None:
    administrator.sign_in("spb", "administrator")
    administrator.follow("Invite a colleague")
    # Nobody is called like an open account, and the other width has a Vera already.
    administrator.fill(name=f"Vera {email.partition('@')[0][5:].title()}", email=email)
    administrator.choose(roles="social-worker", locale="en")
    administrator.look("accounts-01-invite")
    administrator.send()
    expect(administrator.page.locator(".flash")).to_contain_text("An invitation is on its way")


def _is_confirmed(stack: Stack, second: Visit, email: str) -> None:
    """The sample organisation's own administrator, who reads Russian, confirms the account."""
    (boris,) = [one for one in sample_staff.sign_ins("spb") if one.role is Role.ADMINISTRATOR]
    stack.let_codes_work_again("spb", boris.email)
    second.open("spb", "/sign-in")
    second.fill(email=boris.email, password=sample_staff.PASSWORD)
    second.send()
    second.fill(code=pyotp.TOTP(sample_staff.APP_SECRET).now())
    second.send()
    second.open("spb", "/colleagues/")
    second.follow(f"Vera {email.partition('@')[0][5:].title()}")
    second.look("accounts-05-confirming")
    with second.page.expect_navigation():
        second.page.locator('form[action$="/approval"] button').click()
    expect(second.page.locator(".flash.success")).to_be_visible()


def _link_in(stack: Stack, email: str) -> str:
    letter = eventually(lambda: stack.mails_to(email), seconds=90)[0]
    found = re.search(r"http://\S+/invitation\?link=\S+", letter.text)
    assert found is not None
    return found[0]


def _has_a_device(person: Visit) -> None:
    """Give a window a device that keeps passkeys and knows its owner's finger."""
    device = person.context.new_cdp_session(person.page)
    device.send("WebAuthn.enable")
    device.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
            }
        },
    )
