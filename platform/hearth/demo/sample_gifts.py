"""Writes three years of gifts: faithful weekly givers, winter campaigns, single and large gifts."""

import datetime
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from hearth.demo.sample_plan import YEARS, first_day, weighted
from hearth.demo.sample_profiles import SampleProfile
from hearth.demo.sample_words import COMPANIES, DONORS, FUND_PURPOSES, FUND_TITLES
from hearth.giving import funds
from hearth.giving.models import WEEK_MINOR, Channel, Donor, Fund, FundKind, Gift, GiftState
from hearth.giving.services import new_reference
from hearth.ledger.models import Account, LedgerEntry, LedgerTransaction
from tenants.models import new_id
from tenants.registry import OrgRef

_DAY: Final = datetime.timedelta(days=1)
_FUNDS: Final = (
    ("families", FundKind.ACCOMPANIMENT, 2_400_000),
    ("house", FundKind.SHELTER, 3_500_000),
    ("warm-coats", FundKind.MATERIAL_AID, 600_000),
)
WEEKLY_GIVERS: Final = 4
SINGLE_GIVERS: Final = 26
COATS_A_WINTER: Final = 24


@dataclass(frozen=True)
class GiftPlan:
    """One gift: by whom (its place in the list of donors), when, how much, for what."""

    donor: int
    on: datetime.date
    minor: int
    fund: str


def write_gifts(
    session: Session,
    org: OrgRef,
    random: Random,
    profile: SampleProfile,
    today: datetime.date,
) -> None:
    """Open the funds and book the gifts as gifts from before are booked, all of them at once."""
    opened = {code: _fund(session, org, code, kind, goal, today) for code, kind, goal in _FUNDS}
    donors = _donors(session, org, random, profile)
    plans = sorted(plan_gifts(random, profile, today), key=lambda plan: plan.on)
    ids = [new_id() for _plan in plans]
    booked = list(zip(ids, plans, strict=True))
    session.execute(
        insert(Gift),
        [
            _gift(org, gift_id, plan, donors[plan.donor], opened[plan.fund])
            for gift_id, plan in booked
        ],
    )
    transactions = [_transaction(gift_id, plan) for gift_id, plan in booked]
    session.execute(insert(LedgerTransaction), transactions)
    session.execute(
        insert(LedgerEntry).execution_options(render_nulls=True),
        [
            entry
            for transaction, plan in zip(transactions, plans, strict=True)
            for entry in _entries(org, transaction["id"], plan, opened[plan.fund])
        ],
    )


def _gift(
    org: OrgRef, gift_id: uuid.UUID, plan: GiftPlan, donor: Donor, fund: Fund
) -> dict[str, Any]:
    local = datetime.datetime.combine(plan.on, datetime.time(9, 30), org.clock)
    moment = local.astimezone(datetime.UTC)
    return {
        "id": gift_id,
        "reference": new_reference(),
        "donor_id": donor.id,
        "donor_name": donor.name,
        "fund_id": fund.id,
        "amount_minor": plan.minor,
        "currency": org.currency,
        "channel": Channel.EARLIER,
        "state": GiftState.RECEIVED,
        "locale": donor.locale,
        "given_at": moment,
        "received_at": moment,
    }


def _transaction(gift_id: uuid.UUID, plan: GiftPlan) -> dict[str, Any]:
    return {
        "id": new_id(),
        "effect_key": f"earlier:{gift_id}",
        "kind": "gift",
        "occurred_on": plan.on,
        "subject_id": gift_id,
    }


def _entries(
    org: OrgRef, transaction_id: uuid.UUID, plan: GiftPlan, fund: Fund
) -> list[dict[str, Any]]:
    lines = ((Account.EARLIER_GIFTS, None, plan.minor), (Account.GIFTS, fund.id, -plan.minor))
    return [
        {
            "transaction_id": transaction_id,
            "line": line,
            "account_code": account,
            "fund_id": fund_id,
            "amount_minor": minor,
            "currency": org.currency,
        }
        for line, (account, fund_id, minor) in enumerate(lines, start=1)
    ]


def plan_gifts(random: Random, profile: SampleProfile, today: datetime.date) -> list[GiftPlan]:
    """Think up the gifts; the same for the same seed and day."""
    singles = range(WEEKLY_GIVERS, WEEKLY_GIVERS + SINGLE_GIVERS)
    plans = [gift for donor in range(WEEKLY_GIVERS) for gift in _weekly(random, donor, today)]
    plans += _winters(random, singles, today)
    for _number in range(40):
        on = first_day(today) + random.randint(0, 365 * YEARS - 1) * _DAY
        euros = weighted(random, [(25, 4), (50, 5), (75, 2), (100, 4), (250, 1)])
        fund = weighted(random, [("families", 3), ("house", 2)])
        plans.append(GiftPlan(random.choice(singles), on, euros * 100, fund))
    plans += _large(profile, today)
    return plans


def _weekly(random: Random, donor: int, today: datetime.date) -> Iterator[GiftPlan]:
    """EUR 15 every week from some day on; one in three stops after a while."""
    day = first_day(today) + (30 + donor * 190 + random.randint(0, 60)) * _DAY
    last = day + random.randint(250, 420) * _DAY if random.random() < 0.34 else today
    while day < min(last, today):
        yield GiftPlan(donor, day, WEEK_MINOR, "families")
        day += 7 * _DAY


def _winters(random: Random, givers: range, today: datetime.date) -> Iterator[GiftPlan]:
    """Most coats are given in the weeks before the turn of the year."""
    for year in range(today.year - YEARS, today.year + 1):
        begin = datetime.date(year, 11, 14)
        for _number in range(COATS_A_WINTER):
            on = begin + round(random.triangular(0, 48, 30)) * _DAY
            euros = weighted(random, [(10, 3), (15, 5), (20, 5), (30, 4), (45, 2), (100, 1)])
            if first_day(today) <= on < today:
                yield GiftPlan(random.choice(givers), on, euros * 100, "warm-coats")


def _large(profile: SampleProfile, today: datetime.date) -> Iterator[GiftPlan]:
    """A ball's proceeds each January, or what a company gave towards a flat."""
    company = WEEKLY_GIVERS + SINGLE_GIVERS
    for number, euros in enumerate(profile.large_gifts):
        on = datetime.date(today.year - YEARS + 1 + number, 1, 20)
        if on < today:
            yield GiftPlan(company, on, euros * 100, "house")


def _fund(
    session: Session, org: OrgRef, code: str, kind: FundKind, goal: int, today: datetime.date
) -> Fund:
    return funds.add(
        session,
        code=code,
        kind=kind,
        titles=dict(FUND_TITLES[code]),
        purposes=dict(FUND_PURPOSES[code]),
        goal=goal,
        currency=org.currency,
        opened_on=first_day(today),
    )


def _donors(
    session: Session, org: OrgRef, random: Random, profile: SampleProfile
) -> Sequence[Donor]:
    """The givers in order: the weekly ones, the others, and at last the company."""
    donors = []
    for number in range(WEEKLY_GIVERS + SINGLE_GIVERS):
        locale = weighted(random, list(zip(org.locales, (6, 2, 2), strict=False)))
        given, family = DONORS[locale]
        name = f"{random.choice(given)} {random.choice(family)}-{number + 1}"
        donors.append(_donor(f"donor{number + 1}@example.org", name, locale))
    if profile.large_gifts:
        first = org.locales[0]
        donors.append(_donor("company@example.org", COMPANIES[first], first))
    session.add_all(donors)
    session.flush()
    return donors


def _donor(email: str, name: str, locale: str) -> Donor:
    return Donor(email=email, email_key=email, name=name, locale=locale)
