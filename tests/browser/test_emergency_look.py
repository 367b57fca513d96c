"""A closed case that cannot wait: one look, an hour, and somebody who reviews it."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.demo.mail_store import CaughtMessage
from hearth.families.access_models import HouseholdRestriction, RestrictionKind
from hearth.families.models import CaseEpisode, Household
from tests.factories.break_glass import EXPLANATION
from tests.support.browsing import Visit
from tests.support.stack import Stack, eventually

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 360])
def test_a_colleague_looks_in_an_emergency_and_the_officer_reviews_it(
    visit: Callable[..., Visit], stack: Stack, width: int
) -> None:
    with stack.session_of("spb") as session:
        household = _a_closed_family(session)
        number, path = household.case_number, f"/families/{household.id}"

    def notices() -> list[CaughtMessage]:
        mails = stack.mails_to("supervisor@spb.example.org")
        return [mail for mail in mails if "review one entry" in mail.subject]

    mails_before = len(notices())

    # The family stands at the door; to this colleague its file does not exist.
    worker = visit(width)
    worker.sign_in("spb", "social-worker")
    answer = worker.open("spb", path)
    assert answer.status == 404
    worker.look("emergency-01-closed")
    worker.follow("Emergency look at a closed case")
    worker.look("emergency-02-form")

    # In the hurry she says too little; nothing typed is lost.
    worker.fill(case_number=number, explanation="Urgent!")
    worker.choose(reason="call")
    worker.send()
    expect(worker.page.locator(".error-summary")).to_contain_text("at least 20 characters")
    expect(worker.field("case_number")).to_have_value(number)
    worker.look("emergency-03-too-little")
    worker.fill(explanation=EXPLANATION)
    worker.send()

    # The file is open, and every page of it says for how long.
    banner = worker.page.locator(".emergency-look")
    expect(banner).to_contain_text(f"Emergency look at case {number}")
    expect(banner).to_contain_text("minutes")
    worker.look("emergency-04-open")
    worker.follow("Documents")
    expect(worker.page.locator(".emergency-look")).to_be_visible()
    worker.look("emergency-05-another-page")
    worker.go_to("Families")
    expect(worker.page.locator(".emergency-look")).to_have_count(0)

    # Those who review it have been told, without a name or a number.
    (mail,) = eventually(lambda: notices()[mails_before:], seconds=120)
    assert number not in str(vars(mail))

    # A director sees that it waits; whose file it is and what was said of it stay closed to her.
    director = visit(width)
    director.sign_in("spb", "director")
    director.go_to("Emergency looks")
    director.look("emergency-06-queue")
    row = director.page.locator("main tbody tr", has_text="Due by").first
    expect(row).to_contain_text("A file that opens to others")
    expect(director.page.locator("main")).not_to_contain_text(number)
    with director.page.expect_navigation():
        row.get_by_role("link").first.click()
    review = urlsplit(director.page.url).path
    expect(director.page.locator("main")).to_contain_text("The family's documents")
    expect(director.page.locator("main")).not_to_contain_text(EXPLANATION)
    director.look("emergency-07-without-words")

    # The officer reads why, sees what was opened, and decides.
    officer = visit(width)
    officer.sign_in("spb", "privacy-officer")
    officer.open("spb", review)
    expect(officer.page.locator("main")).to_contain_text(EXPLANATION)
    expect(officer.page.locator("main")).to_contain_text("The family's documents")
    officer.choose(outcome="justified")
    officer.fill(note="She had to be let in.")
    officer.look("emergency-08-review")
    officer.send()
    reviewed = officer.page.locator(f'main tr:has(a[href="{review}"])')
    expect(reviewed).to_contain_text("Justified")
    officer.open("spb", review)
    expect(officer.page.locator("main")).to_contain_text("She had to be let in.")
    officer.look("emergency-09-reviewed")
    director.open("spb", "/looks/report")
    director.look("emergency-10-report")

    # The records tell of it, and the privacy officer finds who looked.
    officer = visit(width)
    officer.sign_in("spb", "privacy-officer")
    officer.open("spb", f"/records/?case_number={number}")
    expect(officer.page.locator("main")).to_contain_text("A case was opened in an emergency")
    officer.look("emergency-10-records")
    with officer.page.expect_navigation():
        officer.page.locator("main").get_by_role("link", name=number).first.click()
    expect(officer.page.locator("main")).to_contain_text("Test social-worker")
    officer.look("emergency-11-who-looked")
    officer.follow("For printing")
    officer.look("emergency-12-on-paper")
    officer.open("spb", "/records/head")
    officer.look("emergency-13-head")


def _a_closed_family(session: Session) -> Household:
    """One of the sample's families, from now on open to nobody without a grant."""
    closed_already = select(HouseholdRestriction.household_id)
    household = session.scalars(
        select(Household)
        .join(CaseEpisode, CaseEpisode.household_id == Household.id)
        .where(CaseEpisode.closed_on.is_(None), Household.id.not_in(closed_already))
        .order_by(func.random())
        .limit(1)
    ).one()
    somebody = session.scalars(select(User.id).limit(1)).one()
    session.add(
        HouseholdRestriction(
            household_id=household.id, kind=RestrictionKind.THREATENED, set_by=somebody
        )
    )
    return household
