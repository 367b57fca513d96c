"""Reads an Alembic line and renders its revisions to plain SQL, once for all schemas."""

import io
from dataclasses import dataclass
from functools import cache

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tenants.releases import Line


@dataclass(frozen=True)
class Revision:
    """One step of a line: its identifier and the SQL that takes a schema there."""

    identifier: str
    sql: str


@cache
def revisions(line: Line) -> tuple[Revision, ...]:
    """All revisions of a line in order, rendered against no database."""
    config = Config()
    config.set_main_option("script_location", f"migrations:{line}")
    script = ScriptDirectory.from_config(config)
    ordered = reversed(list(script.iterate_revisions("head", "base")))
    return tuple(Revision(step.revision, _render(step.module)) for step in ordered)


def pending(line: Line, current: str | None, until: str | None = None) -> tuple[Revision, ...]:
    """What a schema at ``current`` (None: an empty one) still lacks to be at ``until``.

    :raises LookupError: one of the two is a revision this release does not know.
    """
    steps = revisions(line)
    known = [step.identifier for step in steps]
    for asked in {current, until} - {None}:
        if asked not in known:
            raise LookupError(f"revision {asked} is newer than this release")
    first = known.index(current) + 1 if current else 0
    last = known.index(until) + 1 if until else len(steps)
    return steps[first:last]


def _render(module: object) -> str:
    buffer = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql",
        # The default style would double every per cent sign, and nobody halves them again.
        dialect_opts={"paramstyle": "named"},
        opts={"as_sql": True, "output_buffer": buffer},
    )
    with Operations.context(context):
        module.upgrade()  # type: ignore[attr-defined]
    return buffer.getvalue()
