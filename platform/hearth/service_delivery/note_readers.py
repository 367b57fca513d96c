"""Whom the owner of a sealed note lets read it, for how long, and how she takes it back."""

import uuid
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import (
    TIMESTAMP,
    ColumnElement,
    Select,
    Uuid,
    column,
    select,
    table,
    true,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.standing import holders, in_roles
from hearth.audit import services as audit
from hearth.service_delivery.models import NoteGrant, ServiceDelivery

# Requests belong to a feature that stands above this one.
_REQUESTS = table(
    "subject_requests",
    column("household_id", Uuid()),
    column("closed_at", TIMESTAMP(timezone=True)),
).c


def readers(session: Session, service: ServiceDelivery) -> Sequence[NoteGrant]:
    """Whom the owner of a sealed note lets read it at the moment."""
    return session.scalars(
        select(NoteGrant)
        .where(NoteGrant.service_id == service.id, NoteGrant.until_at.is_(None))
        .options(joinedload(NoteGrant.user))
        .order_by(NoteGrant.from_at, NoteGrant.id)
    ).all()


def possible_readers(session: Session, service: ServiceDelivery) -> list[tuple[uuid.UUID, str]]:
    """Whom the owner of a sealed note may let read it, by name.

    Those who read files; and the officer while somebody of the family waits for an answer, because
    nobody else can give the woman what was written about her.
    """
    reading = {grant.user_id for grant in readers(session, service)} | {service.provided_by}
    possible = dict(holders(session, Permission.FAMILIES_READ))
    if _is_asked_about(session, service):
        officers = in_roles(session, {Role.PRIVACY_OFFICER})
        answering = holders(session, Permission.SUBJECT_RIGHTS)
        possible |= {user_id: name for user_id, name in answering if user_id in officers}
    named = sorted(possible.items(), key=lambda one: (one[1], one[0]))
    return [(user_id, name) for user_id, name in named if user_id not in reading]


def let_read(session: Session, service: ServiceDelivery, *, user_id: uuid.UUID) -> None:
    """Let a colleague read a sealed note from now on; the view makes sure that its owner asks."""
    if all(grant.user_id != user_id for grant in readers(session, service)):
        session.add(NoteGrant(service_id=service.id, user_id=user_id))
        session.flush()
        _record(session, "note.reader-added", service, user_id)


def take_back(session: Session, service: ServiceDelivery, *, user_id: uuid.UUID) -> bool:
    """Let a colleague read a sealed note no longer, in none of its versions; False if none was."""
    found = _end(session, versions_of(session, service), NoteGrant.user_id == user_id)
    if found:
        _record(session, "note.reader-removed", service, user_id)
    return found


def end_with_request(session: Session, household_id: uuid.UUID, *, by: uuid.UUID) -> None:
    """End what was opened for a request alone: the leave of readers who read no files.

    Their owners decide anew for the next request, whoever of the family makes it.
    """
    reading = [user_id for user_id, _name in holders(session, Permission.FAMILIES_READ)]
    notes = session.scalars(
        _opened().where(ServiceDelivery.household_id == household_id).order_by(ServiceDelivery.id)
    ).all()
    for note in notes:
        ended = [one for one in readers(session, note) if one.user_id not in reading]
        for grant in ended:
            grant.until_at = datetime.now(UTC)
            _record(session, "note.reader-removed", note, grant.user_id, by=by)
    session.flush()


def opened_notes(session: Session, owner_id: uuid.UUID) -> Sequence[ServiceDelivery]:
    """The sealed notes that somebody lets colleagues read, the latest first."""
    hers = _opened().where(ServiceDelivery.provided_by == owner_id)
    return session.scalars(
        hers.order_by(ServiceDelivery.delivered_on.desc(), ServiceDelivery.id.desc())
    ).all()


def own_note(
    session: Session, *, household_id: uuid.UUID, note_id: uuid.UUID, owner_id: uuid.UUID
) -> ServiceDelivery | None:
    """A sealed note of somebody's, a cancelled one too; anybody else's is not found."""
    return session.scalars(
        _by(ServiceDelivery.id, note_id).where(
            ServiceDelivery.household_id == household_id,
            ServiceDelivery.provided_by == owner_id,
            ServiceDelivery.sealed,
            ServiceDelivery.superseded_at.is_(None),
        )
    ).one_or_none()


def carry_over(session: Session, before: ServiceDelivery, after: ServiceDelivery) -> None:
    """Let a correction keep the readers of what it corrects, and seal that when it seals."""
    former = [one for one in versions_of(session, after) if one is not after]
    for grant in readers(session, before):
        session.add(NoteGrant(service_id=after.id, user_id=grant.user_id))
    session.flush()
    _end(session, former, true())
    for one in former:
        one.sealed = after.sealed
    session.flush()


def versions_of(session: Session, service: ServiceDelivery) -> list[ServiceDelivery]:
    """An entry with all that stood there before or after it, the newest first."""
    versions = [service]
    while newer := session.scalars(
        _by(ServiceDelivery.supersedes_id, versions[0].id)
    ).one_or_none():
        versions.insert(0, newer)
    while older := session.scalars(
        _by(ServiceDelivery.id, versions[-1].supersedes_id)
    ).one_or_none():
        versions.append(older)
    return versions


def _is_asked_about(session: Session, service: ServiceDelivery) -> bool:
    waiting = select(_REQUESTS.household_id).where(
        _REQUESTS.household_id == service.household_id, _REQUESTS.closed_at.is_(None)
    )
    return session.scalar(select(waiting.exists())) is True


def _opened() -> Select[ServiceDelivery]:
    """The sealed notes that somebody besides their owner reads."""
    opened = select(NoteGrant.service_id).where(NoteGrant.until_at.is_(None))
    return select(ServiceDelivery).where(ServiceDelivery.sealed, ServiceDelivery.id.in_(opened))


def _by(
    column: InstrumentedAttribute[uuid.UUID] | InstrumentedAttribute[uuid.UUID | None],
    key: uuid.UUID | None,
) -> Select[ServiceDelivery]:
    return select(ServiceDelivery).where(column == key)


def _end(
    session: Session, versions: Collection[ServiceDelivery], whose: ColumnElement[bool]
) -> bool:
    """End what grants still stand on these versions; whether there was one."""
    ended = session.execute(
        update(NoteGrant)
        .where(
            NoteGrant.service_id.in_([one.id for one in versions]),
            NoteGrant.until_at.is_(None),
            whose,
        )
        .values(until_at=datetime.now(UTC))
        .returning(NoteGrant.id)
    )
    return ended.first() is not None


def _record(
    session: Session,
    action: str,
    note: ServiceDelivery,
    user_id: uuid.UUID,
    *,
    by: uuid.UUID | None = None,
) -> None:
    """By its owner, where nobody else decided."""
    audit.record(
        session,
        action=action,
        subject_type="service",
        subject_id=note.id,
        actor_id=by or note.provided_by,
        household_id=note.household_id,
        facts={"user": str(user_id)},
    )
