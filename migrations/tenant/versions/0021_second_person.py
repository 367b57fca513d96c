"""A new account whose roles open something waits until a second person has approved it.

Every account from before waits for nobody.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("users", sa.Column("waits_since", MOMENT, nullable=True))
    op.add_column("users", sa.Column("approved_at", MOMENT, nullable=True))
    op.add_column("users", sa.Column("approved_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_users_approved_by_users"), "users", "users", ["approved_by"], ["id"]
    )
