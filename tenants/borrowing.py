"""A session on an owner's connection, inside a transaction that somebody else ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from tenants.owners import Connection

NAME = "borrowed"


class Borrowed(PGDialect_psycopg):
    """PostgreSQL over a connection whose transaction belongs to whoever lent it."""

    supports_statement_cache = True

    def do_commit(self, dbapi_connection: Any) -> None:
        """Leave it to the lender."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Leave it to the lender, who hears of the error."""


registry.register(f"postgresql.{NAME}", __name__, Borrowed.__name__)


@contextmanager
def borrowed_session(there: Connection, schema: str) -> Iterator[Session]:
    """Open a schema on a connection that is in a transaction; nothing is durable before that ends.

    What waits for a commit is done when the block ends without an error: it must be right even if
    the lender's transaction is undone after all.
    """
    path = sql.SQL("SET LOCAL search_path = {}, extensions").format(sql.Identifier(schema))
    there.execute(path)
    engine = create_engine(
        f"postgresql+{NAME}://",
        creator=lambda: there,
        poolclass=StaticPool,
        use_native_hstore=False,
        hide_parameters=True,
    )
    session = Session(engine, expire_on_commit=False)
    try:
        yield session
        session.commit()
    finally:
        # The pool is not disposed: it would close what it was only lent.
        session.close()
