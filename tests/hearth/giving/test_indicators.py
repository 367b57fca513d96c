"""Gifts are counted in the month in which their money arrived, and by what they are for."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from hearth.giving import services
from hearth.giving.indicators import GIFTS_RECEIVED
from hearth.giving.models import Donor, Fund, FundKind
from hearth.indicators import Period
from hearth.money import Money
from tests.factories.giving import make_fund, start_gift

MAY = Period.month(2001, 5, "Europe/Moscow")


def give(session: Session, fund: Fund, minor: int, moment: datetime, donor: Donor | None) -> None:
    services.record_earlier_gift(
        session,
        donor=donor,
        fund=fund,
        amount=Money(minor, "EUR"),
        received_at=moment,
        locale="nl",
    )


def test_gifts_belong_to_the_month_on_the_organisations_clock(session: Session) -> None:
    fund = make_fund(session, kind=FundKind.SHELTER)
    for moment in (
        datetime(2001, 4, 30, 20, 59, tzinfo=UTC),
        datetime(2001, 4, 30, 21, 0, tzinfo=UTC),
        datetime(2001, 5, 31, 20, 59, tzinfo=UTC),
        datetime(2001, 5, 31, 21, 0, tzinfo=UTC),
    ):
        give(session, fund, 1500, moment, None)

    counted = GIFTS_RECEIVED.count(session, MAY)

    assert counted == {("shelter", "EUR"): 2}


def test_what_each_donor_gave_is_one_number(session: Session) -> None:
    fund = make_fund(session, kind=FundKind.SHELTER)
    donor = start_gift(session).gift.donor
    moment = datetime(2001, 5, 10, tzinfo=UTC)
    for minor, giver in ((1500, donor), (2500, donor), (700, None), (700, None)):
        give(session, fund, minor, moment, giver)

    assert GIFTS_RECEIVED.amounts is not None
    amounts = GIFTS_RECEIVED.amounts(session, MAY)

    assert {cell: sorted(sums) for cell, sums in amounts.items()} == {
        ("shelter", "EUR"): [700, 700, 4000]
    }


def test_every_cell_that_is_counted_lies_on_the_lattice(session: Session) -> None:
    for kind in FundKind:
        fund = make_fund(session, kind=kind)
        give(session, fund, 1500, datetime(2001, 5, 10, tzinfo=UTC), None)

    counted = GIFTS_RECEIVED.count(session, MAY)

    assert set(counted) <= set(GIFTS_RECEIVED.cells)
    assert sum(counted.values()) == len(FundKind)
