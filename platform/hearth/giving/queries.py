"""What pages ask about gifts and funds."""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from hearth.clock import organisation_of, today
from hearth.giving.models import Donor, Fund, Gift, GiftState, Payment
from hearth.giving.settlement import MAILS, mail_key
from hearth.indicators import Period
from hearth.ledger import services as ledger
from hearth.ledger.models import LedgerTransaction
from hearth.money import Money
from hearth.outbox.models import OutboxMessage


@dataclass(frozen=True, kw_only=True)
class GiftFilter:
    """Which gifts somebody wants to see; ``month`` is its first day."""

    state: GiftState | None = None
    fund_id: uuid.UUID | None = None
    month: datetime.date | None = None
    donor_id: uuid.UUID | None = None


@dataclass(frozen=True)
class FundStanding:
    """How far a fund is: what has come, what is on its way, what is left after costs."""

    fund: Fund
    received: Money
    on_its_way: Money
    left: Money


@dataclass(frozen=True)
class GiftFile:
    """One gift with everything that was booked and written about it."""

    gift: Gift
    transactions: Sequence[LedgerTransaction]
    mails: Sequence[OutboxMessage]


def open_funds(session: Session) -> Sequence[Fund]:
    """The funds people can give to today, the organisation's first choice first."""
    day = today(session)
    return session.scalars(
        select(Fund)
        .where(Fund.opened_on <= day, or_(Fund.closed_on.is_(None), Fund.closed_on >= day))
        .order_by(Fund.position, Fund.opened_on, Fund.code)
    ).all()


def all_funds(session: Session) -> Sequence[Fund]:
    """Every fund, the open ones first."""
    return session.scalars(
        select(Fund).order_by(Fund.closed_on.is_not(None), Fund.position, Fund.opened_on)
    ).all()


def standings(session: Session, *, funds: Sequence[Fund]) -> list[FundStanding]:
    """How far each fund is, in its own currency; three queries however many funds there are."""
    found = []
    for currency in sorted({fund.currency for fund in funds}):
        received = ledger.fund_income(session, currency=currency)
        left = ledger.fund_balances(session, currency=currency)
        coming = _on_its_way(session, currency)
        nothing = Money(0, currency)
        found += [
            FundStanding(
                fund,
                received.get(fund.id, nothing),
                coming.get(fund.id, nothing),
                left.get(fund.id, nothing),
            )
            for fund in funds
            if fund.currency == currency
        ]
    return sorted(found, key=lambda standing: funds.index(standing.fund))


def gift_by_token(session: Session, *, token: uuid.UUID) -> Gift | None:
    """The gift behind the page that a donor returns to."""
    return session.scalar(select(Gift).where(Gift.token == token))


def find(session: Session, *, text: str) -> Gift | Donor | None:
    """The gift of a reference, or the donor of an address."""
    found = session.scalar(select(Gift).where(Gift.reference == text.strip().upper()))
    if found is not None:
        return found
    return session.scalar(select(Donor).where(Donor.email_key == text.strip().casefold()))


def list_gifts(
    session: Session, *, wanted: GiftFilter, offset: int, limit: int
) -> tuple[Sequence[Gift], int]:
    """Gifts, newest first, and how many there are in all."""
    conditions = _conditions(session, wanted)
    counted = select(func.count()).select_from(Gift).where(*conditions)
    gifts = session.scalars(
        select(Gift)
        .where(*conditions)
        .options(joinedload(Gift.fund), joinedload(Gift.donor), selectinload(Gift.payments))
        .order_by(Gift.given_at.desc(), Gift.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    return gifts, session.scalar(counted) or 0


def gift_file(session: Session, *, gift_id: uuid.UUID) -> GiftFile | None:
    """Everything about one gift."""
    gift = session.scalar(
        select(Gift)
        .where(Gift.id == gift_id)
        .options(
            joinedload(Gift.fund),
            joinedload(Gift.donor),
            selectinload(Gift.payments).selectinload(Payment.events),
            selectinload(Gift.payments).selectinload(Payment.refunds),
        )
    )
    if gift is None:
        return None
    keys = [mail_key(mail, payment) for mail in MAILS for payment in gift.payments]
    mails = session.scalars(
        select(OutboxMessage).where(OutboxMessage.key.in_(keys)).order_by(OutboxMessage.created_at)
    ).all()
    return GiftFile(gift, ledger.transactions_about(session, subject_id=gift_id), mails)


def _on_its_way(session: Session, currency: str) -> dict[uuid.UUID, Money]:
    rows = session.execute(
        select(Gift.fund_id, func.sum(Gift.amount_minor))
        .where(Gift.state == GiftState.ON_ITS_WAY, Gift.currency == currency)
        .group_by(Gift.fund_id)
    )
    return {fund_id: Money(int(minor), currency) for fund_id, minor in rows}


def _conditions(session: Session, wanted: GiftFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.state is not None:
        conditions.append(Gift.state == wanted.state)
    if wanted.fund_id is not None:
        conditions.append(Gift.fund_id == wanted.fund_id)
    if wanted.month is not None:
        clock = organisation_of(session).timezone
        month = Period.month(wanted.month.year, wanted.month.month, clock)
        conditions += [Gift.given_at >= month.starts_at, Gift.given_at < month.ends_at]
    if wanted.donor_id is not None:
        conditions.append(Gift.donor_id == wanted.donor_id)
    return conditions
