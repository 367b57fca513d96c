"""How whoever did something for a family came to it, so that a grant ends when it ends."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Both are filled in by PostgreSQL without writing a row anew; what the release before this one
    # records meanwhile counts as done by role, as it did there.
    op.add_column(
        "service_deliveries",
        sa.Column("through_grant", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("service_deliveries", sa.Column("opens_from", sa.Date(), nullable=True))
    # Of what could open a file still, what was recorded while a grant held counts as done by it:
    # who has the family by role besides loses nothing, and nobody keeps what a grant gave her.
    op.execute(
        "UPDATE service_deliveries SET through_grant = true"
        " WHERE delivered_on >= current_date - 92 AND superseded_at IS NULL"
        " AND EXISTS (SELECT FROM case_grants"
        " WHERE case_grants.household_id = service_deliveries.household_id"
        " AND case_grants.user_id = service_deliveries.provided_by"
        " AND case_grants.starts_at <= service_deliveries.recorded_at"
        " AND (case_grants.ends_at IS NULL OR case_grants.ends_at > service_deliveries.recorded_at)"
        " AND (case_grants.revoked_at IS NULL"
        " OR case_grants.revoked_at > service_deliveries.recorded_at))"
    )
