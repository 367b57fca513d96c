"""The chain of events, reads per person, anchors, emergency looks and their reviews.

Reads take the place of the table ``file_reads``, whose rows named no persons; no installation has
any yet, so there is nothing to carry over, and a schema that has some is refused.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ADDED_TO_ONLY = ("audit_events", "person_reads", "audit_anchors", "glass_looks", "glass_reviews")
NOW = sa.func.now()


def upgrade() -> None:
    _replace_file_reads()
    _audit()
    _break_glass()
    for table in ADDED_TO_ONLY:
        op.execute(
            f"DO $$ BEGIN EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON {table}"
            " FROM %I', current_schema()); END $$"
        )


def _replace_file_reads() -> None:
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT 1 FROM file_reads) THEN"
        " RAISE EXCEPTION 'file_reads holds rows that name no persons; export them first';"
        " END IF; END $$"
    )
    op.drop_table("file_reads")


def _audit() -> None:
    op.create_table(
        "audit_events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("subject_type", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("seq > 0", name=op.f("ck_audit_events_seq")),
        sa.CheckConstraint(
            "octet_length(hash) = 32 AND octet_length(previous_hash) = 32",
            name=op.f("ck_audit_events_hash_length"),
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_events")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_events_hash")),
    )
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    for column in ("actor_id", "action", "household_id"):
        op.create_index(f"ix_audit_events_{column}_seq", "audit_events", [column, "seq"])
    op.create_table(
        "person_reads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("person_ids", postgresql.ARRAY(sa.Uuid()), server_default="{}", nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["households.id"],
            name=op.f("fk_person_reads_household_id_households"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_person_reads_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_reads")),
    )
    for column in ("household_id", "user_id"):
        op.create_index(f"ix_person_reads_{column}_read_at", "person_reads", [column, "read_at"])
    op.create_index(
        "ix_person_reads_person_ids", "person_reads", ["person_ids"], postgresql_using="gin"
    )
    op.create_table(
        "audit_anchors",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_anchors")),
    )


def _break_glass() -> None:
    op.create_table(
        "glass_looks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(30), nullable=False),
        sa.Column("explanation_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("review_due_on", sa.Date(), nullable=False),
        sa.CheckConstraint("ends_at > opened_at", name=op.f("ck_glass_looks_ends_after_opening")),
        sa.CheckConstraint(
            "reason IN ('danger', 'medical', 'call', 'cover', 'authority', 'other')",
            name=op.f("ck_glass_looks_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["case_grants.id"], name=op.f("fk_glass_looks_grant_id_case_grants")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_glass_looks_household_id_households")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_glass_looks_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_glass_looks")),
        sa.UniqueConstraint("grant_id", name=op.f("uq_glass_looks_grant_id")),
        sa.UniqueConstraint("id", "user_id", name="uq_glass_looks_id_user_id"),
    )
    op.create_index(op.f("ix_glass_looks_household_id"), "glass_looks", ["household_id"])
    op.create_index("ix_glass_looks_user_id_ends_at", "glass_looks", ["user_id", "ends_at"])
    op.create_index("ix_glass_looks_opened_at", "glass_looks", ["opened_at"])
    op.create_table(
        "glass_reviews",
        sa.Column("look_id", sa.Uuid(), nullable=False),
        sa.Column("looked_by", sa.Uuid(), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(30), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('justified', 'not_justified')", name=op.f("ck_glass_reviews_outcome")
        ),
        sa.CheckConstraint("reviewed_by <> looked_by", name=op.f("ck_glass_reviews_somebody_else")),
        sa.ForeignKeyConstraint(
            ["look_id", "looked_by"],
            ["glass_looks.id", "glass_looks.user_id"],
            name="fk_glass_reviews_look_id_glass_looks",
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by"], ["users.id"], name=op.f("fk_glass_reviews_reviewed_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["households.id"],
            name=op.f("fk_glass_reviews_household_id_households"),
        ),
        sa.PrimaryKeyConstraint("look_id", name=op.f("pk_glass_reviews")),
    )
