"""Roles narrowed by an organisation, teams, who works in which house, grants, sealed notes."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CURRENT = sa.text("until_at IS NULL")


def upgrade() -> None:
    _own_roles()
    _role_rules()
    _role_assignments()
    _teams()
    _membership("team_members", "team_id", "teams")
    _membership("house_workers", "house_id", "houses")
    _case_grants()
    _household_restrictions()
    _sealed_notes()


def _own_roles() -> None:
    op.create_table(
        "own_roles",
        _id(),
        sa.Column("base", sa.String(40), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        _moment("created_at"),
        _user("created_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_roles")),
        sa.UniqueConstraint("name", name=op.f("uq_own_roles_name")),
        _foreign("own_roles", "created_by", "users"),
    )


def _role_rules() -> None:
    op.create_table(
        "role_rules",
        _id(),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("item", sa.String(60), nullable=False),
        sa.Column("rule", sa.String(20), nullable=False),
        _moment("from_at"),
        _user("set_by"),
        _moment("until_at", nullable=True),
        _user("ended_by", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_rules")),
        sa.CheckConstraint("until_at >= from_at", name=op.f("ck_role_rules_until_at")),
        sa.CheckConstraint(
            "(until_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_role_rules_ended")
        ),
        _foreign("role_rules", "set_by", "users"),
        _foreign("role_rules", "ended_by", "users"),
    )
    _current("role_rules", ["role", "item"])


def _role_assignments() -> None:
    op.create_table(
        "role_assignments",
        _id(),
        _user("user_id"),
        sa.Column("role", sa.String(40), nullable=False),
        _moment("from_at"),
        _user("given_by", nullable=True),
        _moment("until_at", nullable=True),
        _user("taken_by", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_assignments")),
        sa.CheckConstraint("until_at >= from_at", name=op.f("ck_role_assignments_until_at")),
        _foreign("role_assignments", "user_id", "users"),
        _foreign("role_assignments", "given_by", "users"),
        _foreign("role_assignments", "taken_by", "users"),
    )
    _current("role_assignments", ["user_id", "role"])


def _teams() -> None:
    op.create_table(
        "teams",
        _id(),
        sa.Column("name", sa.String(100), nullable=False),
        _moment("created_at"),
        _user("created_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("name", name=op.f("uq_teams_name")),
        _foreign("teams", "created_by", "users"),
    )


def _membership(table: str, column: str, whole: str) -> None:
    op.create_table(
        table,
        _id(),
        sa.Column(column, sa.Uuid(), nullable=False),
        _user("user_id"),
        _moment("from_at"),
        _user("set_by"),
        _moment("until_at", nullable=True),
        _user("ended_by", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.CheckConstraint("until_at >= from_at", name=op.f(f"ck_{table}_until_at")),
        _foreign(table, column, whole),
        _foreign(table, "user_id", "users"),
        _foreign(table, "set_by", "users"),
        _foreign(table, "ended_by", "users"),
    )
    _current(table, [column, "user_id"])
    op.create_index(f"ix_{table}_user_id", table, ["user_id"])


def _case_grants() -> None:
    op.create_table(
        "case_grants",
        _id(),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        _user("user_id"),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        _user("granted_by", nullable=True),
        _moment("starts_at"),
        _moment("ends_at", nullable=True),
        _moment("revoked_at", nullable=True),
        _user("revoked_by", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_grants")),
        sa.CheckConstraint("kind IN ('grant', 'break_glass')", name=op.f("ck_case_grants_kind")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_case_grants_ends_at")),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_case_grants_revoked")
        ),
        sa.CheckConstraint(
            "kind = 'break_glass' OR granted_by <> user_id",
            name=op.f("ck_case_grants_not_to_oneself"),
        ),
        _foreign("case_grants", "household_id", "households"),
        _foreign("case_grants", "user_id", "users"),
        _foreign("case_grants", "granted_by", "users"),
        _foreign("case_grants", "revoked_by", "users"),
    )
    op.create_index("ix_case_grants_household_id", "case_grants", ["household_id"])
    op.create_index("ix_case_grants_user_id", "case_grants", ["user_id"])


def _household_restrictions() -> None:
    op.create_table(
        "household_restrictions",
        _id(),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        _moment("from_at"),
        _moment("until_at", nullable=True),
        _user("set_by"),
        _user("lifted_by", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_restrictions")),
        sa.CheckConstraint(
            "kind IN ('staff_relative', 'threatened')",
            name=op.f("ck_household_restrictions_kind"),
        ),
        sa.CheckConstraint("until_at >= from_at", name=op.f("ck_household_restrictions_until_at")),
        sa.CheckConstraint(
            "(until_at IS NULL) = (lifted_by IS NULL)",
            name=op.f("ck_household_restrictions_lifted"),
        ),
        _foreign("household_restrictions", "household_id", "households"),
        _foreign("household_restrictions", "set_by", "users"),
        _foreign("household_restrictions", "lifted_by", "users"),
    )
    _current("household_restrictions", ["household_id", "kind"])


def _sealed_notes() -> None:
    op.add_column(
        "service_deliveries",
        sa.Column("sealed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    # Who provided a service may see its family: asked for on every page of those who see their own.
    op.create_index(
        "ix_service_deliveries_provided_by", "service_deliveries", ["provided_by", "household_id"]
    )
    op.create_table(
        "note_grants",
        _id(),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        _user("user_id"),
        _moment("from_at"),
        _moment("until_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_grants")),
        sa.CheckConstraint("until_at >= from_at", name=op.f("ck_note_grants_until_at")),
        _foreign("note_grants", "service_id", "service_deliveries"),
        _foreign("note_grants", "user_id", "users"),
    )
    _current("note_grants", ["service_id", "user_id"])
    op.create_index("ix_note_grants_user_id", "note_grants", ["user_id"])


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.Uuid(), nullable=False)


def _user(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    default = None if nullable else sa.func.now()
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}")
    )


def _current(table: str, columns: list[str]) -> None:
    op.create_index(f"uq_{table}_current", table, columns, unique=True, postgresql_where=CURRENT)
