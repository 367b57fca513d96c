"""A row of the organisation's own, which whoever writes to its chain of records holds meanwhile."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_chain",
        sa.Column("only_row", sa.Boolean(), nullable=False),
        sa.CheckConstraint("only_row", name=op.f("ck_audit_chain_only_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_audit_chain")),
    )
    op.execute("INSERT INTO audit_chain (only_row) VALUES (true)")
    # To hold a row PostgreSQL asks for the right to update it; there is nothing in it to change.
    op.execute(
        "DO $$ BEGIN EXECUTE format('REVOKE INSERT, DELETE, TRUNCATE ON audit_chain"
        " FROM %I', current_schema()); END $$"
    )
