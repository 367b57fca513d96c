"""Records a yes, lets it be taken back, and sees to it that the taking back has an effect."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.audit import services as audit
from hearth.consents.models import Consent, ConsentPurpose, Giver, Medium
from hearth.consents.texts import text_of
from hearth.families.models import Household, HouseholdMember
from hearth.families.reach import visible_households
from hearth.families.vocabulary import MemberRole

EFFECT = timedelta(hours=24)
SOON = timedelta(days=30)


class WithdrawnError(ValueError):
    """It was taken back before, or it was never valid on that day."""


class AssentNeededError(ValueError):
    """A child of this age is asked itself."""


class GuardianNeededError(ValueError):
    """A child's consent is given by a guardian."""


@dataclass(frozen=True, kw_only=True)
class NewConsent:
    """What is written down about a yes."""

    person_id: uuid.UUID
    purpose: ConsentPurpose
    categories: list[str]
    recipients: str
    giver: Giver
    giver_name: str | None
    assent: bool | None
    medium: Medium
    language: str
    valid_from: date
    valid_until: date


def give(
    session: Session,
    household: Household,
    new: NewConsent,
    *,
    assent_age: int,
    recorded_by: uuid.UUID,
    today: date,
) -> Consent:
    """Record a yes with the version and the hash of what was agreed to.

    :raises GuardianNeededError: a child cannot give it alone.
    :raises AssentNeededError: the child is old enough to be asked too.
    """
    member = next(one for one in household.current_members if one.person_id == new.person_id)
    if member.role is MemberRole.CHILD:
        _check_child(member, new, assent_age, today)
    text = text_of(new.purpose, new.language)
    consent = Consent(
        household_id=household.id,
        text_version=text.version,
        text_hash=text.hash,
        recorded_by=recorded_by,
        **vars(new),
    )
    session.add(consent)
    session.flush()
    _record(session, "consent.given", consent, recorded_by, giver=new.giver.value)
    return consent


def withdraw(session: Session, consent: Consent, *, note: str | None, by: uuid.UUID) -> None:
    """Take a yes back; what rests on it has to stop within a day.

    :raises WithdrawnError: it was taken back before.
    """
    session.refresh(consent, with_for_update=True)
    if consent.withdrawn_at is not None:
        raise WithdrawnError
    consent.withdrawn_at = datetime.now(UTC)
    consent.withdrawn_by = by
    consent.withdrawal_note = note
    session.flush()
    _record(session, "consent.withdrawn", consent, by)


def stop(session: Session, consent: Consent, *, note: str, by: uuid.UUID) -> None:
    """Tick off that everything that rested on it has stopped, and who was told.

    :raises WithdrawnError: it was not taken back, or this was ticked off before.
    """
    session.refresh(consent, with_for_update=True)
    if consent.withdrawn_at is None or consent.effect_at is not None:
        raise WithdrawnError
    consent.effect_at = datetime.now(UTC)
    consent.effect_by = by
    consent.effect_note = note
    session.flush()
    _record(session, "consent.stopped", consent, by)


def consents_of(session: Session, household_id: uuid.UUID) -> Sequence[Consent]:
    """Every consent of a family, the latest first."""
    return session.scalars(
        select(Consent)
        .where(Consent.household_id == household_id)
        .order_by(Consent.valid_from.desc(), Consent.id.desc())
    ).all()


def to_look_at(session: Session, *, user: SignedIn, today: date) -> Sequence[Row[Consent, str]]:
    """What ends within a month or has ended, and what was taken back and still has an effect.

    Each with its case number, of the families that somebody sees.
    """
    ending = Consent.withdrawn_at.is_(None) & (Consent.valid_until <= today + SOON)
    unstopped = Consent.withdrawn_at.is_not(None) & Consent.effect_at.is_(None)
    return session.execute(
        select(Consent, Household.case_number)
        .join(Household, Household.id == Consent.household_id)
        .where(or_(ending, unstopped), visible_households(user, Permission.FAMILIES_READ))
        .order_by(Consent.valid_until, Consent.id)
    ).all()


def get_consent(
    session: Session, *, household_id: uuid.UUID, consent_id: uuid.UUID
) -> Consent | None:
    """One consent of a family, or None."""
    return session.scalars(
        select(Consent).where(Consent.id == consent_id, Consent.household_id == household_id)
    ).one_or_none()


def _record(
    session: Session, action: str, consent: Consent, actor_id: uuid.UUID, **facts: str
) -> None:
    audit.record(
        session,
        action=action,
        subject_type="consent",
        subject_id=consent.id,
        actor_id=actor_id,
        household_id=consent.household_id,
        facts={"purpose": consent.purpose.value, **facts},
    )


def _check_child(member: HouseholdMember, new: NewConsent, assent_age: int, today: date) -> None:
    if new.giver is not Giver.GUARDIAN:
        raise GuardianNeededError
    born = member.person.born_on
    age = (
        today.year - born.year - ((today.month, today.day) < (born.month, born.day)) if born else 0
    )
    if age >= assent_age and new.assent is None:
        raise AssentNeededError
