"""A mother asks to be forgotten: two people look, decide and hand her the certificate."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from hearth.families.services import close_case
from hearth.families.vocabulary import ClosingReason
from hearth.service_delivery.services import record_service
from tenants.context import tenant_session
from tests.factories.families import TODAY, child, mother, open_family
from tests.factories.service_delivery import details
from tests.factories.shelter import some_user_id
from tests.support.browsing import Visit
from tests.support.stack import Stack

pytestmark = pytest.mark.browser
NAME = "Test-Vera-Asks"
NOTE = "Test-Vera-Asks told of her sister."


def closed_family(stack: Stack) -> tuple[str, str]:
    """The number and the page of a family whose case is over."""
    organisation = stack.runtime.registry.get("spb")
    with tenant_session(organisation) as session:
        by = some_user_id(session)
        people = [mother(given_name=NAME), child()]
        family = open_family(session, members=people, opened_by=by, key_worker_id=by)
        told = details(family, note=NOTE)
        record_service(session, family, told, provided_by=by, recorded_by=by, today=TODAY)
        close_case(
            session,
            family,
            closed_on=TODAY - timedelta(days=1),
            reason=ClosingReason.GOALS_MET,
            note=None,
            closed_by=by,
            today=TODAY,
        )
        return family.case_number, f"/families/{family.id}"


@pytest.mark.parametrize("width", [1280, 360])
def test_a_mother_is_forgotten_when_two_people_have_looked(
    stack: Stack, visit: Callable[..., Visit], width: int
) -> None:
    number, file = closed_family(stack)
    officer = visit(width)
    officer.sign_in("spb", "privacy-officer")
    officer.look("erasure-01-requests")

    # She asks at the door. The officer knows her file's number, and no list of names is shown.
    officer.follow("Take a request")
    officer.fill(number=number)
    officer.look("erasure-02-number")
    officer.send()
    officer.follow(f"{NAME} Testova")
    officer.choose(kind="erasure", asked_by="self")
    officer.field("whole_family").check()
    officer.look("erasure-03-request")
    officer.send()
    expect(officer.page.locator(".glance")).to_contain_text("Nothing may be given out yet")
    officer.look("erasure-04-taken")
    request = officer.page.url

    # Who asks, and could it bring a child into danger: both are written down before anything else.
    officer.follow("Record who asks")
    officer.choose(proof="known")
    officer.field("certain").check()
    officer.send()
    officer.follow("Safeguarding check")
    officer.choose(step="safe")
    officer.fill(note="Spoke with her alone; nobody else was in the room.")
    officer.look("erasure-05-safeguarding")
    officer.send()
    officer.follow("See what would be erased")
    expect(officer.page.locator("main")).to_contain_text("What stays, and why")
    officer.look("erasure-06-preview")
    officer.fill(reason="No court and no authority asks for it.")
    officer.send()
    expect(officer.page.locator(".glance")).to_contain_text("Waits for a second person")

    # Nothing has gone yet: the director decides, and only then it goes.
    director = visit(width)
    director.sign_in("spb", "director")
    director.open("spb", file)
    assert NAME in director.text
    director.page.goto(request)
    director.follow("Decide about the erasure")
    director.choose(verdict="approved")
    director.look("erasure-07-decide")
    director.send()
    director.look("erasure-08-erased")
    with director.page.expect_download() as certificate:
        director.page.locator("main").get_by_role("link", name="Certificate of erasure").click()
    assert certificate.value.suggested_filename == "certificate.pdf"

    director.open("spb", f"{file}?timeline=whole")
    assert NAME not in director.page.content()
    assert "sister" not in director.page.content()
