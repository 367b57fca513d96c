"""The two Alembic lines: the shared schema, and the schema that every organisation has."""
