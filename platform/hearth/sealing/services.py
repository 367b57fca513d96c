"""Destroying a subject's key, so that nothing sealed with it opens again, in no backup either."""

import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hearth.sealing.keyring import keyring
from hearth.sealing.models import BlindWord, KeyDestruction
from hearth.sealing.store import Purpose, key_store
from tenants.context import after_commit

log = logging.getLogger(__name__)
# How long a backup of the keys may live; until then an old backup could still be read with it.
KEY_BACKUPS_LAST = timedelta(days=30)


def destroy_key(session: Session, subject_id: UUID) -> None:
    """Have a subject's key destroyed once this session's work is durable; a second time is nothing.

    Should the database of keys be away at that moment, the sweeper finds what is left to do.
    """
    schema = keyring(session).schema
    session.execute(delete(BlindWord).where(BlindWord.subject_id == subject_id))
    session.execute(insert(KeyDestruction).values(subject_id=subject_id).on_conflict_do_nothing())
    keyring(session).forget(subject_id)
    after_commit(session, ("destroy_key", subject_id), partial(_destroy, schema, subject_id))


def refuse_locked(session: Session) -> None:
    """Let nothing begin that needs every sealed field at once.

    :raises KeysLockedError: the organisation's key cannot be had at the moment.
    """
    keyring(session).organisation_key(Purpose.BLIND_INDEX)


def sweep_destructions(session: Session) -> int:
    """Bring both databases to one state: whoever was erased in one of them is erased in both.

    It finds what a broken connection left, what an older backup of the families brought back, and
    what an older backup of the keys did. Returns how many subjects were dealt with.
    """
    schema, store = keyring(session).schema, key_store()
    asked = {entry.subject_id: entry.done_at for entry in session.scalars(select(KeyDestruction))}
    destroyed = dict(store.destroyed(schema))
    waiting = [one for one, done_at in asked.items() if done_at is None or one not in destroyed]
    store.destroy(schema, waiting)
    session.execute(
        update(KeyDestruction)
        .where(KeyDestruction.subject_id.in_(waiting), KeyDestruction.done_at.is_(None))
        .values(done_at=datetime.now(UTC))
    )
    restored = {one: at for one, at in destroyed.items() if one not in asked}
    _apply_destroyed(session, restored)
    return len(waiting) + len(restored)


def _apply_destroyed(session: Session, restored: dict[UUID, datetime]) -> None:
    """Take away what an older backup brought back: the words, and note what it does not know."""
    if not restored:
        return
    session.execute(delete(BlindWord).where(BlindWord.subject_id.in_(restored)))
    rows = [{"subject_id": one, "done_at": at} for one, at in sorted(restored.items())]
    session.execute(insert(KeyDestruction).values(rows).on_conflict_do_nothing())


def _destroy(schema: str, subject_id: UUID) -> None:
    try:
        key_store().destroy(schema, [subject_id])
    except SQLAlchemyError as error:
        # The row in key_destructions stays open, and the sweeper comes back to it.
        log.warning("key_not_destroyed_yet", extra={"reason": type(error).__name__})
