"""A gift is taken once, for an amount that can be given, before anybody outside hears of it."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.giving import services
from hearth.giving.models import Donor, Gift, GiftState, Payment
from hearth.giving.services import CheckoutPages, GiftRefusedError
from hearth.ledger import services as ledger
from hearth.ledger.models import Account
from hearth.money import Money
from hearth.outbox.models import OutboxMessage
from tests.factories.giving import gift_request, make_fund, start_gift

PAGES = CheckoutPages(
    success_url="https://spb.hearth.test/give/thanks/1",
    cancel_url="https://spb.hearth.test/give/cancelled",
    description="One week",
)


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_gift_is_written_down_with_a_key_for_its_call(session: Session) -> None:
    fund = make_fund(session)

    payment = start_gift(session, fund)

    assert payment.gift.state == GiftState.STARTED
    assert payment.gift.fund_id == fund.id
    assert payment.money == Money(1500, "EUR")
    assert payment.idempotency_key
    assert payment.checkout_session_id is None


def test_one_form_sent_twice_is_one_gift(session: Session) -> None:
    request = gift_request(make_fund(session))
    first = services.start_gift(session, request=request, request_key="form-1")
    before = count(session, Gift)

    second = services.start_gift(session, request=request, request_key="form-1")

    assert second.id == first.id
    assert count(session, Gift) == before


@pytest.mark.parametrize(
    "minor", [0, -1, -1500, 1, 99, 5_000_001, 10**12, 10**14], ids=lambda minor: str(minor)
)
def test_amounts_that_nobody_gives_are_refused(session: Session, minor: int) -> None:
    request = gift_request(make_fund(session), amount=Money(minor, "EUR"))
    before = count(session, Payment)

    with pytest.raises(GiftRefusedError, match="amount"):
        services.start_gift(session, request=request, request_key="form-1")

    assert count(session, Payment) == before


@pytest.mark.parametrize("minor", [100, 1500, 5_000_000])
def test_amounts_within_the_limits_are_taken(session: Session, minor: int) -> None:
    payment = start_gift(session, amount=Money(minor, "EUR"))

    assert payment.amount_minor == minor


@pytest.mark.parametrize("currency", ["USD", "RUB", "eur", ""])
def test_a_gift_in_another_currency_than_its_fund_is_refused(
    session: Session, currency: str
) -> None:
    request = gift_request(make_fund(session), amount=Money(1500, currency))

    with pytest.raises(GiftRefusedError, match="currency"):
        services.start_gift(session, request=request, request_key="form-1")


@pytest.mark.parametrize(
    "days",
    [
        {"opened_on": date(2999, 1, 1)},
        {"opened_on": date(2020, 1, 1), "closed_on": date(2020, 12, 31)},
    ],
    ids=["not yet open", "closed"],
)
def test_a_fund_that_is_not_open_takes_nothing(session: Session, days: dict[str, date]) -> None:
    request = gift_request(make_fund(session, **days))

    with pytest.raises(GiftRefusedError, match="fund"):
        services.start_gift(session, request=request, request_key="form-1")


def test_the_fund_of_another_organisation_does_not_exist_here(
    session: Session, pskov_session: Session
) -> None:
    request = gift_request(make_fund(pskov_session))

    with pytest.raises(GiftRefusedError, match="fund"):
        services.start_gift(session, request=request, request_key="form-1")


def test_whoever_types_a_known_address_changes_nothing_about_its_donor(session: Session) -> None:
    first = start_gift(session, email="anneke@example.org", name="Anneke")

    second = start_gift(session, email="Anneke@Example.org", name="Somebody", news_wanted=True)

    assert second.gift.donor_id == first.gift.donor_id
    donor = session.get_one(Donor, first.gift.donor_id)
    assert (donor.name, donor.news_wanted_at) == ("Anneke", None)
    assert second.gift.donor_name == "Somebody"


@pytest.mark.parametrize(
    "name", ["Ольга", "李明", "ö" * 500, "🎁" * 500, "O'Brien <b>&</b> %s {0}"], ids=ascii
)
def test_names_in_any_script_are_kept_as_they_are(session: Session, name: str) -> None:
    payment = start_gift(session, name=name)

    session.flush()
    session.expire_all()

    assert payment.gift.donor_name == name


def test_the_provider_is_asked_for_what_was_written_down(session: Session) -> None:
    payment = start_gift(session, locale="nl")

    request = services.checkout_request(session, payment=payment, pages=PAGES)

    assert (request.amount_minor, request.currency) == (1500, "EUR")
    assert request.gift_id == payment.gift_id
    assert request.organisation == session.info["organisation"].schema_name
    assert request.locale == "nl"


def test_references_are_short_and_hold_no_look_alikes() -> None:
    references = {services.new_reference() for _ in range(200)}

    assert len(references) == 200
    assert all(len(reference) == 9 for reference in references)
    assert not set("".join(references)) & set("01OIL")


def test_an_earlier_gift_is_booked_and_nobody_is_written_to(session: Session) -> None:
    fund = make_fund(session)
    mails = count(session, OutboxMessage)
    moment = datetime(2024, 5, 31, 22, 30, tzinfo=UTC)

    gift = services.record_earlier_gift(
        session, donor=None, fund=fund, amount=Money(3000, "EUR"), received_at=moment, locale="nl"
    )

    (booked,) = ledger.transactions_about(session, subject_id=gift.id)
    assert booked.occurred_on == date(2024, 6, 1), "The clock is the organisation's, UTC+3."
    assert [entry.account_code for entry in booked.entries] == [Account.EARLIER_GIFTS, "gifts"]
    assert count(session, OutboxMessage) == mails


def test_payments_without_news_are_found_by_the_sweep(session: Session) -> None:
    waiting, never_opened = start_gift(session), start_gift(session)
    waiting.checkout_session_id = f"cs_{uuid.uuid4()}"
    session.flush()

    found = services.unsettled_payments(session, older_than=timedelta(0) - timedelta(hours=1))

    assert waiting.id in found
    assert never_opened.id not in found
