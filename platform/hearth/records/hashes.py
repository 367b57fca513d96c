"""Which hashes of the log are told: one over things that can be tried tells what it is kept from.

Nowadays an event is hashed with a salt, which nobody is shown. Of one that was hashed without, the
hash is told only where neither it nor those just before it, whose hashes it takes in, hold what
some readers of the log are not told.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, aliased

from hearth.accounts.services import SignedIn
from hearth.audit.models import AuditEvent
from hearth.records.belonging import opens_to
from hearth.records.seen import FACT_CLASSES, OF_EVERYBODY

# Events of one piece of work lie microseconds apart. With this many of them between, nobody tries
# all moments any more.
NEAR = 10


def told_hashes(
    session: Session, events: Collection[AuditEvent], *, user: SignedIn
) -> dict[int, bytes]:
    """The hashes of these events that somebody may be told, by the event's number."""
    old = {one.seq for one in events if one.salt is None}
    told = select(AuditEvent.seq).where(AuditEvent.seq.in_(old), _tells_nothing(user))
    open_ones = set(session.scalars(told)) if old else set()
    return {one.seq: one.hash for one in events if one.seq not in old or one.seq in open_ones}


def newest_told(session: Session, *, user: SignedIn) -> AuditEvent | None:
    """The newest event whose hash somebody may be told, for a head on paper."""
    told = or_(AuditEvent.salt.is_not(None), _tells_nothing(user))
    newest = select(AuditEvent).where(told).order_by(AuditEvent.seq.desc())
    return session.scalars(newest.limit(1)).first()


def _tells_nothing(user: SignedIn) -> ColumnElement[bool]:
    near = aliased(AuditEvent)
    kept = [
        and_(near.subject_type == about, near.facts.has_key(name))
        for about, name in {*FACT_CLASSES, *OF_EVERYBODY}
    ]
    return ~(
        select(near.seq)
        .where(
            near.seq.between(AuditEvent.seq - NEAR, AuditEvent.seq),
            near.salt.is_(None),
            or_(~opens_to(user, near), *kept),
        )
        .exists()
    )
