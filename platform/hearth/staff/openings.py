"""Ends what was opened to somebody: by name, or by what she did while her roles were others."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    String,
    TableClause,
    Uuid,
    column,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Session

from hearth.accounts.events import Happened, note
from hearth.accounts.permissions import Permission
from hearth.accounts.policy import ABOUT_FAMILIES, RECORDED_THROUGH, Standing
from hearth.accounts.standing import holders, staff
from hearth.audit import services as audit

# Cases and notes belong to features that stand above this one. Of them only the columns are named
# here that say to whom they open, and until when.
_MOMENT = TIMESTAMP(timezone=True)
_GRANTS = table(
    "case_grants",
    column("id", Uuid()),
    column("household_id", Uuid()),
    column("user_id", Uuid()),
    column("kind", String()),
    column("ends_at", _MOMENT),
    column("revoked_at", _MOMENT),
    column("revoked_by", Uuid()),
)
_NOTE_GRANTS = table(
    "note_grants",
    column("id", Uuid()),
    column("service_id", Uuid()),
    column("user_id", Uuid()),
    column("until_at", _MOMENT),
)
_SERVICES = table("service_deliveries", column("id", Uuid()), column("household_id", Uuid()))

Ended = tuple[str, tuple[str, uuid.UUID], uuid.UUID, dict[str, str]]
"""What was done, to which thing, of which family, and what the log tells besides."""


@contextmanager
def ending_what_was_opened(session: Session, *, ended_by: uuid.UUID) -> Iterator[None]:
    """End what was opened by name to those who read files only before or only after a change.

    Nobody who gives her another role later sees what would come back with it; and what the officer
    was let read she does not go on reading as a colleague.
    """
    before = holders(session, Permission.FAMILIES_READ)
    yield
    session.flush()
    after = holders(session, Permission.FAMILIES_READ)
    for user_id, _name in sorted(set(before) ^ set(after)):
        end_opened(session, user_id, ended_by)


@contextmanager
def ending_what_was_served(session: Session, *, ended_by: uuid.UUID) -> Iterator[None]:
    """Note a change of roles of all whose entries would open more by what their roles come to.

    What somebody did before such a note opens nothing to her any more.
    """
    before = {one.id: one.place.standing for one in staff(session)}
    yield
    session.flush()
    for one in staff(session):
        known = before.get(one.id)
        if known is not None and not _opens_no_more(one.place.standing, known):
            note(session, Happened.ROLES_CHANGED, one.id, actor_id=ended_by)
    session.flush()


def _opens_no_more(after: Standing, before: Standing) -> bool:
    """Whether she records through her roles as far as before, and reads by them no more.

    Where they record less far, what they read comes nearer to what she did, and would open by it.
    """
    as_far = all(after.scopes.get(one) == before.scopes.get(one) for one in RECORDED_THROUGH)
    return as_far and all(
        any(facet.is_within(wider) for wider in before.facets.get(permission, ()))
        for permission in ABOUT_FAMILIES
        for facet in after.facets.get(permission, ())
    )


def end_opened(
    session: Session,
    user_id: uuid.UUID,
    ended_by: uuid.UUID,
    *besides: Callable[[Session, uuid.UUID, uuid.UUID], Iterator[Ended]],
) -> None:
    """End somebody's grants and leave to read notes, and what else is given to be ended."""
    for end_all in (_end_grants, _end_notes, *besides):
        for action, about, household_id, facts in end_all(session, user_id, ended_by):
            _record(session, action, about, user_id, ended_by, household_id, **facts)
    session.flush()


def _end_grants(session: Session, user_id: uuid.UUID, ended_by: uuid.UUID) -> Iterator[Ended]:
    grants = _GRANTS.c
    held = or_(grants.ends_at.is_(None), grants.ends_at > datetime.now(UTC))
    hers = (grants.user_id == user_id) & grants.revoked_at.is_(None) & held
    now = datetime.now(UTC)
    for one in end_rows(session, _GRANTS, hers, revoked_at=now, revoked_by=ended_by):
        yield "access.revoked", ("case_grant", one.id), one.household_id, {"kind": one.kind}


def _end_notes(session: Session, user_id: uuid.UUID, _by: uuid.UUID) -> Iterator[Ended]:
    grants, services = _NOTE_GRANTS.c, _SERVICES.c
    hers = (grants.user_id == user_id) & grants.until_at.is_(None)
    ended = {
        one.service_id for one in end_rows(session, _NOTE_GRANTS, hers, until_at=datetime.now(UTC))
    }
    notes = select(_SERVICES).where(services.id.in_(ended)).order_by(services.id)
    for one in session.execute(notes).all():
        yield "note.reader-removed", ("service", one.id), one.household_id, {}


def end_rows(
    session: Session, rows: TableClause, hers: ColumnElement[bool], **ends: Any
) -> list[Row[Any]]:
    """Write an end into rows, and give them back, always in the same order."""
    ended = session.execute(update(rows).where(hers).values(ends).returning(*rows.c)).all()
    return sorted(ended, key=lambda row: str(row.id))


def _record(
    session: Session,
    action: str,
    about: tuple[str, uuid.UUID],
    user_id: uuid.UUID,
    ended_by: uuid.UUID,
    household_id: uuid.UUID,
    **facts: str,
) -> None:
    """As the feature would that ends the same for another reason."""
    audit.record(
        session,
        action=action,
        subject_type=about[0],
        subject_id=about[1],
        actor_id=ended_by,
        household_id=household_id,
        facts={"user": str(user_id), **facts},
    )
