"""The sample data: repeatable, of believable size, and plainly made up."""

import datetime
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.accounts.models import User
from hearth.accounts.passwords import verified
from hearth.accounts.permissions import FEDERATION_ROLES, Role
from hearth.demo import sample
from hearth.demo.sample_gifts import plan_gifts
from hearth.demo.sample_plan import NEED_SHARES, plan_families
from hearth.demo.sample_profiles import PROFILES
from hearth.demo.sample_staff import FEDERATION, PASSWORD, sign_ins
from hearth.demo.sample_words import FAMILY_NAMES
from hearth.families.models import CaseEpisode, Household, Person
from hearth.families.vocabulary import Need
from hearth.giving.models import Donor, Gift
from hearth.giving.services import record_earlier_gift
from hearth.intake.models import Referral
from hearth.intake.vocabulary import ReferralState
from hearth.ledger import services as ledger
from hearth.service_delivery.models import ServiceDelivery
from hearth.shelter import occupancy, services
from hearth.shelter.models import Place, Stay, StayPlace
from tenants import context
from tenants.context import Runtime, tenant_session
from tenants.engines import Engines
from tenants.provisioning import Profile
from tenants.registry import Registry
from tests.support.pinned import PinnedBindings

TODAY = datetime.datetime.now(datetime.UTC).date()


@dataclass
class Sample:
    """St Petersburg filled twice with the same seed; what the second filling wrote is there."""

    runtime: Runtime
    session: Session
    contents: list[list[list[tuple[Any, ...]]]]
    progress: list[tuple[int, int]]


@pytest.fixture(scope="module")
def sampled(settings: Settings, engines: Engines, registry: Registry) -> Iterator[Sample]:
    """Filled once for all tests here, because it takes seconds; none of them writes."""
    bindings = PinnedBindings(engines)
    runtime = context.install(Runtime(settings, bindings, registry))
    spb = registry.get("spb")
    progress: list[tuple[int, int]] = []
    contents = []
    for fillings in (1, 2):
        savepoint = bindings.organisation(spb).begin_nested()
        assert sample.fill(spb, today=TODAY, report=lambda *told: progress.append(told))
        with tenant_session(spb) as session:
            contents.append(_content(session))
        if fillings == 1:
            savepoint.rollback()
            progress.clear()
    with tenant_session(spb) as session:
        context._organisation.set(None)
        yield Sample(runtime, session, contents, progress)
    bindings.rollback()


@pytest.fixture
def filled(sampled: Sample) -> Session:
    return sampled.session


def _content(session: Session) -> list[list[tuple[Any, ...]]]:
    """Everything that was thought up; ids, references and moments of writing differ each time."""
    people = [
        (person.given_name, person.family_name, person.born_on, person.phone)
        for person in session.scalars(select(Person))
    ]
    stay = select(Stay.admitted_on, Stay.planned_until, Stay.ended_on, Stay.destination)
    service = select(ServiceDelivery.delivered_on, ServiceDelivery.kind, ServiceDelivery.minutes)
    gift = select(Gift.received_at, Gift.amount_minor, Gift.donor_name, Gift.locale)
    queries = (stay, service, gift)
    return [
        sorted(people, key=str),
        *(sorted((tuple(row) for row in session.execute(query)), key=str) for query in queries),
    ]


def _booked(session: Session, gift: Gift) -> list[tuple[Any, ...]]:
    (transaction,) = ledger.transactions_about(session, subject_id=gift.id)
    assert transaction.effect_key == f"earlier:{gift.id}"
    return [
        (transaction.kind, transaction.occurred_on, entry.account_code, entry.money, entry.fund_id)
        for entry in transaction.entries
    ]


def _told(gift: Gift) -> tuple[Any, ...]:
    return (gift.donor_id, gift.donor_name, gift.channel, gift.state, gift.given_at, gift.locale)


def test_the_same_seed_and_day_give_the_same_data(sampled: Sample) -> None:
    first, second = sampled.contents

    assert first == second
    assert all(first)


@pytest.mark.parametrize("slug", sorted(PROFILES))
def test_every_organisation_has_about_sixty_families_with_the_needs_mothers_named(
    slug: str,
) -> None:
    plans = plan_families(sample.dice(1, slug), PROFILES[slug], TODAY)

    shares = Counter(need for plan in plans for need in plan.needs)
    assert 55 <= len(plans) <= 66
    assert all(plan.needs and plan.primary_need in plan.needs for plan in plans)
    for need in (Need.PSYCHOLOGICAL, Need.MATERIAL, Need.HOUSING, Need.PARENTING):
        assert shares[need] / len(plans) == pytest.approx(NEED_SHARES[need], abs=0.02)


@pytest.mark.parametrize("slug", sorted(PROFILES))
def test_every_organisation_has_a_name_and_a_region_in_all_five_languages(slug: str) -> None:
    profile = Profile.named(slug)

    languages = {"nl", "sv", "fr", "ru", "en"}
    assert set(profile.names) == set(profile.regions) == languages
    assert languages >= {*profile.locales, profile.staff_locale}
    assert profile.theme == slug


@pytest.mark.parametrize("slug", sorted(PROFILES))
def test_gifts_come_every_week_and_most_of_all_in_winter(slug: str) -> None:
    plans = plan_gifts(sample.dice(1), PROFILES[slug], TODAY)

    days = {plan.on for plan in plans}
    winter = sum(plan.on.month in (11, 12) for plan in plans if plan.fund == "warm-coats")
    weekly = [plan for plan in plans if plan.minor == 1500 and plan.fund == "families"]
    assert max(days) < TODAY
    assert winter == sum(plan.fund == "warm-coats" for plan in plans) > 40
    assert len(weekly) > 150


def test_another_seed_gives_other_families() -> None:
    profile = PROFILES["pskov"]

    first, second = (plan_families(sample.dice(seed), profile, TODAY) for seed in (1, 2))

    assert [plan.name for plan in first] != [plan.name for plan in second]


def test_an_organisation_looks_like_one_that_has_worked_for_three_years(filled: Session) -> None:
    episodes = filled.scalars(select(CaseEpisode)).all()
    stays = filled.scalars(select(Stay)).all()
    referrals = Counter(filled.scalars(select(Referral.state)))
    delivered = filled.scalars(select(ServiceDelivery.delivered_on)).all()
    gifts = filled.scalars(select(Gift.amount_minor)).all()

    households = len(filled.scalars(select(Household.id)).all())
    assert 55 <= households <= 66
    assert households < len(episodes) <= 1.3 * households
    assert 0.15 < sum(episode.closed_on is None for episode in episodes) / households < 0.6
    assert 15 <= len(stays) <= 45
    assert 1 <= sum(stay.is_open for stay in stays) <= 8
    assert referrals[ReferralState.RECEIVED] == 3
    assert 1000 <= len(delivered) <= 4000
    assert max(delivered) <= TODAY
    assert (TODAY - min(delivered)).days > 900
    assert 300 <= len(gifts) <= 700
    assert gifts.count(1500) > 150


def test_every_month_of_the_three_years_has_bed_nights(filled: Session) -> None:
    months = [TODAY - datetime.timedelta(days=30 * n) for n in range(1, 34)]

    nights = [
        sum(run.count for run in occupancy.nights_in(filled, day, day + datetime.timedelta(30)))
        for day in months
    ]

    assert sum(count > 0 for count in nights) >= 30
    assert max(nights) <= 30 * len(filled.scalars(select(Place.id)).all()) * 2


def test_nobody_sleeps_beyond_the_day_of_leaving(filled: Session) -> None:
    rows = filled.execute(select(StayPlace, Stay).join(Stay)).all()

    assert rows
    assert all(slept.ends_on <= stay.until for slept, stay in rows)
    assert all(stay.admitted_on <= slept.starts_on for slept, stay in rows)


def test_every_name_number_and_address_is_plainly_made_up(filled: Session) -> None:
    stems = "|".join(name for pair in FAMILY_NAMES for name in pair)
    made_up = re.compile(rf"({stems})-\d+")

    people = filled.scalars(select(Person)).all()
    donors = filled.scalars(select(Donor.email)).all()
    staff = [account.email for site in (*PROFILES, FEDERATION) for account in sign_ins(site)]

    assert all(made_up.fullmatch(person.family_name) for person in people)
    assert all(not person.phone or person.phone.startswith("+7 000 ") for person in people)
    assert all(address.endswith("@example.org") for address in donors)
    assert all(address.endswith(".example.org") for address in staff)


def test_the_books_balance_and_hold_every_gift(filled: Session) -> None:
    balances = ledger.balances(filled)
    given = sum(filled.scalars(select(Gift.amount_minor)))

    filled.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    filled.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    assert sum(money.amount_minor for money in balances.values()) == 0
    assert given in {abs(money.amount_minor) for money in balances.values()}


def test_a_sample_gift_stands_in_the_books_like_any_gift_from_before(filled: Session) -> None:
    sample_gift = filled.scalars(select(Gift).order_by(Gift.id)).first()
    assert sample_gift is not None
    assert sample_gift.received_at is not None

    savepoint = filled.begin_nested()
    real_gift = record_earlier_gift(
        filled,
        donor=sample_gift.donor,
        fund=sample_gift.fund,
        amount=sample_gift.money,
        received_at=sample_gift.received_at,
        locale=sample_gift.locale,
    )
    pairs = [(_booked(filled, gift), _told(gift)) for gift in (sample_gift, real_gift)]
    savepoint.rollback()

    assert pairs[0] == pairs[1]


def test_donors_read_their_organisations_languages(sampled: Sample) -> None:
    spb = sampled.runtime.registry.get("spb")
    locales = Counter(sampled.session.scalars(select(Donor.locale)))

    assert set(locales) <= set(spb.locales)
    assert locales.most_common(1)[0][0] == spb.locales[0]


def test_there_is_a_sign_in_for_every_role(filled: Session) -> None:
    roles = {Role(role) for account in sign_ins("spb") for role in [account.role]}
    accounts = sign_ins("spb")

    users = {user.email: user for user in filled.scalars(select(User))}

    assert roles | FEDERATION_ROLES == set(Role)
    assert all(users[account.email].roles == [account.role] for account in accounts)
    assert verified(users[accounts[0].email].password_hash, PASSWORD)


def test_an_organisation_that_has_families_is_left_alone(sampled: Sample) -> None:
    context.install(sampled.runtime)
    spb = sampled.runtime.registry.get("spb")
    before = sampled.session.scalar(text("SELECT count(*) FROM people"))

    again = sample.fill(spb, today=TODAY, report=lambda done, total: None)

    assert again is False
    assert sampled.session.scalar(text("SELECT count(*) FROM people")) == before


def test_the_federations_accounts_are_written_once(shared: Session) -> None:
    written = [sample.fill_federation(), sample.fill_federation()]

    assert written == [True, False]


def test_progress_is_told_family_by_family_and_ends_at_the_whole(sampled: Sample) -> None:
    told = sampled.progress

    assert [done for done, _total in told] == list(range(1, len(told) + 1))
    assert told[-1][0] == told[-1][1]


def test_open_stays_are_ready_for_tonights_list(filled: Session) -> None:
    stays = services.open_stays(filled)

    tonight = occupancy.houses_tonight(filled, TODAY)

    assert sum(len(house.families) for house in tonight) == len(stays)
    assert all(house.free for house in tonight)
