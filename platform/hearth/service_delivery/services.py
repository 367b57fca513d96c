"""Recording what was done for a family, correcting it, and cancelling what never happened."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from hearth.accounts.services import SignedIn
from hearth.audit import services as audit
from hearth.families.models import Household
from hearth.families.names import tidy_or_none
from hearth.service_delivery.models import ServiceDelivery, ServiceRecipient
from hearth.service_delivery.note_readers import carry_over
from hearth.service_delivery.sealed import may_change
from hearth.service_delivery.vocabulary import ServiceKind, ServiceMode


class ServiceError(ValueError):
    """A service cannot be recorded like this; the subclass says why."""


class NotYetDeliveredError(ServiceError):
    """Only what has happened is recorded."""


class BeforeCaseError(ServiceError):
    """The family's case was opened after this day."""


class NoRecipientError(ServiceError):
    """A service is for somebody."""


class NotAMemberError(ServiceError):
    """A person named as recipient never belonged to the household."""


class ServiceEndedError(ServiceError):
    """Somebody corrected or cancelled the entry meanwhile."""


@dataclass(frozen=True, kw_only=True)
class ServiceDetails:
    """What was done, when, where and for whom."""

    kind: ServiceKind
    mode: ServiceMode
    delivered_on: date
    began_at: time | None = None
    minutes: int | None = None
    recipient_ids: Collection[uuid.UUID]
    note: str | None = None
    sealed: bool = False


def record_service(
    session: Session,
    household: Household,
    details: ServiceDetails,
    *,
    provided_by: uuid.UUID,
    recorded_by: uuid.UUID,
    today: date,
    through_grant: bool = False,
) -> ServiceDelivery:
    """Record a service; ``through_grant`` says that the file is not open by role to who records.

    :raises ServiceError: the day does not fit, or nobody of the family received it.
    """
    _check(household, details, today)
    service = _entry(household, details, provided_by, recorded_by)
    service.through_grant = through_grant
    session.add(service)
    session.flush()
    _note(session, "service.recorded", service, recorded_by)
    return service


def correct_service(
    session: Session,
    service: ServiceDelivery,
    details: ServiceDetails,
    *,
    recorded_by: uuid.UUID,
    today: date,
    over_others: bool = False,
) -> ServiceDelivery:
    """Put a right entry in the place of a wrong one; who provided the service stays the same.

    Her words stay hers: another changes them only ``over_others``, and nobody else seals them.

    :raises ServiceError: somebody changed the entry meanwhile, or the right one cannot be.
    """
    _lock_valid(session, service)
    _check(service.household, details, today)
    service.superseded_at = datetime.now(UTC)
    session.flush()
    is_own = service.provided_by == recorded_by
    # A seal is set once: a correction cannot open what colleagues must not read.
    details = replace(details, sealed=service.sealed or (details.sealed and is_own))
    if not (is_own or over_others):
        details = replace(details, note=service.note)
    corrected = _entry(service.household, details, service.provided_by, recorded_by)
    corrected.supersedes_id = service.id
    corrected.through_grant = service.through_grant
    corrected.opens_from = min(service.opens_from or service.delivered_on, details.delivered_on)
    session.add(corrected)
    session.flush()
    carry_over(session, service, corrected)
    _note(session, "service.corrected", corrected, recorded_by)
    return corrected


def cancel_service(
    session: Session, service: ServiceDelivery, *, note: str | None, cancelled_by: uuid.UUID
) -> None:
    """Mark an entry as never having happened.

    :raises ServiceEndedError: somebody corrected or cancelled it meanwhile.
    """
    _lock_valid(session, service)
    service.cancelled_at = datetime.now(UTC)
    service.cancelled_by = cancelled_by
    service.cancelling_note = tidy_or_none(note)
    session.flush()
    _note(session, "service.cancelled", service, cancelled_by)


def get_service(
    session: Session, *, household_id: uuid.UUID, service_id: uuid.UUID, user: SignedIn
) -> ServiceDelivery | None:
    """One entry of a family's file that stands and that this person may change, or None."""
    service = session.scalars(
        select(ServiceDelivery)
        .where(
            ServiceDelivery.id == service_id,
            ServiceDelivery.household_id == household_id,
            ServiceDelivery.superseded_at.is_(None),
            ServiceDelivery.cancelled_at.is_(None),
        )
        .options(selectinload(ServiceDelivery.recipients))
    ).one_or_none()
    return service if service is not None and may_change(service, user) else None


def entries_of(session: Session, household_id: uuid.UUID) -> list[ServiceDelivery]:
    """The services that a family's file shows, cancelled ones too, the latest first."""
    return list(
        session.scalars(
            select(ServiceDelivery)
            .where(
                ServiceDelivery.household_id == household_id,
                ServiceDelivery.superseded_at.is_(None),
            )
            .order_by(ServiceDelivery.delivered_on.desc(), ServiceDelivery.id.desc())
            .options(
                joinedload(ServiceDelivery.provider),
                joinedload(ServiceDelivery.recorder),
                joinedload(ServiceDelivery.canceller),
            )
        )
    )


def find_entry(
    session: Session, *, household_id: uuid.UUID, service_id: uuid.UUID
) -> ServiceDelivery | None:
    """One entry that a family's file shows, or None."""
    shown = (one for one in entries_of(session, household_id) if one.id == service_id)
    return next(shown, None)


def _entry(
    household: Household, details: ServiceDetails, provided_by: uuid.UUID, recorded_by: uuid.UUID
) -> ServiceDelivery:
    return ServiceDelivery(
        household_id=household.id,
        kind=details.kind,
        mode=details.mode,
        delivered_on=details.delivered_on,
        began_at=details.began_at,
        minutes=details.minutes,
        note=(details.note or "").strip() or None,
        sealed=details.sealed,
        provided_by=provided_by,
        recorded_by=recorded_by,
        recipients=[ServiceRecipient(person_id=person) for person in set(details.recipient_ids)],
    )


def _note(session: Session, action: str, service: ServiceDelivery, actor_id: uuid.UUID) -> None:
    audit.record(
        session,
        action=action,
        subject_type="service",
        subject_id=service.id,
        actor_id=actor_id,
        household_id=service.household_id,
        facts={"kind": service.kind.value},
    )


def _check(household: Household, details: ServiceDetails, today: date) -> None:
    if details.delivered_on > today:
        raise NotYetDeliveredError
    if details.delivered_on < min(episode.opened_on for episode in household.episodes):
        raise BeforeCaseError
    if not details.recipient_ids:
        raise NoRecipientError
    known = {member.person_id for member in household.members}
    if not known.issuperset(details.recipient_ids):
        raise NotAMemberError


def _lock_valid(session: Session, service: ServiceDelivery) -> None:
    session.refresh(service, with_for_update={"of": ServiceDelivery})
    if not service.is_valid:
        raise ServiceEndedError
