"""Says who works in which house; whoever works in one sees who lives there tonight."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from hearth.accounts.permissions import Permission
from hearth.accounts.policy_models import HouseWorker
from hearth.accounts.services import SignedIn
from hearth.accounts.standing import holders
from hearth.audit import services as audit
from hearth.staff.placing import offered, refuse_placing


def workers_of(session: Session, house_id: uuid.UUID) -> Sequence[HouseWorker]:
    """Who works in a house now, and who did, the latest change first."""
    return session.scalars(
        select(HouseWorker)
        .where(HouseWorker.house_id == house_id)
        .options(joinedload(HouseWorker.user))
        .order_by(HouseWorker.until_at.desc().nulls_first(), HouseWorker.from_at, HouseWorker.id)
    ).all()


def worker_in(session: Session, *, house_id: uuid.UUID, user_id: uuid.UUID) -> HouseWorker | None:
    """Somebody's present time at work in a house, or None."""
    return session.scalars(
        select(HouseWorker).where(
            HouseWorker.house_id == house_id,
            HouseWorker.user_id == user_id,
            HouseWorker.until_at.is_(None),
        )
    ).one_or_none()


def begin_work(
    session: Session, *, house_id: uuid.UUID, user_id: uuid.UUID, actor: SignedIn
) -> HouseWorker:
    """Let a colleague work in a house from now on.

    :raises ToOneselfError: she would put herself there, and see who lives there.
    :raises NotYoursToPlaceError: the colleague is beyond the actor's reach.
    """
    refuse_placing(session, user_id, actor)
    present = worker_in(session, house_id=house_id, user_id=user_id)
    if present is not None:
        return present
    worker = HouseWorker(
        house_id=house_id, user_id=user_id, set_by=actor.id, from_at=datetime.now(UTC)
    )
    session.add(worker)
    session.flush()
    _record(session, "house.work-begun", worker, actor.id)
    return worker


def end_work(session: Session, worker: HouseWorker, *, actor: SignedIn) -> None:
    """Let a colleague work in a house no longer.

    :raises ToOneselfError: it is the actor herself.
    :raises NotYoursToPlaceError: the colleague is beyond the actor's reach.
    """
    refuse_placing(session, worker.user_id, actor)
    worker.until_at, worker.ended_by = datetime.now(UTC), actor.id
    session.flush()
    _record(session, "house.work-ended", worker, actor.id)


def possible_workers(
    session: Session, house_id: uuid.UUID, *, actor: SignedIn
) -> list[tuple[uuid.UUID, str]]:
    """Whom somebody may put into a house: who may see the houses and does not work in this one."""
    here = {worker.user_id for worker in workers_of(session, house_id) if not worker.until_at}
    able = holders(session, Permission.SHELTER_READ)
    return offered(session, [one for one in able if one[0] not in here], actor)


def _record(session: Session, action: str, worker: HouseWorker, actor_id: uuid.UUID) -> None:
    audit.record(
        session,
        action=action,
        subject_type="house",
        subject_id=worker.house_id,
        actor_id=actor_id,
        facts={"user": str(worker.user_id)},
    )
