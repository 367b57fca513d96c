"""One small engine per organisation, authenticated as that organisation's own login role."""

import select
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, exc, make_url
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from config.endpoints import DEFAULT, EndpointKind
from config.settings import Settings, without_credentials
from tenants import role_settings
from tenants.passwords import role_password
from tenants.placement import PlacementError, complaints
from tenants.registry import OrgRef

PLATFORM_ROLE = role_settings.PLATFORM_ROLE
READER_ROLE = role_settings.READER_ROLE
KEYS_ROLE = role_settings.KEYS_ROLE
IDLE_SECONDS = 60.0
Key = tuple[str, int, tuple[str | None, ...]]


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
        self._organisations: OrderedDict[Key, tuple[Engine, float]] = OrderedDict()
        self._swept_at = time.monotonic()
        self._service: dict[tuple[str, bool], Engine] = {}

    def organisation(self, org: OrgRef) -> Engine:
        """The engine that is logged in as this organisation.

        :raises PlacementError: something of it lies where it must not be served from.
        """
        # Whatever decides whether it may be served is part of the key, and asked once for each.
        places = (*org.endpoints.values(), org.placement_country, *org.allowed_countries)
        key = (org.schema_name, org.generation, places)
        now = time.monotonic()
        with self._lock:
            engine, _ = self._organisations.pop(key, (None, 0.0))
            if engine is None:
                if wrong := complaints(org, self._settings):
                    raise PlacementError(wrong[0])
                engine = self._connect(org.schema_name, org.generation, org.database)
                event.listen(engine, "connect", refuse_foreign_schema(org.schema_name))
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
                engine = self._connect(role, 1, DEFAULT, size=4, autocommit=autocommit)
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
        event.listen(engine, "do_connect", _settled(role))
        event.listen(engine, "checkout", _refuse_dead_connection)
        return engine


def role_url(settings: Settings, role: str, generation: int, database: str = DEFAULT) -> URL:
    """The address at which a login role reaches its database, with what its sessions begin with.

    :raises PlacementError: this process was not told where that placement is.
    """
    if role == KEYS_ROLE:
        url = make_url(settings.keys_database_url).set(
            drivername="postgresql+psycopg",
            username=role,
            password=role_password(settings.keys_secret, role, generation),
        )
        return _with_options(url, settings, role)
    placement = settings.endpoint(EndpointKind.PLACEMENT, database)
    address = settings.database_url if database == DEFAULT else placement and placement.url
    if not address:
        raise PlacementError(f"no address is configured for the placement {database}")
    url = make_url(without_credentials(address)).set(
        drivername="postgresql+psycopg",
        username=role,
        password=role_password(settings.database_secret, role, generation),
    )
    return _with_options(url, settings, role)


def _with_options(url: URL, settings: Settings, role: str) -> URL:
    # A pooler's connections are shared, and it refuses what is meant for one of them.
    if settings.pooled_connections:
        return url
    return url.update_query_dict({"options": role_settings.options(role)})


def _settled(role: str) -> Callable[..., Any]:
    def connect(dialect: Any, _record: object, arguments: Any, named: Any) -> Any:
        return role_settings.connect_settled(lambda: dialect.connect(*arguments, **named), role)

    return connect


def _refuse_dead_connection(
    connection: Any, _entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    # An idle connection has nothing to say. If its socket is readable, the server has hung up or
    # is about to; asking the kernel costs microseconds where a ping costs a round trip.
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise exc.DisconnectionError("the server closed this connection")


def refuse_foreign_schema(schema_name: str) -> Callable[[Any, object], None]:
    """A look at each new connection: does the schema it reached say it is the one that was meant.

    The look raises ``WrongSchemaError`` when it does not.
    """

    def check(connection: Any, _entry: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, schema_name FROM organisation_marker")
            found = cursor.fetchone()
        connection.rollback()
        if found != (schema_name, schema_name):
            raise WrongSchemaError("this address leads to another organisation's schema")

    return check
