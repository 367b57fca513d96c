"""The people of a household: joining, leaving, and corrections that keep what stood before."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg.errors import ExclusionViolation, UniqueViolation
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hearth.audit import services as audit
from hearth.families.births import UNKNOWN_BIRTH, Birth, BirthPrecision
from hearth.families.errors import (
    AlreadyLeftError,
    AlreadyMemberError,
    CaseClosedError,
    DateProblem,
    FamilyDatesError,
)
from hearth.families.models import Household, HouseholdMember, Person, PersonCorrection
from hearth.families.names import tidy, tidy_or_none
from hearth.families.reaching import is_reached_as, is_safe_as, tell_who_goes_on
from hearth.families.vocabulary import LeavingReason, MemberRole, Sex
from hearth.sealing.markers import UnreadableRecord

_KEPT_AS_WRITTEN = (
    "given_name",
    "family_name",
    "patronymic",
    "preferred_language",
    "phone",
    "safe_to_call",
    "contact_note",
)


@dataclass(frozen=True, kw_only=True)
class PersonDetails:
    """What is known about somebody; all of it may be unknown at first."""

    given_name: str = ""
    family_name: str = ""
    patronymic: str | None = None
    birth: Birth = UNKNOWN_BIRTH
    sex: Sex = Sex.UNKNOWN
    preferred_language: str | None = None
    phone: str | None = None
    safe_to_call: bool | None = None
    contact_note: str | None = None

    @classmethod
    def of(cls, person: Person) -> "PersonDetails":
        """What is recorded about a person now."""
        return cls(
            given_name=person.given_name,
            family_name=person.family_name,
            patronymic=person.patronymic,
            birth=person.birth,
            sex=person.sex,
            preferred_language=person.preferred_language,
            phone=person.phone,
            safe_to_call=person.safe_to_call,
            contact_note=person.contact_note,
        )

    @classmethod
    def as_recorded(cls, before: Mapping[str, Any]) -> "PersonDetails":
        """What was recorded about a person before a correction replaced it."""
        if isinstance(before, UnreadableRecord):
            return cls(given_name=before.text)
        born = before["born_on"]
        birth = Birth(
            date.fromisoformat(born) if born else None, BirthPrecision(before["birth_precision"])
        )
        kept = {name: before[name] for name in _KEPT_AS_WRITTEN}
        return cls(**kept, birth=birth, sex=Sex(before["sex"]))


@dataclass(frozen=True, kw_only=True)
class NewMember:
    """Somebody who belongs to a family from the day its case is opened."""

    person: PersonDetails
    role: MemberRole


def add_person(session: Session, details: PersonDetails, *, today: date) -> Person:
    """Record a person.

    :raises BirthInFutureError: the birth lies ahead and is not marked as expected.
    """
    details.birth.refuse_future(today)
    person = Person()
    _write(person, details)
    session.add(person)
    session.flush()
    return person


def correct_person(
    session: Session,
    person: Person,
    details: PersonDetails,
    *,
    corrected_by: uuid.UUID,
    today: date,
    household_id: uuid.UUID | None = None,
) -> None:
    """Replace what is recorded about a person; what stood there before is kept beside it.

    That calling was safe was said of the way she was reached by then, not of another.

    :raises BirthInFutureError: the birth lies ahead and is not marked as expected.
    """
    details.birth.refuse_future(today)
    session.refresh(person, with_for_update={"key_share": True})
    before = as_recorded(person)
    _write(person, details)
    if before["safe_to_call"] and person.safe_to_call:
        person.safe_to_call = True if is_reached_as(before, as_recorded(person)) else None
    after = as_recorded(person)
    if after != before:
        correction = PersonCorrection(person_id=person.id, corrected_by=corrected_by, before=before)
        session.add(correction)
        session.flush()
        if not is_safe_as(before, after):
            tell_who_goes_on(session, correction)
        changed = sorted(name for name in after if after[name] != before[name])
        audit.record(
            session,
            action="person.corrected",
            subject_type="person",
            subject_id=person.id,
            actor_id=corrected_by,
            household_id=household_id,
            facts={"fields": changed},
        )
    session.flush()


def join(
    session: Session,
    household: Household,
    person: Person,
    *,
    role: MemberRole,
    joined_on: date,
    recorded_by: uuid.UUID,
    today: date,
) -> HouseholdMember:
    """Let a person belong to a household from a day on.

    :raises FamilyError: the case is closed, the day lies ahead, or the person is there already.
    """
    if not household.is_open:
        raise CaseClosedError
    _check_days(joined_on, None, today)
    member = HouseholdMember(
        person=person,
        role=role,
        joined_on=joined_on,
        recorded_by=recorded_by,
    )
    with _one_at_a_time(session):
        household.members.append(member)
    _record(session, "member.joined", member, recorded_by)
    return member


def leave(
    session: Session,
    member: HouseholdMember,
    *,
    left_on: date,
    reason: LeavingReason,
    recorded_by: uuid.UUID,
    today: date,
) -> None:
    """Record that somebody belongs to the household no longer.

    :raises FamilyError: the person has left already, or the day does not fit.
    """
    session.refresh(member, with_for_update={"of": HouseholdMember})
    if member.left_on is not None or not member.is_valid:
        raise AlreadyLeftError
    _check_days(member.joined_on, left_on, today)
    member.left_on = left_on
    member.leaving_reason = reason
    member.left_recorded_by = recorded_by
    session.flush()
    _record(session, "member.left", member, recorded_by)


def correct_membership(
    session: Session,
    member: HouseholdMember,
    *,
    role: MemberRole,
    joined_on: date,
    left_on: date | None,
    leaving_reason: LeavingReason | None,
    recorded_by: uuid.UUID,
    today: date,
) -> HouseholdMember:
    """Put a right entry in the place of a wrong one, which stays readable as superseded.

    :raises FamilyError: somebody corrected it meanwhile, or a day does not fit.
    """
    session.refresh(member, with_for_update={"of": HouseholdMember})
    if not member.is_valid:
        raise AlreadyLeftError
    _check_days(joined_on, left_on, today)
    if (role, joined_on, left_on, leaving_reason) == (
        member.role,
        member.joined_on,
        member.left_on,
        member.leaving_reason,
    ):
        return member
    corrected = HouseholdMember(
        person=member.person,
        role=role,
        joined_on=joined_on,
        left_on=left_on,
        leaving_reason=leaving_reason,
        left_recorded_by=recorded_by if left_on else None,
        recorded_by=recorded_by,
        supersedes_id=member.id,
    )
    with _one_at_a_time(session):
        member.superseded_at = func.now()
        session.flush()
        member.household.members.append(corrected)
    _record(session, "member.corrected", corrected, recorded_by)
    return corrected


def get_member(
    session: Session, *, household_id: uuid.UUID, member_id: uuid.UUID
) -> HouseholdMember | None:
    """One valid entry of a household, or None."""
    return session.scalars(
        select(HouseholdMember).where(
            HouseholdMember.id == member_id,
            HouseholdMember.household_id == household_id,
            HouseholdMember.superseded_at.is_(None),
        )
    ).one_or_none()


def as_recorded(person: Person) -> dict[str, str | bool | None]:
    """What is recorded about a person now, as a correction keeps it."""
    return {
        "given_name": person.given_name,
        "family_name": person.family_name,
        "patronymic": person.patronymic,
        "born_on": person.born_on.isoformat() if person.born_on else None,
        "birth_precision": person.birth_precision.value,
        "sex": person.sex.value,
        "preferred_language": person.preferred_language,
        "phone": person.phone,
        "safe_to_call": person.safe_to_call,
        "contact_note": person.contact_note,
    }


def _record(session: Session, action: str, member: HouseholdMember, actor_id: uuid.UUID) -> None:
    audit.record(
        session,
        action=action,
        subject_type="person",
        subject_id=member.person_id,
        actor_id=actor_id,
        household_id=member.household_id,
        facts={"role": member.role.value},
    )


def _write(person: Person, details: PersonDetails) -> None:
    person.given_name = tidy(details.given_name)
    person.family_name = tidy(details.family_name)
    person.patronymic = tidy_or_none(details.patronymic)
    person.born_on = details.birth.on
    person.birth_precision = details.birth.precision
    person.sex = details.sex
    person.preferred_language = details.preferred_language
    person.phone = tidy_or_none(details.phone)
    person.safe_to_call = details.safe_to_call
    person.contact_note = tidy_or_none(details.contact_note)


def _check_days(joined_on: date, left_on: date | None, today: date) -> None:
    if joined_on > today:
        raise FamilyDatesError("joined_on", DateProblem.IN_THE_FUTURE)
    if left_on is not None and left_on > today:
        raise FamilyDatesError("left_on", DateProblem.IN_THE_FUTURE)
    if left_on is not None and left_on < joined_on:
        raise FamilyDatesError("left_on", DateProblem.BEFORE_JOINING)


@contextmanager
def _one_at_a_time(session: Session) -> Iterator[None]:
    """Turn the database's refusal of two memberships at one time into our own words."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        if isinstance(error.orig, (ExclusionViolation, UniqueViolation)):
            raise AlreadyMemberError from error
        raise
