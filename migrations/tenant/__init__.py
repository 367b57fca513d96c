"""The revisions of every organisation's own schema."""
