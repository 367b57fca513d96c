"""The registry: organisations, their schemas, and the central table of versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS shared")
    op.execute("CREATE SEQUENCE shared.schema_numbers")
    op.create_table(
        "schemas",
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("state", sa.String(10), server_default="warm", nullable=False),
        sa.Column("database", sa.String(63), server_default="default", nullable=False),
        sa.Column("generation", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint(
            "state IN ('warm', 'claimed', 'dropped')", name=op.f("ck_schemas_state")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schemas")),
        schema="shared",
    )
    op.create_index(op.f("ix_shared_schemas_state"), "schemas", ["state"], schema="shared")
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(50), nullable=False),
        sa.Column("schema_name", sa.String(63), nullable=False),
        sa.Column("names", postgresql.JSONB(), nullable=False),
        sa.Column("regions", postgresql.JSONB(), nullable=False),
        sa.Column("locales", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("staff_locale", sa.String(5), nullable=False),
        sa.Column("timezone", sa.String(40), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("theme", sa.String(20), nullable=False),
        sa.Column("hosts", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("state", sa.String(10), server_default="active", nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint(
            "state IN ('active', 'suspended', 'dropped')", name=op.f("ck_organisations_state")
        ),
        sa.CheckConstraint("slug ~ '^[a-z][a-z0-9-]{0,49}$'", name=op.f("ck_organisations_slug")),
        sa.ForeignKeyConstraint(
            ["schema_name"],
            ["shared.schemas.name"],
            name=op.f("fk_organisations_schema_name_schemas"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("slug", name=op.f("uq_organisations_slug")),
        sa.UniqueConstraint("schema_name", name=op.f("uq_organisations_schema_name")),
        schema="shared",
    )
    op.create_table(
        "schema_versions",
        sa.Column("schema_name", sa.String(63), nullable=False),
        sa.Column("line", sa.String(10), nullable=False),
        sa.Column("revision", sa.String(32), nullable=False),
        sa.Column(
            "migrated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.PrimaryKeyConstraint("schema_name", name=op.f("pk_schema_versions")),
        schema="shared",
    )
    op.execute("GRANT USAGE ON SCHEMA shared TO platform_app, federation_reader")
    op.execute("GRANT SELECT ON shared.organisations, shared.schemas TO platform_app")
    op.execute("GRANT SELECT ON shared.schema_versions TO platform_app")
