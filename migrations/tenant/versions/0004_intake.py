"""Referrals and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "referrals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(30), nullable=False),
        sa.Column("channel", sa.String(30), nullable=False),
        sa.Column("urgency", sa.String(30), nullable=False),
        sa.Column("referrer_body", sa.Text(), nullable=True),
        sa.Column("referrer_name", sa.Text(), nullable=True),
        sa.Column("referrer_phone", sa.String(40), nullable=True),
        sa.Column("mother_name", sa.Text(), nullable=False),
        sa.Column("mother_contact", sa.Text(), nullable=True),
        sa.Column("safe_to_call", sa.Boolean(), nullable=True),
        sa.Column("children_count", sa.SmallInteger(), nullable=True),
        sa.Column("children_ages", sa.Text(), nullable=True),
        sa.Column("needs", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("situation", sa.Text(), nullable=True),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("state", sa.String(30), server_default="received", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decision_reason", sa.String(30), nullable=True),
        sa.Column("decision_note", sa.Text(), nullable=True),
        sa.Column("referred_on_to", sa.Text(), nullable=True),
        sa.Column("episode_id", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint(
            "(state = 'accepted') = (episode_id IS NOT NULL)", name=op.f("ck_referrals_accepted")
        ),
        sa.CheckConstraint(
            "(state = 'received') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS"
            " NULL)",
            name=op.f("ck_referrals_decided"),
        ),
        sa.CheckConstraint(
            "channel IN ('phone', 'in_person', 'letter', 'email', 'message')",
            name=op.f("ck_referrals_channel"),
        ),
        sa.CheckConstraint(
            "decision_reason IN ('not_our_task', 'no_place', 'too_far', 'other_help',"
            " 'not_wanted', 'not_reached', 'duplicate', 'other')",
            name=op.f("ck_referrals_decision_reason"),
        ),
        sa.CheckConstraint(
            "needs <@ ARRAY['housing', 'material', 'psychological', 'parenting', 'legal',"
            " 'medical', 'schooling_work']",
            name=op.f("ck_referrals_needs"),
        ),
        sa.CheckConstraint(
            "source IN ('guardianship', 'hospital', 'police', 'helpline', 'school', 'ngo', 'self',"
            " 'other_mother', 'social_media', 'other')",
            name=op.f("ck_referrals_source"),
        ),
        sa.CheckConstraint(
            "state <> 'declined' OR decision_reason IS NOT NULL", name=op.f("ck_referrals_declined")
        ),
        sa.CheckConstraint(
            "state <> 'referred_on' OR referred_on_to IS NOT NULL",
            name=op.f("ck_referrals_referred_on"),
        ),
        sa.CheckConstraint(
            "state IN ('received', 'accepted', 'declined', 'referred_on', 'withdrawn')",
            name=op.f("ck_referrals_state"),
        ),
        sa.CheckConstraint(
            "urgency IN ('immediate', 'within_72_hours', 'ordinary')",
            name=op.f("ck_referrals_urgency"),
        ),
        sa.CheckConstraint(
            "children_count BETWEEN 0 AND 30", name=op.f("ck_referrals_children_count")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["users.id"], name=op.f("fk_referrals_decided_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["case_episodes.id"], name=op.f("fk_referrals_episode_id_case_episodes")
        ),
        sa.ForeignKeyConstraint(
            ["received_by"], ["users.id"], name=op.f("fk_referrals_received_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
    )
    op.create_index(
        "ix_referrals_state_received_at", "referrals", ["state", "received_at"], unique=False
    )
    op.create_index(
        "ix_referrals_search_key",
        "referrals",
        ["search_key"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_key": "extensions.gin_trgm_ops"},
    )
    op.create_index(op.f("ix_referrals_episode_id"), "referrals", ["episode_id"], unique=False)
