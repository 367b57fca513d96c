"""Alembic's door to the line of keys; used to write a new revision, never to run one."""

from alembic import context
from sqlalchemy import MetaData

if not context.is_offline_mode():
    raise SystemExit("Run `hearth migrate`: it migrates the database of keys too.")
context.configure(target_metadata=MetaData(schema="keys"), dialect_name="postgresql")
