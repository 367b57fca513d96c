"""A family of St Petersburg from the first call to the day it leaves the house."""

import re
import secrets
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hearth.accounts.models import User
from tests.factories.families import TODAY, open_family
from tests.support.browsing import Visit
from tests.support.stack import Stack

pytestmark = pytest.mark.browser
TEN_DAYS_AGO = TODAY - timedelta(days=10)
THREE_DAYS_AGO = TODAY - timedelta(days=3)


@pytest.mark.parametrize("width", [1280, 360])
def test_a_social_worker_accompanies_a_family_from_the_call_to_the_key(
    visit: Callable[..., Visit], stack: Stack, width: int
) -> None:
    house, mother = (f"{name}-{secrets.token_hex(2)}" for name in ("Test House", "Test-Anna"))

    director = visit(width)
    director.sign_in("spb", "director")
    _opens_a_house(director, house, ["Bed by the window", "Low bed", "Cot"])

    worker = visit(width)
    worker.open("spb", "/sign-in")
    worker.look("casework-01-sign-in")
    worker.fill(email="social-worker@spb.example.org", password="not hers")
    worker.send()
    expect(worker.page.locator(".error-summary")).to_contain_text("do not belong together")
    worker.look("casework-02-wrong-password")
    worker.sign_in("spb", "social-worker")
    worker.look("casework-03-referrals")

    # Somebody calls. In the hurry she forgets to ask how urgent it is; nothing typed is lost.
    worker.follow("Take a referral")
    worker.look("casework-04-empty-referral")
    worker.fill(mother_name=mother, mother_contact="+7 000 000-00-01", children_count="2")
    worker.fill(situation="Has to leave the maternity ward tomorrow and has nowhere to go.")
    worker.choose(safe_to_call="yes", source="hospital", needs="housing")
    worker.send()
    worker.page.locator(".error-summary a").click()
    expect(worker.field("urgency").first).to_be_focused()
    expect(worker.field("mother_name")).to_have_value(mother)
    expect(worker.field("situation")).to_have_value(re.compile("nowhere to go"))
    worker.look("casework-05-referral-with-an-error")
    worker.choose(urgency="immediate")
    worker.send()
    expect(worker.page.locator("h1")).to_have_text(mother)
    worker.look("casework-06-referral")

    # Mother and children are one family with one file.
    worker.follow("Open a family")
    worker.fill(family_name="Voorbeeldova", born="1999", opened_on=TEN_DAYS_AGO.isoformat())
    worker.fill(child_1_given_name="Test-Masha", child_1_born=_written(TODAY, years=3))
    worker.fill(child_2_given_name="Test-Petya", child_2_born=_written(THREE_DAYS_AGO))
    worker.choose(child_1_sex="female", child_2_sex="male", primary_need="housing")
    worker.look("casework-07-open-a-family")
    worker.send()
    for name in (mother, "Test-Masha", "Test-Petya"):
        expect(worker.page.locator("h1")).to_contain_text(name)
    worker.look("casework-08-family")
    family = worker.page.url

    # Each of them gets a place in the house, which is free tonight.
    worker.follow("Admit to a place")
    worker.look("casework-09-admit")
    worker.fill(admitted_on=THREE_DAYS_AGO.isoformat())
    places = {mother: "Bed by the window", "Test-Masha": "Low bed", "Test-Petya": "Cot"}
    for name, place in places.items():
        _chooses_a_place(worker, name, house, place)
    worker.send()
    expect(worker.page.locator(".flash")).to_have_text(re.compile("The family is admitted."))
    worker.look("casework-10-stay")
    stay = worker.page.url
    worker.go_to("Houses tonight")
    expect(worker.page.locator("section.house", has_text=house)).to_contain_text("3 of 3")
    worker.look("casework-11-tonight")

    # The same bed cannot be given to somebody else: the page says until when it is taken.
    worker.open("spb", f"{_another_family(stack)}/admit")
    for control in worker.page.locator("main select[name^=sleeps_]").all():
        control.select_option("away")
    worker.page.locator("main select[name^=sleeps_]").first.select_option(
        _place(worker, house, "Bed by the window")
    )
    worker.send()
    refused = worker.page.locator(".error-summary")
    expect(refused).to_contain_text(f"Bed by the window in {house} is taken from")
    expect(refused).to_contain_text("Choose another place or other days.")
    worker.look("casework-12-place-is-taken")

    worker.page.goto(family)
    worker.follow("Record a service")
    worker.look("casework-13-record-a-service")
    worker.choose(kind="legal", mode="on_site")
    worker.fill(minutes="45", note="Papers for the child benefit.")
    worker.send()
    expect(worker.page.locator(".timeline")).to_contain_text("Papers for the child benefit.")

    # They leave for a home of their own, and the places are free again.
    worker.follow("Look at the stay")
    worker.follow("End the stay")
    worker.look("casework-14-end-the-stay")
    worker.choose(reason="as_agreed", destination="own_home")
    worker.send()
    expect(worker.page.locator(".glance")).to_contain_text("Left on")
    worker.look("casework-15-stay-has-ended")
    worker.go_to("Houses tonight")
    expect(worker.page.locator("section.house", has_text=house)).to_contain_text("0 of 3")

    # The file tells all of it, the newest first, and who has looked.
    worker.page.goto(family)
    told = worker.page.locator(".timeline h3").all_inner_texts()
    assert told == [
        "Legal help",
        f"Left {house}",
        "Referral",
        f"Admitted to {house}",
        "The case was opened",
    ]
    expect(worker.page.locator(".file-foot")).to_contain_text("Test social-worker")
    worker.look("casework-16-file")

    _is_a_stranger_at_pskov(worker, family, stay)


def test_the_same_work_can_be_done_where_no_script_runs(visit: Callable[..., Visit]) -> None:
    mother = f"Test-Olga-{secrets.token_hex(2)}"
    worker = visit(360, java_script_enabled=False)
    worker.sign_in("spb", "social-worker")

    worker.follow("Take a referral")
    worker.fill(mother_name=mother, children_count="1")
    worker.send()
    expect(worker.page.locator(".error-summary a")).to_have_count(2)
    worker.choose(urgency="ordinary", source="self")
    worker.send()
    worker.follow("Open a family")
    worker.fill(child_1_given_name="Test-Vera", child_1_born=_written(TODAY, years=2))
    worker.send()
    worker.follow("Admit to a place")
    bed = worker.page.locator("main option", has_text="– free").first.get_attribute("value")
    worker.page.get_by_label(re.compile(f"Where {mother}.* sleeps")).select_option(bed)
    worker.page.get_by_label(re.compile("Where Test-Vera.* sleeps")).select_option("shared")
    worker.send()
    expect(worker.page.locator(".glance")).to_contain_text("In the house")
    worker.go_to("Families")
    worker.look("casework-20-families-without-scripts")

    expect(worker.page.locator("main table")).to_contain_text(mother)
    worker.page.locator(".menu > summary").click()
    with worker.page.expect_navigation():
        worker.page.locator(".menu-sheet form button").click()
    expect(worker.page.locator(".flash")).to_be_visible()


def _opens_a_house(director: Visit, house: str, places: list[str]) -> None:
    director.open("spb", "/shelter/houses")
    director.follow("Open a house")
    director.fill(name=house, open_from=date(2020, 1, 1).isoformat(), guideline_nights="90")
    director.choose(kind="shelter")
    director.look("casework-00-open-a-house")
    director.send()
    for place in places:
        opened = director.page.locator("section", has=director.page.get_by_text(house))
        opened.get_by_role("link", name="Add a place").click()
        director.fill(name=place, open_from=date(2020, 1, 1).isoformat())
        director.choose(kind="cot" if place == "Cot" else "bed")
        director.send()
    director.look("casework-00-houses")


def _chooses_a_place(worker: Visit, name: str, house: str, place: str) -> None:
    question = worker.page.get_by_label(re.compile(f"Where {name}.* sleeps"))
    question.select_option(_place(worker, house, place))


def _place(worker: Visit, house: str, place: str) -> str:
    """The value of a place in the lists of this page."""
    option = worker.page.locator(f'optgroup[label="{house}"] option', has_text=place).first
    return option.get_attribute("value") or ""


def _another_family(stack: Stack) -> str:
    """The address of a family of the same worker that sleeps in none of the houses."""
    with stack.session_of("spb") as session:
        known = session.scalars(
            select(User.id).where(User.email == "social-worker@spb.example.org")
        ).one()
        return f"/families/{open_family(session, opened_by=known, key_worker_id=known).id}"


def _is_a_stranger_at_pskov(worker: Visit, family: str, stay: str) -> None:
    """Neither the session nor the cookie nor the ids of one organisation open another's door."""
    paths = [urlsplit(address).path for address in (family, stay)]
    cookie = worker.cookie()
    for path in paths:
        worker.open("pskov", path)
        assert "/sign-in" in worker.page.url
    worker.look("casework-17-pskov-asks-who-it-is")

    worker.carry(cookie, "pskov")
    for path in paths:
        came = worker.open("pskov", path)
        assert cookie in came.request.all_headers()["cookie"]
        assert "/sign-in" in worker.page.url

    # Even somebody who does work at Pskov sees no more than for an id that never was.
    worker.context.clear_cookies()
    worker.sign_in("pskov", "social-worker")
    assert worker.open("pskov", f"/families/{uuid.uuid4()}").status == 404
    nothing_there = worker.text
    for path in paths:
        assert worker.open("pskov", path).status == 404
        assert worker.text == nothing_there
    worker.look("casework-18-pskov-knows-no-such-family")


def _written(day: date, *, years: int = 0) -> str:
    return f"{day.replace(day=1, year=day.year - years):%m.%Y}"
