"""Ends an organisation's session that keeps a command of the owner waiting.

PostgreSQL lets every role rewrite, to no effect, rows of the catalogue that all organisations
share: a grant to itself that it has already, say. Until that transaction ends, nobody else is
created, dropped, moved or restored. No work of ours does such a thing.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]
# Less than a migration waits for a lock.
PATIENCE_SECONDS = 1.0
PAUSE_SECONDS = 0.25
log = logging.getLogger(__name__)


@contextmanager
def unblocked(there: Connection, role: str | None = None) -> Iterator[None]:
    """Wait for no organisation's session for longer than a moment while this block lasts.

    ``role`` names an organisation of which this database perhaps knows no more than its role.
    As long as nothing takes long, nothing is asked.
    """
    over = threading.Event()
    own = {"password": there.info.password, "connect_timeout": 5}
    address = {**there.info.get_parameters(), **own}
    watch = threading.Thread(
        target=_watch, args=(over, address, there.info.backend_pid, role), daemon=True
    )
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()


def _watch(over: threading.Event, address: dict[str, Any], waiting: int, role: str | None) -> None:
    if over.wait(PATIENCE_SECONDS):
        return
    try:
        with psycopg.connect(**address, autocommit=True) as connection:
            while not over.wait(PAUSE_SECONDS):
                for name, _ended in connection.execute(END, {"waiting": waiting, "role": role}):
                    log.warning("session_ended", extra={"schema": name})
    except psycopg.Error as error:
        # Whoever may not end them waits as long as before, and gives up as before.
        log.warning("session_not_ended", extra={"reason": type(error).__name__})


# Who is meant stands by itself: among other conditions, ending could come before them.
END = """
WITH meant AS MATERIALIZED (
    SELECT pid, usename FROM pg_stat_activity
    WHERE pid = ANY(pg_blocking_pids(%(waiting)s))
      AND (usename = %(role)s
           OR usename IN (SELECT schema_name FROM shared.schema_versions WHERE line = 'tenant'))
)
SELECT usename, pg_terminate_backend(pid) FROM meant
"""
