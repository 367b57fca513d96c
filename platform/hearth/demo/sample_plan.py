"""Thinks up the families of the sample data: pure, and the same for the same seed and day."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, TypeVar

from hearth.demo.sample_profiles import SampleProfile
from hearth.demo.sample_words import (
    BOYS,
    FAMILY_NAMES,
    FATHERS,
    GIRLS,
    MOTHERS,
    SITUATIONS,
)
from hearth.families.births import Birth, BirthPrecision
from hearth.families.membership import NewMember, PersonDetails
from hearth.families.vocabulary import ClosingReason, MemberRole, Need, Sex
from hearth.intake.vocabulary import Source

YEARS: Final = 3
FAMILIES: Final = 60
IN_THE_HOUSES_NOW: Final = 3
# The needs that mothers named in the federation's own survey, and three rarer ones.
NEED_SHARES: Final = {
    Need.PSYCHOLOGICAL: 0.50,
    Need.MATERIAL: 0.47,
    Need.HOUSING: 0.28,
    Need.PARENTING: 0.22,
    Need.LEGAL: 0.12,
    Need.MEDICAL: 0.10,
    Need.SCHOOLING_WORK: 0.08,
}
_CLOSINGS: Final = {
    ClosingReason.GOALS_MET: 52,
    ClosingReason.OWN_WISH: 12,
    ClosingReason.MOVED_AWAY: 14,
    ClosingReason.HANDED_OVER: 8,
    ClosingReason.LOST_CONTACT: 11,
    ClosingReason.CHILDREN_ELSEWHERE: 3,
}
_ACCOMPANIED_DAYS: Final = ((3, 30, 90), (4, 91, 240), (3, 241, 540))
_DAY: Final = datetime.timedelta(days=1)
Thing = TypeVar("Thing")


@dataclass(frozen=True)
class EpisodePlan:
    """A case from opening to closing; an open one has no last day."""

    opened_on: datetime.date
    closed_on: datetime.date | None
    reason: ClosingReason
    source: Source
    situation: str


@dataclass(frozen=True)
class StayPlan:
    """When a family needs a place, what is agreed at first, and how long it stays in the end."""

    admitted_on: datetime.date
    agreed_nights: int
    nights: int


@dataclass(frozen=True)
class FamilyPlan:
    """One family of the sample data."""

    members: tuple[NewMember, ...]
    needs: frozenset[Need]
    primary_need: Need
    episodes: tuple[EpisodePlan, ...]
    stay: StayPlan | None

    @property
    def name(self) -> str:
        """What the mother is called."""
        person = self.members[0].person
        return f"{person.given_name} {person.family_name}"


def first_day(today: datetime.date) -> datetime.date:
    """The day on which the sample data begins."""
    return today - datetime.timedelta(days=365 * YEARS)


def plan_families(random: Random, profile: SampleProfile, today: datetime.date) -> list[FamilyPlan]:
    """Think up the families of an organisation, in the order in which their cases opened."""
    number = FAMILIES + random.randint(-3, 4)
    needs = _needs(random, number)
    wish_for_place = [index for index in range(number) if Need.HOUSING in needs[index]]
    others = [index for index in range(number) if index not in wish_for_place]
    places = round(profile.sheltered_share * number)
    sheltered = set((wish_for_place + random.sample(others, len(others)))[:places])
    # The newest families are in the houses now, so that tonight's list has somebody in it.
    here_now = range(number - IN_THE_HOUSES_NOW, number)
    sheltered.update(here_now)
    opened = sorted(_openings(random, number, today))
    stays = [
        _stay(random, profile, opened[index], today if index in here_now else None)
        if index in sheltered
        else None
        for index in range(number)
    ]
    return [
        _family(random, profile, today, index, opened[index], needs[index], stay)
        for index, stay in enumerate(stays)
    ]


def _openings(random: Random, number: int, today: datetime.date) -> list[datetime.date]:
    """Days over the years, somewhat more of them lately: the organisation grows."""
    span = 365 * YEARS - 2
    return [first_day(today) + int(span * random.random() ** 0.85) * _DAY for _ in range(number)]


def _needs(random: Random, number: int) -> list[frozenset[Need]]:
    """Give each need to its share of the families, and leave no family without one."""
    needs: list[set[Need]] = [set() for _ in range(number)]
    for need, share in NEED_SHARES.items():
        for index in random.sample(range(number), round(share * number)):
            needs[index].add(need)
    for family in needs:
        if not family:
            richest = max(needs, key=len)
            moved = max(richest, key=lambda need: (NEED_SHARES[need], need.value))
            richest.remove(moved)
            family.add(moved)
    return [frozenset(family) for family in needs]


def _family(
    random: Random,
    profile: SampleProfile,
    today: datetime.date,
    index: int,
    opened_on: datetime.date,
    needs: frozenset[Need],
    stay: StayPlan | None,
) -> FamilyPlan:
    ordered = sorted(needs, key=lambda need: (-NEED_SHARES[need], need.value))
    primary = Need.HOUSING if stay and Need.HOUSING in needs else random.choice(ordered)
    return FamilyPlan(
        members=tuple(_members(random, profile, today, index, opened_on)),
        needs=needs,
        primary_need=primary,
        episodes=_episodes(random, profile, today, opened_on, stay),
        stay=stay,
    )


def _stay(
    random: Random,
    profile: SampleProfile,
    opened_on: datetime.date,
    beyond: datetime.date | None,
) -> StayPlan:
    admitted_on = opened_on + random.randint(0, 3) * _DAY
    nights = in_band(random, profile.nights)
    if beyond is not None:
        admitted_on = min(admitted_on, beyond)
        nights = (beyond - admitted_on).days + random.randint(3, 25)
    # What is agreed at first is a round number, and often not quite what it becomes.
    agreed = next(
        (round_ for round_ in (7, 14, 30, 60, 90, 120, 180) if round_ >= nights),
        profile.guideline_nights,
    )
    if nights > 20 and random.random() < 0.35 and beyond is None:
        agreed = max(7, nights // 2 // 7 * 7)
    return StayPlan(admitted_on, agreed, nights)


def _episodes(
    random: Random,
    profile: SampleProfile,
    today: datetime.date,
    opened_on: datetime.date,
    stay: StayPlan | None,
) -> tuple[EpisodePlan, ...]:
    first = _episode(random, profile, today, opened_on)
    if stay is not None and first.closed_on is not None:
        leaving = stay.admitted_on + stay.nights * _DAY
        if leaving >= today:
            return (_episode(random, profile, today, opened_on, stays_open=True),)
        if first.closed_on < leaving:
            first = EpisodePlan(
                opened_on,
                min(leaving + 14 * _DAY, today),
                first.reason,
                first.source,
                first.situation,
            )
    if first.closed_on is None or random.random() > 0.16:
        return (first,)
    again_on = first.closed_on + random.randint(40, 300) * _DAY
    return (first, _episode(random, profile, today, again_on)) if again_on < today else (first,)


def _episode(
    random: Random,
    profile: SampleProfile,
    today: datetime.date,
    opened_on: datetime.date,
    *,
    stays_open: bool = False,
) -> EpisodePlan:
    closed_on = opened_on + in_band(random, _ACCOMPANIED_DAYS) * _DAY
    return EpisodePlan(
        opened_on=opened_on,
        closed_on=None if stays_open or closed_on > today else closed_on,
        reason=weighted(random, list(_CLOSINGS.items())),
        source=weighted(random, list(profile.sources.items())),
        situation=random.choice(SITUATIONS),
    )


def _members(
    random: Random,
    profile: SampleProfile,
    today: datetime.date,
    index: int,
    opened_on: datetime.date,
) -> list[NewMember]:
    female, male = FAMILY_NAMES[index % len(FAMILY_NAMES)]
    number = index + 1
    children = _children(random)
    births = [_born(random, opened_on, 0, profile.oldest_child) for _child in children]
    eldest = max((birth.months_on(opened_on) or 0) // 12 for birth in births)
    mother = PersonDetails(
        given_name=random.choice(MOTHERS),
        family_name=f"{female}-{number}",
        birth=_born(random, opened_on, eldest + 18, eldest + 29),
        sex=Sex.FEMALE,
        preferred_language="ru",
        # No such area exists in the country's numbering plan.
        phone=f"+7 000 000-{number // 100:02d}-{number % 100:02d}",
        safe_to_call=random.choice((True, True, False, None)),
    )
    members = [NewMember(person=mother, role=MemberRole.MOTHER)]
    if random.random() < profile.partner_share:
        father = PersonDetails(
            given_name=random.choice(FATHERS),
            family_name=f"{male}-{number}",
            birth=_born(random, opened_on, 20, 40),
            sex=Sex.MALE,
        )
        members.append(NewMember(person=father, role=MemberRole.PARTNER))
    for (name, sex), birth in zip(children, births, strict=True):
        child = PersonDetails(
            given_name=name,
            family_name=f"{female if sex is Sex.FEMALE else male}-{number}",
            birth=birth,
            sex=sex,
        )
        members.append(NewMember(person=child, role=MemberRole.CHILD))
    if opened_on > today - 60 * _DAY and random.random() < 0.5:
        expected = Birth(today + random.randint(20, 150) * _DAY, BirthPrecision.EXPECTED)
        unborn = PersonDetails(family_name=f"{male}-{number}", birth=expected)
        members.append(NewMember(person=unborn, role=MemberRole.CHILD))
    return members


def _children(random: Random) -> list[tuple[str, Sex]]:
    number = weighted(random, [(1, 50), (2, 34), (3, 16)])
    girls, boys = random.sample(GIRLS, 3), random.sample(BOYS, 3)
    return [
        (girls[place], Sex.FEMALE) if random.random() < 0.5 else (boys[place], Sex.MALE)
        for place in range(number)
    ]


def _born(random: Random, on: datetime.date, youngest: int, oldest: int) -> Birth:
    days = random.randint(max(youngest * 365, 12), oldest * 365 + 330)
    return Birth(on - days * _DAY, BirthPrecision.DAY)


def in_band(random: Random, bands: Sequence[tuple[int, int, int]]) -> int:
    """Choose a number from one of several ranges, each with its weight."""
    low, high = weighted(random, [((low, high), weight) for weight, low, high in bands])
    return random.randint(low, high)


def weighted(random: Random, choices: Sequence[tuple[Thing, int]]) -> Thing:
    """Choose one thing, the heavier the likelier."""
    things = [thing for thing, _weight in choices]
    return random.choices(things, [weight for _thing, weight in choices])[0]
