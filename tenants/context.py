"""The only doors to the database: a scope that is a transaction, opened and ended together."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, cast

import psycopg
from sqlalchemy import Connection, Engine, Executable, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from config.endpoints import DEFAULT, EndpointKind
from config.settings import Settings
from tenants.engines import Engines
from tenants.placement import complaints
from tenants.registry import OrgRef, Registry


class NestedScopeError(RuntimeError):
    """A unit of work was opened inside another one of the same thread of work."""


class NoTenantError(RuntimeError):
    """An organisation's data was asked for outside any organisation's scope."""


class NotConfiguredError(RuntimeError):
    """A session was asked for before the process had read its settings."""


class Bindings(Protocol):
    """Where a session's connection comes from; tests pin one connection per role."""

    def organisation(self, org: OrgRef) -> Engine | Connection:
        """What an organisation's session binds to."""

    def platform(self) -> Engine | Connection:
        """What the registry's session binds to."""

    def platform_statements(self) -> Engine | Connection:
        """What the platform's single statements bind to."""

    def reader(self) -> Engine | Connection:
        """What the reader of published aggregates binds to."""

    def keys(self) -> Engine:
        """The engine of the database of keys; what is written there is durable at once."""

    def keys_statements(self) -> Engine:
        """The same for single statements."""


@dataclass(frozen=True)
class Runtime:
    """What this process knows after it has read its settings."""

    settings: Settings
    bindings: Bindings
    registry: Registry


_runtime: Runtime | None = None
_organisation: ContextVar[OrgRef | None] = ContextVar("organisation", default=None)
# Outlives the scope, because an error is reported when its scope has ended.
_worked_for: ContextVar[OrgRef | None] = ContextVar("worked_for", default=None)
_platform: ContextVar[bool] = ContextVar("platform", default=False)


def configure(settings: Settings) -> Runtime:
    """Make this process ready to open sessions; called once by each door."""
    engines = Engines(settings)
    registry = Registry(
        engines.platform,
        base_domain=settings.base_domain,
        gate=partial(complaints, settings=settings),
    )
    return install(Runtime(settings, engines, registry))


def install(new: Runtime) -> Runtime:
    """Put a ready runtime in place."""
    global _runtime
    _runtime = new
    return new


def runtime() -> Runtime:
    """The process's runtime."""
    if _runtime is None:
        raise NotConfiguredError("call tenants.context.configure before opening a session")
    return _runtime


def current_organisation() -> OrgRef:
    """The organisation whose scope is open."""
    org = _organisation.get()
    if org is None:
        raise NoTenantError("no organisation's scope is open")
    return org


def work_for(org: OrgRef | None) -> None:
    """Note whom this request or job is for; a unit of work does so by itself."""
    _worked_for.set(org)


def error_destination() -> str:
    """Where an error that happens now is to be reported."""
    org = _worked_for.get()
    return org.endpoints[EndpointKind.ERRORS] if org is not None else DEFAULT


@contextmanager
def tenant_session(org: OrgRef) -> Iterator[Session]:
    """Open an organisation's scope and transaction; commit at the end, roll back on any error.

    While an organisation is read-only the database refuses every change in the transaction.

    :raises NestedScopeError: a scope is open already, of this or of another organisation.
    """
    if _organisation.get() is not None:
        raise NestedScopeError("end the open scope before entering an organisation")
    token = _organisation.set(org)
    _worked_for.set(org)
    try:
        yield from _unit_of_work(runtime().bindings.organisation(org), organisation=org)
    finally:
        _organisation.reset(token)


@contextmanager
def shared_session() -> Iterator[Session]:
    """Open a transaction as the platform: registry, hand-over ids, federation staff, cubes.

    :raises NestedScopeError: such a transaction is open already.
    """
    if _platform.get():
        raise NestedScopeError("the platform's transaction is open already")
    token = _platform.set(True)
    try:
        yield from _unit_of_work(runtime().bindings.platform(), organisation=None)
    finally:
        _platform.reset(token)


@contextmanager
def reader_session() -> Iterator[Session]:
    """Open a transaction that can read published aggregates and nothing else."""
    yield from _unit_of_work(runtime().bindings.reader(), organisation=None)


def execute_as_platform(statement: str, values: Mapping[str, object]) -> None:
    """Run one statement as the platform; it is durable when this returns.

    For the door where every payment passes: straight to the driver and a transaction of its own,
    which is one round trip where a unit of work takes three.

    :raises sqlalchemy.exc.OperationalError: the database did not answer.
    """
    bind = runtime().bindings.platform_statements()
    if isinstance(bind, Connection):
        bind.exec_driver_sql(statement, dict(values))
        return
    try:
        pooled = bind.raw_connection()
    except psycopg.OperationalError as error:
        raise OperationalError(None, None, error) from None
    try:
        cast("psycopg.Connection[Any]", pooled.driver_connection).execute(statement, values)
    except psycopg.Error as error:
        pooled.invalidate()
        raise OperationalError(None, None, error) from None
    finally:
        pooled.close()


def after_commit(session: Session, key: object, action: Callable[[], object]) -> None:
    """Run an action once this session's work is durable; a second one with the same key is dropped.

    The action must not raise: what it announces is in the database already.
    """
    session.info.setdefault("after_commit", {})[key] = action


def keep_when_refused(session: Session, statement: Executable) -> None:
    """Run a statement now, and once more should ``refuse`` undo the work around it.

    For what stays true of work that is refused: whoever sent a wrong form has seen its page.
    """
    session.execute(statement)
    session.info.setdefault("kept", []).append(statement)


def refuse(session: Session) -> None:
    """Undo this session's work, all but what is kept."""
    kept = session.info.pop("kept", ())
    session.rollback()
    for statement in kept:
        session.execute(statement)


def takes_changes(session: Session) -> bool:
    """Whether what this session writes is kept: not while its organisation is read-only."""
    organisation: OrgRef | None = session.info.get("organisation")
    return organisation is None or not organisation.read_only


def _unit_of_work(bind: Engine | Connection, *, organisation: OrgRef | None) -> Iterator[Session]:
    mode = "create_savepoint" if isinstance(bind, Connection) else "conditional_savepoint"
    session = Session(
        bind,
        expire_on_commit=False,
        join_transaction_mode=mode,  # type: ignore[arg-type]
        info={"organisation": organisation},
    )
    try:
        if organisation is not None and organisation.read_only:
            session.execute(text("SET TRANSACTION READ ONLY"))
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()


@event.listens_for(Session, "after_commit")
def _run_actions(session: Session) -> None:
    # A savepoint that ends well is not durable, and what comes after it can still be refused.
    if session.in_nested_transaction():
        return
    session.info.pop("kept", None)
    for action in session.info.pop("after_commit", {}).values():
        action()


@event.listens_for(Session, "after_soft_rollback")
def _forget_actions(session: Session, previous_transaction: object) -> None:
    if not session.in_nested_transaction():
        session.info.pop("after_commit", None)
