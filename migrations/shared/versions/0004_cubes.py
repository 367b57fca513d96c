"""Protected cubes: written once by the platform, read by the federation, changed by nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# A cube is complete in the transaction that publishes it: its cells carry that transaction's time,
# so nobody can slip another figure into a cube that has already been read.
FREEZE = """
CREATE FUNCTION shared.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'published figures are frozen' USING ERRCODE = 'restrict_violation';
END $body$;
CREATE FUNCTION shared.stamp_cube() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    NEW.published_at := now();
    RETURN NEW;
END $body$;
CREATE FUNCTION shared.refuse_late_cell() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM 1 FROM shared.cubes WHERE id = NEW.cube_id AND published_at = now();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'published figures are frozen' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $body$;
CREATE TRIGGER stamp_cube BEFORE INSERT ON shared.cubes
    FOR EACH ROW EXECUTE FUNCTION shared.stamp_cube();
CREATE TRIGGER refuse_late_cell BEFORE INSERT ON shared.cube_cells
    FOR EACH ROW EXECUTE FUNCTION shared.refuse_late_cell();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON shared.cubes
    FOR EACH STATEMENT EXECUTE FUNCTION shared.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON shared.cube_cells
    FOR EACH STATEMENT EXECUTE FUNCTION shared.refuse_change();
REVOKE ALL ON shared.cubes, shared.cube_cells FROM platform_app, federation_reader;
GRANT SELECT, INSERT ON shared.cubes, shared.cube_cells TO platform_app;
GRANT SELECT ON shared.cubes, shared.cube_cells TO federation_reader
"""


def upgrade() -> None:
    op.create_table(
        "cubes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation", sa.String(63), nullable=False),
        sa.Column("indicator", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("period_kind", sa.String(10), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("seed_generation", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("revision_of", sa.Uuid(), nullable=True),
        sa.Column("checksum", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(64), nullable=False),
        sa.Column(
            "published_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint("base IN (5, 10)", name=op.f("ck_cubes_base")),
        sa.CheckConstraint("period_kind IN ('month')", name=op.f("ck_cubes_period_kind")),
        sa.CheckConstraint("period_start < period_end", name=op.f("ck_cubes_period")),
        sa.CheckConstraint(
            "(revision = 0) = (revision_of IS NULL)", name=op.f("ck_cubes_revision")
        ),
        sa.ForeignKeyConstraint(
            ["revision_of"], ["shared.cubes.id"], name=op.f("fk_cubes_revision_of_cubes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cubes")),
        sa.UniqueConstraint(
            "organisation",
            "indicator",
            "version",
            "period_kind",
            "period_start",
            "revision",
            name=op.f("uq_cubes_organisation"),
        ),
        schema="shared",
    )
    op.create_table(
        "cube_cells",
        sa.Column("cube_id", sa.Uuid(), nullable=False),
        sa.Column("codes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.CHAR(3), nullable=True),
        sa.CheckConstraint("value = 0 OR value >= 5", name=op.f("ck_cube_cells_no_small_count")),
        sa.CheckConstraint(
            "amount_minor IS NULL OR value >= 5", name=op.f("ck_cube_cells_no_small_amount")
        ),
        sa.CheckConstraint(
            "(amount_minor IS NULL) = (currency IS NULL)", name=op.f("ck_cube_cells_currency")
        ),
        sa.ForeignKeyConstraint(
            ["cube_id"], ["shared.cubes.id"], name=op.f("fk_cube_cells_cube_id_cubes")
        ),
        sa.PrimaryKeyConstraint("cube_id", "codes", name=op.f("pk_cube_cells")),
        schema="shared",
    )
    op.execute(FREEZE)
