"""Two people end data early; whoever shares a family is looked at before he is answered."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("retention_notices", sa.Column("approved_by", sa.Uuid(), nullable=True))
    op.add_column(
        "retention_notices", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_foreign_key(
        op.f("fk_retention_notices_approved_by_users"),
        "retention_notices",
        "users",
        ["approved_by"],
        ["id"],
    )
    op.create_check_constraint(
        op.f("ck_retention_notices_approved"),
        "retention_notices",
        "(approved_by IS NULL) = (approved_at IS NULL)",
    )
    op.create_check_constraint(
        op.f("ck_retention_notices_two_people"),
        "retention_notices",
        "approved_by IS NULL OR (answer IS NOT DISTINCT FROM 'let_go'"
        " AND answered_by IS NOT NULL AND approved_by <> answered_by)",
    )
    # Requests that wait for an answer were taken when an adult was told of himself unlooked at.
    op.execute(
        "UPDATE subject_requests SET needs_safeguarding = true"
        " WHERE closed_at IS NULL AND subject_kind = 'person'"
        " AND EXISTS (SELECT FROM household_members AS mine"
        " JOIN household_members AS others USING (household_id)"
        " WHERE mine.person_id = subject_requests.subject_id"
        " AND others.person_id <> mine.person_id)"
    )
