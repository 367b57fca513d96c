"""Where organisations live: placements, their endpoints, moves, backups and the keys of backups."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ENDPOINTS = ("backups", "files", "relay", "errors")

# Backups are taken as the organisation's own role and written down by the platform. The salt of a
# key can be read there and never changed; only the owner destroys it.
GRANTS = """
GRANT SELECT ON shared.placements TO platform_app;
GRANT SELECT, INSERT ON shared.backup_keys, shared.backups TO platform_app;
GRANT UPDATE (removed_at) ON shared.backups TO platform_app
"""


def upgrade() -> None:
    op.create_table(
        "placements",
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("country", sa.String(2), nullable=True),
        _now("created_at"),
        sa.CheckConstraint("name ~ '^[a-z][a-z0-9-]{0,39}$'", name=op.f("ck_placements_name")),
        sa.CheckConstraint(
            "(name = 'default') = (country IS NULL)", name=op.f("ck_placements_country")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_placements")),
        schema="shared",
    )
    op.execute("INSERT INTO shared.placements (name) VALUES ('default')")
    op.create_foreign_key(
        op.f("fk_schemas_database_placements"),
        "schemas",
        "placements",
        ["database"],
        ["name"],
        source_schema="shared",
        referent_schema="shared",
    )
    op.drop_constraint(op.f("ck_schemas_state"), "schemas", schema="shared")
    op.create_check_constraint(
        op.f("ck_schemas_state"),
        "schemas",
        "state IN ('warm', 'claimed', 'scratch', 'dropped')",
        schema="shared",
    )
    op.add_column(
        "organisations",
        sa.Column("allowed_countries", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        schema="shared",
    )
    for name in ENDPOINTS:
        op.add_column(
            "organisations",
            sa.Column(name, sa.String(40), server_default="default", nullable=False),
            schema="shared",
        )
    op.add_column(
        "organisations",
        sa.Column("read_only_since", sa.DateTime(timezone=True), nullable=True),
        schema="shared",
    )
    _create_moves()
    _create_backups()
    op.execute(GRANTS)


def _create_moves() -> None:
    op.create_table(
        "moves",
        sa.Column("id", sa.Uuid(), nullable=False),
        _schema_name(),
        sa.Column("source", sa.String(63), nullable=False),
        sa.Column("target", sa.String(63), nullable=False),
        sa.Column("state", sa.String(10), server_default="copying", nullable=False),
        _now("begun_at"),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("old_dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('copying', 'switched', 'done', 'aborted')", name=op.f("ck_moves_state")
        ),
        _of_schema("moves"),
        *(
            sa.ForeignKeyConstraint(
                [column], ["shared.placements.name"], name=op.f(f"fk_moves_{column}_placements")
            )
            for column in ("source", "target")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moves")),
        schema="shared",
    )
    op.create_index(
        "uq_moves_under_way",
        "moves",
        ["schema_name"],
        unique=True,
        schema="shared",
        postgresql_where=sa.text("state IN ('copying', 'switched')"),
    )


def _create_backups() -> None:
    op.create_table(
        "backup_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        _schema_name(),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        _now("made_at"),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(salt IS NULL) = (destroyed_at IS NOT NULL)", name=op.f("ck_backup_keys_destroyed")
        ),
        _of_schema("backup_keys"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup_keys")),
        schema="shared",
    )
    op.create_table(
        "backups",
        sa.Column("id", sa.Uuid(), nullable=False),
        _schema_name(),
        _now("made_at"),
        sa.Column("destination", sa.String(40), nullable=False),
        sa.Column("folder", sa.String(200), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("checksum", sa.String(64), nullable=False),
        sa.Column("keep_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("drilled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("drill_passed", sa.Boolean(), nullable=True),
        _of_schema("backups"),
        sa.ForeignKeyConstraint(
            ["key_id"], ["shared.backup_keys.id"], name=op.f("fk_backups_key_id_backup_keys")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backups")),
        schema="shared",
    )
    for table in ("backup_keys", "backups"):
        op.create_index(
            op.f(f"ix_shared_{table}_schema_name"), table, ["schema_name"], schema="shared"
        )


def _schema_name() -> sa.Column[str]:
    return sa.Column("schema_name", sa.String(63), nullable=False)


def _of_schema(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["schema_name"], ["shared.schemas.name"], name=op.f(f"fk_{table}_schema_name_schemas")
    )


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
