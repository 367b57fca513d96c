"""One small engine per organisation, authenticated as that organisation's own login role."""

import select
import threading
import time
from collections import OrderedDict
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, exc, make_url
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from config.settings import Settings
from tenants.passwords import role_password
from tenants.registry import OrgRef

PLATFORM_ROLE = "platform_app"
READER_ROLE = "federation_reader"
KEYS_ROLE = "key_keeper"
IDLE_SECONDS = 60.0


class WrongSchemaError(RuntimeError):
    """A connection reached a schema that says it is another organisation's."""


class Engines:
    """Holds the engines of this process: at most ``capacity`` organisations at a time.

    The least recently used engine is disposed when a further organisation comes, and engines that
    nobody used for a minute are closed, so that connections follow the traffic.
    """

    def __init__(self, settings: Settings, *, capacity: int = 120) -> None:
        self._settings = settings
        self._capacity = capacity
        self._lock = threading.Lock()
        self._organisations: OrderedDict[tuple[str, int], tuple[Engine, float]] = OrderedDict()
        self._swept_at = time.monotonic()
        self._service: dict[tuple[str, bool], Engine] = {}

    def organisation(self, org: OrgRef) -> Engine:
        """The engine that is logged in as this organisation."""
        key = (org.schema_name, org.generation)
        now = time.monotonic()
        with self._lock:
            engine, _ = self._organisations.pop(key, (None, 0.0))
            if engine is None:
                engine = self._connect(org.schema_name, org.generation, org.database)
                event.listen(engine, "connect", _refuse_foreign_schema(org.schema_name))
            self._organisations[key] = (engine, now)
            leaving = self._leaving(now)
        for old in leaving:
            old.dispose()
        return engine

    def platform(self) -> Engine:
        """Registry, hand-over table, federation accounts and cube publication."""
        return self._service_engine(PLATFORM_ROLE)

    def platform_statements(self) -> Engine:
        """The platform's connections on which every statement is a transaction of its own."""
        return self._service_engine(PLATFORM_ROLE, autocommit=True)

    def reader(self) -> Engine:
        """Published aggregates and nothing else."""
        return self._service_engine(READER_ROLE)

    def keys(self) -> Engine:
        """The database of keys, which holds nothing else."""
        return self._service_engine(KEYS_ROLE)

    def keys_statements(self) -> Engine:
        """The same, on connections on which every statement is a transaction of its own."""
        return self._service_engine(KEYS_ROLE, autocommit=True)

    def dispose(self) -> None:
        """Close every idle connection of this process."""
        self._drop(close=True)

    def after_fork(self) -> None:
        """Forget the parent's connections without touching its sockets."""
        self._drop(close=False)

    def _drop(self, *, close: bool) -> None:
        with self._lock:
            engines = [engine for engine, _ in self._organisations.values()]
            engines += self._service.values()
            self._organisations.clear()
            self._service.clear()
        for engine in engines:
            engine.dispose(close=close)

    def _leaving(self, now: float) -> list[Engine]:
        leaving = []
        while len(self._organisations) > self._capacity:
            leaving.append(self._organisations.popitem(last=False)[1][0])
        if now - self._swept_at > IDLE_SECONDS / 4:
            self._swept_at = now
            idle = [k for k, (_, used) in self._organisations.items() if now - used > IDLE_SECONDS]
            leaving += [self._organisations.pop(key)[0] for key in idle]
        return leaving

    def _service_engine(self, role: str, *, autocommit: bool = False) -> Engine:
        with self._lock:
            if (role, autocommit) not in self._service:
                engine = self._connect(role, 1, "default", size=4, autocommit=autocommit)
                self._service[role, autocommit] = engine
            return self._service[role, autocommit]

    def _connect(
        self,
        role: str,
        generation: int,
        database: str,
        *,
        size: int = 2,
        autocommit: bool = False,
    ) -> Engine:
        # A pooler in transaction mode hands each transaction to another back end, where a
        # statement prepared on the last one does not exist.
        connect_args: dict[str, Any] = {"connect_timeout": 5, "application_name": "hearth"}
        if autocommit:
            connect_args["autocommit"] = True
        if self._settings.pooled_connections:
            connect_args["prepare_threshold"] = None
        engine = create_engine(
            role_url(self._settings, role, generation, database),
            pool_size=size,
            max_overflow=8,
            pool_timeout=10,
            pool_recycle=1800,
            pool_use_lifo=True,
            # Where each statement is its own transaction there is never one to undo.
            pool_reset_on_return=None if autocommit else "rollback",
            hide_parameters=True,
            connect_args=connect_args,
        )
        event.listen(engine, "checkout", _refuse_dead_connection)
        return engine


def role_url(settings: Settings, role: str, generation: int, database: str = "default") -> URL:
    """The address at which a login role reaches its database."""
    if role == KEYS_ROLE:
        return make_url(settings.keys_database_url).set(
            drivername="postgresql+psycopg",
            username=role,
            password=role_password(settings.keys_secret, role, generation),
        )
    if database != "default":
        raise WrongSchemaError("no address is configured for this placement")
    return make_url(settings.database_url).set(
        drivername="postgresql+psycopg",
        username=role,
        password=role_password(settings.database_secret, role, generation),
    )


def _refuse_dead_connection(
    connection: Any, _entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    # An idle connection has nothing to say. If its socket is readable, the server has hung up or
    # is about to; asking the kernel costs microseconds where a ping costs a round trip.
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise exc.DisconnectionError("the server closed this connection")


def _refuse_foreign_schema(schema_name: str) -> Any:
    def check(connection: Any, _entry: ConnectionPoolEntry) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, schema_name FROM organisation_marker")
            found = cursor.fetchone()
        connection.rollback()
        if found != (schema_name, schema_name):
            raise WrongSchemaError("this address leads to another organisation's schema")

    return check
