"""Files people hand in, the links that open them once, and a family's documents."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stored_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.Column(
            "stored_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("stored_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stored_by"], ["users.id"], name=op.f("fk_stored_files_stored_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_files")),
    )
    op.create_table(
        "file_links",
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("session_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_files.id"], name=op.f("fk_file_links_file_id_stored_files")
        ),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_file_links")),
    )
    op.create_index(op.f("ix_file_links_file_id"), "file_links", ["file_id"])
    op.create_index(op.f("ix_file_links_expires_at"), "file_links", ["expires_at"])
    op.create_table(
        "household_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("title_sealed", sa.LargeBinary(), nullable=False),
        sa.Column(
            "added_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_because_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)",
            name=op.f("ck_household_documents_withdrawn_by_somebody"),
        ),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["households.id"],
            name=op.f("fk_household_documents_household_id_households"),
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["stored_files.id"],
            name=op.f("fk_household_documents_file_id_stored_files"),
        ),
        sa.ForeignKeyConstraint(
            ["added_by"], ["users.id"], name=op.f("fk_household_documents_added_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["users.id"], name=op.f("fk_household_documents_withdrawn_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_documents")),
        sa.UniqueConstraint("file_id", name=op.f("uq_household_documents_file_id")),
    )
    op.create_index(
        op.f("ix_household_documents_household_id"), "household_documents", ["household_id"]
    )
    op.execute(
        "DO $$ BEGIN EXECUTE format("
        "'REVOKE UPDATE, DELETE, TRUNCATE ON stored_files FROM %I', current_schema()"
        "); EXECUTE format("
        "'REVOKE DELETE, TRUNCATE ON household_documents FROM %I', current_schema()"
        "); END $$"
    )
