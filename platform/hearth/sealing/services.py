"""Destroying a subject's key, so that nothing sealed with it opens again, in no backup either."""

import logging
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hearth.sealing.keyring import keyring
from hearth.sealing.models import BlindWord, KeyDestruction
from hearth.sealing.store import key_store
from tenants.context import after_commit

log = logging.getLogger(__name__)


def destroy_key(session: Session, subject_id: UUID) -> None:
    """Have a subject's key destroyed once this session's work is durable; a second time is nothing.

    Should the database of keys be away at that moment, the sweeper finds what is left to do.
    """
    schema = keyring(session).schema
    session.execute(delete(BlindWord).where(BlindWord.subject_id == subject_id))
    session.execute(insert(KeyDestruction).values(subject_id=subject_id).on_conflict_do_nothing())
    keyring(session).forget(subject_id)
    after_commit(session, ("destroy_key", subject_id), partial(_destroy, schema, subject_id))


def sweep_destructions(session: Session) -> int:
    """Destroy what waits for it, and apply the destroyed keys to a database that was restored.

    Returns how many subjects were dealt with.
    """
    schema, store = keyring(session).schema, key_store()
    waiting = set(
        session.scalars(select(KeyDestruction.subject_id).where(KeyDestruction.done_at.is_(None)))
    )
    store.destroy(schema, waiting)
    session.execute(
        update(KeyDestruction)
        .where(KeyDestruction.subject_id.in_(waiting))
        .values(done_at=datetime.now(UTC))
    )
    return len(waiting) + _apply_destroyed(session, dict(store.destroyed(schema)))


def _apply_destroyed(session: Session, destroyed: dict[UUID, datetime]) -> int:
    """What an older backup brought back is taken away again: the words and the missing entries."""
    known = set(session.scalars(select(KeyDestruction.subject_id)))
    restored = sorted(destroyed.keys() - known)
    if not restored:
        return 0
    session.execute(delete(BlindWord).where(BlindWord.subject_id.in_(restored)))
    session.execute(
        insert(KeyDestruction)
        .values([{"subject_id": one, "done_at": destroyed[one]} for one in restored])
        .on_conflict_do_nothing()
    )
    return len(restored)


def _destroy(schema: str, subject_id: UUID) -> None:
    try:
        key_store().destroy(schema, [subject_id])
    except SQLAlchemyError as error:
        # The row in key_destructions stays open, and the sweeper comes back to it.
        log.warning("key_not_destroyed_yet", extra={"reason": type(error).__name__})
