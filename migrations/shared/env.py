"""Alembic's door to the shared line; used to write a new revision, never to run one."""

from alembic import context

from hearth.models import SHARED_METADATA

if not context.is_offline_mode():
    raise SystemExit("Run `hearth migrate`: it migrates every schema and records each version.")
context.configure(target_metadata=SHARED_METADATA, dialect_name="postgresql")
