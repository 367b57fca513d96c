"""What can be counted about gifts: how many were received, and how much was given."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.giving.models import Fund, FundKind, Gift
from hearth.giving.words import FUND_KINDS
from hearth.indicators import Cell, Dimension, Indicator, Period, PeriodRule, SdcClass, Value
from hearth.ledger.models import Account, LedgerEntry, LedgerTransaction

FUND_KIND = Dimension(
    "fund_kind", _l("Purpose"), tuple(Value(kind.value, FUND_KINDS[kind]) for kind in FundKind)
)
CURRENCY = Dimension(
    "currency",
    _l("Currency"),
    (
        Value("EUR", _l("Euro")),
        Value("RUB", _l("Rouble")),
        Value("SEK", _l("Swedish krona")),
    ),
)


def _count_gifts(session: Session, period: Period) -> Mapping[Cell, int]:
    rows = session.execute(
        select(Fund.kind, Gift.currency, func.count())
        .join(Gift.fund)
        .where(Gift.received_at >= period.starts_at, Gift.received_at < period.ends_at)
        .group_by(Fund.kind, Gift.currency)
    )
    return Counter({(kind, currency): count for kind, currency, count in rows})


def _sum_by_donor(session: Session, period: Period) -> Mapping[Cell, Sequence[int]]:
    """What each donor's gifts came to in the books; a refund counts in the month it was made."""
    rows = session.execute(
        select(Fund.kind, LedgerEntry.currency, -func.sum(LedgerEntry.amount_minor))
        .select_from(LedgerEntry)
        .join(LedgerEntry.transaction)
        .join(Gift, Gift.id == LedgerTransaction.subject_id)
        .join(Fund, Fund.id == LedgerEntry.fund_id)
        .where(
            LedgerEntry.account_code == Account.GIFTS,
            LedgerTransaction.occurred_on >= period.starts_on,
            LedgerTransaction.occurred_on < period.ends_on,
        )
        .group_by(Fund.kind, LedgerEntry.currency, func.coalesce(Gift.donor_id, Gift.id))
    )
    sums: defaultdict[Cell, list[int]] = defaultdict(list)
    for kind, currency, minor in rows:
        sums[(kind, currency)].append(int(minor))
    return sums


GIFTS_RECEIVED = Indicator(
    id="gifts_received",
    version=1,
    effective_from=datetime.date(2014, 1, 1),
    label=_l("Gifts received"),
    definition=_l(
        "Gifts whose money arrived in the period. The amount is what was given, before fees and"
        " less what was given back in the same period."
    ),
    unit=_l("gifts"),
    sdc_class=SdcClass.MONEY,
    period_rule=PeriodRule.FLOW,
    additive=True,
    dimensions=(FUND_KIND, CURRENCY),
    count=_count_gifts,
    amounts=_sum_by_donor,
    currency_dimension="currency",
)
INDICATORS = (GIFTS_RECEIVED,)
