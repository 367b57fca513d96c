"""An organisation's public page: everybody's first look, in their own language."""

from collections.abc import Callable
from html import unescape

import pytest
from sqlalchemy.orm import Session

from hearth.giving.gateway import PaymentState
from hearth.giving.settlement import apply_snapshot
from hearth.public_site.texts import EVERY_HOUSE, TEXTS, text_of
from tenants.provisioning import Profile
from tests.factories.giving import make_fund, snapshot_of, start_gift
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]


@pytest.mark.parametrize("slug", ["spb", "pskov"])
def test_the_page_says_what_happens_and_for_whom(visitor: MakeVisitor, slug: str) -> None:
    page = unescape(visitor(slug).get("/?lang=en").text)

    text = TEXTS[slug]
    for words in (text.headline, text.lead, text.for_whom, *(work.title for work in text.works)):
        assert str(words) in page


def test_the_page_says_what_a_week_costs(visitor: MakeVisitor, session: Session) -> None:
    make_fund(session)

    page = visitor().get("/?lang=en").text

    assert "€15 accompanies one family for a week." in page
    assert 'href="/give"' in page


def test_progress_moves_when_a_gift_arrives(visitor: MakeVisitor, session: Session) -> None:
    fund = make_fund(session, goal=6000)
    before = visitor().get("/?lang=en").text

    payment = start_gift(session, fund)
    apply_snapshot(session, snapshot=snapshot_of(payment, PaymentState.SUCCEEDED))
    coming = start_gift(session, fund)
    apply_snapshot(session, snapshot=snapshot_of(coming, PaymentState.PROCESSING))

    after = visitor().get("/?lang=en").text
    assert "€0 of €60 has arrived." in before
    assert "€15 of €60 has arrived." in after
    assert "€15 more is on its way." in after


def test_without_a_fund_the_page_does_not_ask(visitor: MakeVisitor) -> None:
    page = visitor().get("/?lang=en").text

    assert 'href="/give"' not in page


def test_whoever_must_leave_can(visitor: MakeVisitor) -> None:
    page = visitor().get("/?lang=en").text

    assert "Leave this page" in page


@pytest.mark.parametrize("path", ["/", "/give"])
def test_the_house_of_the_federation_has_no_such_page(visitor: MakeVisitor, path: str) -> None:
    answer = visitor("federation").get(path)

    assert answer.status_code in (404, 302), "It asks staff to sign in, or knows no such page."


@pytest.mark.parametrize("slug", ["spb", "pskov", "ussuriysk", "krasnoyarsk"])
def test_every_house_that_comes_with_the_service_has_its_own_words(slug: str) -> None:
    assert Profile.named(slug).slug == slug
    assert text_of(slug) is not EVERY_HOUSE


def test_a_new_house_has_words_that_are_true_of_every_house() -> None:
    assert text_of("omsk") is EVERY_HOUSE
