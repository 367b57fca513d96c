"""Collects what is to be recorded until the unit of work ends and the organisation's log takes it.

It stands below the accounts, so that signing in can be recorded too; the log itself, which knows
how to append, is the feature ``audit``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

Fact = str | int | bool | list[str]
ACTOR = "actor_id"
_KEPT = "trail"


class NoLogError(RuntimeError):
    """Something was to be recorded in a process that has no log; losing it would be worse."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened: who did what to what. Facts are names of fields and codes."""

    action: str
    subject_type: str
    subject_id: UUID | None
    actor_id: UUID | None
    household_id: UUID | None
    facts: Mapping[str, Fact]


Append = Callable[[Session, Sequence[Entry]], None]
_append: list[Append] = []


def install(append: Append) -> None:
    """Say who writes the entries down; the log does so when it is imported."""
    _append[:] = [append]


def act_as(session: Session, user_id: UUID) -> None:
    """Say who acts in this session, for entries that name nobody else."""
    session.info[ACTOR] = user_id


def record(
    session: Session,
    *,
    action: str,
    subject_type: str,
    subject_id: UUID | None,
    actor_id: UUID | None = None,
    household_id: UUID | None = None,
    facts: Mapping[str, Fact] | None = None,
) -> None:
    """Record something once this session's work is committed; with it, or not at all.

    Facts name changed fields and codes, never what somebody wrote. The federation's own sessions
    have no log: nobody's family can be seen in them.
    """
    if session.info.get("organisation") is None:
        return
    entry = Entry(
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        actor_id=actor_id or session.info.get(ACTOR),
        household_id=household_id,
        facts=dict(facts or {}),
    )
    if not session.in_transaction():
        # What is undone before its first statement must be forgotten like everything else.
        session.begin()
    kept = session.info.setdefault(_KEPT, [])
    kept.append((entry, session.get_nested_transaction()))


@event.listens_for(Session, "before_commit")
def _hand_over(session: Session) -> None:
    # The log is locked from here to the transaction's end, so everything else is written first.
    if session.in_nested_transaction() or not session.info.get(_KEPT):
        return
    session.flush()
    entries = [entry for entry, _within in session.info.pop(_KEPT)]
    if not _append:
        raise NoLogError("import hearth.audit.services before recording anything")
    _append[0](session, entries)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, undone: SessionTransaction) -> None:
    kept = session.info.get(_KEPT, [])
    kept[:] = [(entry, within) for entry, within in kept if not _is_inside(within, undone)]
    if undone.parent is None:
        kept.clear()


def _is_inside(within: SessionTransaction | None, undone: SessionTransaction) -> bool:
    while within is not None:
        if within is undone:
            return True
        within = within.parent
    return False
