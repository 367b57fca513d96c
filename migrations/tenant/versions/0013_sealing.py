"""Names, contacts and free texts are sealed; the blind index takes the place of searchable names.

Strict: no installation has data yet, and text cannot be sealed by SQL. A schema that holds people,
referrals or stays is refused, and keeps what it has.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

REFUSE = """
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM people) OR EXISTS (SELECT 1 FROM referrals)
        OR EXISTS (SELECT 1 FROM households)
    THEN
        RAISE EXCEPTION 'this schema holds families whose data is not sealed';
    END IF;
END $$
"""
# Table, columns that may be empty, columns that may not.
SEALED = (
    (
        "people",
        ("given_name", "family_name", "patronymic", "phone", "contact_note"),
        (),
    ),
    ("person_corrections", (), ("before",)),
    ("case_episodes", ("closing_note",), ()),
    (
        "referrals",
        (
            "referrer_body",
            "referrer_name",
            "referrer_phone",
            "mother_contact",
            "children_ages",
            "situation",
            "decision_note",
            "referred_on_to",
        ),
        ("mother_name",),
    ),
    ("stays", ("departure_note",), ()),
    ("stay_changes", ("note",), ()),
    ("service_deliveries", ("note", "cancelling_note"), ()),
)


def upgrade() -> None:
    op.execute(REFUSE)
    op.drop_index("ix_people_search_key", table_name="people")
    op.drop_index("ix_referrals_search_key", table_name="referrals")
    op.drop_constraint(op.f("ck_people_name_length"), "people")
    op.drop_constraint(op.f("ck_referrals_referred_on"), "referrals")
    op.drop_column("people", "search_key")
    op.drop_column("referrals", "search_key")
    for table, optional, required in SEALED:
        for column in (*optional, *required):
            op.drop_column(table, column)
            op.add_column(
                table,
                sa.Column(f"{column}_sealed", sa.LargeBinary(), nullable=column in optional),
            )
    op.create_check_constraint(
        op.f("ck_referrals_referred_on"),
        "referrals",
        "state <> 'referred_on' OR referred_on_to_sealed IS NOT NULL",
    )
    op.create_table(
        "blind_index",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "token", "subject_id", name=op.f("pk_blind_index")),
    )
    op.create_index("ix_blind_index_subject_id", "blind_index", ["subject_id"])
    op.create_table(
        "key_destructions",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column(
            "requested_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_key_destructions")),
    )
    op.create_index(
        "ix_key_destructions_waiting",
        "key_destructions",
        ["requested_at"],
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.execute(
        "DO $$ BEGIN EXECUTE format('REVOKE DELETE, TRUNCATE ON key_destructions FROM %I',"
        " current_schema()); END $$"
    )
