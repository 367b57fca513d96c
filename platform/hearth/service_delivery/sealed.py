"""Sealed notes: their owner and colleagues she chose read the text; all see that it exists."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.redaction import Sees, of_class, seen, view
from hearth.accounts.services import SignedIn
from hearth.accounts.standing import in_roles
from hearth.data_classes import FieldClass
from hearth.service_delivery.models import NoteGrant, ServiceDelivery, asked_by_note
from hearth.service_delivery.note_readers import readers, versions_of
from hearth.service_delivery.vocabulary import TOLD_BY_KIND, ServiceKind, ServiceMode

F = FieldClass
LEADING = frozenset({Role.SUPERVISOR, Role.DIRECTOR})
"""Who changes another's words where they are wrong; the file says as what."""


class Provider(Protocol):
    """Whoever did something for a family, as far as a page names her."""

    @property
    def name(self) -> str:
        """What colleagues call her."""


@view
class SeenService:
    """Something done for a family, as its reader sees it."""

    id: uuid.UUID = of_class(None)
    kind: ServiceKind | None = of_class(F.HEALTH)
    delivered_on: date = of_class(None)
    sealed: bool = of_class(None)
    note: str | None = of_class(F.SEALED_NOTE)
    provided_by: uuid.UUID = of_class(None)
    provider: Provider = of_class(None)
    recorder: Provider = of_class(None)
    recorded_at: datetime = of_class(None)
    corrector_role: Role | None = of_class(None)
    """As what somebody corrected an entry of another, who alone changes its words otherwise."""
    supersedes_id: uuid.UUID | None = of_class(None)
    superseded_at: datetime | None = of_class(None)
    cancelled_at: datetime | None = of_class(None)
    canceller: Provider | None = of_class(None)
    cancelling_note: str | None = of_class(F.SEALED_NOTE)
    mode: ServiceMode = of_class(None)
    began_at: time | None = of_class(F.CASEWORK)
    minutes: int | None = of_class(F.CASEWORK)
    is_read: bool = of_class(None)
    may_change: bool = of_class(None)


def see_services(
    session: Session, services: Sequence[ServiceDelivery], user: SignedIn
) -> list[SeenService]:
    """Services as somebody sees them; the notes of sealed ones by their owner's leave alone."""
    opened = _opened_to(session, [one.id for one in services if one.sealed], user)
    roles = _roles_of_correctors(session, services)
    return [_see(one, user, roles, is_read=_is_read(one, user, opened)) for one in services]


def see_versions(
    session: Session, service: ServiceDelivery, user: SignedIn
) -> list[SeenService] | None:
    """An entry and what stood there before, the newest first; None where it is closed to her.

    What is hidden now was never shown, and what was hidden stays so.
    """
    versions = versions_of(session, service)
    if is_closed_to(session, service.id, user.id):
        return None
    opened = [one.id for one in versions if one.sealed]
    roles = _roles_of_correctors(session, versions)
    now = _is_read(versions[0], user, opened)
    return [_see(one, user, roles, is_read=now and _is_read(one, user, opened)) for one in versions]


def see_kind(service: ServiceDelivery, sees: Sees) -> ServiceKind | None:
    """What kind of help it was; None for whoever does not read all that a kind may tell."""
    return service.kind if all(sees(one) for one in TOLD_BY_KIND) else None


def may_rewrite(service: ServiceDelivery, user: SignedIn) -> bool:
    """Whether somebody may change an entry's words: her own, or as whoever leads the others."""
    return service.provided_by == user.id or not LEADING.isdisjoint(user.roles)


def may_change(service: ServiceDelivery, user: SignedIn) -> bool:
    """Whether somebody may correct an entry: a sealed one its owner alone, others who read them.

    The form shows of what kind it is, when it began and how long it took, and a link that is
    missing for some kinds would tell them.
    """
    if not service.is_valid:
        return False
    if service.sealed:
        return service.provided_by == user.id
    shown = {F.FREE_TEXT, F.CASEWORK, *TOLD_BY_KIND}
    return all(user.sees(one, Permission.SERVICES_WRITE) for one in shown)


def is_closed_to(session: Session, service_id: uuid.UUID, user_id: uuid.UUID) -> bool:
    """Whether an entry's note is sealed and neither hers nor opened to her by its owner.

    What stood there before a correction is as closed as what stands there now.
    """
    service = session.get(ServiceDelivery, service_id)
    if service is None or service.provided_by == user_id:
        return False
    versions = versions_of(session, service)
    if not any(one.sealed for one in versions):
        return False
    return all(grant.user_id != user_id for grant in readers(session, versions[0]))


def _see(
    service: ServiceDelivery, user: SignedIn, roles: Mapping[uuid.UUID, Role], *, is_read: bool
) -> SeenService:
    is_others = service.recorded_by != service.provided_by
    reads = user.eyes(Permission.FAMILIES_READ)
    return seen(
        SeenService,
        service,
        lambda one: is_read if one is F.SEALED_NOTE else reads(one),
        kind=see_kind(service, reads),
        corrector_role=roles.get(service.recorded_by) if is_others else None,
        is_read=is_read,
        may_change=may_change(service, user),
    )


def _is_read(service: ServiceDelivery, user: SignedIn, opened: Collection[uuid.UUID]) -> bool:
    if service.sealed:
        return service.id in opened or service.provided_by == user.id
    return all(user.sees(one, Permission.FAMILIES_READ) for one in asked_by_note(service))


def _roles_of_correctors(
    session: Session, services: Sequence[ServiceDelivery]
) -> Mapping[uuid.UUID, Role]:
    """Who of those who corrected another's entry leads the others, and as what."""
    correctors = {one.recorded_by for one in services if one.recorded_by != one.provided_by}
    if not correctors:
        return {}
    return {
        user_id: role
        for role in sorted(LEADING)
        for user_id in correctors & in_roles(session, [role])
    }


def _opened_to(
    session: Session, service_ids: Sequence[uuid.UUID], user: SignedIn
) -> Collection[uuid.UUID]:
    if not service_ids:
        return ()
    return session.scalars(
        select(NoteGrant.service_id).where(
            NoteGrant.service_id.in_(service_ids),
            NoteGrant.user_id == user.id,
            NoteGrant.until_at.is_(None),
        )
    ).all()
