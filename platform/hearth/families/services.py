"""Opening, closing and reopening a family's case, who accompanies it, and noting who looks."""

import uuid
from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import ARRAY, Uuid, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, selectinload

from hearth.accounts.permissions import Permission
from hearth.accounts.standing import holders
from hearth.audit import services as audit
from hearth.families import membership
from hearth.families.access import keepers_of
from hearth.families.errors import (
    CaseClosedError,
    CaseOpenError,
    DateProblem,
    FamilyDatesError,
    NobodyThereError,
)
from hearth.families.membership import NewMember
from hearth.families.models import (
    CaseCounter,
    CaseEpisode,
    Household,
    HouseholdMember,
    HouseholdNeed,
    KeyWorker,
)
from hearth.families.names import tidy_or_none
from hearth.families.vocabulary import ClosingReason, Need


def open_household(
    session: Session,
    *,
    members: Sequence[NewMember],
    needs: Collection[Need],
    primary_need: Need | None,
    opened_on: date,
    opened_by: uuid.UUID,
    key_worker_id: uuid.UUID,
    today: date,
) -> Household:
    """Open a case for a new family with its first members, its needs and who accompanies it.

    :raises FamilyError: nobody is in the family, or a date lies in the future.
    """
    if not members:
        raise NobodyThereError
    _refuse_future("opened_on", opened_on, today)
    household = Household(case_number=_next_case_number(session, opened_on.year))
    session.add(household)
    _begin_episode(household, opened_on, opened_by, needs, primary_need)
    household.key_workers.append(KeyWorker(user_id=key_worker_id, from_on=opened_on))
    session.flush()
    for member in members:
        person = membership.add_person(session, member.person, today=today)
        membership.join(
            session,
            household,
            person,
            role=member.role,
            joined_on=opened_on,
            recorded_by=opened_by,
            today=today,
        )
    _record(session, "family.opened", household, opened_by)
    return household


def close_case(
    session: Session,
    household: Household,
    *,
    closed_on: date,
    reason: ClosingReason,
    note: str | None,
    closed_by: uuid.UUID,
    today: date,
) -> CaseEpisode:
    """End the running episode. Whoever accompanies the family stays its contact afterwards.

    :raises FamilyError: the case is closed already, or the day does not fit.
    """
    lock(session, household)
    episode = household.open_episode
    if episode is None:
        raise CaseClosedError
    _refuse_future("closed_on", closed_on, today)
    if closed_on < episode.opened_on:
        raise FamilyDatesError("closed_on", DateProblem.BEFORE_OPENING)
    episode.closed_on = closed_on
    episode.closing_reason = reason
    episode.closing_note = tidy_or_none(note)
    episode.closed_by = closed_by
    session.flush()
    _record(session, "family.closed", household, closed_by, reason=reason.value)
    return episode


def reopen_case(
    session: Session,
    household: Household,
    *,
    opened_on: date,
    needs: Collection[Need],
    primary_need: Need | None,
    opened_by: uuid.UUID,
    today: date,
) -> CaseEpisode:
    """Begin a new episode of a family that came back; the earlier ones stay as they were.

    :raises FamilyError: the case is open, or the day lies before the last closing.
    """
    lock(session, household)
    if household.is_open:
        raise CaseOpenError
    _refuse_future("opened_on", opened_on, today)
    if opened_on < max(episode.closed_on or opened_on for episode in household.episodes):
        raise FamilyDatesError("opened_on", DateProblem.BEFORE_CLOSING)
    episode = _begin_episode(household, opened_on, opened_by, needs, primary_need)
    session.flush()
    _record(session, "family.reopened", household, opened_by)
    return episode


def assign_key_worker(
    session: Session, household: Household, *, user_id: uuid.UUID, from_on: date, today: date
) -> None:
    """Let somebody else accompany the family from a day on.

    :raises FamilyDatesError: the day lies ahead, or before the present key worker began.
    """
    lock(session, household)
    _refuse_future("from_on", from_on, today)
    current = next((k for k in household.key_workers if k.until_on is None), None)
    if current is not None:
        if current.user_id == user_id:
            return
        if from_on < current.from_on:
            raise FamilyDatesError("from_on", DateProblem.BEFORE_KEY_WORKER)
        current.until_on = from_on
        session.flush()
    elif any(from_on < k.until_on for k in household.key_workers if k.until_on is not None):
        # Whoever accompanied it before left without a successor.
        raise FamilyDatesError("from_on", DateProblem.BEFORE_KEY_WORKER)
    household.key_workers.append(KeyWorker(user_id=user_id, from_on=from_on))
    session.flush()
    _record(session, "family.key_worker_changed", household, None, key_worker=str(user_id))


def possible_key_workers(session: Session, household_id: uuid.UUID) -> list[tuple[uuid.UUID, str]]:
    """The members of staff who may accompany a family, by name; a restricted one, its keepers."""
    keepers = keepers_of(session, household_id)
    able = holders(session, Permission.FAMILIES_WRITE)
    return able if keepers is None else [one for one in able if one[0] in keepers]


def lock(session: Session, household: Household) -> None:
    """Let decisions about one family happen one after the other, each on the newest state."""
    session.flush()
    session.refresh(household, with_for_update={"key_share": True})
    for relation in ("episodes", "members", "key_workers"):
        session.expire(household, [relation])


def record_read(
    session: Session, *, household_id: uuid.UUID, user_id: uuid.UUID, purpose: str = "file"
) -> None:
    """Note that somebody looks at a family, with everybody who is or was in it."""
    persons = select(
        func.coalesce(
            func.array_agg(HouseholdMember.person_id.distinct()), literal([], ARRAY(Uuid()))
        )
    ).where(HouseholdMember.household_id == household_id, HouseholdMember.superseded_at.is_(None))
    audit.record_read(
        session,
        household_id=household_id,
        person_ids=persons.scalar_subquery(),
        user_id=user_id,
        purpose=purpose,
    )


def record_listed(
    session: Session, households: Collection[Household], *, user_id: uuid.UUID, purpose: str
) -> None:
    """Note that a list showed somebody these families: one look, however long it is."""
    if households:
        audit.record_read(
            session,
            person_ids=[member.person_id for one in households for member in one.members],
            user_id=user_id,
            purpose=purpose,
            number=len(households),
        )


def record_numbers(
    session: Session, household_ids: Collection[uuid.UUID], *, user_id: uuid.UUID, purpose: str
) -> None:
    """Note that a list told somebody something of these families by their case numbers alone."""
    shown = session.scalars(
        select(Household)
        .where(Household.id.in_(household_ids))
        .options(selectinload(Household.members))
    ).all()
    record_listed(session, shown, user_id=user_id, purpose=purpose)


def _record(
    session: Session, action: str, household: Household, actor: uuid.UUID | None, **facts: str
) -> None:
    audit.record(
        session,
        action=action,
        subject_type="household",
        subject_id=household.id,
        actor_id=actor,
        household_id=household.id,
        facts=facts,
    )


def _begin_episode(
    household: Household,
    opened_on: date,
    opened_by: uuid.UUID,
    needs: Collection[Need],
    primary_need: Need | None,
) -> CaseEpisode:
    named = {*needs, *([primary_need] if primary_need else [])}
    episode = CaseEpisode(
        opened_on=opened_on,
        opened_by=opened_by,
        needs=[HouseholdNeed(need=need, is_primary=need == primary_need) for need in sorted(named)],
    )
    household.episodes.append(episode)
    return episode


def _next_case_number(session: Session, year: int) -> str:
    counted = insert(CaseCounter).values(year=year, last_number=1)
    number = session.scalar(
        counted.on_conflict_do_update(
            index_elements=[CaseCounter.year],
            set_={"last_number": CaseCounter.last_number + 1},
        ).returning(CaseCounter.last_number)
    )
    return f"{year}-{number:04d}"


def _refuse_future(field: str, day: date, today: date) -> None:
    if day > today:
        raise FamilyDatesError(field, DateProblem.IN_THE_FUTURE)
