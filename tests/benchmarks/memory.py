"""How much memory a database back end keeps that has seen every table of its one organisation."""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import text

from tenants import context
from tenants.context import shared_session, tenant_session
from tenants.engines import Engines
from tests.benchmarks.harness import Laboratory, Row, Target

TABLES = text(
    "SELECT quote_ident(table_name) FROM information_schema.tables"
    " WHERE table_schema = current_schema() ORDER BY table_name"
)
MEGABYTE = 1024


def measure(laboratory: Laboratory) -> Iterable[Row]:
    """One back end after a SELECT on each table, against one that has only said hello."""
    with laboratory.database("memory") as settings:
        runtime = context.configure(settings)
        with shared_session() as session:
            fresh = _own_kilobytes(int(session.scalars(text("SELECT pg_backend_pid()")).one()))
        with tenant_session(runtime.registry.get("spb")) as session:
            pid = int(session.scalars(text("SELECT pg_backend_pid()")).one())
            tables = session.scalars(TABLES).all()
            for table in tables:
                session.execute(text(f"SELECT * FROM {table} LIMIT 1"))
            touched = _own_kilobytes(pid)
        assert isinstance(runtime.bindings, Engines)
        runtime.bindings.dispose()
    yield Row(
        name=f"memory of a back end, {len(tables)} tables touched",
        unit="MB",
        ours=touched and touched / MEGABYTE,
        baseline=fresh and fresh / MEGABYTE,
        target=Target(20),
        note="" if touched else "not measured: the server's memory map cannot be read from here",
    )


def _own_kilobytes(pid: int) -> float | None:
    """What the process shares with nobody; shared buffers belong to all of them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in lines[1:])
    return sum(float(fields[name].split()[0]) for name in ("Private_Clean", "Private_Dirty"))
