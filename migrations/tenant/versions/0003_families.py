"""Households, the people in them, who accompanies them and who looked."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_counters",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_case_counters")),
    )
    op.create_table(
        "households",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.String(20), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_households")),
        sa.UniqueConstraint("case_number", name=op.f("uq_households_case_number")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("given_name", sa.Text(), server_default="", nullable=False),
        sa.Column("family_name", sa.Text(), server_default="", nullable=False),
        sa.Column("patronymic", sa.Text(), nullable=True),
        sa.Column("search_key", sa.Text(), server_default="", nullable=False),
        sa.Column("born_on", sa.Date(), nullable=True),
        sa.Column("birth_precision", sa.String(30), server_default="unknown", nullable=False),
        sa.Column("sex", sa.String(30), server_default="unknown", nullable=False),
        sa.Column("preferred_language", sa.String(10), nullable=True),
        sa.Column("phone", sa.String(40), nullable=True),
        sa.Column("safe_to_call", sa.Boolean(), nullable=True),
        sa.Column("contact_note", sa.Text(), nullable=True),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint(
            "(born_on IS NULL) = (birth_precision = 'unknown')", name=op.f("ck_people_born_on")
        ),
        sa.CheckConstraint(
            "birth_precision = 'expected' OR born_on <= (recorded_at AT TIME ZONE 'UTC')::date + 1",
            name=op.f("ck_people_not_born_tomorrow"),
        ),
        sa.CheckConstraint(
            "birth_precision IN ('day', 'month', 'year', 'unknown', 'expected')",
            name=op.f("ck_people_birth_precision"),
        ),
        sa.CheckConstraint("sex IN ('female', 'male', 'unknown')", name=op.f("ck_people_sex")),
        sa.CheckConstraint(
            "char_length(given_name) <= 500 AND char_length(family_name) <= 500"
            " AND char_length(patronymic) <= 500",
            name=op.f("ck_people_name_length"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_index(
        "ix_people_search_key",
        "people",
        ["search_key"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_key": "extensions.gin_trgm_ops"},
    )
    op.create_table(
        "case_episodes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closing_reason", sa.String(30), nullable=True),
        sa.Column("closing_note", sa.Text(), nullable=True),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        postgresql.ExcludeConstraint(
            (sa.column("household_id"), "="),
            (sa.text("daterange(opened_on, closed_on)"), "&&"),
            using="gist",
            name="ex_case_episodes_one_at_a_time",
        ),
        sa.CheckConstraint(
            "closing_reason IN ('goals_met', 'own_wish', 'moved_away', 'handed_over', "
            "'lost_contact', 'children_elsewhere', 'death', 'opened_by_mistake')",
            name=op.f("ck_case_episodes_closing_reason"),
        ),
        sa.CheckConstraint(
            "(closed_on IS NULL) = (closing_reason IS NULL)",
            name=op.f("ck_case_episodes_closed_with_reason"),
        ),
        sa.CheckConstraint(
            "closed_on >= opened_on", name=op.f("ck_case_episodes_closed_after_opened")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["users.id"], name=op.f("fk_case_episodes_closed_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["households.id"],
            name=op.f("fk_case_episodes_household_id_households"),
        ),
        sa.ForeignKeyConstraint(
            ["opened_by"], ["users.id"], name=op.f("fk_case_episodes_opened_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_episodes")),
    )
    op.create_index(
        "ix_case_episodes_household_id", "case_episodes", ["household_id"], unique=False
    )
    op.create_table(
        "file_reads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "read_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_file_reads_household_id_households")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_file_reads_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_reads")),
    )
    op.create_index(
        "ix_file_reads_household_id_read_at",
        "file_reads",
        ["household_id", "read_at"],
        unique=False,
    )
    op.create_table(
        "household_members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(30), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("leaving_reason", sa.String(30), nullable=True),
        sa.Column("left_recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("household_id"), "="),
            (sa.column("person_id"), "="),
            (sa.text("daterange(joined_on, left_on)"), "&&"),
            where=sa.text("superseded_at IS NULL"),
            using="gist",
            name="ex_household_members_one_at_a_time",
        ),
        sa.CheckConstraint(
            "leaving_reason IN ('moved_out', 'to_relatives', "
            "'taken_into_care', 'hospital', 'death', 'added_by_mistake', 'other')",
            name=op.f("ck_household_members_leaving_reason"),
        ),
        sa.CheckConstraint(
            "role IN ('mother', 'carer', 'partner', 'other', 'child')",
            name=op.f("ck_household_members_role"),
        ),
        sa.CheckConstraint(
            "(left_on IS NULL) = (leaving_reason IS NULL)",
            name=op.f("ck_household_members_left_with_reason"),
        ),
        sa.CheckConstraint(
            "left_on >= joined_on", name=op.f("ck_household_members_left_after_joined")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["households.id"],
            name=op.f("fk_household_members_household_id_households"),
        ),
        sa.ForeignKeyConstraint(
            ["left_recorded_by"],
            ["users.id"],
            name=op.f("fk_household_members_left_recorded_by_users"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_household_members_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["users.id"], name=op.f("fk_household_members_recorded_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["household_members.id"],
            name=op.f("fk_household_members_supersedes_id_household_members"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_members")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_household_members_supersedes_id")),
    )
    op.create_index(
        "ix_household_members_household_id", "household_members", ["household_id"], unique=False
    )
    op.create_index(
        "ix_household_members_person_id", "household_members", ["person_id"], unique=False
    )
    op.create_table(
        "key_workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("household_id"), "="),
            (sa.text("daterange(from_on, until_on)"), "&&"),
            using="gist",
            name="ex_key_workers_one_at_a_time",
        ),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_key_workers_until_after_from")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_key_workers_household_id_households")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_key_workers_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_workers")),
    )
    op.create_index("ix_key_workers_user_id", "key_workers", ["user_id"], unique=False)
    op.create_index("ix_key_workers_household_id", "key_workers", ["household_id"], unique=False)
    op.create_table(
        "person_corrections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "corrected_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("corrected_by", sa.Uuid(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["corrected_by"], ["users.id"], name=op.f("fk_person_corrections_corrected_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_person_corrections_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_corrections")),
    )
    op.create_index(
        op.f("ix_person_corrections_person_id"), "person_corrections", ["person_id"], unique=False
    )
    op.create_table(
        "household_needs",
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("need", sa.String(30), nullable=False),
        sa.Column("is_primary", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "need IN ('housing', 'material', 'psychological', "
            "'parenting', 'legal', 'medical', 'schooling_work')",
            name=op.f("ck_household_needs_need"),
        ),
        sa.ForeignKeyConstraint(
            ["episode_id"],
            ["case_episodes.id"],
            name=op.f("fk_household_needs_episode_id_case_episodes"),
        ),
        sa.PrimaryKeyConstraint("episode_id", "need", name=op.f("pk_household_needs")),
    )
    op.create_index(
        "ix_household_needs_one_primary",
        "household_needs",
        ["episode_id"],
        unique=True,
        postgresql_where=sa.text("is_primary"),
    )

    op.execute(
        "DO $$ BEGIN EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON person_corrections"
        " FROM %I', current_schema()); END $$"
    )
    op.execute(
        "DO $$ BEGIN EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON file_reads"
        " FROM %I', current_schema()); END $$"
    )
