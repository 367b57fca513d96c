"""The three Alembic lines: the shared schema, every organisation's schema, the database of keys."""
