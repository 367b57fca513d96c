"""An index by which the last locking of a held key is found whenever such a key is opened."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_key_events_locked ON keys.key_events (schema_name, generation, id)"
        " WHERE kind = 'locked'"
    )
