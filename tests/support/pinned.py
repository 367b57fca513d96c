"""Bindings for tests: one connection per role, inside a transaction that is rolled back."""

from sqlalchemy import Connection, Engine, text

from tenants.engines import Engines
from tenants.registry import OrgRef


class PinnedBindings:
    """Every session of a test works in savepoints of the same connection of its role."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._connections: dict[str, Connection] = {}

    def organisation(self, org: OrgRef) -> Connection:
        if org.schema_name not in self._connections:
            self._pin(org.schema_name, self._engines.organisation(org).connect())
        return self._connections[org.schema_name]

    def platform(self) -> Connection:
        if "platform" not in self._connections:
            self._pin("platform", self._engines.platform().connect())
        return self._connections["platform"]

    def platform_statements(self) -> Connection:
        return self.platform()

    def reader(self) -> Connection:
        # The reader has no role of its own here: what the platform has published inside this
        # test's transaction could not be seen from another connection.
        return self.platform()

    def keys(self) -> Engine:
        # A key is durable before the row it opens, here too; an orphan key harms nobody.
        return self._engines.keys()

    def keys_statements(self) -> Engine:
        return self._engines.keys_statements()

    def rollback(self) -> None:
        for connection in self._connections.values():
            transaction = connection.get_transaction()
            if transaction is not None:
                transaction.rollback()
            connection.close()
        self._connections.clear()

    def _pin(self, name: str, connection: Connection) -> None:
        connection.begin()
        # A test may let one organisation wait for longer than a request ever would.
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        self._connections[name] = connection
