"""Invitations, second factors, own sessions, keys for programs, and what happened."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NOW = sa.func.now()
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _users_and_sessions()
    _second_factors()
    _ways_in()
    _events()


def _users_and_sessions() -> None:
    # An invited person has no password until she has chosen one.
    op.alter_column("users", "password_hash", nullable=True)
    op.add_column("users", sa.Column("second_factor_at", MOMENT, nullable=True))
    op.add_column(
        "users",
        sa.Column("enrols_by_mail", sa.Boolean(), server_default="false", nullable=False),
    )
    # Whoever is signed in signs in once more: an old session does not say how it began.
    op.execute("DELETE FROM user_sessions")
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assurance", sa.String(20), server_default="password", nullable=False),
        sa.Column("confirmed_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("may_enrol", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("shared_computer", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("device", sa.String(60), server_default="", nullable=False),
    )
    for column in columns:
        op.add_column("user_sessions", column)
    op.create_unique_constraint(op.f("uq_user_sessions_id"), "user_sessions", ["id"])


def _second_factors() -> None:
    _owned(
        "authenticator_apps",
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("added_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("removed_at", MOMENT, nullable=True),
    )
    _owned(
        "passkeys",
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("added_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    _owned(
        "recovery_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
    )


def _ways_in() -> None:
    _owned(
        "account_links",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.UniqueConstraint("token_hash", name=op.f("uq_account_links_token_hash")),
        anybody=True,
    )
    _owned(
        "api_tokens",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("made_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_table(
        "api_token_uses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("route", sa.String(100), nullable=False),
        sa.Column("used_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_tokens.id"], name=op.f("fk_api_token_uses_token_id_api_tokens")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token_uses")),
    )
    op.create_index(op.f("ix_api_token_uses_token_id"), "api_token_uses", ["token_id"])
    _owned(
        "known_devices",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", MOMENT, server_default=NOW, nullable=False),
    )
    op.create_index(op.f("ix_known_devices_token_hash"), "known_devices", ["token_hash"])


def _events() -> None:
    _owned(
        "account_events",
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("device", sa.String(60), server_default="", nullable=False),
        sa.Column("happened_at", MOMENT, server_default=NOW, nullable=False),
    )
    op.execute(
        "DO $$ BEGIN EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON account_events FROM %I',"
        " current_schema()); END $$"
    )


def _owned(name: str, *parts: sa.schema.SchemaItem, anybody: bool = False) -> None:
    """A table of things that belong to one member of staff."""
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        *parts,
        sa.Column("user_id", sa.Uuid(), nullable=anybody),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(f"fk_{name}_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_user_id"), name, ["user_id"])
