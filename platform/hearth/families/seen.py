"""Families as a reader sees them: every field of a class the reader does not have stays covered."""

import uuid
from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Protocol

from hearth.accounts.redaction import Sees, of_class, seen, view
from hearth.data_classes import FieldClass
from hearth.families.births import UNKNOWN_BIRTH, Birth
from hearth.families.knowing import Knowledge, Known
from hearth.families.models import CaseEpisode, Household, HouseholdMember, KeyWorker, Person
from hearth.families.vocabulary import (
    NEED_CLASSES,
    ClosingReason,
    LeavingReason,
    MemberRole,
    Need,
    Sex,
)

F = FieldClass


class Worker(Protocol):
    """A colleague, as far as a page names her."""

    @property
    def name(self) -> str:
        """What colleagues call her."""


@view
class SeenPerson:
    """Somebody of a family; the first name and whether a call is safe are seen with the family."""

    id: uuid.UUID = of_class(None)
    given_name: str = of_class(None)
    patronymic: str | None = of_class(F.IDENTITY)
    family_name: str = of_class(F.IDENTITY, hidden="")
    birth: Birth = of_class(F.IDENTITY, hidden=UNKNOWN_BIRTH)
    sex: Sex = of_class(F.IDENTITY, hidden=Sex.UNKNOWN)
    preferred_language: str | None = of_class(F.IDENTITY)
    safe_to_call: bool | None = of_class(None)
    phone: str | None = of_class(F.CONTACT)
    contact_note: str | None = of_class(F.CONTACT)

    @property
    def born_on(self) -> date | None:
        """The day of birth, as exactly as it is known."""
        return self.birth.on

    @property
    def full_name(self) -> str:
        """As much of the name as is known and seen."""
        parts = (self.given_name, self.patronymic, self.family_name)
        return " ".join(part for part in parts if part)


@view
class SeenMember:
    """Somebody's time in a family."""

    id: uuid.UUID = of_class(None)
    person_id: uuid.UUID = of_class(None)
    person: SeenPerson = of_class(None)
    role: MemberRole = of_class(None)
    joined_on: date | None = of_class(F.CASEWORK)
    left_on: date | None = of_class(None)
    leaving_reason: LeavingReason | None = of_class(F.CASEWORK)
    recorded_by: uuid.UUID | None = of_class(F.CASEWORK)
    left_recorded_by: uuid.UUID | None = of_class(F.CASEWORK)
    is_valid: bool = of_class(None)
    superseded_at: datetime | None = of_class(None)


@view
class SeenNeed:
    """One thing a family asked for."""

    need: Need = of_class(None)
    is_primary: bool = of_class(None)


@view
class SeenEpisode:
    """A case from opening to closing."""

    opened_on: date = of_class(None)
    opened_by: uuid.UUID | None = of_class(F.CASEWORK)
    closed_on: date | None = of_class(None)
    closed_by: uuid.UUID | None = of_class(F.CASEWORK)
    closing_reason: ClosingReason | None = of_class(F.CASEWORK)
    closing_note: str | None = of_class(F.FREE_TEXT)
    needs: tuple[SeenNeed, ...] = of_class(F.CASEWORK, hidden=())

    @property
    def primary_need(self) -> Need | None:
        """What the family came for first of all."""
        return next((n.need for n in self.needs if n.is_primary), None)


@view
class SeenKeyWorker:
    """Who accompanied a family, and since when."""

    from_on: date = of_class(None)
    until_on: date | None = of_class(None)
    user: Worker = of_class(None)


@view
class SeenHousehold:
    """One family as its reader sees it."""

    id: uuid.UUID = of_class(None)
    case_number: str = of_class(None)
    is_open: bool = of_class(None)
    members: tuple[SeenMember, ...] = of_class(None)
    current_members: tuple[SeenMember, ...] = of_class(None)
    episodes: tuple[SeenEpisode, ...] = of_class(None)
    key_workers: tuple[SeenKeyWorker, ...] = of_class(None)

    @property
    def current_key_worker(self) -> Worker | None:
        """Who accompanies the family at the moment."""
        return next((k.user for k in reversed(self.key_workers) if k.until_on is None), None)


def see_household(household: Household, sees: Sees, known: Knowledge) -> SeenHousehold:
    """A family with its people, as far as a reader sees them and its file knows of them."""
    return seen(
        SeenHousehold,
        household,
        sees,
        members=tuple(see_member(member, sees, known) for member in household.members),
        current_members=tuple(
            see_member(member, sees, known) for member in household.current_members
        ),
        episodes=tuple(_episode(episode, sees) for episode in household.episodes),
        key_workers=tuple(_key_worker(worker, sees) for worker in household.key_workers),
    )


def see_member(member: HouseholdMember, sees: Sees, known: Knowledge) -> SeenMember:
    """One of a family, as far as a reader sees her and the family's file knows of her."""
    told = known.about(member.household_id, member.person_id)
    return seen(SeenMember, member, sees, person=see_known(member.person, sees, told))


def see_person(person: Person, sees: Sees) -> SeenPerson:
    """One person, as far as a reader sees her."""
    return seen(SeenPerson, person, sees)


def see_known(person: Person, sees: Sees, known: Known) -> SeenPerson:
    """One person, as far as a reader sees her and one family's file knows of her."""
    told = seen(SeenPerson, known.stood or person, sees, id=person.id)
    covers: dict[str, Any] = dict.fromkeys(known.covers)
    return replace(told, **covers)


def seen_needs(needs: Collection[Need], sees: Sees) -> list[Need]:
    """The needs a reader sees: that somebody needs a doctor tells of her health."""
    return [need for need in needs if need not in NEED_CLASSES or sees(NEED_CLASSES[need])]


def _episode(episode: CaseEpisode, sees: Sees) -> SeenEpisode:
    visible = seen_needs([one.need for one in episode.needs], sees)
    needs = tuple(
        SeenNeed(need=one.need, is_primary=one.is_primary)
        for one in episode.needs
        if one.need in visible
    )
    return seen(SeenEpisode, episode, sees, needs=needs)


def _key_worker(worker: KeyWorker, sees: Sees) -> SeenKeyWorker:
    return seen(SeenKeyWorker, worker, sees)
