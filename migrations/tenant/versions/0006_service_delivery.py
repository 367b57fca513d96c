"""Services and the persons each was for."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("mode", sa.String(30), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("began_at", sa.Time(), nullable=True),
        sa.Column("minutes", sa.SmallInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("provided_by", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.Uuid(), nullable=True),
        sa.Column("cancelling_note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "delivered_on <= (recorded_at AT TIME ZONE 'UTC')::date + 1",
            name=op.f("ck_service_deliveries_not_tomorrow"),
        ),
        sa.CheckConstraint(
            "kind IN ('conversation', 'home_visit', 'phone_call', 'psychological', 'legal',"
            " 'medical', 'parenting_lesson', 'accompaniment', 'schooling_work', 'childcare',"
            " 'food', 'material_aid', 'other')",
            name=op.f("ck_service_deliveries_kind"),
        ),
        sa.CheckConstraint(
            "mode IN ('on_site', 'home', 'remote', 'elsewhere')",
            name=op.f("ck_service_deliveries_mode"),
        ),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (cancelled_by IS NULL)",
            name=op.f("ck_service_deliveries_cancelled"),
        ),
        sa.CheckConstraint(
            "minutes BETWEEN 1 AND 1440", name=op.f("ck_service_deliveries_minutes")
        ),
        sa.CheckConstraint(
            "superseded_at IS NULL OR cancelled_at IS NULL",
            name=op.f("ck_service_deliveries_ended_once"),
        ),
        sa.ForeignKeyConstraint(
            ["cancelled_by"], ["users.id"], name=op.f("fk_service_deliveries_cancelled_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["households.id"],
            name=op.f("fk_service_deliveries_household_id_households"),
        ),
        sa.ForeignKeyConstraint(
            ["provided_by"], ["users.id"], name=op.f("fk_service_deliveries_provided_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["users.id"], name=op.f("fk_service_deliveries_recorded_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["service_deliveries.id"],
            name=op.f("fk_service_deliveries_supersedes_id_service_deliveries"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_deliveries")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_service_deliveries_supersedes_id")),
    )
    op.create_index(
        "ix_service_deliveries_household_id_delivered_on",
        "service_deliveries",
        ["household_id", "delivered_on"],
        unique=False,
    )
    op.create_index(
        "ix_service_deliveries_delivered_on", "service_deliveries", ["delivered_on"], unique=False
    )
    op.create_table(
        "service_recipients",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_service_recipients_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["service_deliveries.id"],
            name=op.f("fk_service_recipients_service_id_service_deliveries"),
        ),
        sa.PrimaryKeyConstraint("service_id", "person_id", name=op.f("pk_service_recipients")),
    )
    op.create_index(
        "ix_service_recipients_person_id", "service_recipients", ["person_id"], unique=False
    )
